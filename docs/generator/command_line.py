"""The reference of the command line: what `rewire … --help` prints, command by command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from generator.markdown import fence, page
from rewire.cli import command as rewire
from rewire.cli.terminal import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["command_line_page"]

SOURCE = "the help of each command"
WIDTH = 92


def command_line_page() -> str:
    """Return `reference/command-line.md`."""
    context = _context(rewire, PROGRAM)
    return page("The command line", SOURCE, fence("text", context.get_help()), *_commands(context))


def _commands(context: click.Context) -> Iterator[str]:
    for name in rewire.list_commands(context):
        command = rewire.get_command(context, name)
        if command is not None:
            yield f"## {name}"
            yield fence("text", _context(command, name, context).get_help())


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    return click.Context(
        command,
        info_name=name,
        parent=parent,
        color=False,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
