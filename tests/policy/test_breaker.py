"""The breaker: its table and its laws."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.breaker import (
    TRANSITIONS,
    Breaker,
    BreakerEvent,
    BreakerSettings,
    BreakerState,
    is_failure,
)
from tests.policy.breakers import NO_JITTER, after, feed, permits
from tests.policy.times import ALMOST_ONE, Fixed, series, steps_of_time

# ── the table ────────────────────────────────────────────────────────────────────────────────


def test_every_state_is_left_and_reached() -> None:
    """The transition table has no dead end and no state that nothing leads to."""
    states = set(get_args(BreakerState))
    assert {state for state, _ in TRANSITIONS} == states
    assert set(TRANSITIONS.values()) == states
    assert {event for _, event in TRANSITIONS} == set(get_args(BreakerEvent))


@pytest.mark.parametrize(
    ("status", "counts"),
    [(200, False), (302, False), (400, False), (404, False), (408, False), (425, False),
     (429, False), (499, False), (500, True), (502, True), (503, True), (504, True), (599, True)],
)  # fmt: skip
def test_only_a_5xx_is_the_peers_failure(status: int, counts: bool) -> None:
    """4xx and 429 say something about the request, not about the peer."""
    assert is_failure(status) is counts


# ── when it opens, probes and closes ─────────────────────────────────────────────────────────

STANDARD = BreakerSettings()


@pytest.mark.parametrize(
    ("results", "state"),
    [("FFFF", "closed"), ("FFFFF", "open"), ("FFFFSFFFF", "closed"), ("FFFFCF", "open"),
     ("SF" * 9 + "S", "closed"), ("SF" * 10, "open"), ("SSF" * 20, "closed")],
)  # fmt: skip
def test_a_row_of_failures_or_their_share_opens_it(results: str, state: str) -> None:
    """Five in a row, or half of at least twenty within the window."""
    assert after(results, STANDARD).state == state


def test_old_failures_do_not_count() -> None:
    """Failures that never come closer than two seconds are not half of twenty in thirty."""
    assert after("SF" * 100, STANDARD, gap=2.0).state == "closed"
    assert after("SF" * 100, STANDARD, gap=1.0).state == "open"


def test_good_calls_count_from_when_they_were() -> None:
    """A slot that began long ago is not where the successes of now are counted."""
    patient = replace(STANDARD, consecutive_failures=1000)
    breaker = after("S", patient)
    feed(breaker, "S" * 10, 28.0)
    feed(breaker, "F" * 10, 33.0)
    assert breaker.state == "open"
    breaker = after("S" * 10, patient)
    feed(breaker, "F" * 10, 33.0)
    assert breaker.state == "closed"


def test_exactly_the_probes_allowed_get_through() -> None:
    """FAULTS.md 77: of a thousand that ask at once three are let through."""
    breaker = after("FFFFF", STANDARD)
    assert len(permits(breaker, 5.0, 1000)) == 3


def test_a_cancelled_probe_does_not_stick() -> None:
    """FAULTS.md 77: probes that are cancelled again and again leave room for others."""
    breaker = after("FFFFF", STANDARD)
    for _ in range(100):
        given_out = permits(breaker, 5.0)
        assert len(given_out) == 3
        for permit in given_out:
            breaker.cancel(permit)
    feed(breaker, "SSS", 5.0)
    assert breaker.state == "closed"


def test_a_storm_of_refusals_by_status_leaves_it_closed() -> None:
    """429 and 404 are successes for the breaker, however many come."""
    breaker = Breaker(STANDARD)
    for status in [429, 404] * 500:
        permit = breaker.admit(0.0)
        assert permit
        (breaker.fail if is_failure(status) else breaker.succeed)(permit, 0.0, NO_JITTER)
    assert breaker.state == "closed"


def test_what_began_in_an_earlier_period_says_nothing() -> None:
    """Calls from before the opening can neither close it nor use up a probe."""
    breaker = Breaker(STANDARD)
    early = permits(breaker, 0.0, 20)
    for permit in early[:5]:
        breaker.fail(permit, 0.0, NO_JITTER)
    probes = permits(breaker, 5.0)
    for permit in early[5:10]:
        breaker.succeed(permit, 5.0, NO_JITTER)
    for permit in early[10:15]:
        breaker.fail(permit, 5.0, NO_JITTER)
    for permit in early[15:]:
        breaker.cancel(permit)
    assert breaker.state == "half-open"
    assert not breaker.admit(5.0)
    for permit in probes:
        breaker.succeed(permit, 5.0, NO_JITTER)
    assert breaker.state == "closed"


def test_the_wait_grows_to_its_maximum_and_starts_small_again() -> None:
    """5, 10, 20, 40, 60, 60 seconds while the probes fail; 5 again once they have succeeded."""
    breaker, now, waits = after("FFFFF", STANDARD), 0.0, []
    for _ in range(6):
        waits.append(breaker.until - now)
        now = breaker.until
        feed(breaker, "FF", now)
    assert waits == [5, 10, 20, 40, 60, 60]
    now = breaker.until
    feed(breaker, "SSS", now)
    feed(breaker, "FFFFF", now)
    assert breaker.until - now == 5


@given(st.builds(BreakerSettings, jitter=st.floats(0, 1)), st.integers(1, 10_000), st.integers())
def test_jitter_only_ever_shortens_a_wait(table: BreakerSettings, nth: int, seed: int) -> None:
    """A wait is never longer than open_max, and never shorter than jitter allows."""
    longest = table.wait(nth, NO_JITTER)
    assert longest <= table.open_max
    assert longest * (1 - table.jitter) <= table.wait(nth, random.Random(seed)) <= longest
    assert table.wait(nth, NO_JITTER) <= table.wait(nth + 1, NO_JITTER)


# A few that differ in everything: to draw each field anew would take longer than the tests.
TABLES = [
    BreakerSettings(ratio, volume, window, row, wait, longest, 0.2, probes)
    for ratio, volume, window, row, wait, longest, probes in (
        (0.5, 20, 30.0, 5, 5.0, 60.0, 3),
        (0.01, 1, 1.0, 10, 0.5, 5.0, 1),
        (1.0, 2, 10.0, 1, 0.5, 60.0, 2),
        (0.3, 4, 10.0, 3, 5.0, 5.0, 5),
        (0.7, 3, 1.0, 2, 0.5, 5.0, 4),
    )
]
tables = st.sampled_from(TABLES)
acts = series(
    st.tuples(
        steps_of_time,
        st.sampled_from(
            [*["admit"] * 6, *["succeed"] * 2, *["fail"] * 4, *["cancel"] * 2, *TABLES]
        ),
        st.integers(0, 100),
    ),
    40,
)


@given(tables, acts)
def test_it_can_always_be_closed_again(
    table: BreakerSettings, sequence: list[tuple[float, str | BreakerSettings, int]]
) -> None:
    """Whatever happens in whatever order, edits too: once permits are back, good calls close it."""
    breaker, now, held, rng = Breaker(table), 0.0, list[int](), random.Random(1)
    for gap, act, which in sequence:
        now += gap
        if isinstance(act, BreakerSettings):
            table = act
            breaker.retune(act, now, rng)
        elif act == "admit":
            held += [permit] if (permit := breaker.admit(now)) else []
        elif held:
            permit = held.pop(which % len(held))
            if act == "cancel":
                breaker.cancel(permit)
            else:
                {"succeed": breaker.succeed, "fail": breaker.fail}[act](permit, now, rng)
    for permit in held:
        breaker.cancel(permit)
    now += 3600
    for _ in range(table.half_open_requests + 1):
        permit = breaker.admit(now)
        assert permit
        breaker.succeed(permit, now, rng)
    assert breaker.state == "closed"


@given(tables, acts)
def test_a_half_open_period_has_its_probes_and_no_more(
    table: BreakerSettings, sequence: list[tuple[float, str | BreakerSettings, int]]
) -> None:
    """Permits out and results in together are never more than half_open_requests."""
    breaker, now, held, rng = Breaker(table), 0.0, list[int](), random.Random(1)
    results, period = 0, breaker.period
    for gap, act, which in sequence:
        now += gap
        if act == "admit":
            held += [permit] if (permit := breaker.admit(now)) else []
        elif held and isinstance(act, str):
            permit = held.pop(which % len(held))
            if act == "cancel":
                breaker.cancel(permit)
            else:
                results += permit == breaker.period
                {"succeed": breaker.succeed, "fail": breaker.fail}[act](permit, now, rng)
        if breaker.period != period:
            results, period = 0, breaker.period
        if breaker.state == "half-open":
            assert results + held.count(period) <= table.half_open_requests


@given(tables, acts)
def test_states_change_only_by_the_table(
    table: BreakerSettings, sequence: list[tuple[float, str | BreakerSettings, int]]
) -> None:
    """Every change of state that ever happens is one of TRANSITIONS, and ends a period."""
    breaker, now, held, rng = Breaker(table), 0.0, list[int](), random.Random(1)
    for gap, act, which in sequence:
        now += gap
        state, period = breaker.state, breaker.period
        if isinstance(act, BreakerSettings):
            breaker.retune(act, now, rng)
        elif act == "admit":
            held += [permit] if (permit := breaker.admit(now)) else []
        elif held and act == "cancel":
            breaker.cancel(held.pop(which % len(held)))
        elif held:
            permit = held.pop(which % len(held))
            {"succeed": breaker.succeed, "fail": breaker.fail}[act](permit, now, rng)
        if breaker.state != state:
            assert breaker.state in {
                TRANSITIONS.get((state, event)) for event in get_args(BreakerEvent)
            }
            assert breaker.period == period + 1
        else:
            assert breaker.period == period


@given(acts)
def test_an_edit_of_the_same_values_changes_nothing(
    sequence: list[tuple[float, str | BreakerSettings, int]],
) -> None:
    """Law 6: a reload that leaves the breaker's table as it is leaves its state as it is."""
    edited, left_alone = Breaker(STANDARD), Breaker(STANDARD)
    held, now = list[tuple[int, int]](), 0.0
    for gap, act, which in sequence:
        now += gap
        edited.retune(BreakerSettings(), now, Fixed(0.5))
        if act == "admit":
            both = edited.admit(now), left_alone.admit(now)
            held += [both] if all(both) else []
            assert both[0] == both[1]
        elif held and isinstance(act, str):
            for breaker, permit in zip(
                (edited, left_alone), held.pop(which % len(held)), strict=True
            ):
                if act == "cancel":
                    breaker.cancel(permit)
                elif act == "fail":
                    breaker.fail(permit, now, Fixed(0.5))
                else:
                    breaker.succeed(permit, now, Fixed(0.5))
        assert (edited.state, edited.until) == (left_alone.state, left_alone.until)


