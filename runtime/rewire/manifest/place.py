"""Where something stands in a text: an offset span for programs, a line and column for people.

Offsets are half-open and count characters (not bytes, not UTF-16 units) of the decoded text, in
which a byte order mark no longer exists. Lines and columns start at 1. Which line an offset is on
only the text knows: see `rewire.manifest.source`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Excerpt", "KeyPath", "Position", "Span", "dotted", "quoted"]


KeyPath = tuple[str | int, ...]


class Span(NamedTuple):
    """A half-open range of character offsets."""

    start: int
    end: int


class Position(NamedTuple):
    """A 1-based line and column; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One line of a text as a diagnostic shows it: trimmed, escaped, with what to underline.

    `text` is ready for a terminal: one character a column, no tab, no control character. `start`
    and `end` are 0-based columns in it.
    """

    line: int
    text: str
    start: int
    end: int


def dotted(path: KeyPath) -> str:
    """Write a key path as TOML would: `http.github.headers."X Y"`, with `[0]` for an index."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
            continue
        bare = part.isascii() and part.replace("-", "a").replace("_", "a").isalnum()
        shown = part if bare else quoted(part)
        out += f".{shown}" if out else shown
    return out


def quoted(part: str) -> str:
    """Write one key in quotes, with escapes for what cannot be printed."""
    escaped = "".join(
        c if c.isprintable() else f"\\u{ord(c):04X}" if ord(c) < 0x10000 else f"\\U{ord(c):08X}"
        for c in part.replace("\\", "\\\\").replace('"', '\\"')
    )
    return f'"{escaped}"'
