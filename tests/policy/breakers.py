"""Breakers that are told what happens, one call after the other."""

from __future__ import annotations

from rewire.policy.breaker import Breaker, BreakerSettings
from tests.policy.times import Fixed

NO_JITTER = Fixed(0.0)


def after(results: str, settings: BreakerSettings, *, gap: float = 0.0) -> Breaker:
    """Run calls one after the other from time 0: S succeeds, F fails, C is cancelled."""
    breaker, now = Breaker(settings), 0.0
    feed(breaker, results, now, gap=gap)
    return breaker


def feed(breaker: Breaker, results: str, now: float, *, gap: float = 0.0) -> list[bool]:
    """Give one result after the other; return which of the calls were admitted."""
    admitted = []
    for result in results:
        permit = breaker.admit(now)
        admitted.append(bool(permit))
        if result == "S":
            breaker.succeed(permit, now, NO_JITTER)
        elif result == "F":
            breaker.fail(permit, now, NO_JITTER)
        elif result == "C":
            breaker.cancel(permit)
        now += gap
    return admitted


def permits(breaker: Breaker, now: float, asked: int = 10) -> list[int]:
    """Ask for so many; return those that were given."""
    return [permit for _ in range(asked) if (permit := breaker.admit(now))]
