"""Pieces of Markdown: what has to be escaped, and how a table, a fence and a page look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["GENERATED", "cell", "code", "fence", "page", "plain", "table"]

GENERATED = "<!-- Made by `make docs` from {source}. Edit that, not this. -->"


def page(title: str, source: str, *parts: str) -> str:
    """Return a whole page, which says what it was made from."""
    return "\n\n".join([f"# {title}", GENERATED.format(source=source), *filter(None, parts)]) + "\n"


def fence(language: str, text: str) -> str:
    """Return a code block; its fence is longer than any within it."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def code(text: str) -> str:
    """Return a code span, whatever ticks the text has."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def cell(text: str) -> str:
    """Return a text as one cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|").strip()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, or nothing when it has no rows."""
    lines = [f"| {' | '.join(map(cell, row))} |" for row in rows]
    if not lines:
        return ""
    return "\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines])


def plain(docstring: str) -> str:
    """Return a docstring's reStructuredText roles and double ticks as Markdown's single ones."""
    for role in (":class:", ":mod:", ":func:"):
        docstring = docstring.replace(role, "")
    return docstring.replace("``", "`")
