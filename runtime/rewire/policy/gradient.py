"""A limit of concurrency that finds itself, by the gradient of response times.

Vector's adaptive request concurrency: measured over one round trip at a time, the limit grows by
one while it was reached and answers were no slower than usual, and shrinks by a tenth when the
peer pushed back, or answers were slower than usual by more than their usual deviation allows.
"Usual" is an exponentially weighted mean with its variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

__all__ = ["Gradient", "GradientSettings"]


@dataclass(frozen=True, slots=True)
class GradientSettings:
    """Vector's constants, and its defaults; the upper bound is `concurrency.max`."""

    initial: int = 10
    decrease: float = 0.9
    ewma: float = 0.4
    deviation: float = 2.5


class Gradient:
    """The measurements behind one adaptive limit."""

    __slots__ = ("_count", "_mean", "_next", "_pushed_back", "_reached", "_settings", "_sum",
                 "_variance", "limit", "max")  # fmt: skip

    def __init__(self, settings: GradientSettings, maximum: int) -> None:
        self._settings = settings
        self.max = maximum
        self.limit = min(settings.initial, maximum)
        self._mean: float | None = None
        self._variance = 0.0
        self._next = 0.0
        self._begin()

    def _begin(self) -> None:
        self._sum, self._count = 0.0, 0
        self._pushed_back = self._reached = False

    def started(self, in_flight: int) -> None:
        """Take note of how many calls are in flight, one that just began included."""
        if in_flight >= self.limit:
            self._reached = True

    def ended(self, now: float, seconds: float | None, *, pushed_back: bool) -> None:
        """Take note of how an attempt ended, and set the limit anew once in a round trip.

        `seconds` is how long a good answer took, None if it was none; `pushed_back` says that
        the peer could not do it just now (429, 503, no answer in time).
        """
        if pushed_back:
            self._pushed_back = True
        if seconds is not None:
            self._sum += seconds
            self._count += 1
        current = self._sum / self._count if self._count else None
        if self._mean is None:
            if current is not None:
                self._mean = current
                self._next = now + current
        elif now >= self._next:
            self._move(self._mean, current)
            if current is not None:
                self._learn(self._mean, current)
            self._next = now + self._mean
            self._begin()

    def retune(self, maximum: int) -> None:
        """Take another upper bound; what was learnt stays."""
        self.max = maximum
        self.limit = min(self.limit, maximum)

    def _move(self, usual: float, current: float | None) -> None:
        if self._pushed_back or (current is not None and self._slow(usual, current)):
            self.limit = max(1, int(self.limit * self._settings.decrease))
        elif self._reached and current is not None and current <= usual + _ROUNDING * usual:
            # Not reached, it says nothing about a higher limit.
            self.limit = min(self.limit + 1, self.max)

    def _slow(self, usual: float, current: float) -> bool:
        # Vector compares with >=, by which a peer that always takes the same time (deviation 0)
        # shrinks the limit of an idle client down to 1, without any evidence.
        allowed = self._settings.deviation * sqrt(self._variance)
        return current > usual + allowed + _ROUNDING * usual

    def _learn(self, usual: float, current: float) -> None:
        difference = current - usual
        step = self._settings.ewma * difference
        self._mean = usual + step
        self._variance = (1 - self._settings.ewma) * (self._variance + difference * step)


# The mean of equal numbers is not always that number: without this much tolerance a peer that
# always takes the same time would seem slower by the last bit.
_ROUNDING = 1e-9
