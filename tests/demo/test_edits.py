"""The demo's own edits, as functions of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewire.demo.edits import SCRIPT, line_of, save, value_of
from rewire.demo.file import bundled
from rewire.manifest.document import parse
from rewire.manifest.source import SourceText

if TYPE_CHECKING:
    from pathlib import Path


def test_the_script_ends_where_it_began_and_breaks_the_file_once() -> None:
    """So it can run in a circle; each edit changes something."""
    text, broken = bundled(), []
    for edit in SCRIPT:
        before, text = text, edit.change(text)
        assert text != before, edit.what
        if not parse(SourceText("connections.toml", text), "toml").ok:
            broken.append(edit.what)
    assert text == bundled()
    assert broken == ["a slip: a quote is missing"]


@pytest.mark.parametrize(
    ("client", "key", "value"),
    [
        ("catalog", "base_url", '"http://127.0.0.1:9801"'),
        ("news", "base_url", '"http://127.0.0.1:9805"'),
        ("prices", "url", '"ws://127.0.0.1:9806"'),
        ("reports", "timeout.read", '"10s"'),
        ("prices", "base_url", None),
        ("catalog", "timeout.read", None),
        ("nobody", "base_url", None),
    ],
)
def test_a_value_is_found_in_its_own_table_only(client: str, key: str, value: str | None) -> None:
    """The line that a person is sent to is the right one, in a text that may be broken."""
    for text in (bundled(), bundled().replace('url = "ws', "url = ws")):
        expected = value.replace('"ws', "ws") if value and text != bundled() else value
        assert value_of(text, client, key) == expected
        line = line_of(text, client, key)
        if expected is None:
            assert line is None
        else:
            assert line is not None
            assert text.split("\n")[line - 1] == f"{key} = {expected}"


def test_saving_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    """A reader that has it open keeps the old one; nothing else is left behind."""
    path = tmp_path / "connections.toml"
    path.write_text("old", "utf-8")
    with path.open(encoding="utf-8") as reader:
        save(path, "new")
        assert reader.read() == "old"
    assert path.read_text("utf-8") == "new"
    assert list(tmp_path.iterdir()) == [path]
