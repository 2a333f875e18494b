"""What a client remembers across generations: breakers, budget, calls in flight.

State belongs to the client and its endpoint, not to the generation (law 6): an edit of settings
retunes it, a new authority starts a breaker of its own, and nothing is reset by accident.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from rewire.drivers.http.line import Line
from rewire.drivers.http.pace import Pace
from rewire.policy.breaker import Breaker
from rewire.policy.retry_budget import RetryBudget

if TYPE_CHECKING:
    from rewire.drivers.http.policies import Policies
    from rewire.drivers.http.prepared import Origin
    from rewire.ports import ClientContext

__all__ = ["Memory"]


class Memory:
    """The state of one client's policies."""

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        self.pace: Pace | None = None
        self.rng = random.Random()
        self.budget: RetryBudget | None = None
        self.line: Line | None = None
        self.breakers: dict[Origin, Breaker] = {}
        self._policies: Policies | None = None

    def tuned(self, policies: Policies, now: float) -> None:
        """Take the settings of a view; called at each attempt, it mostly compares two pointers."""
        if policies is self._policies:
            return
        self._policies = policies
        if policies.budget is not None and self.budget is not None:
            self.budget.retune(policies.budget)
        elif policies.budget is not None:
            self.budget = RetryBudget(policies.budget)
        if policies.concurrency is not None and self.line is not None:
            self.line.retune(policies.concurrency)
        elif policies.concurrency is not None:
            self.line = Line(policies.concurrency)
        if policies.rate_limit is not None and self.pace is not None:
            self.pace.retune(policies.rate_limit, now)
        elif policies.rate_limit is not None:
            self.pace = Pace(policies.rate_limit, self._context, now)
        if policies.breaker is not None:
            for breaker in self.breakers.values():
                breaker.retune(policies.breaker, now, self.rng)

    def breaker(self, origin: Origin, policies: Policies) -> Breaker | None:
        """Return the breaker of an endpoint, or None if there is to be none."""
        if policies.breaker is None:
            return None
        breaker = self.breakers.get(origin)
        if breaker is None:
            breaker = self.breakers[origin] = Breaker(policies.breaker)
        return breaker
