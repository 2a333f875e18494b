"""``rewire explain CODE``: the page of one diagnostic, from the same catalogue as the docs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rewire.cli.terminal import Failure, color_option, paint, say
from rewire.manifest.codes import CODES
from rewire.manifest.diagnostics import suggest

if TYPE_CHECKING:
    from rewire.manifest.codes import CodeInfo

__all__ = ["command"]


@click.command("explain", short_help="Show the page of one diagnostic.")
@click.argument("code")
@color_option
def command(code: str) -> None:
    """Show what a diagnostic such as RW103 means, with a wrong and a right example."""
    wanted = code.upper()
    info = CODES.get(wanted)
    if info is None:
        meant = suggest(wanted, CODES)
        raise Failure(
            f'there is no diagnostic "{code}"',
            f"did you mean {meant}?" if meant else f"the codes are {', '.join(sorted(CODES))}",
        )
    say(_page(wanted, info))


def _page(code: str, info: CodeInfo) -> str:
    parts = [f"{paint(code, fg='red', bold=True)}: {paint(info.title, bold=True)}"]
    parts.append(info.explanation.strip())
    for title, example in (("Wrong", info.example_bad), ("Right", info.example_good)):
        if example.strip():
            indented = "\n".join(f"    {line}".rstrip() for line in example.strip("\n").split("\n"))
            parts.append(f"{paint(title, bold=True)}:\n\n{indented}")
    return "\n\n".join(parts)
