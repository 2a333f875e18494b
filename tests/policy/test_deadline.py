"""Deadlines: whoever comes later can only narrow."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.deadline import (
    DeadlineSettings,
    Steps,
    after_headers,
    narrow,
    of_attempt,
    of_call,
    remaining,
    steps,
)

seconds = st.floats(0.001, 1e6)
moments = st.floats(0, 1e9)
deadlines = moments | st.just(inf)
tables = st.builds(
    DeadlineSettings,
    total=st.none() | seconds,
    attempt=st.none() | seconds,
    connect=seconds,
    read=seconds,
    write=seconds,
    pool=seconds,
)
callers = st.none() | st.dictionaries(
    st.sampled_from(["connect", "read", "write", "pool"]), st.none() | seconds
)


@given(tables, moments, deadlines, callers)
def test_nothing_lengthens_a_deadline(
    table: DeadlineSettings, now: float, context: float, caller: dict[str, float | None] | None
) -> None:
    """Call within context, attempt within call, step within attempt, whatever a caller asks."""
    call = of_call(table, now, context)
    attempt = of_attempt(table, now, call)
    assert attempt <= call <= context
    left = remaining(attempt, now)
    for step in steps(table, now, attempt, caller):
        assert left == inf if step is None else step <= left + 1e-6


@given(deadlines, moments, st.lists(st.none() | seconds))
def test_narrowing_is_a_minimum_in_any_order(
    outer: float, now: float, inner: list[float | None]
) -> None:
    """Nested `with deadline(…)` blocks give the earliest of all, however they are nested."""
    forward = backward = outer
    for one in inner:
        forward = narrow(forward, now, one)
    for one in reversed(inner):
        backward = narrow(backward, now, one)
    assert forward == backward <= outer


@pytest.mark.parametrize(
    ("outer", "seconds_", "inner"), [(inf, 2.0, 102.0), (101.0, 2.0, 101.0), (103.0, None, 103.0)]
)
def test_a_deadline_in_a_context(outer: float, seconds_: float | None, inner: float) -> None:
    """From now on so many seconds, or what is left."""
    assert narrow(outer, 100.0, seconds_) == inner


@given(tables, moments)
def test_without_a_caller_the_table_holds(table: DeadlineSettings, now: float) -> None:
    """Each step has its own seconds, or what the attempt and the total leave."""
    attempt = of_attempt(table, now, of_call(table, now))
    bound = min(table.attempt or inf, table.total or inf)
    expected = [min(step, bound) for step in (table.connect, table.read, table.write, table.pool)]
    assert list(steps(table, now, attempt)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("left", "caller", "expected"),
    [
        (10.0, None, Steps(5, 10, 10, 5)),
        (3.0, None, Steps(3, 3, 3, 3)),
        (0.0, None, Steps(0, 0, 0, 0)),
        (-1.0, None, Steps(0, 0, 0, 0)),
        (inf, None, Steps(5, 10, 10, 5)),
        (10.0, {"read": 60.0}, Steps(5, 10, 10, 5)),
        (10.0, {"read": 2.0}, Steps(5, 2, 10, 5)),
        (10.0, {"read": None}, Steps(5, 10, 10, 5)),
        (inf, {"read": None, "connect": 1.0}, Steps(1, None, 30, 5)),
        (10.0, dict.fromkeys(("connect", "read", "write", "pool")), Steps(10, 10, 10, 10)),
    ],
)
def test_steps_of_standard(
    left: float, caller: dict[str, float | None] | None, expected: Steps
) -> None:
    """A per-call timeout replaces the steps it names, within what the attempt has left."""
    assert steps(DeadlineSettings(), 100.0, 100.0 + left, caller) == expected


def test_none_is_no_bound() -> None:
    """With total = "none" a call has the context's deadline; so with attempt, the call's."""
    unbounded = DeadlineSettings(total=None, attempt=None)
    assert of_call(unbounded, 5.0) == inf
    assert of_call(unbounded, 5.0, 7.0) == 7.0
    assert of_attempt(unbounded, 5.0, 7.0) == 7.0
    assert steps(unbounded, 5.0, inf) == Steps(5, 30, 30, 5)


def test_a_stream_is_bounded_until_its_headers() -> None:
    """After them the read timeout bounds the gaps, and the total nothing any more."""
    assert after_headers(12.0, streamed=True) == inf
    assert after_headers(12.0, streamed=False) == 12.0
