"""A manifest's text as data, with a place for every key and value, or with what is wrong with it.

The parsers of the languages judge values: `tomli` (TOML 1.1) and `json`. Our scanners judge
places, name every syntax error at once and hold the limits. A text that a parser takes and whose
data are within the limits is not scanned until somebody asks for a place, because in a good
manifest nobody does; a property test holds both to the same opinion. `parse` never raises.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import tomli

from rewire.manifest.json_scan import SURROGATE, scan_json
from rewire.manifest.limits import MAX_DEPTH, MAX_INT, MAX_KEY_LENGTH, MAX_KEY_PARTS, MIN_INT
from rewire.manifest.place import KeyPath, Span
from rewire.manifest.salvage import salvage
from rewire.manifest.toml_dialect import may_use_toml11
from rewire.manifest.toml_scan import scan_toml

if TYPE_CHECKING:
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.source import SourceText
    from rewire.manifest.tree import Scan

__all__ = ["Document", "Format", "parse"]

Format = Literal["toml", "json"]

# A line with so many dots may hold a key with too many parts: then the scanner looks first.
_MANY_DOTS = re.compile(rf"(?:\.[^.\n]*+){{{MAX_KEY_PARTS}}}")


# No slots: cached_property needs the instance's dictionary.
@dataclass(frozen=True)
class Document:
    """A parsed manifest text.

    `data` is what could be read: all of it, or, if there are diagnostics, what is left without
    the statements they name. A path of `data` is keys and list indices.
    """

    source: SourceText
    format: Format
    data: dict[str, Any] = field(repr=False)
    diagnostics: tuple[Diagnostic, ...] = ()

    @cached_property
    def _scan(self) -> Scan:
        return scan_toml(self.source) if self.format == "toml" else scan_json(self.source)

    @cached_property
    def _unreadable(self) -> tuple[KeyPath, ...]:
        return tuple(dict.fromkeys(self._scan.unreadable)) if self.diagnostics else ()

    @property
    def ok(self) -> bool:
        """Tell whether the text has no syntax error."""
        return not self.diagnostics

    def readable(self, path: KeyPath) -> bool:
        """Tell whether what is said about a path can be relied on.

        False where a statement of its table, or of one around it, could not be read: a key that
        seems missing or surplus there may be a consequence of that.
        """
        return not any(path[: len(prefix)] == prefix for prefix in self._unreadable)

    def key_span(self, path: KeyPath) -> Span | None:
        """Return where the last key of a path is first written: one part, quotes included."""
        node = self._scan.root.find(path)
        return Span(*node.key) if node is not None and node.key is not None else None

    def value_span(self, path: KeyPath) -> Span | None:
        """Return where a value is written; for a TOML table its header, or the key that made it."""
        node = self._scan.root.find(path)
        return Span(node.start, node.end) if node is not None else None

    def header_span(self, path: KeyPath) -> Span | None:
        """Return the span of the `[a.b]` that opens a table, or None if there is no such header."""
        node = self._scan.root.find(path)
        return Span(*node.header) if node is not None and node.header is not None else None

    def nearest(self, path: KeyPath) -> Span:
        """Return the value span of a path or of the nearest table around it; never fails.

        The place for what is missing: the header of the table that should have it.
        """
        while path:
            span = self.value_span(path)
            if span is not None:
                return span
            path = path[:-1]
        first = re.compile(r"\S").search(self.source.text)
        return Span(*first.span()) if first else Span(0, 0)

    @cached_property
    def toml11(self) -> tuple[Span, ...]:
        """Return the places that TOML 1.0, which editors still read, does not allow."""
        if self.format == "json":
            return ()
        if not self.diagnostics and not may_use_toml11(self.source.text):
            return ()
        return tuple(self._scan.toml11)


def parse(source: SourceText, format: Format | None = None) -> Document:
    """Parse a manifest; without a format, a name that ends in `.json` is JSON and others TOML."""
    chosen: Format = format or ("json" if source.name.lower().endswith(".json") else "toml")
    data = _quick(source.text, chosen)
    if data is not None:
        return Document(source, chosen, data)
    scan = scan_toml(source) if chosen == "toml" else scan_json(source)
    found = sorted(scan.diagnostics, key=lambda d: (d.span, d.code))
    if found:
        data = salvage(scan.root, source.text, chosen)
    else:
        data, surprise = _judge(source, chosen)
        found = [surprise] if surprise else []
    document = Document(source, chosen, data, tuple(found))
    # The scan is at hand: put it where cached_property would.
    document.__dict__["_scan"] = scan
    return document


def _quick(text: str, form: Format) -> dict[str, Any] | None:
    """Return the data of a text in which nothing can be wrong, or None if something may be."""
    try:
        if form == "json":
            data = _strict_json(text)
        elif _MANY_DOTS.search(text):
            return None
        else:
            data = tomli.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) and _within_limits(data) else None


def _strict_json(text: str) -> Any:
    if SURROGATE.search(text):
        raise ValueError(text[:0])
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        message = "duplicate key"
        raise ValueError(message)
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(constant)


def _within_limits(data: dict[str, Any]) -> bool:
    todo: list[tuple[Any, int]] = [(data, 0)]
    while todo:
        value, depth = todo.pop()
        if isinstance(value, dict):
            if any(len(key) > MAX_KEY_LENGTH for key in value):
                return False
            inner = list(value.values())
        else:
            inner = value
        for item in inner:
            kind = type(item)
            if kind is dict or kind is list:
                if depth >= MAX_DEPTH:
                    return False
                todo.append((item, depth + 1))
            elif (kind is int and not MIN_INT <= item <= MAX_INT) or (
                kind is float and not math.isfinite(item)
            ):
                return False
    return True


def _judge(source: SourceText, form: Format) -> tuple[dict[str, Any], Diagnostic | None]:
    """Return what the parser says after the scanner found nothing wrong."""
    try:
        return (tomli.loads if form == "toml" else json.loads)(source.text), None
    except tomli.TOMLDecodeError as error:
        # `error.doc` has its CRLF replaced, so only line and column hold for our text.
        offset = source.offset(error.lineno, error.colno)
        message = f"this is not TOML: {error.msg[:1].lower()}{error.msg[1:]}"
    except (ValueError, RecursionError):
        offset, message = 0, f"this is not {form.upper()}"
    return {}, source.diagnose("RW010", message, Span(offset, offset), masked=True)
