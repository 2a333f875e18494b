"""The settings of the policies have the contract's defaults (CONTRACT section 1, `standard`)."""

from __future__ import annotations

from math import inf

import pytest

from rewire.policy.backoff import Backoff
from rewire.policy.breaker import BreakerSettings
from rewire.policy.concurrency import ADAPTIVE_MAX, ConcurrencySettings
from rewire.policy.deadline import DeadlineSettings
from rewire.policy.endpoint import EndpointSettings
from rewire.policy.fallback import FallbackSettings, StaticResponse
from rewire.policy.gradient import GradientSettings
from rewire.policy.hedge import HedgeSettings
from rewire.policy.outlier import OutlierSettings
from rewire.policy.rate_limit import RateLimitSettings
from rewire.policy.retry import RetrySettings
from rewire.policy.retry_budget import BudgetSettings


@pytest.mark.parametrize(
    ("made", "written_out"),
    [
        (DeadlineSettings(), DeadlineSettings(30, 10, 5, 30, 30, 5)),
        (
            RetrySettings(),
            RetrySettings(
                3,
                Backoff(0.2, 5, 2.0, "full"),
                frozenset({"connect", "reset", "timeout", "status"}),
                frozenset({408, 425, 429, 502, 503, 504}),
                frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}),
                respect_retry_after=True,
                max_retry_after=60,
                max_body=1048576,
            ),
        ),
        (BudgetSettings(), BudgetSettings(0.2, 1, 10)),
        (BreakerSettings(), BreakerSettings(0.5, 20, 30, 5, 5, 60, 0.2, 3)),
        (
            ConcurrencySettings(),
            ConcurrencySettings(100, 100, 5, "fixed", GradientSettings(10, 0.9, 0.4, 2.5)),
        ),
        (RateLimitSettings(), RateLimitSettings(inf, None, "wait", 5, follow_server=False)),
        (HedgeSettings(), HedgeSettings(2, 1)),
        (FallbackSettings(), FallbackSettings(None, frozenset({502, 503, 504}), None)),
        (StaticResponse(), StaticResponse(200, (), "")),
        (EndpointSettings("a"), EndpointSettings("a", 1, 0)),
        (OutlierSettings(), OutlierSettings(5, 5, 10, 30, 300, 50)),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_defaults_are_those_of_the_contract(made: object, written_out: object) -> None:
    """What is public is not changed by the way."""
    assert made == written_out


def test_an_adaptive_limit_goes_up_to_two_hundred() -> None:
    """Vector's default, where nobody wrote `max`."""
    assert ADAPTIVE_MAX == 200


@pytest.mark.parametrize(("rate", "burst"), [(50.0, 50.0), (0.5, 1.0), (inf, inf)])
def test_a_burst_is_the_calls_of_a_second(rate: float, burst: float) -> None:
    """Where nobody wrote it, and at least one."""
    assert RateLimitSettings(rate=rate).capacity == burst
