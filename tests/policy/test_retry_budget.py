"""The retry budget: its bound, and the examples of Finagle and gRPC."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.retry_budget import BudgetSettings, RetryBudget
from tests.policy.times import series, steps_of_time

tables = st.builds(
    BudgetSettings,
    ratio=st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.5, 1.0, 2.0]),
    min_per_second=st.sampled_from([0.0, 0.5, 1.0, 10.0]),
    window=st.sampled_from([1.0, 10.0, 60.0]),
)
calls = series(st.tuples(steps_of_time, st.integers(0, 5)), 40)


@given(tables, calls)
def test_the_load_added_is_at_most_a_share_of_the_calls_and_the_reserve(
    table: BudgetSettings, gaps: list[tuple[float, int]]
) -> None:
    """However often it is asked: ratio · calls, and min_per_second · window for each begun."""
    budget, now, start, retried = RetryBudget(table), 100.0, 0.0, 0
    for made, (gap, asked) in enumerate(gaps, 1):
        now += gap
        start = start or now
        budget.deposit(now)
        retried += sum(budget.withdraw(now) for _ in range(asked))
        windows = ceil((now - start) / table.window + 0.1)
        assert retried <= table.ratio * made + table.min_per_second * table.window * windows + 1e-6


@given(tables, calls)
def test_it_refuses_only_what_is_not_there(
    table: BudgetSettings, gaps: list[tuple[float, int]]
) -> None:
    """A whole retry in the balance is given, less than one is not, and a refusal costs nothing."""
    budget, now = RetryBudget(table), 100.0
    for gap, asked in gaps:
        now += gap
        budget.deposit(now)
        for _ in range(asked):
            before = budget.balance(now)
            given_out = budget.withdraw(now)
            assert given_out == (before >= 1 - 1e-9)
            assert budget.balance(now) == pytest.approx(before - given_out)


@pytest.mark.parametrize(
    ("window", "minimum", "ratio"),
    [
        *((60, 0, ratio) for ratio in (0.1, 0.5, 0.25, 0.75, 0.99, 0.999, 0.9999)),
        *((60, 0, ratio) for ratio in (0.01, 0.001, 0.0001)),
        (1, 10, 0.0),
        (2, 5, 0.0),
        (1, 10, 0.1),
        (2, 5, 0.5),
    ],
)
def test_finagles_table(window: float, minimum: float, ratio: float) -> None:
    """RetryBudgetTest.scala: of 10,000 calls that all ask for a retry so many get one."""
    budget = RetryBudget(BudgetSettings(ratio, minimum, window))
    assert budget.balance(0.0) == window * minimum
    if not minimum:
        assert not budget.withdraw(0.0)
    retried = 0
    for _ in range(10_000):
        budget.deposit(0.0)
        retried += budget.withdraw(0.0)
    assert retried == int(10_000 * ratio + 1e-6) + window * minimum


def test_finagles_ratio_above_one() -> None:
    """Every call may deposit more than one retry: 10,000 calls at 2.0 leave 20,000."""
    budget = RetryBudget(BudgetSettings(2.0, 0.0, 60.0))
    for _ in range(10_000):
        budget.deposit(0.0)
    assert budget.balance(0.0) == 20_000


class Throttle:
    """Keep gRPC's token count, by proposal A6: what the tables below are compared with."""

    def __init__(self, max_tokens: float, ratio: float) -> None:
        self.tokens = self.full = max_tokens
        self.ratio = ratio

    def failed(self) -> bool:
        """Take a failed RPC; say whether it may be retried."""
        self.tokens = max(0.0, self.tokens - 1)
        return self.tokens > self.full / 2

    def succeeded(self) -> None:
        self.tokens = min(self.full, self.tokens + self.ratio)


