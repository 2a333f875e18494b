"""What can be said about a manifest: a code, a sentence, a place, and what to do about it.

A `Diagnostic` stands alone: it keeps its positions and the excerpt of the line it shows, so a log,
a status or a pipeline can render it when the text is long gone. It is made by
`SourceText.diagnose`, which knows the text; a masked one never holds the value it points at.
The catalogue of codes with their pages is in `rewire.manifest.codes`; how a diagnostic looks is
`rewire.manifest.render`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from rewire.manifest.codes import CODES, CodeInfo
from rewire.manifest.place import Excerpt, KeyPath, Position, Span, dotted

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["CODES", "CodeInfo", "Diagnostic", "Label", "Severity", "dotted", "in_order", "suggest"]

_LONGEST_WORD = 64


class Severity(StrEnum):
    """How grave a diagnostic is: an error refuses the manifest, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that explains the first, such as the earlier of two equal keys."""

    span: Span
    text: str
    file: str
    start: Position
    excerpt: Excerpt | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem of one manifest, with its place; see `SourceText.diagnose`."""

    code: str
    severity: Severity
    message: str
    file: str
    span: Span
    start: Position
    end: Position
    path: KeyPath = ()
    labels: tuple[Label, ...] = ()
    help: str | None = None
    masked: bool = False
    excerpt: Excerpt | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Return the path of the page that explains the code, relative to the project."""
        return f"docs/reference/errors/{self.code}.md"

    @property
    def is_error(self) -> bool:
        """Tell whether this refuses the manifest."""
        return self.severity is Severity.ERROR

    def __str__(self) -> str:
        """Return the one-line form, as `concise` prints it."""
        where = f"{self.file}:{self.start.line}:{self.start.column}"
        return f"{where}: {self.severity}[{self.code}] {self.message}"


def in_order(diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Sort diagnostics by file, then place, then code, and drop exact repetitions."""
    unique = dict.fromkeys(diagnostics)
    return sorted(unique, key=lambda d: (d.file, d.span, d.code, d.message))


def suggest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate nearest to a word by edit distance, or None if none is near.

    Near means at most a third of the word's length in insertions, deletions, replacements and
    swaps of neighbours; case and `-` for `_` cost nothing.

    >>> suggest("time_out", ["timeout", "tls"])
    'timeout'
    """
    if not word or len(word) > _LONGEST_WORD:
        return None
    folded = _fold(word)
    limit = max(1, len(word) // 3)
    near = [
        (distance, candidate)
        for candidate in candidates
        if candidate != word
        and abs(len(candidate) - len(word)) <= limit
        and (distance := _edits(folded, _fold(candidate))) <= limit
    ]
    return min(near)[1] if near else None


def _fold(word: str) -> str:
    return word.casefold().replace("-", "_")


def _edits(one: str, other: str) -> int:
    # Optimal string alignment: a swapped pair of letters, the commonest slip, is one edit.
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row[-1]
