"""Whether a slow call is sent a second time without waiting for the first.

gRPC's rules (proposal A6): after each `delay` without an answer another one goes out, to another
endpoint if there is one, up to `max`; a failure that may pass sends the next at once; any other
answer is the call's. Two copies are under way at the same time, so only a request that is
idempotent by its method is hedged: a key protects from doing it twice one after the other, and
many servers refuse the second of two at once. Every hedge draws on the retry budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Literal, TypeAlias

from rewire.policy.retry import passing

if TYPE_CHECKING:
    from rewire.policy.retry import AttemptEnd, RequestFacts, RetrySettings
    from rewire.policy.retry_budget import RetryBudget

__all__ = ["HedgeSettings", "HedgeVerdict", "HedgedCall", "hedgeable", "winner"]

HedgeVerdict: TypeAlias = Literal["answer", "hedge", "wait"]
"""What follows when one of the copies has ended: it is the answer, and the others are cancelled;
another copy is sent at once; or the ones under way are waited for."""


@dataclass(frozen=True, slots=True)
class HedgeSettings:
    """The `hedge` table: `delay` in seconds, and at most `max` copies beside the first."""

    delay: float = 2.0
    max: int = 1


def hedgeable(request: RequestFacts, retry: RetrySettings) -> bool:
    """Say whether copies of a request may be under way at the same time."""
    return request.replayable and request.method in retry.methods


def winner(hedge_layer: int, retry_layer: int) -> Literal["hedge", "retry"] | None:
    """Return which of two tables holds, by the layers they were written in; None is an error.

    A call is hedged or retried, never both: the stronger layer (the higher number) switches the
    other off, and in one layer they contradict each other.
    """
    if hedge_layer == retry_layer:
        return None
    return "hedge" if hedge_layer > retry_layer else "retry"


class HedgedCall:
    """One call and its copies: how many are under way, and when the next is due."""

    __slots__ = ("_budget", "_deadline", "_retry", "_settings", "due", "sent", "under_way")

    def __init__(
        self,
        settings: HedgeSettings,
        retry: RetrySettings,
        budget: RetryBudget | None,
        *,
        now: float,
        deadline: float,
    ) -> None:
        self._settings = settings
        self._retry = retry
        self._budget = budget
        self._deadline = deadline
        self.sent = 1
        """How many copies have gone out, the first included."""
        self.under_way = 1
        self.due = inf
        """When to call `launch`; infinity if never."""
        self._schedule(now + settings.delay)

    def launch(self, now: float) -> bool:
        """Say whether another copy goes out now, and count it; to be called when it is due."""
        if self.sent > self._settings.max or now >= self._deadline:
            self.due = inf
            return False
        if self._budget is not None and not self._budget.withdraw(now):
            self.due = inf
            return False
        self.sent += 1
        self.under_way += 1
        self._schedule(now + self._settings.delay)
        return True

    def ended(self, end: AttemptEnd | None, now: float) -> HedgeVerdict:
        """Decide what follows when a copy has ended; None for a good answer.

        Of copies that all failed the last one's end is the answer. `hedge`: the new copy is
        counted already. `wait`: for those under way, or until the next one is due.
        """
        self.under_way -= 1
        if end is None or not passing(end, self._retry):
            return "answer"
        asked = end.retry_after if self._retry.respect_retry_after else None
        if asked is not None:
            self._schedule(now + asked if asked <= self._retry.max_retry_after else inf)
        elif self.launch(now):
            return "hedge"
        return "wait" if self.under_way or self.due < inf else "answer"

    def _schedule(self, due: float) -> None:
        possible = self.sent <= self._settings.max and due < self._deadline
        self.due = due if possible else inf
