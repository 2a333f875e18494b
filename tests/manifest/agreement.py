"""Laws about spans that every document obeys, and equality of data that knows NaN and types."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from rewire.manifest.toml_values import evaluate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.manifest.document import Document
    from rewire.manifest.place import KeyPath


def same(one: Any, other: Any) -> bool:
    """Tell whether two values are equal and of equal types, NaN to NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return math.isnan(other)
    return bool(one == other)


def places(data: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield every path below the root with its value."""
    items = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in items:
        yield (*path, key), value
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def check_spans(document: Document) -> None:
    """Assert that each key span reads as the key, and each leaf's value span as the value."""
    text = document.source.text
    for path, value in places(document.data):
        where = document.value_span(path)
        assert where is not None, path
        assert 0 <= where.start < where.end <= len(text), path
        if isinstance(path[-1], str):
            key = document.key_span(path)
            assert key is not None, path
            assert _key(document, text[key.start : key.end]) == path[-1]
        header = document.header_span(path)
        if header is not None:
            assert text[header.start] == "["
            assert text[header.end - 1] == "]" or not document.ok
        if not isinstance(value, dict | list):
            written = text[where.start : where.end]
            read = evaluate if document.format == "toml" else json.loads
            assert same(read(written), value), path


def _key(document: Document, written: str) -> str:
    if document.format == "json":
        return str(json.loads(written))
    if written[0] == '"':
        return str(evaluate(written))
    return written.strip("'")
