"""How long to wait before trying again: exponential, bounded, and spread by chance.

Time and chance are parameters. What is tried, and when a wait may be cut short, is the shell's
business.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Backoff", "Chance", "ceiling", "failures_after", "wait"]


class Chance(Protocol):
    """A source of chance, such as ``random.Random``."""

    def random(self) -> float:
        """Return a number of the interval [0, 1)."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """The settings of one series of waits; ``initial`` and ``max`` in seconds."""

    initial: float
    max: float
    multiplier: float
    jitter: Literal["full", "equal", "none"] = "full"


def ceiling(backoff: Backoff, failures: int) -> float:
    """Return the longest wait after so many failures in a row, the last one included."""
    try:
        grown = backoff.initial * backoff.multiplier ** (failures - 1)
    except OverflowError:
        grown = backoff.max
    return min(grown, backoff.max)


def wait(backoff: Backoff, failures: int, rng: Chance) -> float:
    """Return how many seconds to wait after so many failures in a row, the last one included.

    ``full`` draws from [0, ceiling) (gRPC's rule, which spreads a herd best), ``equal`` from
    [ceiling / 2, ceiling), ``none`` is the ceiling itself.
    """
    longest = ceiling(backoff, failures)
    if backoff.jitter == "none":
        return longest
    if backoff.jitter == "equal":
        return longest / 2 + rng.random() * longest / 2
    return rng.random() * longest


def failures_after(failures: int, uptime: float | None, stable_after: float) -> int:
    """Return how long the series of failures is once a connection has ended.

    ``uptime`` is how long that one was up, None if it never was. Only when it stayed up for
    ``stable_after`` seconds is its loss the first of a new series: a server that accepts and
    closes at once made a client that starts anew with every connect try 2,834 times in 2 s.
    """
    if uptime is not None and uptime >= stable_after:
        return 1
    return failures + 1
