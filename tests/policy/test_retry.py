"""The retry decision: a table of method, failure, key, body and Retry-After, and its laws."""

from __future__ import annotations

import random
from dataclasses import replace
from math import inf
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.backoff import Backoff, ceiling
from rewire.policy.retry import (
    AttemptEnd,
    Category,
    RequestFacts,
    RetryAfter,
    RetrySettings,
    Stop,
    decide,
    replayable,
)
from rewire.policy.retry_budget import BudgetSettings, RetryBudget
from tests.policy.times import ALMOST_ONE, Fixed

STANDARD = RetrySettings()
EMPTY = BudgetSettings(ratio=0.0, min_per_second=0.0)

GET = RequestFacts("GET")
PUT = RequestFacts("PUT")
POST = RequestFacts("POST")
PATCH = RequestFacts("PATCH")
KEYED = RequestFacts("POST", idempotency_key=True)
STREAMED = RequestFacts("PUT", replayable=False)
KEYED_STREAM = RequestFacts("POST", idempotency_key=True, replayable=False)

REFUSED = AttemptEnd("connect", sent=False)
RESET = AttemptEnd("reset")
STALE = AttemptEnd("reset", sent=False)
HANGING = AttemptEnd("timeout")
BAD_CERTIFICATE = AttemptEnd("other", sent=False)


def answer(status: int, retry_after: float | None = None) -> AttemptEnd:
    """Return the end of an attempt that got this answer."""
    return AttemptEnd("status", status=status, retry_after=retry_after)


AGAIN = "again"

ROWS = [
    # what failed, for which request, what follows
    *((REFUSED, request, AGAIN) for request in (GET, PUT, POST, PATCH, KEYED)),
    (REFUSED, STREAMED, "body"),
    *((STALE, request, AGAIN) for request in (GET, PUT, POST, PATCH, KEYED)),
    *((end, request, AGAIN) for end in (RESET, HANGING) for request in (GET, PUT, KEYED)),
    *((end, request, "unsafe") for end in (RESET, HANGING) for request in (POST, PATCH)),
    *((end, request, "body") for end in (RESET, HANGING) for request in (STREAMED, KEYED_STREAM)),
    *((BAD_CERTIFICATE, request, "permanent") for request in (GET, POST, KEYED)),
    *((answer(status), GET, AGAIN) for status in (408, 425, 429, 502, 503, 504)),
    *((answer(status), KEYED, AGAIN) for status in (408, 425, 429, 502, 503, 504)),
    *((answer(status), POST, "unsafe") for status in (408, 425, 429, 502, 503, 504)),
    *((answer(status), STREAMED, "body") for status in (429, 503)),
    *((answer(status), GET, "permanent") for status in (400, 401, 404, 409, 500, 501, 505)),
    *((answer(503), RequestFacts(method), AGAIN) for method in sorted(STANDARD.methods)),
    *((answer(503), RequestFacts(method), "unsafe") for method in ("CONNECT", "get", "PURGE")),
    (answer(503, 0.0), GET, AGAIN),
    (answer(503, 1.0), GET, AGAIN),
    (answer(429, 19.0), GET, AGAIN),
    (answer(429, 20.0), GET, "retry_after"),
    (answer(429, 60.0), GET, "retry_after"),
    (answer(429, 1e9), GET, "retry_after"),
    (answer(429, inf), GET, "retry_after"),
    (answer(429, 1.0), POST, "unsafe"),
    (answer(404, 1.0), GET, "permanent"),
]


@pytest.mark.parametrize(("end", "request_", "follows"), ROWS)
def test_what_follows_a_first_failure(
    end: AttemptEnd, request_: RequestFacts, follows: str
) -> None:
    """With the standard settings, twenty seconds left and a full budget."""
    budget = RetryBudget(BudgetSettings())
    before = budget.balance(0.0)
    decision = decide(
        end, request_, STANDARD,
        attempts=1, now=0.0, deadline=20.0, budget=budget, rng=Fixed(0.5),
    )  # fmt: skip
    asked = end.retry_after or 0.0
    assert decision == (RetryAfter(asked + 0.1) if follows == AGAIN else Stop(follows))  # type: ignore[arg-type]
    assert budget.balance(0.0) == before - (follows == AGAIN)


@pytest.mark.parametrize(
    ("settings", "attempts", "deadline", "budget", "follows"),
    [
        (STANDARD, 1, inf, None, RetryAfter(0.1)),
        (STANDARD, 2, inf, None, RetryAfter(0.2)),
        (STANDARD, 3, inf, None, Stop("attempts")),
        (replace(STANDARD, max_attempts=1), 1, inf, None, Stop("attempts")),
        (replace(STANDARD, max_attempts=9), 8, inf, None, RetryAfter(2.5)),
        (replace(STANDARD, statuses=frozenset({500})), 1, inf, None, Stop("permanent")),
        (replace(STANDARD, on=frozenset({"connect"})), 1, inf, None, Stop("permanent")),
        (replace(STANDARD, methods=frozenset({"POST"})), 1, inf, None, Stop("unsafe")),
        (STANDARD, 1, 0.1001, None, RetryAfter(0.1)),
        (STANDARD, 1, 0.1, None, Stop("deadline")),
        (STANDARD, 1, 0.0, None, Stop("deadline")),
        (STANDARD, 1, -5.0, None, Stop("deadline")),
        (STANDARD, 1, inf, EMPTY, Stop("budget")),
    ],
)
def test_what_settings_time_and_budget_permit(
    settings: RetrySettings,
    attempts: int,
    deadline: float,
    budget: BudgetSettings | None,
    follows: Stop | RetryAfter,
) -> None:
    """A GET that was answered with 503, and chance in the middle."""
    kept = RetryBudget(budget) if budget else None
    decision = decide(
        answer(503), GET, settings,
        attempts=attempts, now=0.0, deadline=deadline, budget=kept, rng=Fixed(0.5),
    )  # fmt: skip
    assert decision == follows


