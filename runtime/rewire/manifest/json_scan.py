"""Reads JSON for places, as `rewire.manifest.toml_scan` reads TOML, with the same codes.

Comments and trailing commas are refused but read over; after any other fault it reads on at the
next comma or closing bracket of the same level. It is linear and never recurses.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.manifest.fault import Enough, Fault, report, what_is
from rewire.manifest.json_faults import explain_key, explain_value
from rewire.manifest.limits import (
    MAX_DEPTH,
    MAX_DIGITS,
    MAX_INT,
    MAX_KEY_LENGTH,
    MIN_INT,
    NOT_FINITE,
    TOO_DEEP,
    TOO_LARGE,
    TOO_WIDE,
)
from rewire.manifest.place import dotted, quoted
from rewire.manifest.tree import Kind, Node, Scan

if TYPE_CHECKING:
    from rewire.manifest.place import KeyPath
    from rewire.manifest.source import SourceText

__all__ = ["SURROGATE", "scan_json"]

SURROGATE = re.compile(r"\\u[dD][89A-Fa-f]")

_BLANK = re.compile(r"[ \t\r\n]*+")
_COMMENT = re.compile(r"(?:#|//)[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+")
_STOP = r"(?=[ \t\r\n,\]}/#]|\Z)"
_STRING = r'"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*+"'
_VALUE = re.compile(
    rf"(?P<string>{_STRING})|(?P<open>[\[{{])|(?P<word>(?:true|false|null){_STOP})"
    rf"|(?P<whole>-?+(?:0|[1-9][0-9]*+){_STOP})"
    r"|(?P<real>-?+(?:0|[1-9][0-9]*+)(?=[.eE])(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
    rf"{_STOP})"
    rf"|(?P<special>-?+(?:NaN|Infinity){_STOP})"
)
_KEY = re.compile(_STRING)
_ESCAPES = re.compile(
    r"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9A-Fa-f]{2})|.)"
)
_SKIP = re.compile(r'"(?:[^"\\\n]++|\\.)*+"?+|[\[\]{},]|[^"\[\]{},]++')
_CLOSE = {Kind.ARRAY: "]", Kind.INLINE: "}"}
_NAME = {Kind.ARRAY: "array", Kind.INLINE: "object"}


def scan_json(source: SourceText) -> Scan:
    """Scan a JSON text; what is wrong with it is in the result."""
    return _Scanner(source).run()


@dataclass(slots=True)
class _Open:
    """A bracket that is not closed yet; `comma` is the offset of its last comma, or -1."""

    node: Node
    path: KeyPath
    comma: int = -1


class _Scanner:
    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.text = source.text
        self.scan = Scan(Node.table(Kind.INLINE, None, 0, 0))
        self.torn = False

    def run(self) -> Scan:
        """Read the whole text, or as much as has the most errors that are told at once."""
        try:
            try:
                self.document()
            except Fault as fault:
                self.spoilt((), fault)
        except Enough:
            self.scan.unreadable.append(())
        return self.scan

    def document(self) -> None:
        """Read one object and the end of the text."""
        pos = self.gap(0)
        if not self.text.startswith("{", pos):
            message = f"expected an object, found {what_is(self.text, pos)}"
            raise Fault("RW022", message, pos, min(pos + 1, len(self.text)))
        self.scan.root.start = pos
        pos = self.gap(self.members([_Open(self.scan.root, ())], pos + 1))
        if pos < len(self.text):
            message = f"expected the end of the text, found {what_is(self.text, pos)}"
            raise Fault("RW010", message, pos, pos + 1)

    def gap(self, pos: int) -> int:
        """Return where the next token is; comments are reported and read over."""
        while True:
            pos = self.blank(pos)
            comment = _COMMENT.match(self.text, pos)
            if comment is None:
                return pos
            hint = "leave it out, or write the manifest in TOML, which has comments"
            self.soft(Fault("RW020", "JSON has no comments", *comment.span(), help=hint), ())
            pos = comment.end()

    def blank(self, pos: int) -> int:
        match = _BLANK.match(self.text, pos)
        return match.end() if match else pos

    def soft(self, fault: Fault, path: KeyPath) -> None:
        """Report what does not keep the scanner from reading on."""
        report(self.scan, self.source, fault, path)

    def spoilt(self, path: KeyPath, fault: Fault) -> None:
        """Report what makes everything below a path unreliable."""
        self.scan.unreadable.append(path)
        self.soft(fault, path)

    def members(self, opened: list[_Open], pos: int) -> int:
        """Read until the outermost bracket is closed."""
        ready = True
        while opened:
            top = opened[-1]
            pos = self.gap(pos)
            char = self.text[pos : pos + 1]
            if not char:
                return self.unclosed(top, pos)
            if char in "]}":
                pos = self.close(opened, pos, trailing=ready and top.comma >= 0)
                ready = False
            elif char == "," and not ready:
                top.comma, pos, ready = pos, pos + 1, True
            else:
                try:
                    if not ready:
                        self.no_comma(top, pos)
                    pos, child = self.member(top, pos)
                except Fault as fault:
                    pos, child = self.recover(top, fault), None
                ready = child is not None
                if child is not None:
                    opened.append(child)
        return pos

    def member(self, top: _Open, pos: int) -> tuple[int, _Open | None]:
        """Read one element or one key with its value, up to a bracket that opens."""
        if top.node.kind is Kind.ARRAY:
            elements = top.node.numbered
            node = Node(Kind.BROKEN, None, pos, pos)
            path: KeyPath = (*top.path, len(elements))
            elements.append(node)
            return self.value(node, path, pos)
        match = _KEY.match(self.text, pos)
        if match is None:
            raise explain_key(self.text, pos)
        name = self.name(match, top.path)
        path = (*top.path, name)
        node = Node(Kind.BROKEN, match.span(), pos, match.end())
        taken = top.node.named.setdefault(name, node)
        if taken is not node:
            self.soft(_duplicate(name, match.span(), taken, top.path), path)
        pos = self.gap(match.end())
        if not self.text.startswith(":", pos):
            hint = 'JSON writes "key": value' if self.text.startswith("=", pos) else None
            message = 'expected ":" after the key'
            raise Fault("RW014", message, pos, pos + 1, help=hint, path=path)
        return self.value(node, path, self.gap(pos + 1))

    def name(self, match: re.Match[str], path: KeyPath) -> str:
        name = str(json.loads(match.group()))
        if len(name) > MAX_KEY_LENGTH:
            message = f"a key has at most {MAX_KEY_LENGTH} characters"
            self.spoilt(path, Fault("RW005", message, *match.span()))
        self.surrogate(match.group(), match.start(), path)
        return name

    def value(self, node: Node, path: KeyPath, pos: int) -> tuple[int, _Open | None]:
        """Read a value into a node, or open its bracket."""
        match = _VALUE.match(self.text, pos)
        if match is None:
            fault = explain_value(self.text, pos)
            fault.path = path
            raise fault
        node.start, node.end = match.span()
        if match.lastgroup == "open":
            if len(path) > MAX_DEPTH:
                raise Fault("RW004", TOO_DEEP, pos, pos + 1, path=path)
            array = match.group() == "["
            node.kind, node.children = (Kind.ARRAY, []) if array else (Kind.INLINE, {})
            return match.end(), _Open(node, path)
        node.kind = Kind.SCALAR
        if not self.sound(match.lastgroup or "", match.group(), node, path):
            node.kind = Kind.BROKEN
        return match.end(), None

    def sound(self, kind: str, token: str, node: Node, path: KeyPath) -> bool:
        """Report a scalar that a manifest cannot hold."""
        if kind == "string":
            return self.surrogate(token, node.start, path)
        if kind == "special":
            message = NOT_FINITE
        elif kind == "real" and math.isinf(float(token)):
            message = TOO_LARGE
        elif kind == "whole" and (len(token) > MAX_DIGITS or not MIN_INT <= int(token) <= MAX_INT):
            message = TOO_WIDE
        else:
            return True
        self.spoilt(path, Fault("RW018", message, node.start, node.end))
        return False

    def surrogate(self, token: str, start: int, path: KeyPath) -> bool:
        """Report half a character, which `json` lets through and no encoder takes."""
        for match in _ESCAPES.finditer(token) if SURROGATE.search(token) else ():
            if match["lone"]:
                message = "the escape \\u does not name a character"
                where = (start + match.start(), start + match.end())
                self.spoilt(path, Fault("RW012", message, *where))
                return False
        return True

    def close(self, opened: list[_Open], pos: int, *, trailing: bool) -> int:
        """Close the innermost bracket; return where its outer one goes on."""
        top = opened.pop()
        close, char = _CLOSE[top.node.kind], self.text[pos]
        top.node.end = pos
        if char == close:
            if trailing:
                message = f"JSON has no comma before {close}"
                self.soft(Fault("RW021", message, top.comma, top.comma + 1), top.path)
            top.node.end = pos + 1
            return pos + 1
        message = f"the {_NAME[top.node.kind]} is not closed: expected {close}"
        also = (top.node.start, top.node.start + 1, "opened here")
        self.spoilt(top.path, Fault("RW015", message, pos, pos + 1, also=also))
        if any(_CLOSE[outer.node.kind] == char for outer in opened):
            return pos
        # It closes nothing: taken for the other one, or left out after the outermost.
        return pos + 1

    def unclosed(self, top: _Open, pos: int) -> int:
        if not self.torn:
            start, close = top.node.start, _CLOSE[top.node.kind]
            message = f"the {_NAME[top.node.kind]} is not closed: expected {close}"
            self.spoilt((), Fault("RW015", message, start, start + 1, path=top.path))
        return pos

    def no_comma(self, top: _Open, pos: int) -> None:
        close = _CLOSE[top.node.kind]
        message = f"expected a comma or {close} in the {_NAME[top.node.kind]}"
        fault = Fault("RW010", message, pos, pos + 1)
        if (_KEY if top.node.kind is Kind.INLINE else _VALUE).match(self.text, pos) is None:
            raise fault
        self.soft(fault, top.path)

    def recover(self, top: _Open, fault: Fault) -> int:
        """Report a fault; return the offset of the comma or bracket after what it spoils."""
        # An unclosed string may have taken the next members of its line with it.
        lost = fault.path is None or fault.code == "RW011"
        self.torn = self.torn or fault.code == "RW011"
        self.spoilt(top.path if lost else fault.path or (), fault)
        start, depth = fault.start if fault.resume is None else fault.resume, 0
        for match in _SKIP.finditer(self.text, start):
            mark = match.group()
            if depth == 0 and mark in {",", "]", "}"}:
                return match.start()
            depth += (mark in {"[", "{"}) - (mark in {"]", "}"})
        self.torn = True
        return len(self.text)


def _duplicate(name: str, span: tuple[int, int], taken: Node, path: KeyPath) -> Fault:
    where = f" in {dotted(path)}" if path else ""
    first = taken.key or (taken.start, taken.end)
    also = (*first, "first defined here")
    return Fault("RW016", f"duplicate key {quoted(name)}{where}", *span, also=also)
