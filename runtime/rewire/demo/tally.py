"""Counting, and who is to blame: every request and every message ends in exactly one column.

- *served*: an answer came, below 400 (or a message, or a stream to its last event);
- *upstream*: the upstream failed the request on purpose; the ledger knows which ones;
- *refused*: what the file itself asks for: a client that was removed or disabled, credentials
  that the peer does not take, a timeout that is shorter than the work;
- *lost*: everything else. An edit must never do that, and the demo's exit code says so.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from rewire.demo.ledger import Fate
from rewire.errors import ClientDisabledError, ClientHeldBackError, ClientRemovedError

__all__ = ["Column", "Tally", "blame", "judge"]

Column = Literal["served", "upstream", "refused", "lost"]

_SAID_BY_THE_FILE = (ClientRemovedError, ClientDisabledError, ClientHeldBackError)


def judge(status: int, fate: Fate) -> Column:
    """Return the column of a request that was answered with this status."""
    if status < 400:
        return "served"
    return "upstream" if fate is Fate.SPOILT else "refused"


def blame(error: BaseException, fate: Fate, *, timeout: bool) -> Column:
    """Return the column of a request that raised ``error``; ``timeout``: for it took too long."""
    if isinstance(error, _SAID_BY_THE_FILE):
        return "refused"
    if fate is Fate.SPOILT:
        return "upstream"
    # Only where the upstream was still at work is a timeout the file's doing: an answer that was
    # given and did not arrive is lost, however long one waited for it.
    return "refused" if timeout and fate is Fate.WORKING else "lost"


@dataclass(slots=True)
class Tally:
    """What became of one client's requests."""

    counts: Counter[Column] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    newest: str = ""
    """The newest answer in a word: who gave it, or how it failed."""

    _expected: int | None = None

    def add(self, column: Column, word: str) -> None:
        """Count one request; ``word`` says who answered, or what went wrong."""
        self.counts[column] += 1
        self.newest = word
        if column == "lost":
            self.losses[word] += 1
        elif column == "refused":
            self.refusals[word] += 1

    def message(self, number: int, server: str) -> None:
        """Count one numbered message: a gap is so many lost, a step back one doubled."""
        expected = self._expected if self._expected is not None else number
        self._expected = max(number + 1, expected)
        self.add("served", server)
        if number > expected:
            self.counts["lost"] += number - expected
            self.losses[f"gap before message {number}"] += number - expected
        elif number < expected:
            self.counts["lost"] += 1
            self.losses[f"message {number} again, or too late"] += 1

    def start_over(self) -> None:
        """Take the next message's number as it comes: there was no connection, by the file."""
        self._expected = None
