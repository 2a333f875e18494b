"""The code blocks of a page, and what their info lines say of them.

The word after the language is the block's role; GitHub does not show it.

    toml, json       a whole manifest, without a warning; it is the page's `connections.toml`
    … part           some lines of one: only required keys may be missing
    … wrong          one with errors or warnings; `text diagnostics` after it is what is printed,
                     and it, too, becomes `connections.toml`
    python           a program that is run beside the page's manifest; it may await at the top
    python part      lines that are compiled, not run
    python signature is not looked at
    text output      what the program above it prints
    console          commands that are run, and exactly what they print
    console shown    commands that are not run, because they wait for a person or take a network
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sybil import Region, Sybil
from sybil.parsers.markdown.lexers import RawFencedCodeBlockLexer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sybil import Document, Example

_INFO = re.compile(r"(?P<language>[a-z]*)(?: (?P<role>[a-z]+))?$\n", re.MULTILINE)
_LEXER = RawFencedCodeBlockLexer(_INFO)

ROLES = {
    ("toml", None),
    ("toml", "part"),
    ("toml", "wrong"),
    ("json", None),
    ("json", "part"),
    ("json", "wrong"),
    ("python", None),
    ("python", "part"),
    ("python", "signature"),
    ("text", None),
    ("text", "diagnostics"),
    ("text", "output"),
    ("console", None),
    ("console", "shown"),
    ("mermaid", None),
}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block."""

    language: str
    role: str | None
    text: str
    line: int


def blocks(path: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    document = Sybil(parsers=[_parse]).parse(path)
    return [example.parsed for example in document]


def with_next(path: Path) -> Iterator[tuple[Block, Block | None]]:
    """Yield each block with the one below it, which may show what it prints."""
    page = blocks(path)
    yield from zip(page, [*page[1:], None], strict=False)


def _parse(document: Document) -> Iterator[Region]:
    end = 0
    for region in sorted(_LEXER(document), key=lambda region: region.start):
        if region.start < end:
            continue  # a fence that is shown within a longer one
        end = region.end
        line = document.text.count("\n", 0, region.start) + 2
        lexemes = region.lexemes
        block = Block(lexemes["language"], lexemes["role"], str(lexemes["source"]), line)
        yield Region(region.start, region.end, block, _nothing)


def _nothing(example: Example) -> None:
    """Be the evaluator that sybil wants: a page's blocks need each other, so a test runs them."""
