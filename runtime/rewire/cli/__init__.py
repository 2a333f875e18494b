"""The command line: one file a command, loaded when that command is called.

``rewire validate`` runs in pre-commit hooks and editors, so it must start fast: nothing here, and
nothing at the top of a command's file, imports an HTTP library, a server or asyncio. What looks
at a running runtime goes through :mod:`rewire.cli.link`; what is printed, and how, is decided in
:mod:`rewire.cli.terminal`.
"""

from __future__ import annotations

from rewire.cli.commands import Commands
from rewire.cli.terminal import PROGRAM, color_option

__all__ = ["command", "main"]

command = color_option(
    Commands(
        name=PROGRAM,
        help="Keep the outbound connections of a program as its manifest says.",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
)


def main() -> None:
    """Run the command line with the arguments of this process."""
    command.main(prog_name=PROGRAM)
