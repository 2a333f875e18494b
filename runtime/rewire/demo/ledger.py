"""What the upstreams did with each request, so that a failure can be laid at the right door.

Upstreams and load live in one process: the load numbers its requests, an upstream notes what it
does with a number. Only this makes "failed by the upstream" more than a guess.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import count

__all__ = ["HEADER", "Fate", "Ledger"]

HEADER = "x-demo-request"
"""The header in which a request carries its number."""


class Fate(StrEnum):
    """How far a request has come at its upstream."""

    UNSEEN = "unseen"
    WORKING = "working"
    SPOILT = "spoilt"
    ANSWERED = "answered"


class Ledger:
    """The fate of every request that is under way, by number."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._fates: dict[str, Fate] = {}

    def open(self) -> str:
        """Return the number of a new request."""
        number = str(next(self._numbers))
        self._fates[number] = Fate.UNSEEN
        return number

    def note(self, number: str | None, fate: Fate) -> None:
        """Take note of what an upstream did; a number that is not under way is not ours."""
        if number in self._fates:
            self._fates[number] = fate

    def settle(self, number: str) -> Fate:
        """Return the fate of a request that has ended for its sender, and forget it."""
        return self._fates.pop(number, Fate.UNSEEN)

    def __len__(self) -> int:
        return len(self._fates)
