"""The data that are left of a text with errors in it, so that the rest can be checked as well.

Values are judged by the same parsers as in a good text, one at a time: slow, but a text with
errors is on its way to a person.
"""

from __future__ import annotations

import json
from typing import Any

from rewire.manifest.toml_values import evaluate
from rewire.manifest.tree import Kind, Node

__all__ = ["salvage"]

_NOTHING = object()


def salvage(root: Node, text: str, form: str) -> dict[str, Any]:
    """Return the readable values of a tree; the depth limit bounds the recursion."""
    read = evaluate if form == "toml" else json.loads
    data = _value(root, text, read)
    return data if isinstance(data, dict) else {}


def _value(node: Node, text: str, read: Any) -> Any:
    if node.kind is Kind.BROKEN:
        return _NOTHING
    if node.kind is Kind.SCALAR:
        try:
            return read(text[node.start : node.end])
        except ValueError:
            return _NOTHING
    if isinstance(node.children, list):
        items = [_value(child, text, read) for child in node.children]
        # Ended before its first broken element: those behind it would get wrong indices.
        return items[: items.index(_NOTHING)] if _NOTHING in items else items
    pairs = {name: _value(child, text, read) for name, child in node.named.items()}
    return {name: value for name, value in pairs.items() if value is not _NOTHING}
