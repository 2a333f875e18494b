"""How long a call, an attempt and each step of it may take.

A deadline is a moment of the monotonic clock; none at all is infinity. Every rule is a minimum:
whoever comes later, a caller's `timeout=`, a context, a route, can only narrow. Who wakes the
call up when its time is over is the shell's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DeadlineSettings",
    "Steps",
    "after_headers",
    "narrow",
    "of_attempt",
    "of_call",
    "remaining",
    "steps",
]


class Steps(NamedTuple):
    """Seconds for each step of one attempt; None waits without end."""

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None


@dataclass(frozen=True, slots=True)
class DeadlineSettings:
    """The `timeout` table, in seconds; None for `total` and `attempt` is "none"."""

    total: float | None = 30.0
    attempt: float | None = 10.0
    connect: float = 5.0
    read: float = 30.0
    write: float = 30.0
    pool: float = 5.0

    steps: Steps = field(init=False, repr=False, compare=False)
    """The steps of an attempt that has all its time, so that they are not worked out each time."""
    longest: float = field(init=False, repr=False, compare=False)
    """The longest of them."""

    def __post_init__(self) -> None:
        bound = min(value for value in (self.total, self.attempt, inf) if value is not None)
        own = (self.connect, self.read, self.write, self.pool)
        object.__setattr__(self, "steps", Steps(*(min(step, bound) for step in own)))
        object.__setattr__(self, "longest", min(max(own), bound))


def of_call(settings: DeadlineSettings, now: float, context: float = inf) -> float:
    """Return when the whole call must be over; `context` is the deadline it runs under."""
    total = settings.total
    if total is None:
        return context
    deadline = now + total
    # On every call: a call of min() costs four times the comparison.
    return deadline if deadline < context else context  # noqa: FURB136


def of_attempt(settings: DeadlineSettings, now: float, call: float) -> float:
    """Return when an attempt that begins now must have its response headers."""
    attempt = settings.attempt
    if attempt is None:
        return call
    deadline = now + attempt
    return deadline if deadline < call else call  # noqa: FURB136, as in of_call


def after_headers(call: float, *, streamed: bool) -> float:
    """Return the deadline for the body: a stream has none, its read timeout bounds the gaps."""
    return inf if streamed else call


def narrow(outer: float, now: float, seconds: float | None) -> float:
    """Return the deadline inside `with rewire.deadline(seconds)`: never later than `outer`."""
    return outer if seconds is None else min(outer, now + seconds)


def remaining(deadline: float, now: float) -> float:
    """Return how many seconds are left, never less than zero."""
    return max(0.0, deadline - now)


def steps(
    settings: DeadlineSettings,
    now: float,
    deadline: float,
    call: Mapping[str, float | None] | None = None,
) -> Steps:
    """Return the timeouts of each step of an attempt that must be over by `deadline`.

    `call` is what the caller asked for with `timeout=`. It replaces the settings of the steps that
    it names, None being "without end"; longer than the attempt may last no step gets.
    """
    left = remaining(deadline, now)
    if call is None:
        if left >= settings.longest - _ROUNDING:
            return settings.steps
        return Steps(
            _step(settings.connect, left),
            _step(settings.read, left),
            _step(settings.write, left),
            _step(settings.pool, left),
        )
    return Steps(
        _step(call.get("connect", settings.connect), left),
        _step(call.get("read", settings.read), left),
        _step(call.get("write", settings.write), left),
        _step(call.get("pool", settings.pool), left),
    )


# (now + 10) - now may be a little less than 10.
_ROUNDING: Final = 1e-6


def _step(asked: float | None, left: float) -> float | None:
    if asked is None:
        return None if left == inf else left
    return min(asked, left)
