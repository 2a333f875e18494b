"""How a demonstration went: the summary, and whether it proved what it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.demo.scene import LABELS, totals

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.demo.tally import Tally

__all__ = ["Report"]

WORDS_A_CLIENT = 5


@dataclass(frozen=True, slots=True)
class Report:
    """What happened; ``strict``: the demo made the edits, and none of them asks for a refusal.

    ``unanswered`` counts edits that were saved and got no verdict.
    """

    seconds: float
    release: int
    applied: int
    refused: int
    tallies: Mapping[str, Tally]
    strict: bool = False
    unanswered: int = 0

    @property
    def ok(self) -> bool:
        """Say whether nothing was lost."""
        counts = totals(self.tallies)
        lost = counts["lost"] + (counts["refused"] if self.strict else 0)
        return not lost and not self.unanswered

    def lines(self) -> Iterator[str]:
        """Yield the summary."""
        counts = totals(self.tallies)
        edits = f"edits: {self.applied} applied, {self.refused} refused"
        yield f"after {self.seconds:.0f} s: {edits}; release {self.release} serves"
        yield " · ".join(f"{label} {counts[column]}" for column, label in LABELS.items())
        if self.unanswered:
            yield f"  {self.unanswered} edits got no verdict"
        for client, tally in self.tallies.items():
            for kind, words in (("lost", tally.losses), ("refused", tally.refusals)):
                for word, times in words.most_common(WORDS_A_CLIENT):
                    yield f"  {kind} by {client}: {times}, {word}"
