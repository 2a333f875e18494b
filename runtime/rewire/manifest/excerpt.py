"""The one line of a text that a diagnostic shows: trimmed, made printable, masked where asked.

The result is kept inside the diagnostic, so what is masked here is gone for every later reader.
Masking works on one line without knowing the whole text; in doubt it hides more.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.manifest.place import Excerpt

if TYPE_CHECKING:
    from rewire.manifest.place import Position

__all__ = ["excerpt", "printable"]

_WIDTH = 100
_BEFORE = 30
_LATIN = 0xFF
# To see what is a value a line is read from its start, which must not cost megabytes of reading.
_LONGEST_MASKED = 2000

# What stands for a value on a line of TOML or JSON. A key begins the line or follows "{" or ","; a
# bare one needs an "=" with something behind it, as base64 padding has not. An unclosed string
# hides the rest of the line.
_PART = r"""(?:"(?:\\.|[^"\\])*"|'[^']*'|[\w-]+)"""
_TOKEN = re.compile(
    rf"""
      (?P<key>(?:(?<=[{{,])|(?<=[{{,][ \t])|^)[ \t]*
        (?:{_PART}(?:[ \t]*\.[ \t]*{_PART})*(?=[ \t]*=[ \t]*[^\s=])|"(?:\\.|[^"\\])*"(?=[ \t]*:)))
    | (?P<string>"{{3}}.*|'{{3}}.*|"(?:\\.|[^"\\])*(?:"|\\?$)|'[^']*(?:'|$))
    | (?P<header>^[ \t]*\[\[?{_PART}(?:[ \t]*\.[ \t]*{_PART})*\]\]?[ \t]*(?=\#|$))
    | (?P<mark>[ \t]+|[=:,\[\]{{}}])
    | (?P<bare>\#.*|[^\s=:,\[\]{{}}"'\#]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_SHOWN = frozenset({"key", "header", "mark"})


def excerpt(line: str, start: Position, end: Position, *, masked: bool = False) -> Excerpt:
    """Make the excerpt of a line; what lies on other lines is left out of the underline."""
    left = min(start.column - 1, len(line))
    right = len(line) if end.line > start.line else min(end.column - 1, len(line))
    text = line
    if masked and len(line) > _LONGEST_MASKED:
        text, left, right = "…", 0, 1
    elif masked:
        text, left, right = _mask(text, left, right)
    text, left, right = _trim(text, left, right)
    text, left, right = _shown(text, left, right)
    return Excerpt(line=start.line, text=text, start=left, end=max(right, left))


def printable(text: str) -> str:
    """Escape what a terminal would act on; a tab becomes one space."""
    return text if text.isprintable() else "".join(_escape(char) for char in text)


def _trim(text: str, left: int, right: int) -> tuple[str, int, int]:
    if len(text) <= _WIDTH:
        return text, left, right
    cut = max(0, min(left - _BEFORE, len(text) - _WIDTH))
    kept = text[cut : cut + _WIDTH]
    head, tail = "…" if cut else "", "…" if cut + _WIDTH < len(text) else ""
    shift = len(head) - cut
    right = min(right + shift, len(head) + len(kept))
    return f"{head}{kept}{tail}", left + shift, right


def _shown(text: str, left: int, right: int) -> tuple[str, int, int]:
    if text.isprintable():
        return text, left, right
    shown = [_escape(c) for c in text]
    before = sum(map(len, shown[:left]))
    within = sum(map(len, shown[left:right]))
    return "".join(shown), before, before + within


def _escape(char: str) -> str:
    if char.isprintable():
        return char
    if char == "\t":
        return " "
    code = ord(char)
    return f"\\x{code:02x}" if code <= _LATIN else f"\\u{code:04x}"


def _mask(text: str, left: int, right: int) -> tuple[str, int, int]:
    out: list[str] = []
    size, new_left, new_right = 0, -1, -1
    for match in _TOKEN.finditer(text):
        shown = match.lastgroup in _SHOWN
        piece = match.group() if shown else '"…"' if match.lastgroup == "string" else "…"
        if new_left < 0 and left < match.end():
            new_left = size + (left - match.start() if shown else 0)
        if new_right < 0 and right <= match.end():
            new_right = size + (max(right - match.start(), 0) if shown else len(piece))
        out.append(piece)
        size += len(piece)
    new_left = size if new_left < 0 else new_left
    return "".join(out), new_left, max(new_left, size if new_right < 0 else new_right)
