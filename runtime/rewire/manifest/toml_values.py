"""Reads the keys and values of TOML into nodes: strings, numbers, times, and nested brackets.

Brackets are read with a list of open ones instead of recursion, so depth is a number to compare.
What keeps the reader from going on is raised as a `Fault`; what does not (a number out of range,
a duplicate key) is passed to `soft`, and the node stays `BROKEN`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tomli

from rewire.manifest.fault import Fault
from rewire.manifest.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_INT,
    MAX_KEY_LENGTH,
    MAX_KEY_PARTS,
    MIN_INT,
    NOT_FINITE,
    TOO_DEEP,
    TOO_LARGE,
    TOO_WIDE,
)
from rewire.manifest.toml_faults import explain_after_key, explain_gap, explain_key, explain_value
from rewire.manifest.toml_lexer import (
    GAP,
    KEY,
    NEW_ESCAPE,
    PART,
    RESUME_DEEP,
    SHORT_TIME,
    SPACE,
    VALUE,
    end_of,
)
from rewire.manifest.toml_tables import KeyPart, duplicate, reach
from rewire.manifest.tree import Kind, Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.manifest.place import KeyPath

__all__ = ["Values", "evaluate", "split_key"]

_CLOSE = {Kind.ARRAY: "]", Kind.INLINE: "}"}
_NAME = {Kind.ARRAY: "array", Kind.INLINE: "inline table"}
# An element that may be the header of the next table, if the array was never closed.
_NAMED = re.compile(r"\[\[?+[ \t]*+[A-Za-z_]")
_PLAIN = frozenset({"basic", "literal", "literals", "bool"})


def evaluate(token: str) -> Any:
    """Return what the parser makes of one value; raise ValueError if it refuses."""
    return tomli.loads(f"v={token}")["v"]


def split_key(text: str, start: int, end: int) -> list[KeyPart]:
    """Split a dotted key, or raise the fault of one too long or of too many parts."""
    parts: list[KeyPart] = []
    whole = text[start:end]
    if "." not in whole and whole[0] not in "\"'":
        parts.append(KeyPart(whole, start, end))
    else:
        for match in PART.finditer(text, start, end):
            parts.append(KeyPart(_name(match.group()), *match.span()))
            if len(parts) > MAX_KEY_PARTS:
                message = f"a key has at most {MAX_KEY_PARTS} parts"
                raise Fault("RW005", message, start, end)
    for part in parts:
        if len(part.name) > MAX_KEY_LENGTH:
            message = f"a key has at most {MAX_KEY_LENGTH} characters"
            raise Fault("RW005", message, part.start, part.end)
    return parts


def _name(token: str) -> str:
    if token[0] not in "\"'":
        return token
    if token[0] == '"' and "\\" in token:
        return str(evaluate(token))
    return token[1:-1]


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet; `comma` is the offset of its last comma, or -1."""

    node: Node
    path: KeyPath
    comma: int = -1
    lines: bool = False


