"""Reads TOML 1.1 for places: a node for every key and value, and every syntax error at once.

One pass over the text, driven by the patterns of `rewire.manifest.toml_lexer`; nested values are
read in `rewire.manifest.toml_values`. After a fault it reads on at the next line that starts a
key or a header. It is linear and never recurses, so it may meet any text before a parser does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.manifest.fault import Enough, Fault, report
from rewire.manifest.place import Span
from rewire.manifest.toml_faults import explain_after_key, explain_end, explain_key
from rewire.manifest.toml_lexer import (
    END,
    GAP,
    HEADER,
    KEY,
    PAIR,
    RESUME,
    RESUME_DEEP,
    SPACE,
    end_of,
)
from rewire.manifest.toml_tables import append_table, open_table
from rewire.manifest.toml_values import Values, split_key
from rewire.manifest.tree import Kind, Node, Scan

if TYPE_CHECKING:
    import re

    from rewire.manifest.place import KeyPath
    from rewire.manifest.source import SourceText

__all__ = ["scan_toml"]


def scan_toml(source: SourceText) -> Scan:
    """Scan a TOML text; what is wrong with it is in the result."""
    return _Scanner(source).run()


class _Scanner:
    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.text = source.text
        self.scan = Scan(Node.table(Kind.HEADER, None, 0, 0))
        self.table = self.scan.root
        self.path: KeyPath = ()
        # The innermost thing being read, for the key path of a fault.
        self.at: KeyPath = ()
        self.values = Values(source.text, self.soft)
        # After a fault inside a bracket its closing line may still come: no news.
        self.torn = False

    def run(self) -> Scan:
        """Read the whole text, or as much as has the most errors that are told at once."""
        pos, size = 0, len(self.text)
        try:
            while (pos := end_of(GAP, self.text, pos)) < size:
                pos = self.statement(pos)
        except Enough:
            self.scan.unreadable.append(())
        self.scan.toml11 = [Span(*place) for place in sorted(self.values.toml11)]
        return self.scan

    def statement(self, pos: int) -> int:
        """Read one statement; return where the next one is looked for."""
        self.at = self.path
        if self.torn and self.text[pos] in "]},":
            return self.resume(RESUME, pos)
        try:
            return self.header(pos) if self.text[pos] == "[" else self.pair(pos)
        except Fault as fault:
            report(self.scan, self.source, fault, self.at)
            self.scan.unreadable.append(self.path if fault.deep else self.at)
            self.torn = self.torn or fault.deep
            start = fault.start if fault.resume is None else fault.resume
            return self.resume(RESUME_DEEP if fault.deep else RESUME, start)

    def resume(self, pattern: re.Pattern[str], pos: int) -> int:
        """Return where reading goes on after what could not be read."""
        found = pattern.search(self.text, pos)
        return found.end() if found else len(self.text)

    def soft(self, fault: Fault, path: KeyPath) -> None:
        """Report what does not keep the scanner from reading on."""
        if fault.code != "RW016":
            self.scan.unreadable.append(path)
        report(self.scan, self.source, fault, path)

    def pair(self, pos: int) -> int:
        """Read `key = value` and the end of its line."""
        match = PAIR.match(self.text, pos)
        if match is not None:
            parts = split_key(self.text, pos, match.end(1))
            node = Node(Kind.SCALAR, None, match.start(2), match.end(2))
            self.values.place(self.table, parts, node, self.path)
            return match.end()
        parts, pos = self.values.key(pos)
        self.at = (*self.path, *(part.name for part in parts))
        node = Node(Kind.BROKEN, None, pos, pos)
        self.values.place(self.table, parts, node, self.path)
        return self.ended(self.values.read(pos, node, self.at), "the value")

    def ended(self, pos: int, after: str) -> int:
        """Return where the next line starts; nothing but a comment may come before it."""
        match = END.match(self.text, pos)
        if match is None:
            raise explain_end(self.text, pos, after)
        return match.end()

    def header(self, pos: int) -> int:
        """Read `[a.b]` or `[[a.b]]` and the end of its line; what follows belongs to its table."""
        match = HEADER.match(self.text, pos)
        if match is not None and len(match[1]) == len(match[3]):
            self.enter(match.span(2), (pos, match.end(3)), double=len(match[1]) > 1)
            return match.end()
        double = self.text.startswith("[[", pos)
        start = end_of(SPACE, self.text, pos + 1 + double)
        self.path, self.table = (), _nowhere()
        key = KEY.match(self.text, start)
        if key is None:
            raise explain_key(self.text, start, "a table name")
        close = "]]" if double else "]"
        end = end_of(SPACE, self.text, key.end())
        if not self.text.startswith(close, end):
            # Entered all the same: what is meant is plain, and its keys are read in their place.
            self.enter(key.span(), (pos, key.end()), double=double)
            fault = explain_after_key(self.text, start, key.end())
            if fault.code == "RW014":
                message = f"the table header is not closed: expected {close}"
                fault = Fault("RW015", message, pos, end, help=fault.help)
            raise fault
        self.enter(key.span(), (pos, end + len(close)), double=double)
        return self.ended(end + len(close), "the table header")

    def enter(self, name: tuple[int, int], header: tuple[int, int], *, double: bool) -> None:
        """Make the table of a header the one that keys go to."""
        self.path, self.table = (), _nowhere()
        parts = split_key(self.text, *name)
        self.at = self.path = tuple(part.name for part in parts)
        self.torn = False
        try:
            if double:
                self.table, index = append_table(self.scan.root, parts, header)
                self.path = (*self.path, index)
            else:
                self.table = open_table(self.scan.root, parts, header)
        except Fault as fault:
            # Its keys go nowhere: each of them would be reported as a duplicate too.
            self.soft(fault, self.path)


def _nowhere() -> Node:
    return Node.table(Kind.HEADER, None, 0, 0)
