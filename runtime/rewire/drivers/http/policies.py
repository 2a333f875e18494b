"""The policies of a spec as the pure core takes them: made once for each view.

A policy that is off is None, and costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.manifest.specs.types import plain
from rewire.policy.backoff import Backoff
from rewire.policy.breaker import BreakerSettings
from rewire.policy.concurrency import ADAPTIVE_MAX, ConcurrencySettings
from rewire.policy.deadline import DeadlineSettings
from rewire.policy.rate_limit import RateLimitSettings
from rewire.policy.retry import RetrySettings
from rewire.policy.retry_budget import BudgetSettings

if TYPE_CHECKING:
    from rewire.manifest.specs.http import HTTPClientConfig
    from rewire.manifest.specs.policies import ConcurrencyConfig, RateLimitConfig, RetryConfig

__all__ = ["Policies", "policies_of"]


@dataclass(frozen=True, slots=True)
class Policies:
    """What is decided how, for one view."""

    deadline: DeadlineSettings
    retry: RetrySettings | None
    budget: BudgetSettings | None
    breaker: BreakerSettings | None
    concurrency: ConcurrencySettings | None
    rate_limit: RateLimitSettings | None


def policies_of(spec: HTTPClientConfig) -> Policies:
    """Return the policies that a spec declares."""
    timeout, breaker, budget = spec.timeout, spec.breaker, spec.retry_budget
    return Policies(
        deadline=DeadlineSettings(
            timeout.total,
            timeout.attempt,
            timeout.connect,
            timeout.read,
            timeout.write,
            timeout.pool,
        ),
        retry=_retry(spec.retry) if spec.retry.enabled else None,
        budget=BudgetSettings(budget.ratio, budget.min_per_second, budget.window)
        if budget.enabled
        else None,
        breaker=BreakerSettings(
            breaker.failure_ratio,
            breaker.min_requests,
            breaker.window,
            breaker.consecutive_failures,
            breaker.open_for,
            breaker.open_max,
            breaker.jitter,
            breaker.half_open_requests,
        )
        if breaker.enabled
        else None,
        concurrency=_concurrency(spec.concurrency) if spec.concurrency.enabled else None,
        rate_limit=_rate_limit(spec.rate_limit),
    )


def _retry(table: RetryConfig) -> RetrySettings:
    backoff = table.backoff
    return RetrySettings(
        table.max_attempts,
        Backoff(backoff.initial, backoff.max, backoff.multiplier, backoff.jitter),
        frozenset(table.on),
        frozenset(table.statuses),
        frozenset(plain(method).upper() for method in table.methods),
        table.retry_after.respect,
        table.retry_after.max,
        table.max_body,
    )


def _concurrency(table: ConcurrencyConfig) -> ConcurrencySettings:
    limit = table.max
    if table.mode == "adaptive" and "max" not in table.model_fields_set:
        limit = ADAPTIVE_MAX
    return ConcurrencySettings(limit, table.queue, table.queue_timeout, table.mode)


def _rate_limit(table: RateLimitConfig) -> RateLimitSettings | None:
    if not table.enabled or table.rate is None:
        return None
    burst = float(table.burst) or None
    return RateLimitSettings(table.rate, burst, table.on_limit, table.max_wait)
