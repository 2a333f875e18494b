"""TOML's rules about naming the same thing twice, over the tree of nodes.

A header may open a table once, may pass through what headers and dotted keys made, and enters the
last element of an array of tables; a dotted key may extend only what dotted keys or nobody made;
a value is complete where it stands. Each function either returns the node to go on with or raises
the `Fault` that names both places. It knows no text but what names the keys have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire.manifest.fault import Fault
from rewire.manifest.place import dotted, quoted
from rewire.manifest.tree import Kind, Node

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.manifest.place import KeyPath

__all__ = ["KeyPart", "append_table", "duplicate", "open_table", "reach"]

_TABLES = frozenset({Kind.IMPLICIT, Kind.HEADER, Kind.DOTTED})


class KeyPart(NamedTuple):
    """One part of a dotted key, with its offsets, quotes included."""

    name: str
    start: int
    end: int


def open_table(root: Node, parts: Sequence[KeyPart], header: tuple[int, int]) -> Node:
    """Open the table of a `[a.b]` header."""
    parent = _descend(root, parts, header)
    name, start, end = parts[-1]
    node = parent.named.get(name)
    if node is None:
        node = parent.named[name] = Node.table(Kind.HEADER, (start, end), *header)
    elif node.kind is Kind.IMPLICIT:
        node.kind = Kind.HEADER
        node.key = (start, end)
        node.start, node.end = header
    else:
        raise _taken(node, parts, header)
    node.header = header
    return node


def append_table(root: Node, parts: Sequence[KeyPart], header: tuple[int, int]) -> tuple[Node, int]:
    """Add an element to the array of tables of a `[[a.b]]` header; return it and its index."""
    parent = _descend(root, parts, header)
    name, start, end = parts[-1]
    elements = parent.named.get(name)
    if elements is None:
        elements = parent.named[name] = Node.array(Kind.ELEMENTS, (start, end), *header)
        elements.header = header
    elif elements.kind is not Kind.ELEMENTS:
        raise _taken(elements, parts, header)
    element = Node.table(Kind.HEADER, None, *header)
    element.header = header
    elements.numbered.append(element)
    return element, len(elements.numbered) - 1


def reach(table: Node, parts: Sequence[KeyPart], path: KeyPath) -> Node:
    """Return the table that the last part of a dotted key belongs to; `path` is the table's."""
    whole = (parts[0].start, parts[-1].end)
    for index, (name, start, end) in enumerate(parts[:-1]):
        node = table.named.get(name)
        if node is None:
            node = table.named[name] = Node.table(Kind.DOTTED, (start, end), *whole)
        elif node.kind is Kind.IMPLICIT:
            node.kind = Kind.DOTTED
        elif node.kind is not Kind.DOTTED:
            at = dotted((*path, *(part.name for part in parts[: index + 1])))
            message = f"{at} is complete where it is defined and cannot be extended"
            raise Fault("RW017", message, start, end, also=_first(node, "defined here"))
        table = node
    return table


def duplicate(node: Node, part: KeyPart, path: KeyPath) -> Fault:
    """Return the fault of a key that has a value already; `path` is its table's."""
    where = f" in [{dotted(path)}]" if path else ""
    message = f"duplicate key {quoted(part.name)}{where}"
    return Fault("RW016", message, part.start, part.end, also=_first(node, "first defined here"))


def _descend(root: Node, parts: Sequence[KeyPart], header: tuple[int, int]) -> Node:
    table = root
    for index, (name, start, end) in enumerate(parts[:-1]):
        node = table.named.get(name)
        if node is None:
            node = table.named[name] = Node.table(Kind.IMPLICIT, (start, end), *header)
        if node.kind is Kind.ELEMENTS:
            node = node.numbered[-1]
        if node.kind not in _TABLES:
            raise _taken(node, parts[: index + 1], (start, end))
        table = node
    return table


def _taken(node: Node, parts: Sequence[KeyPart], where: tuple[int, int]) -> Fault:
    name = dotted(tuple(part.name for part in parts))
    if node.kind is Kind.HEADER:
        message, label = f"table [{name}] is defined twice", "first defined here"
    elif node.kind is Kind.DOTTED:
        message, label = f"table [{name}] is already defined by a dotted key", "defined here"
    elif node.kind is Kind.ELEMENTS:
        message, label = f"[{name}] is already an array of tables", "first defined here"
    elif node.kind is Kind.IMPLICIT:
        message, label = f"[{name}] is already a table", "first defined here"
    else:
        message = f"{name} is already a value and cannot be extended by a header"
        label = "defined here"
    return Fault("RW017", message, *where, also=_first(node, label))


def _first(node: Node, text: str) -> tuple[int, int, str]:
    start, end = node.header or node.key or (node.start, node.end)
    return start, end, text
