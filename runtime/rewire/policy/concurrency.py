"""How many calls of a client run at once, and how many more may wait for their turn.

Kept as counts (see :mod:`rewire.policy.admission`); nobody waits while there is room, so a
newcomer never overtakes. With `mode = "adaptive"` the limit moves by the peer's response times
(:mod:`rewire.policy.gradient`), up to `max`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from rewire.policy.gradient import Gradient, GradientSettings

if TYPE_CHECKING:
    from rewire.policy.admission import Admission

__all__ = ["ADAPTIVE_MAX", "Concurrency", "ConcurrencySettings"]

ADAPTIVE_MAX: Final = 200
"""What `max` is where nobody wrote it and the mode is adaptive."""


@dataclass(frozen=True, slots=True)
class ConcurrencySettings:
    """The `concurrency` table; `queue_timeout` in seconds."""

    max: int = 100
    queue: int = 100
    queue_timeout: float = 5.0
    mode: Literal["fixed", "adaptive"] = "fixed"
    gradient: GradientSettings = field(default=GradientSettings())


class Concurrency:
    """The calls of one client that are in flight and that wait, per client id."""

    __slots__ = ("_gradient", "_queue", "_settings", "in_flight", "limit", "waiting")

    def __init__(self, settings: ConcurrencySettings) -> None:
        self.in_flight = 0
        self.waiting = 0
        self._gradient: Gradient | None = None
        self._settings = settings
        self._queue = settings.queue
        self.limit = self._limit()

    def ask(self) -> Admission:
        """Decide about one more call, and count it."""
        if self.in_flight < self.limit:
            self.in_flight += 1
            if self._gradient is not None:
                self._gradient.started(self.in_flight)
            return "admit"
        if self.waiting < self._queue:
            self.waiting += 1
            return "wait"
        return "refuse"

    def release(self) -> int:
        """Take note that a call is over; return how many waiters run in its place."""
        self.in_flight -= 1
        return self._fill() if self.waiting else 0

    def leave(self) -> None:
        """Take note that a waiter has given up."""
        self.waiting -= 1

    def learn(self, now: float, seconds: float | None, *, pushed_back: bool) -> int:
        """Let an adaptive limit learn from an attempt; return how many waiters run now.

        See :meth:`Gradient.ended`. To be called before the call's own `release`.
        """
        if self._gradient is None:
            return 0
        self._gradient.ended(now, seconds, pushed_back=pushed_back)
        self.limit = self._gradient.limit
        return self._fill()

    def retune(self, settings: ConcurrencySettings) -> int:
        """Take new settings; return how many waiters run now.

        A lower limit cuts nobody off, and a shorter queue turns nobody out of it: both only
        stop others from joining.
        """
        if settings.mode != self._settings.mode or settings.gradient != self._settings.gradient:
            self._gradient = None
        self._settings = settings
        self._queue = settings.queue
        self.limit = self._limit()
        return self._fill()

    def _limit(self) -> int:
        settings = self._settings
        if settings.mode == "fixed":
            return settings.max
        if self._gradient is None:
            self._gradient = Gradient(settings.gradient, settings.max)
        self._gradient.retune(settings.max)
        return self._gradient.limit

    def _fill(self) -> int:
        free = max(0, min(self.waiting, self.limit - self.in_flight))
        self.waiting -= free
        self.in_flight += free
        if free and self._gradient is not None:
            self._gradient.started(self.in_flight)
        return free

    def __repr__(self) -> str:
        return f"<Concurrency {self.in_flight} of {self.limit} in flight, {self.waiting} waiting>"
