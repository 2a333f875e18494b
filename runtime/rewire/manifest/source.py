"""A manifest's text, and the way from its bytes: UTF-8 only, capped, with a place for each fault.

It owns the mapping from offsets to lines and columns and makes every diagnostic, because only the
text knows where an offset stands and what its line looks like. It does not know TOML or JSON:
those read a `SourceText` in `rewire.manifest.document`.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property

from rewire.manifest.diagnostics import Diagnostic, Label, Severity
from rewire.manifest.excerpt import excerpt
from rewire.manifest.place import KeyPath, Position, Span

__all__ = ["MAX_SIZE", "Position", "SourceText", "Span", "decode"]

MAX_SIZE = 32 * 1024 * 1024


# No slots: cached_property needs the instance's dictionary.
@dataclass(frozen=True)
class SourceText:
    """A decoded text with a name for messages; offsets are characters of `text`."""

    name: str
    text: str = field(repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    @property
    def line_count(self) -> int:
        """Return the number of lines; a final line break opens an empty last line."""
        return len(self._starts)

    def position(self, offset: int) -> Position:
        """Return the line and column of an offset; an offset past the end is the end."""
        offset = min(max(offset, 0), len(self.text))
        line = bisect_right(self._starts, offset)
        return Position(line, offset - self._starts[line - 1] + 1)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a 1-based line and column, at most the end of that line."""
        span = self.line_span(line)
        return min(span.start + max(column - 1, 0), span.end)

    def line(self, number: int) -> str:
        """Return the text of a 1-based line without its line break, or "" if there is none."""
        span = self.line_span(number)
        return self.text[span.start : span.end].removesuffix("\r")

    def line_span(self, number: int) -> Span:
        """Return the span of a 1-based line, without its line feed."""
        if not 1 <= number <= len(self._starts):
            return Span(len(self.text), len(self.text))
        if number == len(self._starts):
            return Span(self._starts[-1], len(self.text))
        return Span(self._starts[number - 1], self._starts[number] - 1)

    def _within(self, span: Span) -> Span:
        # "The character after" does not exist at the end of a text.
        size = len(self.text)
        return Span(min(span.start, size), min(span.end, size))

    def label(self, span: Span, text: str, *, masked: bool = False) -> Label:
        """Make a secondary label for a place in this text."""
        span = self._within(span)
        start, end = self.position(span.start), self.position(span.end)
        shown = excerpt(self.line(start.line), start, end, masked=masked)
        return Label(span=span, text=text, file=self.name, start=start, excerpt=shown)

    def diagnose(
        self,
        code: str,
        message: str,
        span: Span,
        *,
        path: KeyPath = (),
        labels: tuple[Label, ...] = (),
        help: str | None = None,  # noqa: A002 - the word users see in the output
        severity: Severity | None = None,
        masked: bool = False,
    ) -> Diagnostic:
        """Make a diagnostic at a place in this text; RW9xx are warnings, all others errors.

        With `masked` the shown line has its values replaced by `…` before it is kept, so that a
        literal secret never travels with the diagnostic.
        """
        span = self._within(span)
        start, end = self.position(span.start), self.position(span.end)
        by_code = Severity.WARNING if code.startswith("RW9") else Severity.ERROR
        return Diagnostic(
            code=code,
            severity=severity or by_code,
            message=message,
            file=self.name,
            span=span,
            start=start,
            end=end,
            path=path,
            labels=labels,
            help=help,
            masked=masked,
            excerpt=excerpt(self.line(start.line), start, end, masked=masked),
        )


def decode(name: str, data: bytes, *, max_size: int = MAX_SIZE) -> SourceText | Diagnostic:
    """Decode UTF-8 bytes, with or without a byte order mark, or say where they are not text.

    Size is looked at before anything else. Line breaks may be LF or CRLF.
    """
    if len(data) > max_size:
        message = f"the manifest has {len(data):,} bytes; at most {max_size:,} are read"
        return SourceText(name, "").diagnose("RW003", message, Span(0, 0))
    try:
        source = SourceText(name, data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _not_utf8(name, data, error)
    nul = source.text.find("\0")
    if nul >= 0:
        return source.diagnose(
            "RW002",
            "the text contains a NUL character",
            Span(nul, nul + 1),
            help="the file was cut or is not text",
            masked=True,
        )
    return source


def _not_utf8(name: str, data: bytes, error: UnicodeDecodeError) -> Diagnostic:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    # `error.start` counts from behind a byte order mark, which the codec has taken off.
    body = data.removeprefix(codecs.BOM_UTF8)
    offset = len(body[: error.start].decode("utf-8", "replace"))
    source = SourceText(name, body.decode("utf-8", "replace"))
    byte = body[error.start]
    hint = "save the file as UTF-8" + (": it looks like UTF-16" if utf16 else "")
    return source.diagnose(
        "RW001",
        f"the text is not UTF-8: unexpected byte 0x{byte:02X}",
        Span(offset, offset + 1),
        help=hint,
        masked=True,
    )
