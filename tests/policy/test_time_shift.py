"""FAULTS.md 78: no policy knows what time it is, only how much of it has passed.

The same happenings, begun at any other moment of the monotonic clock, lead to the same decisions:
so no wall clock, no epoch and no rounding of large numbers has a say in them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.backoff import Backoff
from rewire.policy.breaker import Breaker, BreakerSettings
from rewire.policy.concurrency import Concurrency, ConcurrencySettings
from rewire.policy.deadline import DeadlineSettings, of_attempt, of_call, steps
from rewire.policy.endpoint import Endpoints, EndpointSettings
from rewire.policy.hedge import HedgedCall, HedgeSettings
from rewire.policy.outlier import OutlierSettings
from rewire.policy.rate_limit import RateLimit, RateLimitSettings
from rewire.policy.retry import AttemptEnd, RequestFacts, RetrySettings, decide
from rewire.policy.retry_budget import BudgetSettings, RetryBudget
from rewire.policy.server_limit import ServerLimit
from tests.policy.times import Fixed, series, steps_of_time

Happenings = list[tuple[float, int]]
Run = Callable[[Happenings, float], list[object]]

# All numbers are multiples of 1/64 and windows of 10 · 1/64, so that sums of them are exact.
WINDOW = 10.0


def breaker(happenings: Happenings, now: float) -> list[object]:
    """Run a breaker; of three kinds of happening two are failures."""
    table = BreakerSettings(window=WINDOW, min_requests=3, open_for=2.0, jitter=0.5)
    tested, seen, chance = Breaker(table), list[object](), Fixed(0.5)
    for gap, what in happenings:
        now += gap
        permit = tested.admit(now)
        (tested.succeed if what % 3 == 0 else tested.fail)(permit, now, chance)
        seen += [permit, tested.state, tested.state == "open" and tested.until - now]
    return seen


def budget(happenings: Happenings, now: float) -> list[object]:
    """Run a budget."""
    tested, seen = RetryBudget(BudgetSettings(0.25, 0.25, WINDOW)), list[object]()
    for gap, what in happenings:
        now += gap
        tested.deposit(now)
        seen += [tested.withdraw(now) for _ in range(what)]
    return seen


def rate_limit(happenings: Happenings, now: float) -> list[object]:
    """Run a bucket that follows its server."""
    table = RateLimitSettings(rate=2.0, burst=4.0, follow_server=True)
    tested, seen = RateLimit(table, now), list[object]()
    for gap, what in happenings:
        now += gap
        seen += [tested.release(now), tested.ask(now), tested.next_turn(now)]
        if what == 0:
            tested.follow([ServerLimit(4, 8)], now)
    return seen


def concurrency(happenings: Happenings, now: float) -> list[object]:
    """Run an adaptive limit."""
    tested, seen = Concurrency(ConcurrencySettings(max=16, mode="adaptive")), list[object]()
    for gap, what in happenings:
        now += gap
        seen.append(tested.ask())
        if what:
            tested.learn(now, what / 64, pushed_back=what == 3)
            seen.append(tested.limit)
    return seen


def endpoints(happenings: Happenings, now: float) -> list[object]:
    """Run a choice among three, some of which fail."""
    table = OutlierSettings(consecutive_5xx=2, consecutive_local=2, base_ejection_time=4.0)
    tested = Endpoints([EndpointSettings(key) for key in "abc"], table, now)
    seen = list[object]()
    for gap, what in happenings:
        now += gap
        state = tested.choose(now, Fixed(0.25))
        seen.append(state.settings.key)
        if what % 2:
            tested.failed(state, now)
        else:
            tested.answered(state, 500 if what else 200, now)
    return seen


def retry(happenings: Happenings, now: float) -> list[object]:
    """Decide about retries, with deadlines and steps on the way."""
    seen, table = list[object](), DeadlineSettings()
    settings = RetrySettings(backoff=Backoff(0.25, 4.0, 2.0))
    for gap, what in happenings:
        deadline = of_call(table, now)
        now += gap
        attempt = of_attempt(table, now, deadline)
        end = AttemptEnd("status", status=503, retry_after=float(what * 2))
        decision = decide(
            end, RequestFacts("GET"), settings,
            attempts=1, now=now, deadline=deadline, budget=None, rng=Fixed(0.5),
        )  # fmt: skip
        seen += [decision, attempt - now, *steps(table, now, attempt)]
    return seen


def hedge(happenings: Happenings, now: float) -> list[object]:
    """Send copies when they are due."""
    table, seen = HedgeSettings(delay=0.5, max=3), list[object]()
    tested = HedgedCall(table, RetrySettings(), None, now=now, deadline=now + 8)
    for gap, what in happenings:
        now += gap
        if tested.due <= now:
            seen.append(tested.launch(now))
        if what == 1 and tested.under_way:
            seen.append(tested.ended(AttemptEnd("reset"), now))
        seen.append(tested.due - now)
    return seen


@pytest.mark.parametrize(
    "run", [breaker, budget, rate_limit, concurrency, endpoints, retry, hedge],
    ids=lambda run: run.__name__,
)  # fmt: skip
@given(
    happenings=series(st.tuples(steps_of_time, st.integers(0, 3)), 60),
    shift=st.integers(-(2**30), 2**30),
)
def test_only_how_much_time_has_passed_counts(run: Run, happenings: Happenings, shift: int) -> None:
    """Shifted by decades, suspended in between or not, everything comes out the same."""
    assert run(happenings, 1000.0) == pytest.approx(run(happenings, 1000.0 + shift), abs=1e-3)


def test_nobody_is_stuck_after_a_suspend() -> None:
    """After a storm of failures and a sleep of ten years the next calls go through again."""
    storm, after = [(0.0, 1)] * 30, [(10 * 365.25 * 86400, 3), (0.0, 3), (0.0, 3)]
    permits = breaker([*storm, *after], 1000.0)[::3]
    assert not permits[-4]
    assert all(permits[-3:])
    assert budget([*storm, *after], 1000.0)[-9:] == budget(after, 1000.0)
    assert set(endpoints([*storm, *[(600.0, 0)] * 9], 1000.0)[-9:]) == {"a"}
