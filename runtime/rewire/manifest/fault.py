"""A syntax error on its way from where it is noticed to the scanner's loop, which reports it.

Raised inside the scanners only; nothing else ever sees one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.manifest.limits import MAX_DIAGNOSTICS
from rewire.manifest.place import Span

if TYPE_CHECKING:
    from rewire.manifest.diagnostics import Label
    from rewire.manifest.place import KeyPath
    from rewire.manifest.source import SourceText
    from rewire.manifest.tree import Scan

__all__ = ["Enough", "Fault", "control_character", "report", "what_is"]

# Whether the line of a syntax error may be shown cannot wait for the schema.
_SENSITIVE = re.compile(
    r"auth|bearer|basic|secret|token|passw|credential|key|cookie|header|sign|://[^/\s]*@",
    re.IGNORECASE,
)
# A line of JSON may be megabytes long, and no more than this around a fault is ever shown.
_NEAR = 200


@dataclass(slots=True, eq=False)
class Fault(Exception):  # noqa: N818 - not an error of the program
    """One syntax error: code, message and offsets.

    `also` is a second place with its text. `deep` tells that it stands inside an open bracket or
    string, `resume` from where reading on is tried, `path` whose value it spoils, where known.
    """

    code: str
    message: str
    start: int
    end: int
    help: str | None = None
    also: tuple[int, int, str] | None = None
    deep: bool = False
    resume: int | None = None
    path: KeyPath | None = None


class Enough(Exception):  # noqa: N818 - ends a scan, is no error
    """So many syntax errors were found that the rest of the text is not read."""


def report(scan: Scan, source: SourceText, fault: Fault, path: KeyPath) -> None:
    """Add a fault to what a scan found; raise `Enough` when it has its fill."""
    path = path if fault.path is None else fault.path
    line = source.line_span(source.position(fault.start).line)
    left, right = max(line.start, fault.start - _NEAR), min(line.end, fault.start + _NEAR)
    near = source.text[left:right]
    masked = any(_SENSITIVE.search(part) for part in (near, *path) if isinstance(part, str))
    labels: tuple[Label, ...] = ()
    if fault.also is not None:
        start, end, text = fault.also
        labels = (source.label(Span(start, end), text, masked=masked),)
    scan.diagnostics.append(
        source.diagnose(
            fault.code,
            fault.message,
            Span(fault.start, fault.end),
            path=path,
            labels=labels,
            help=fault.help,
            masked=masked,
        )
    )
    if len(scan.diagnostics) >= MAX_DIAGNOSTICS:
        raise Enough


def control_character(text: str, pos: int) -> Fault:
    """Return the fault of a control character where none is allowed."""
    if text[pos] == "\r":
        message, hint = "a carriage return without a line feed is not allowed here", None
    else:
        message = f"control character U+{ord(text[pos]):04X} is not allowed here"
        hint = 'in a "…" string it is written as an escape'
    return Fault("RW002", message, pos, pos + 1, help=hint)


def what_is(text: str, pos: int) -> str:
    """Name what stands at an offset without repeating more than one mark of it."""
    char = text[pos : pos + 1]
    if not char:
        return "the end of the text"
    if char in "\r\n":
        return "the end of the line"
    if char.isascii() and (char.isalnum() or char in "_-"):
        return "more text"
    if char == '"':
        return "a quote"
    return f'"{char}"' if char.isprintable() else f"U+{ord(char):04X}"