@pytest.mark.parametrize(
    ("successes", "failures", "ours", "theirs"),
    [
        # A6's maxTokens 10 lets go above 5: a reserve of five. Theirs refuses at 5, ours gives
        # the fifth; from then on theirs counts every failure, ours only what was retried.
        (0, 5, 5, 4),
        (0, 10, 6, 4),
        (0, 20, 7, 4),
        (10, 5, 5, 4),
        (10, 6, 6, 4),
        (20, 20, 9, 4),
        (90, 100, 24, 4),
    ],
)
def test_grpcs_example(successes: int, failures: int, ours: int, theirs: int) -> None:
    """A6's maxTokens 10, tokenRatio 0.1, as a reserve of 5 and a ratio of 0.1."""
    budget = RetryBudget(BudgetSettings(ratio=0.1, min_per_second=0.5, window=10.0))
    throttle = Throttle(10, 0.1)
    for _ in range(successes):
        budget.deposit(0.0)
        throttle.succeeded()
    counted = [0, 0]
    for _ in range(failures):
        budget.deposit(0.0)
        counted[0] += budget.withdraw(0.0)
        counted[1] += throttle.failed()
    assert counted == [ours, theirs]


def test_grpcs_example_recovers_at_the_same_pace() -> None:
    """Once drained, ten good calls earn one retry under both."""
    budget = RetryBudget(BudgetSettings(ratio=0.1, min_per_second=0.5, window=10.0))
    throttle = Throttle(10, 0.1)
    while budget.withdraw(0.0):
        pass
    while throttle.failed():
        pass
    earned = []
    for call in range(1, 61):
        budget.deposit(0.0)
        throttle.succeeded()
        if budget.withdraw(0.0):
            earned.append(call)
    assert earned == [10, 20, 30, 40, 50, 60]
    assert throttle.tokens == pytest.approx(10)


@pytest.mark.parametrize("attempts", [2, 3, 10])
def test_a_storm_adds_a_fifth_and_one_a_second(attempts: int) -> None:
    """FAULTS.md 74: 200 calls a second fail for 30 s, and each asks for all its attempts."""
    budget, made, extra = RetryBudget(BudgetSettings()), 0, 0
    for step in range(30 * 200):
        now = 1000 + step / 200
        budget.deposit(now)
        made += 1
        extra += sum(budget.withdraw(now) for _ in range(attempts - 1))
        assert extra <= 0.2 * made + 10 * (1 + step // 2000)
    assert extra == 0.2 * made + 30


def test_retries_of_a_layer_above_are_counted() -> None:
    """FAULTS.md 74: an SDK that retries three times itself leaves so many fewer to us."""
    budget = RetryBudget(BudgetSettings())
    for call in range(100):
        budget.deposit(call / 100)
        for _ in range(3):
            budget.charge(call / 100)
    assert not budget.withdraw(1.0)
    assert budget.balance(1.0) == pytest.approx(10 + 20 - 300)
    assert budget.withdraw(12.0)


def test_a_quiet_client_can_retry() -> None:
    """One call a minute, all failing: the reserve of each window gives both retries."""
    budget = RetryBudget(BudgetSettings())
    for minute in range(10):
        budget.deposit(60.0 * minute)
        assert [budget.withdraw(60.0 * minute) for _ in range(2)] == [True, True]


def test_what_was_spent_comes_back_after_the_window() -> None:
    """A drained budget is itself again when the window has passed."""
    budget = RetryBudget(BudgetSettings())
    spent = sum(budget.withdraw(0.0) for _ in range(50))
    assert spent == 10
    assert [budget.withdraw(second) for second in (5.0, 8.99, 10.0)] == [False, False, True]


def test_an_edit_keeps_the_counts_unless_the_window_changes() -> None:
    """Law 6: ratio and minimum apply to what was counted; another window starts afresh."""
    before = BudgetSettings()
    more, longer = BudgetSettings(ratio=0.5), BudgetSettings(window=20.0)
    budget = RetryBudget(before)
    for _ in range(100):
        budget.deposit(0.0)
    while budget.withdraw(0.0):
        pass
    budget.retune(more)
    assert budget.balance(0.0) == pytest.approx(30)
    assert not more.starts_afresh(before)
    assert longer.starts_afresh(more)
    budget.retune(longer)
    assert budget.balance(0.0) == 20