class Values:
    """Reads keys and values of one text; collects what only TOML 1.1 allows."""

    def __init__(self, text: str, soft: Callable[[Fault, KeyPath], None]) -> None:
        self.text = text
        self.soft = soft
        self.toml11: list[tuple[int, int]] = []

    def key(self, pos: int) -> tuple[list[KeyPart], int]:
        """Read a key and its equals sign; return its parts and where the value starts."""
        match = KEY.match(self.text, pos)
        if match is None:
            raise explain_key(self.text, pos)
        parts = split_key(self.text, pos, match.end())
        end = end_of(SPACE, self.text, match.end())
        if self.text.startswith("=", end):
            return parts, end_of(SPACE, self.text, end + 1)
        raise explain_after_key(self.text, pos, match.end())

    def place(self, table: Node, parts: list[KeyPart], node: Node, path: KeyPath) -> None:
        """Put a node under its key; a key that is taken is reported and keeps its value."""
        last = parts[-1]
        node.key = (last.start, last.end)
        try:
            owner = reach(table, parts, path) if len(parts) > 1 else table
            taken = owner.named.get(last.name)
            if taken is not None:
                raise duplicate(taken, last, (*path, *(part.name for part in parts[:-1])))
            owner.named[last.name] = node
        except Fault as fault:
            self.soft(fault, (*path, *(part.name for part in parts)))

    def read(self, pos: int, node: Node, path: KeyPath) -> int:
        """Read the value at an offset into a node; return where it ends."""
        if not self.scalar(pos, node, path):
            return self.bracket(node, path)
        return node.end

    def scalar(self, pos: int, node: Node, path: KeyPath) -> bool:
        """Read a value without brackets; False if a bracket opens here, as the node then says."""
        match = VALUE.match(self.text, pos)
        if match is None:
            raise explain_value(self.text, pos)
        kind = match.lastgroup or ""
        node.start, node.end = match.span()
        if kind == "open":
            if len(path) > MAX_DEPTH:
                raise Fault("RW004", TOO_DEEP, pos, pos + 1, path=path)
            if self.text[pos] == "[":
                node.kind, node.children = Kind.ARRAY, []
            else:
                node.kind, node.children = Kind.INLINE, {}
            return False
        node.kind = Kind.SCALAR
        if kind not in _PLAIN or (kind == "basic" and "\\" in match.group()):
            self.check(kind, match.group(), node, path)
        return True

    def check(self, kind: str, token: str, node: Node, path: KeyPath) -> None:
        """Look at a scalar that may be out of range, or newer than TOML 1.0."""
        if kind in {"basic", "basics"}:
            found = (match.span() for match in NEW_ESCAPE.finditer(token) if match["new"])
            self.toml11 += [(node.start + start, node.start + end) for start, end in found]
            return
        if kind == "time" and SHORT_TIME.search(token):
            self.toml11.append((node.start, node.end))
        objection = _objection(kind, token)
        if objection is not None:
            node.kind = Kind.BROKEN
            code, message = objection
            self.soft(Fault(code, message, node.start, node.end), path)

    def bracket(self, node: Node, path: KeyPath) -> int:
        """Read an array or inline table that has just been opened; return where it ends."""
        opened = [_Open(node, path)]
        try:
            return self.members(opened, node.end)
        except Fault as fault:
            fault.deep = True
            fault.path = opened[-1].path if fault.path is None else fault.path
            raise

    def members(self, opened: list[_Open], pos: int) -> int:
        """Read until the outermost open bracket is closed."""
        ready = True
        while True:
            top = opened[-1]
            gap = end_of(GAP, self.text, pos)
            if top.node.kind is Kind.INLINE and self.text.find("\n", pos, gap) >= 0:
                top.lines = True
            pos = gap
            char = self.text[pos : pos + 1]
            if char == _CLOSE[top.node.kind]:
                self.close(top, pos, trailing=ready and top.comma >= 0)
                opened.pop()
                pos += 1
                ready = False
                if not opened:
                    return pos
            elif ready:
                node, path, pos = self.member(top, pos)
                ready = not self.scalar(pos, node, path)
                pos = node.end
                if ready:
                    opened.append(_Open(node, path))
            elif char == ",":
                top.comma = pos
                pos += 1
                ready = True
            else:
                raise self.unclosed(top, pos) or self.no_comma(top, pos)

    def close(self, top: _Open, pos: int, *, trailing: bool) -> None:
        """End a bracket; note if it was an inline table as only TOML 1.1 has them."""
        top.node.end = pos + 1
        if top.node.kind is not Kind.INLINE:
            return
        if top.lines:
            self.toml11.append((top.node.start, pos + 1))
        elif trailing:
            self.toml11.append((top.comma, top.comma + 1))

    def member(self, top: _Open, pos: int) -> tuple[Node, KeyPath, int]:
        """Make the node of the next element or key; return it and where its value starts."""
        node = Node(Kind.BROKEN, None, pos, pos)
        if top.node.kind is Kind.ARRAY:
            if VALUE.match(self.text, pos) is None:
                raise self.unclosed(top, pos) or explain_value(self.text, pos)
            if _NAMED.match(self.text, pos) and (fault := self.unclosed(top, pos)):
                raise fault
            elements = top.node.numbered
            elements.append(node)
            return node, (*top.path, len(elements) - 1), pos
        if KEY.match(self.text, pos) is None:
            raise self.unclosed(top, pos) or explain_key(self.text, pos)
        parts, value = self.key(pos)
        self.place(top.node, parts, node, top.path)
        return node, (*top.path, *(part.name for part in parts)), value

    def unclosed(self, top: _Open, pos: int) -> Fault | None:
        """Return the fault of a bracket still open where the text ends or a statement starts."""
        start = top.node.start
        line = self.text.rfind("\n", start, pos)
        match = RESUME_DEEP.match(self.text, line) if line >= 0 else None
        if pos < len(self.text) and (match is None or match.end() != pos):
            return None
        close = _CLOSE[top.node.kind]
        message = f"the {_NAME[top.node.kind]} is not closed: expected {close}"
        also = (pos, pos + 1, f"expected {close} before this") if pos < len(self.text) else None
        resume = line if line >= 0 else pos
        perhaps = "or a comma is missing" if also and top.node.kind is Kind.INLINE else None
        return Fault("RW015", message, start, start + 1, help=perhaps, also=also, resume=resume)

    def no_comma(self, top: _Open, pos: int) -> Fault:
        """Return the fault of something else where a comma or the end of a bracket belongs."""
        close, name = _CLOSE[top.node.kind], _NAME[top.node.kind]
        message = f"expected a comma or {close} in the {name}"
        return explain_gap(self.text, pos) or Fault("RW010", message, pos, pos + 1)


def _objection(kind: str, token: str) -> tuple[str, str] | None:
    """Return code and message for a number or time that no manifest can hold."""
    if kind == "special":
        return "RW018", NOT_FINITE
    if kind == "time":
        try:
            evaluate(token)
        except ValueError:
            return "RW013", "this is not a date or time"
        return None
    digits = token.replace("_", "")
    if kind == "real":
        return ("RW018", TOO_LARGE) if math.isinf(float(digits)) else None
    if kind == "based":
        fits = int(digits, 0) <= MAX_INT
    else:
        fits = len(digits) <= MAX_DIGITS and MIN_INT <= int(digits) <= MAX_INT
    return None if fits else ("RW018", TOO_WIDE)
