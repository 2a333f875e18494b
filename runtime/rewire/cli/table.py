"""A table on the terminal: rich's when it is installed and somebody looks, aligned text else."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rewire.cli.terminal import colored, say

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["show_table"]


def show_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under a header; a pipe gets every character, however wide."""
    if sys.stdout.isatty() and find_spec("rich"):
        _rich(header, rows)
    else:
        _plain(header, rows)


def _plain(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = [tuple(title.upper() for title in header), *map(tuple, rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(header))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def _rich(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415 -- an extra
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for title in header:
        table.add_column(title)
    for row in rows:
        table.add_row(*map(Text, row))
    Console(no_color=not colored(), highlight=False).print(table)
