"""Hedging: gRPC's timeline, the budget, and what is never sent twice at once."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.hedge import HedgedCall, HedgeSettings, hedgeable, winner
from rewire.policy.retry import AttemptEnd, RequestFacts, RetrySettings
from rewire.policy.retry_budget import BudgetSettings, RetryBudget
from tests.policy.times import series, steps_of_time

RETRY = RetrySettings()
BUSY = AttemptEnd("status", status=503)
NOT_FOUND = AttemptEnd("status", status=404)
RESET = AttemptEnd("reset")
HALF_SECOND = HedgeSettings(delay=0.5, max=3)


def call(
    settings: HedgeSettings = HALF_SECOND,
    budget: RetryBudget | None = None,
    deadline: float = inf,
) -> HedgedCall:
    """Begin a call at time 0."""
    return HedgedCall(settings, RETRY, budget, now=0.0, deadline=deadline)


def copies(hedged: HedgedCall) -> list[float]:
    """Let time pass without any answer; return when copies went out."""
    times = []
    while (due := hedged.due) < inf:
        if hedged.launch(due):
            times.append(due)
    return times


def test_grpcs_timeline() -> None:
    """A6: maxAttempts 4, hedgingDelay 0.5 s: copies go out after 0.5, 1.0 and 1.5 seconds."""
    hedged = call()
    assert copies(hedged) == [0.5, 1.0, 1.5]
    assert (hedged.sent, hedged.under_way) == (4, 4)


def test_the_default_is_one_copy_after_two_seconds() -> None:
    """CONTRACT section 1."""
    assert copies(call(HedgeSettings())) == [2.0]


def test_none_goes_out_at_the_deadline_or_later() -> None:
    """The deadline of a call holds for all its copies."""
    assert copies(call(deadline=1.0)) == [0.5]
    assert copies(call(deadline=0.5)) == []


def test_a_failure_that_may_pass_sends_the_next_at_once() -> None:
    """A6: the next scheduled copy goes out immediately, the one after it a delay later."""
    hedged = call()
    assert hedged.ended(BUSY, 0.1) == "hedge"
    assert hedged.due == 0.6
    assert hedged.ended(RESET, 0.2) == "hedge"
    assert hedged.due == 0.7


@pytest.mark.parametrize("end", [None, NOT_FOUND, AttemptEnd("other")])
def test_any_other_answer_is_the_calls(end: AttemptEnd | None) -> None:
    """Success, a status that does not pass, a fault that is nobody's: the others are cancelled."""
    hedged = call()
    hedged.launch(0.5)
    assert hedged.ended(end, 0.6) == "answer"


def test_of_copies_that_all_fail_the_last_end_is_the_answer() -> None:
    """After the last possible copy the others are waited for, and there is no retry on top."""
    hedged = call(HedgeSettings(delay=0.5, max=1))
    assert hedged.launch(0.5)
    assert hedged.ended(BUSY, 0.6) == "wait"
    assert hedged.ended(BUSY, 0.7) == "answer"


def test_a_server_that_asks_to_wait_is_obeyed() -> None:
    """A6's pushback: the next copy goes out when it says, and none if that is too long."""
    hedged = call()
    assert hedged.ended(AttemptEnd("status", status=503, retry_after=3.0), 0.1) == "wait"
    assert hedged.due == 3.1
    assert hedged.launch(3.1)
    assert hedged.due == 3.6
    hedged = call()
    assert hedged.ended(AttemptEnd("status", status=503, retry_after=61.0), 0.1) == "answer"
    assert hedged.due == inf


def test_at_its_deadline_a_call_sends_no_copy() -> None:
    """Neither for a failure then, nor is one that was due before it waited for."""
    assert call(deadline=1.0).ended(BUSY, 1.0) == "answer"
    assert call(deadline=1.0).ended(BUSY, 0.99) == "hedge"


def test_the_longest_wait_that_a_server_gets() -> None:
    """60 s, retry_after.max, and no more."""
    hedged = call()
    assert hedged.ended(AttemptEnd("status", status=503, retry_after=60.0), 0.0) == "wait"
    assert hedged.due == 60.0


def test_an_empty_budget_sends_no_copy() -> None:
    """Hedges draw on the retry budget, and without it the first answer is waited for."""
    budget = RetryBudget(BudgetSettings(ratio=0.0, min_per_second=0.1))
    assert copies(call(budget=budget)) == [0.5]
    assert copies(call(budget=budget)) == []
    assert call(budget=budget).ended(BUSY, 0.1) == "answer"


def test_a_storm_of_hedges_adds_a_fifth_and_one_a_second() -> None:
    """FAULTS.md 74: 200 calls a second, none of them answered, each with three copies wanted."""
    budget, made, extra = RetryBudget(BudgetSettings()), 0, 0
    for step in range(30 * 200):
        now = 1000 + step / 200
        budget.deposit(now)
        made += 1
        hedged = HedgedCall(HALF_SECOND, RETRY, budget, now=now - 2, deadline=inf)
        while hedged.due < inf and hedged.launch(now):
            extra += 1
    assert extra == 0.2 * made + 30


@pytest.mark.parametrize(
    ("request_", "may"),
    [
        (RequestFacts("GET"), True),
        (RequestFacts("PUT"), True),
        (RequestFacts("PUT", replayable=False), False),
        (RequestFacts("POST"), False),
        (RequestFacts("POST", idempotency_key=True), False),
    ],
)
def test_only_idempotent_requests_are_hedged(request_: RequestFacts, may: bool) -> None:
    """Two copies are under way at once: the method decides, a key does not help."""
    assert hedgeable(request_, RETRY) is may


@pytest.mark.parametrize(
    ("hedge", "retry", "holds"), [(2, 1, "hedge"), (1, 2, "retry"), (1, 1, None)]
)
def test_a_call_is_hedged_or_retried(hedge: int, retry: int, holds: str | None) -> None:
    """The stronger layer switches the other table off; in one layer they contradict each other."""
    assert winner(hedge, retry) == holds


ends = st.sampled_from(
    [None, BUSY, NOT_FOUND, RESET, AttemptEnd("status", status=429, retry_after=1)]
)


@given(
    st.builds(HedgeSettings, delay=st.sampled_from([0.25, 0.5, 2.0]), max=st.integers(0, 4)),
    series(st.tuples(steps_of_time, ends | st.just("time")), 30),
    st.sampled_from([1.0, 5.0, inf]),
)
def test_copies_are_counted_and_bounded(
    settings: HedgeSettings,
    happenings: list[tuple[float, AttemptEnd | str | None]],
    deadline: float,
) -> None:
    """Never more than max beside the first, none late, and a verdict whenever one ends."""
    hedged, now, ended, open_ = call(settings, deadline=deadline), 0.0, 0, True
    for gap, what in happenings:
        now += gap
        while open_ and hedged.due <= now:
            due = hedged.due
            assert due < deadline
            hedged.launch(due)
        if isinstance(what, str) or not hedged.under_way or not open_:
            continue
        ended += 1
        verdict = hedged.ended(what, now)
        open_ = verdict != "answer"
        assert hedged.sent <= settings.max + 1
        assert hedged.under_way == hedged.sent - ended
        if verdict == "wait":
            assert hedged.under_way or hedged.due < inf
        if verdict == "hedge":
            assert hedged.under_way
            assert now < deadline
