"""A table on the terminal, with rich and without."""

from __future__ import annotations

import sys

import pytest

from rewire.cli import table
from rewire.cli.table import show_table

ROWS = [("a", "connected"), ("long-name", "[error]")]
PLAIN = "ID         STATE\na          connected\nlong-name  [error]\n"


def test_a_pipe_gets_aligned_text(capsys: pytest.CaptureFixture[str]) -> None:
    """No frame, no cut, no trailing space."""
    show_table(("id", "state"), ROWS)
    assert capsys.readouterr().out == PLAIN


@pytest.mark.parametrize("installed", [True, False])
def test_a_terminal_gets_richs_table_if_rich_is_installed(
    installed: bool, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What stands in a cell is text, not rich's markup."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("NO_COLOR", "1")
    if not installed:
        monkeypatch.setattr(table, "find_spec", lambda _: None)
    show_table(("id", "state"), ROWS)
    out = capsys.readouterr().out
    assert (out == PLAIN) is not installed
    assert all(cell in out for row in ROWS for cell in row)
