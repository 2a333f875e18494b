"""The shape of a document as its text has it: a node for every key and value, with offsets.

The TOML and the JSON scanner both grow this tree; `rewire.manifest.document` answers questions
about spans from it. Values are not kept here: a scalar is the text between two offsets, and the
parsers of those languages are the judges of what it means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.place import KeyPath, Span

__all__ = ["Kind", "Node", "Scan"]


class Kind(Enum):
    """What a node is, as far as TOML's rules about redefinition tell kinds apart."""

    SCALAR = auto()
    BROKEN = auto()  # a value that could not be read; its key is known
    ARRAY = auto()
    INLINE = auto()  # a table written as a value; every JSON object but the root
    IMPLICIT = auto()  # `a` of `[a.b]`
    HEADER = auto()  # `b` of `[a.b]`
    DOTTED = auto()  # `a` of `a.b = 1`
    ELEMENTS = auto()  # `a` of `[[a]]`


class Node:
    """One value of the text; `start` and `end` bound it, and `key` where it has a name."""

    __slots__ = ("children", "end", "header", "key", "kind", "start")

    def __init__(self, kind: Kind, key: tuple[int, int] | None, start: int, end: int) -> None:
        self.kind = kind
        self.key = key
        self.start = start
        self.end = end
        self.header: tuple[int, int] | None = None
        self.children: dict[str, Node] | list[Node] | None = None

    @classmethod
    def table(cls, kind: Kind, key: tuple[int, int] | None, start: int, end: int) -> Node:
        """Make a node that holds named children."""
        node = cls(kind, key, start, end)
        node.children = {}
        return node

    @classmethod
    def array(cls, kind: Kind, key: tuple[int, int] | None, start: int, end: int) -> Node:
        """Make a node that holds numbered children."""
        node = cls(kind, key, start, end)
        node.children = []
        return node

    @property
    def named(self) -> dict[str, Node]:
        """Return the named children; none where there can be none."""
        return self.children if isinstance(self.children, dict) else {}

    @property
    def numbered(self) -> list[Node]:
        """Return the numbered children; none where there can be none."""
        return self.children if isinstance(self.children, list) else []

    def find(self, path: KeyPath) -> Node | None:
        """Return the node at a path, or None."""
        node: Node | None = self
        for part in path:
            if node is None:
                return None
            node = node.child(part)
        return node

    def child(self, part: str | int) -> Node | None:
        """Return one child, or None."""
        if isinstance(part, str):
            return self.named.get(part)
        elements = self.numbered
        return elements[part] if 0 <= part < len(elements) else None


@dataclass(slots=True)
class Scan:
    """What a scanner found: the tree, what is wrong, and where nothing can be relied on.

    `unreadable` holds the paths of tables with a statement that could not be read: what seems to
    be missing or surplus in them may be a consequence.
    """

    root: Node
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unreadable: list[KeyPath] = field(default_factory=list)
    toml11: list[Span] = field(default_factory=list)