def test_another_window_starts_the_counts_afresh() -> None:
    """Nineteen of twenty are forgotten with the window; a row of failures is not."""
    longer, stricter = replace(STANDARD, window=60.0), replace(STANDARD, failure_ratio=0.4)
    assert longer.starts_afresh(STANDARD)
    assert not stricter.starts_afresh(STANDARD)
    breaker = after("SF" * 9 + "S", STANDARD)
    breaker.retune(longer, 0.0, NO_JITTER)
    feed(breaker, "F", 0.0)
    assert breaker.state == "closed"
    breaker = after("SF" * 9 + "S", STANDARD)
    breaker.retune(stricter, 0.0, NO_JITTER)
    feed(breaker, "F", 0.0)
    assert breaker.state == "open"


def test_a_shorter_maximum_ends_a_long_wait() -> None:
    """An open breaker does not wait out a time that the manifest no longer allows."""
    breaker = after("FFFFF", STANDARD)
    breaker.retune(replace(STANDARD, open_for=1.0, open_max=2.0), 1.0, NO_JITTER)
    assert breaker.until == 3.0


def test_fewer_probes_wanted_than_are_in_closes_it() -> None:
    """A half-open breaker whose last probe will never come is judged by the edit."""
    breaker = after("FFFFF", STANDARD)
    feed(breaker, "SS", 5.0)
    assert breaker.state == "half-open"
    breaker.retune(replace(STANDARD, half_open_requests=2), 5.0, NO_JITTER)
    assert breaker.state == "closed"


def test_chance_is_within_its_interval() -> None:
    """The largest number that chance can give makes the shortest wait: four fifths."""
    assert STANDARD.wait(1, Fixed(ALMOST_ONE)) == pytest.approx(4.0)