@pytest.mark.parametrize(
    ("asked", "follows"), [(60.0, RetryAfter(60.1)), (60.5, Stop("retry_after"))]
)
def test_the_longest_wait_that_a_server_gets(asked: float, follows: Stop | RetryAfter) -> None:
    """60 s, retry_after.max, even if there is time for more."""
    decision = decide(
        answer(503, asked), GET, STANDARD,
        attempts=1, now=0.0, deadline=inf, budget=None, rng=Fixed(0.5),
    )  # fmt: skip
    assert decision == follows


def test_retry_after_can_be_disregarded() -> None:
    """With respect = false the backoff alone decides, however long the server asks to wait."""
    settings = replace(STANDARD, respect_retry_after=False)
    decision = decide(
        answer(503, 1e9), GET, settings,
        attempts=1, now=0.0, deadline=20.0, budget=None, rng=Fixed(0.5),
    )  # fmt: skip
    assert decision == RetryAfter(0.1)


@pytest.mark.parametrize(
    ("size", "touched", "can"),
    [(0, False, True), (0, True, True), (1024 * 1024, True, True), (1024 * 1024 + 1, True, False),
     (None, False, True), (None, True, False)],
)  # fmt: skip
def test_what_can_be_sent_again(size: int | None, touched: bool, can: bool) -> None:
    """A body up to max_body, and a stream that nobody has taken anything from."""
    assert replayable(size, STANDARD, touched=touched) is can


ends = st.builds(
    AttemptEnd,
    category=st.sampled_from(get_args(Category)),
    sent=st.booleans(),
    status=st.none() | st.integers(100, 599),
    retry_after=st.none() | st.floats(0, 100),
)
requests = st.builds(
    RequestFacts,
    method=st.sampled_from(["GET", "PUT", "POST", "PATCH", "DELETE", "LOCK"]),
    idempotency_key=st.booleans(),
    replayable=st.booleans(),
)
tables = st.builds(
    RetrySettings,
    max_attempts=st.integers(1, 10),
    backoff=st.builds(
        Backoff,
        initial=st.floats(0, 10),
        max=st.floats(0, 10),
        multiplier=st.floats(1, 4),
        jitter=st.sampled_from(["full", "equal", "none"]),
    ),
    on=st.frozensets(st.sampled_from(["connect", "reset", "timeout", "status"])),
    respect_retry_after=st.booleans(),
    max_retry_after=st.floats(0, 100),
)
chances = st.integers().map(random.Random) | st.just(Fixed(0.0)) | st.just(Fixed(ALMOST_ONE))


@given(ends, requests, tables, st.integers(1, 12), st.floats(0, 60), chances)
def test_nothing_is_retried_that_must_not_be(
    end: AttemptEnd,
    request_: RequestFacts,
    settings: RetrySettings,
    attempts: int,
    left: float,
    rng: random.Random,
) -> None:
    """DESIGN law 10, FAULTS.md 71 and 73, whatever the settings."""
    now = 1000.0
    decision = decide(
        end, request_, settings,
        attempts=attempts, now=now, deadline=now + left, budget=None, rng=rng,
    )  # fmt: skip
    if isinstance(decision, Stop):
        return
    assert attempts < settings.max_attempts
    assert request_.replayable
    assert request_.method in settings.methods or request_.idempotency_key or not end.sent
    assert end.category in settings.on
    assert 0 <= decision.delay < left or left == 0.0
    asked = end.retry_after if settings.respect_retry_after else None
    if asked is not None:
        assert asked <= settings.max_retry_after
        assert decision.delay >= asked
    assert decision.delay - (asked or 0) <= ceiling(settings.backoff, attempts) + 1e-9


@given(ends, requests, tables, st.integers(1, 12), st.floats(0, 60), st.integers())
def test_the_budget_is_asked_last(
    end: AttemptEnd,
    request_: RequestFacts,
    settings: RetrySettings,
    attempts: int,
    left: float,
    seed: int,
) -> None:
    """A decision spends one retry if there will be one, and else nothing."""
    budget = RetryBudget(BudgetSettings())
    before = budget.balance(0.0)
    decision = decide(
        end, request_, settings,
        attempts=attempts, now=0.0, deadline=left, budget=budget, rng=random.Random(seed),
    )  # fmt: skip
    assert budget.balance(0.0) == before - isinstance(decision, RetryAfter)
    without = decide(
        end, request_, settings,
        attempts=attempts, now=0.0, deadline=left, budget=RetryBudget(EMPTY),
        rng=random.Random(seed),
    )  # fmt: skip
    assert without == (Stop("budget") if isinstance(decision, RetryAfter) else decision)


@given(st.floats(0, 19), st.integers(), st.integers())
def test_those_who_were_told_the_same_second_do_not_come_at_the_same_moment(
    asked: float, one: int, other: int
) -> None:
    """Our own backoff is added to the server's wait, and spreads a herd (FAULTS.md 75)."""
    first, second = (
        decide(
            answer(429, asked), GET, STANDARD,
            attempts=1, now=0.0, deadline=inf, budget=None, rng=random.Random(seed),
        )
        for seed in (one, other)
    )  # fmt: skip
    assert (first == second) == (random.Random(one).random() == random.Random(other).random())
