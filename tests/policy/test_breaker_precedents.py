"""The breaker does what Hystrix's and resilience4j's do, in the cases of their own tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rewire.policy.breaker import Breaker, BreakerSettings
from tests.policy.breakers import NO_JITTER, after, feed, permits

# ── Hystrix: HystrixCircuitBreakerTest, its unit-test settings (40 %, volume 1, one probe) ────

HYSTRIX = BreakerSettings(
    failure_ratio=0.4, min_requests=1, window=10.0, consecutive_failures=1000,
    open_for=0.2, open_max=0.2, jitter=0.0, half_open_requests=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("case", "results", "state"),
    [
        ("testTripCircuit, first half", "SSSS", "closed"),
        ("testTripCircuitOnFailuresAboveThreshold", "SSFSFSFF", "open"),
        ("testCircuitDoesNotTripOnFailuresBelowThreshold", "SSFSFSSF", "closed"),
        ("testTripCircuitOnTimeouts", "FFFF", "open"),
        ("testTripCircuitOnTimeoutsAboveThreshold", "SSFSFFSFF", "open"),
    ],
)
def test_hystrix_trips(case: str, results: str, state: str) -> None:
    """Its cases A to E: the share of failures decides, at the threshold and above.

    Hystrix looks at its counts every so often, we after each call: with a volume of 1 the first
    failure of ours would open it, so the volume here is what it had when Hystrix looked.
    """
    del case
    looked = replace(HYSTRIX, min_requests=len(results))
    assert after(results, looked).state == state


def test_hystrix_case_f_one_probe_after_the_sleep_window() -> None:
    """testSingleTestOnOpenCircuitAfterTimeWindow: one is let through, further ones are not."""
    breaker = after("FFFF", HYSTRIX)
    assert not permits(breaker, 0.1)
    assert len(permits(breaker, 0.25)) == 1
    assert breaker.state == "half-open"


def test_hystrix_case_g_closed_after_success() -> None:
    """testCircuitClosedAfterSuccess: the failures of before are forgotten."""
    breaker = after("FFFF", HYSTRIX)
    (probe,) = permits(breaker, 0.25)
    breaker.succeed(probe, 0.25, NO_JITTER)
    assert breaker.state == "closed"
    assert len(permits(breaker, 0.25, 3)) == 3
    assert feed(breaker, "SSS", 0.3) == [True, True, True]


def test_hystrix_case_h_one_attempt_in_each_window_until_it_succeeds() -> None:
    """Its testMultipleTimeWindowRetriesBeforeClosingCircuit."""
    breaker, now = after("FFFF", HYSTRIX), 0.0
    for _ in range(2):
        now += 0.25
        (probe,) = permits(breaker, now)
        breaker.fail(probe, now, NO_JITTER)
        assert breaker.state == "open"
        assert not permits(breaker, now, 3)
    now += 0.25
    (probe,) = permits(breaker, now)
    breaker.succeed(probe, now, NO_JITTER)
    assert breaker.state == "closed"


def test_hystrix_case_i_low_volume_does_not_trip() -> None:
    """testLowVolumeDoesNotTripCircuit: four failures are nothing where five calls are wanted."""
    assert after("FFFF", replace(HYSTRIX, min_requests=5)).state == "closed"


# ── resilience4j: CircuitBreakerStateMachineTest, its settings ───────────────────────────────

RESILIENCE4J = BreakerSettings(
    failure_ratio=0.5, min_requests=5, window=5.0, consecutive_failures=1000,
    open_for=5.0, open_max=3600.0, jitter=0.0, half_open_requests=4,
)  # fmt: skip


def half_open() -> Breaker:
    """Return resilience4j's breaker as it lets probes through, at the time 6."""
    breaker = after("FFFFF", RESILIENCE4J)
    breaker.cancel(breaker.admit(6.0))
    assert breaker.state == "half-open"
    return breaker


def test_resilience4j_opens_after_failure_rate_threshold_exceeded() -> None:
    """FFFSS: the fifth call makes the volume, and it is a success that opens it, at 60 %."""
    assert [after("FFFSS"[:n], RESILIENCE4J).state for n in range(6)] == [*["closed"] * 5, "open"]


def test_resilience4j_half_opens_after_the_wait() -> None:
    """Refused after three seconds, let through after six."""
    breaker = after("FFFFF", RESILIENCE4J)
    assert not breaker.admit(3.0)
    assert breaker.state == "open"
    assert breaker.admit(6.0)
    assert breaker.state == "half-open"


def test_resilience4j_waits_longer_each_time() -> None:
    """waitIntervalFunction: a doubled wait has not passed when the first one would have."""
    breaker = half_open()
    feed(breaker, "FFFF", 6.0)
    assert breaker.state == "open"
    assert not breaker.admit(12.0)
    assert breaker.admit(17.0)


def test_resilience4j_permits_four_calls() -> None:
    """shouldOnlyPermitFourCallsInHalfOpenState, and a released permission is given again."""
    breaker = half_open()
    given_out = permits(breaker, 6.0)
    assert len(given_out) == 4
    assert not breaker.admit(6.0)
    breaker.cancel(given_out[0])
    assert len(permits(breaker, 6.0)) == 1


@pytest.mark.parametrize(
    ("results", "state"),
    [("FFSF", "open"), ("FSSS", "closed"), ("SSS", "half-open"), ("SSSF", "closed"),
     ("SSSCF", "closed"), ("CCCC", "half-open"), ("CCCCSSSS", "closed")],
)  # fmt: skip
def test_resilience4j_judges_the_probes_by_their_share(results: str, state: str) -> None:
    """Back to open at or above the threshold, else closed; ignored errors give permits back."""
    breaker = half_open()
    feed(breaker, results, 6.0)
    assert breaker.state == state
