"""Which manifest the demo opens: its own, a new one, or a copy; never anybody else's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.demo.file import NAME, Choice, _write, bundled, choose, is_ours, move_ports
from rewire.demo.load import CLIENTS
from rewire.demo.upstreams import ports
from rewire.manifest.document import parse
from rewire.manifest.source import SourceText

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def choices() -> Iterator[list[Choice]]:
    """Collect choices, and remove their temporary folders."""
    made: list[Choice] = []
    yield made
    for choice in made:
        if choice.temporary is not None:
            shutil.rmtree(choice.temporary)


def test_the_bundled_manifest_is_the_repositorys() -> None:
    """What the wheel brings is what is committed; the one that somebody plays with may differ."""
    if (ROOT / NAME).read_text("utf-8") == bundled():
        return
    committed = subprocess.run(
        ["git", "show", f":{NAME}"], cwd=ROOT, capture_output=True, check=False
    )
    assert committed.stdout.decode() == bundled()


def test_the_bundled_manifest_declares_the_clients_that_the_load_uses() -> None:
    """In the same order, so that table and file read alike."""
    data = parse(SourceText(NAME, bundled()), "toml").data
    assert (*data["http"], *data["websocket"]) == CLIENTS


def test_where_there_is_no_file_one_is_written(tmp_path: Path, choices: list[Choice]) -> None:
    """The newcomer gets a file to edit, and is told so."""
    choice = choose(tmp_path)
    assert choice.path == tmp_path / NAME
    assert choice.temporary is None
    assert choice.said.endswith("was not there and has been written; remove it when you like")
    text = choice.path.read_text("utf-8")
    assert text.partition("\n")[2] == bundled().partition("\n")[2]
    assert text.startswith("#:schema file:///")


def test_the_demos_own_file_is_taken_as_it_is(tmp_path: Path) -> None:
    """Edits of the last time are kept, broken ones too."""
    path = tmp_path / NAME
    for text in (
        bundled(),
        bundled().replace("9801", "9802"),
        bundled().replace('9801"', "9801"),
        bundled().replace("127.0.0.1:9805", "localhost:9805"),
        bundled().replace("[http.reports]", "[http.broken"),
    ):
        path.write_text(text, "utf-8")
        assert choose(tmp_path) == Choice(path, f"{path} is the demo's own")
        assert path.read_text("utf-8") == text


OTHERS = {
    "empty": "",
    "other clients": '[http.github]\nbase_url = "http://127.0.0.1"\n',
    "a name in common": '[http.catalog]\nbase_url = "http://127.0.0.1:9801"\n',
    "a real peer": bundled().replace("127.0.0.1:9804", "payments.example"),
    "a peer that begins alike": bundled().replace("127.0.0.1:9804", "127.0.0.1.example"),
    "a user that looks like a host": bundled().replace("127.0.0.1:9804", "localhost@example"),
    "a peer from the environment": bundled().replace("127.0.0.1:9804", "${PEER}"),
    "a real feed": bundled().replace("ws://127.0.0.1:9806", "wss://feed.example"),
}


@pytest.mark.parametrize("text", OTHERS.values(), ids=OTHERS)
def test_anybody_elses_file_stays_untouched(
    tmp_path: Path, choices: list[Choice], text: str
) -> None:
    """No load is sent through a file that may be a real one."""
    path = tmp_path / NAME
    path.write_text(text, "utf-8")
    choices.append(choose(tmp_path))
    assert not is_ours(text)
    assert choices[0].temporary is not None
    assert choices[0].path.parent == choices[0].temporary
    assert is_ours(choices[0].path.read_text("utf-8"))
    assert choices[0].said == (
        f"{choices[0].path} is a copy, as {path} is not the demo's: it stays untouched"
    )
    assert path.read_text("utf-8") == text


def test_other_ports_and_own_edits_get_a_copy(tmp_path: Path, choices: list[Choice]) -> None:
    """Neither writes into the folder."""
    choices += [choose(tmp_path, first_port=9901), choose(tmp_path, copy=True)]
    assert list(tmp_path.iterdir()) == []
    assert [choice.said.partition(" is ")[2] for choice in choices] == [
        "a copy with ports from 9901 on",
        "a copy for the demo's own edits",
    ]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """Two demos that start at once share the file."""
    path = tmp_path / NAME
    path.write_text(bundled() + "# mine\n", "utf-8")
    assert _write(path).said.endswith("is the demo's own")
    assert path.read_text("utf-8").endswith("# mine\n")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_gets_a_copy(tmp_path: Path, choices: list[Choice]) -> None:
    """The demo runs from any folder."""
    tmp_path.chmod(0o500)
    choices.append(choose(tmp_path))
    tmp_path.chmod(0o700)
    assert choices[0].temporary is not None
    assert "nothing can be written" in choices[0].said


def test_a_file_that_cannot_be_read_gets_a_copy(tmp_path: Path, choices: list[Choice]) -> None:
    """A folder of that name, for one, is no reason to fail."""
    (tmp_path / NAME).mkdir()
    choices.append(choose(tmp_path))
    assert choices[0].temporary is not None
    assert "is not readable" in choices[0].said


@pytest.mark.parametrize("first", [9801, 9804, 20000])
def test_moving_the_ports_moves_each_once(first: int) -> None:
    """Rows that overlap are moved like any other, comments included."""
    text = move_ports(bundled(), first)
    for old, new in zip(ports().values(), ports(first).values(), strict=True):
        assert text.count(str(new)) == bundled().count(str(old))
