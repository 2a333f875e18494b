"""How diagnostics look: `full` for people, `concise` one a line, `json` for pipelines.

The form is public (CONTRACT section 5) and tested to the character. What is shown of a text comes
from the excerpts inside the diagnostics, already masked; nothing is read from the sources here
but their names, so that a file without a diagnostic is reported as valid.
"""

from __future__ import annotations

import json
import unicodedata
from typing import TYPE_CHECKING, Any, Literal

from rewire.manifest.diagnostics import Severity, dotted, in_order
from rewire.manifest.excerpt import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rewire.manifest.diagnostics import Diagnostic, Label
    from rewire.manifest.place import Excerpt
    from rewire.manifest.source import SourceText

__all__ = ["Style", "render", "render_one"]

Style = Literal["full", "concise", "json"]

_RESET = "\x1b[0m"
_RED = "\x1b[1;31m"
_YELLOW = "\x1b[1;33m"
_BLUE = "\x1b[1;34m"
_CYAN = "\x1b[36m"
_BOLD = "\x1b[1m"


def render(
    diagnostics: Iterable[Diagnostic],
    sources: Sequence[SourceText] = (),
    format: Style = "full",
    *,
    color: bool = False,
) -> str:
    """Render diagnostics in order of place; no line break at the end.

    `json` gives one object for one file and a list of objects for several.
    """
    ordered = in_order(diagnostics)
    if format == "json":
        return _json(ordered, sources)
    full = format == "full"
    return "\n".join(render_one(diagnostic, full=full, color=color) for diagnostic in ordered)


def render_one(diagnostic: Diagnostic, *, full: bool = True, color: bool = False) -> str:
    """Render one diagnostic: its line, and with `full` also the text it is about."""
    lines = [_headline(diagnostic, color=color)]
    if full:
        lines += _snippets(diagnostic, color=color)
    return "\n".join(lines)


def _headline(diagnostic: Diagnostic, *, color: bool) -> str:
    where = f"{printable(diagnostic.file)}:{diagnostic.start.line}:{diagnostic.start.column}:"
    tag = _paint(f"{diagnostic.severity}[{diagnostic.code}]", _tint(diagnostic), color=color)
    head = _paint(where, _BOLD, color=color)
    return f"{head} {tag} {printable(diagnostic.message)}"


def _snippets(diagnostic: Diagnostic, *, color: bool) -> list[str]:
    help_text = f"help: {printable(diagnostic.help)}" if diagnostic.help else ""
    shown = diagnostic.excerpt
    labels = [label for label in diagnostic.labels if label.excerpt is not None]
    if shown is None:
        return [f"    = {help_text}"] if help_text else []
    numbers = [shown.line, *(label.start.line for label in labels)]
    width = len(str(max(numbers)))
    gutter = _Gutter(width, color=color)
    note = f" {_paint(help_text, _CYAN, color=color)}" if help_text else ""
    lines = [
        gutter.line(shown),
        gutter.marker(shown, "^", note, _tint(diagnostic)),
    ]
    before = (diagnostic.file, shown)
    for label in labels:
        lines += _label(label, diagnostic.file, before, gutter)
        before = (label.file, label.excerpt or shown)
    return lines


def _label(label: Label, file: str, before: tuple[str, Excerpt], gutter: _Gutter) -> Iterable[str]:
    shown = label.excerpt
    if shown is None:
        return
    text = printable(label.text)
    if label.file != file:
        text += f" ({printable(label.file)}:{label.start.line}:{label.start.column})"
    # A second mark under the same line needs no second copy of it.
    if (label.file, shown.line, shown.text) != (before[0], before[1].line, before[1].text):
        yield gutter.line(shown)
    yield gutter.marker(shown, "-", f" {text}", _BLUE)


class _Gutter:
    """The left edge of snippets: line numbers of one width, and the bar."""

    def __init__(self, width: int, *, color: bool) -> None:
        self.width = width
        self.color = color

    def line(self, shown: Excerpt) -> str:
        edge = _paint(f"  {shown.line:>{self.width}} |", _BLUE, color=self.color)
        return f"{edge} {shown.text}".rstrip()

    def marker(self, shown: Excerpt, mark: str, note: str, tint: str) -> str:
        edge = _paint(f"  {'':>{self.width}} |", _BLUE, color=self.color)
        indent = " " * _columns(shown.text[: shown.start])
        marks = mark * max(1, _columns(shown.text[shown.start : shown.end]))
        return f"{edge} {indent}{_paint(marks, tint, color=self.color)}{note}"


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def _tint(diagnostic: Diagnostic) -> str:
    return _RED if diagnostic.severity is Severity.ERROR else _YELLOW


def _paint(text: str, tint: str, *, color: bool) -> str:
    return f"{tint}{text}{_RESET}" if color else text


def _json(ordered: list[Diagnostic], sources: Sequence[SourceText]) -> str:
    names = dict.fromkeys(source.name for source in sources)
    names |= dict.fromkeys(diagnostic.file for diagnostic in ordered)
    files = [_file(name, [d for d in ordered if d.file == name]) for name in names]
    return json.dumps(files[0] if len(files) == 1 else files, indent=2)


def _file(name: str, diagnostics: list[Diagnostic]) -> dict[str, Any]:
    return {
        "file": name,
        "valid": not any(diagnostic.is_error for diagnostic in diagnostics),
        "diagnostics": [_record(diagnostic) for diagnostic in diagnostics],
    }


def _record(diagnostic: Diagnostic) -> dict[str, Any]:
    return {
        "code": diagnostic.code,
        "severity": str(diagnostic.severity),
        "message": diagnostic.message,
        "path": dotted(diagnostic.path),
        "line": diagnostic.start.line,
        "column": diagnostic.start.column,
        "end_line": diagnostic.end.line,
        "end_column": diagnostic.end.column,
        "help": diagnostic.help,
        "url": diagnostic.url,
    }
