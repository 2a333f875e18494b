"""Whether a peer is asked at all: closed, open after too many failures, half-open to find out.

It opens when the share of failures in a window reaches `failure_ratio` (once there are
`min_requests`), or after `consecutive_failures` of them in a row. After a wait, which grows while
it keeps failing, a limited number of calls may probe. They are judged by the same share: it opens
again as soon as that is reached, and closes when all are in and it is not.

A permit is the number of the period in which it was given (0: none). What comes back with the
number of a period that is over says nothing about this one and is ignored: a call that began
while it was closed cannot close it, nor use up a probe. A permit that comes back without a result
(`cancel`) can be given again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from rewire.policy.window import Window

if TYPE_CHECKING:
    from rewire.policy.backoff import Chance

__all__ = [
    "TRANSITIONS",
    "Breaker",
    "BreakerEvent",
    "BreakerSettings",
    "BreakerState",
    "is_failure",
]

BreakerState = Literal["closed", "open", "half-open"]
BreakerEvent = Literal["tripped", "waited", "probe failed", "probes succeeded"]

_ROUNDING: Final = 1e-9  # 0.1 · 30 is a little more than 3: three failures of 30 are a tenth

TRANSITIONS: Mapping[tuple[BreakerState, BreakerEvent], BreakerState] = {
    ("closed", "tripped"): "open",
    ("open", "waited"): "half-open",
    ("half-open", "probe failed"): "open",
    ("half-open", "probes succeeded"): "closed",
}


@dataclass(frozen=True, slots=True)
class BreakerSettings:
    """The `breaker` table; durations in seconds."""

    failure_ratio: float = 0.5
    min_requests: int = 20
    window: float = 30.0
    consecutive_failures: int = 5
    open_for: float = 5.0
    open_max: float = 60.0
    jitter: float = 0.2
    half_open_requests: int = 3

    def starts_afresh(self, before: BreakerSettings) -> bool:
        """Say whether the counts kept under other settings mean nothing under these."""
        return self.window != before.window

    def wait(self, openings: int, rng: Chance) -> float:
        """Return how long it stays open the n-th time in a row; jitter only ever shortens it."""
        # Past 2**1023 a float overflows; the maximum is reached long before.
        longest = min(self.open_for * 2.0 ** min(openings - 1, 64), self.open_max)
        return longest * (1 - self.jitter * rng.random())


def is_failure(status: int) -> bool:
    """Say whether a response counts against the peer: 4xx and 429 are about the request."""
    return status >= 500


class Breaker:
    """The state of one breaker, per client id and authority."""

    __slots__ = ("_consecutive", "_given", "_openings", "_probed", "_probes_failed", "_settings",
                 "_window", "period", "state", "until")  # fmt: skip

    def __init__(self, settings: BreakerSettings) -> None:
        self._settings = settings
        self.state: BreakerState = "closed"
        self.until = 0.0
        """Until when it is open."""
        self.period = 1
        """The number of the period, which each transition ends; also the permit while closed."""
        self._window = Window(settings.window)
        self._consecutive = 0
        self._openings = 0
        self._given = self._probed = self._probes_failed = 0

    def admit(self, now: float) -> int:
        """Return a permit, or 0 for a refusal. A permit must come back, once."""
        if self.state == "closed":
            return self.period
        if self.state == "open":
            if now < self.until:
                return 0
            self._move("waited")
        if self._given >= self._settings.half_open_requests:
            return 0
        self._given += 1
        return self.period

    def succeed(self, permit: int, now: float, rng: Chance) -> None:
        """Take note that an attempt made the peer answer."""
        if permit != self.period:
            return
        if self.state == "closed":
            window = self._window
            if now >= window.edge:
                window.turn(now)
            window.total += 1
            self._consecutive = 0
            # The call that makes up `min_requests` may well be a success.
            if window.marked != window.marked_base:
                self._judge_calls(now, rng)
        else:
            self._probed += 1
            self._judge_probes(now, rng)

    def fail(self, permit: int, now: float, rng: Chance) -> None:
        """Take note that an attempt failed, in a way that counts against the peer."""
        if permit != self.period:
            return
        if self.state == "closed":
            self._window.add(now, marked=True)
            self._consecutive += 1
            self._judge_calls(now, rng)
        else:
            self._probed += 1
            self._probes_failed += 1
            self._judge_probes(now, rng)

    def cancel(self, permit: int) -> None:
        """Take a permit back that brought no result: cancelled, or failed for our own reasons."""
        if permit == self.period and self.state == "half-open":
            self._given -= 1

    def retune(self, settings: BreakerSettings, now: float, rng: Chance) -> None:
        """Take new settings; state and counts are kept, unless the window has changed."""
        if settings.starts_afresh(self._settings):
            self._window = Window(settings.window)
        self._settings = settings
        if self.state == "open":
            self.until = min(self.until, now + settings.open_max)
        elif self.state == "half-open":
            # Fewer probes may be wanted than are in already: nobody else would judge them.
            self._judge_probes(now, rng)

    def _judge_calls(self, now: float, rng: Chance) -> None:
        settings = self._settings
        calls, failures = self._window.counts(now)
        if self._consecutive >= settings.consecutive_failures or (
            calls >= settings.min_requests and self._too_many(failures, calls)
        ):
            self._open("tripped", now, rng)

    def _judge_probes(self, now: float, rng: Chance) -> None:
        wanted = self._settings.half_open_requests
        if self._too_many(self._probes_failed, wanted):
            self._open("probe failed", now, rng)
        elif self._probed >= wanted:
            self._move("probes succeeded")
            self._openings = self._consecutive = 0
            self._window.clear()

    def _too_many(self, failures: int, calls: int) -> bool:
        return failures >= self._settings.failure_ratio * calls - _ROUNDING

    def _open(self, event: BreakerEvent, now: float, rng: Chance) -> None:
        self._move(event)
        self._openings += 1
        self.until = now + self._settings.wait(self._openings, rng)

    def _move(self, event: BreakerEvent) -> None:
        self.state = TRANSITIONS[self.state, event]
        self.period += 1
        self._given = self._probed = self._probes_failed = 0

    def __repr__(self) -> str:
        return f"<Breaker {self.state}>"
