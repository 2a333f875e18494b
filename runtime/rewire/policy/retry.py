"""Whether a failed attempt is made again, and when.

Asked in this order, the cheapest and most telling question first: are attempts left; is the
failure of a kind that passes; may the request be sent twice; can it be; does the server want
us that soon; is there time; and, last because asking spends, is it within the budget. Nothing is
retried that might be done twice (DESIGN law 10). What stops a retry is a word, for the metrics.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from rewire.policy.backoff import Backoff, wait

if TYPE_CHECKING:
    from rewire.policy.backoff import Chance
    from rewire.policy.retry_budget import RetryBudget

__all__ = [
    "AttemptEnd",
    "Category",
    "RequestFacts",
    "RetryAfter",
    "RetrySettings",
    "Stop",
    "StopReason",
    "decide",
    "passing",
    "replayable",
    "safe",
]

Category: TypeAlias = Literal["connect", "reset", "timeout", "status", "other"]
"""How an attempt failed. `connect`: no connection came about, however long that took; `reset`: one
was lost, or what came over it was no HTTP; `timeout`: no answer in time; `status`: an answer.
`other` is nobody's passing fault (a bad certificate, a full queue of ours): never retried."""

StopReason: TypeAlias = Literal[
    "attempts", "permanent", "unsafe", "body", "retry_after", "deadline", "budget"
]


@dataclass(frozen=True, slots=True)
class RetrySettings:
    """The `retry` table; durations in seconds, `max_body` in bytes."""

    max_attempts: int = 3
    backoff: Backoff = field(default=Backoff(0.2, 5.0, 2.0, "full"))
    on: frozenset[Category] = frozenset({"connect", "reset", "timeout", "status"})
    statuses: frozenset[int] = frozenset({408, 425, 429, 502, 503, 504})
    methods: frozenset[str] = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})
    respect_retry_after: bool = True
    max_retry_after: float = 60.0
    max_body: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """What a decision needs to know of a request."""

    method: str
    idempotency_key: bool = False
    replayable: bool = True
    """Whether the very same body can be sent once more: see :func:`replayable`."""


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended that was no success."""

    category: Category
    sent: bool = True
    """Whether a byte of the request may have left; False only if it provably has not."""
    status: int | None = None
    retry_after: float | None = None
    """What the server asks for, in seconds: see :mod:`rewire.policy.retry_after`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Make no further attempt: the response is returned as it is, the failure raised."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Make another attempt after so many seconds."""

    delay: float


def replayable(size: int | None, settings: RetrySettings, *, touched: bool) -> bool:
    """Say whether a body can be sent again; None is the size of a stream.

    A stream can, as long as nobody has taken anything out of it. A body in memory can up to
    `max_body`: keeping larger ones for a while would multiply the memory under load.
    """
    return not touched if size is None else size <= settings.max_body


def passing(end: AttemptEnd, settings: RetrySettings) -> bool:
    """Say whether the failure is of a kind that may pass by itself."""
    if end.category not in settings.on:
        return False
    return end.category != "status" or end.status in settings.statuses


def safe(end: AttemptEnd, request: RequestFacts, settings: RetrySettings) -> bool:
    """Say whether sending the request again can do no harm that sending it once would not."""
    return not end.sent or request.idempotency_key or request.method in settings.methods


def decide(
    end: AttemptEnd,
    request: RequestFacts,
    settings: RetrySettings,
    *,
    attempts: int,
    now: float,
    deadline: float,
    budget: RetryBudget | None,
    rng: Chance,
) -> Stop | RetryAfter:
    """Decide what follows an attempt that failed; `attempts` have been made, this one included.

    The wait that a server asks for comes before our own, and does not replace it: everybody was
    told the same second (draft-ietf-httpapi-ratelimit-headers-11, section 8.5).
    """
    reason = _hindrance(end, request, settings, attempts)
    if reason is not None:
        return _STOP[reason]
    left = deadline - now
    asked = 0.0
    if settings.respect_retry_after and end.retry_after is not None:
        asked = end.retry_after
        if asked > settings.max_retry_after or asked >= left:
            return _STOP["retry_after"]
    delay = asked + wait(settings.backoff, attempts, rng)
    if delay >= left:
        return _STOP["deadline"]
    if budget is not None and not budget.withdraw(now):
        return _STOP["budget"]
    return RetryAfter(delay)


def _hindrance(
    end: AttemptEnd, request: RequestFacts, settings: RetrySettings, attempts: int
) -> StopReason | None:
    if attempts >= settings.max_attempts:
        return "attempts"
    if not passing(end, settings):
        return "permanent"
    if not safe(end, request, settings):
        return "unsafe"
    return None if request.replayable else "body"


_STOP: Final[dict[StopReason, Stop]] = {
    reason: Stop(reason)
    for reason in (
        "attempts", "permanent", "unsafe", "body", "retry_after", "deadline", "budget"
    )
}  # fmt: skip
