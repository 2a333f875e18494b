"""Endpoint choice: shares by weight, the less busy of two, priorities, and what is left out."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.endpoint import Endpoints, EndpointSettings, EndpointState
from rewire.policy.outlier import OutlierSettings
from tests.policy.times import ALMOST_ONE, Fixed, series, steps_of_time

OUTLIER = OutlierSettings()
chances = st.integers().map(random.Random) | st.sampled_from([Fixed(0.0), Fixed(ALMOST_ONE)])


def endpoints(*weights: int, priorities: tuple[int, ...] = ()) -> Endpoints:
    """Make endpoints named a, b, c and so on."""
    return Endpoints(
        [
            EndpointSettings("abcdefgh"[i], weight, priorities[i] if priorities else 0)
            for i, weight in enumerate(weights)
        ],
        OUTLIER,
        0.0,
    )


def eject(chosen_from: Endpoints, key: str, now: float) -> None:
    """Let an endpoint answer 503 until it would be ejected."""
    for _ in range(OUTLIER.consecutive_5xx):
        chosen_from.answered(named(chosen_from, key), 503, now)


def named(chosen_from: Endpoints, key: str) -> EndpointState:
    """Find the state of an endpoint."""
    return next(state for state in chosen_from.states if state.settings.key == key)


def shares(chosen_from: Endpoints, now: float = 0.0, calls: int = 12_000) -> dict[str, float]:
    """Return which share of many calls, each over before the next, goes where."""
    rng = random.Random(1)
    counts = Counter(chosen_from.choose(now, rng).settings.key for _ in range(calls))
    return {key: count / calls for key, count in sorted(counts.items())}


@pytest.mark.parametrize("weights", [(1,), (1, 1), (2, 1), (1, 1, 1), (5, 3, 1, 1), (1, 99)])
def test_without_load_the_shares_are_the_weights(weights: tuple[int, ...]) -> None:
    """An idle set of endpoints gets calls in proportion to the weights."""
    expected = {"abcdefgh"[i]: weight / sum(weights) for i, weight in enumerate(weights)}
    assert shares(endpoints(*weights)) == pytest.approx(expected, abs=0.02)


def test_under_load_the_calls_in_flight_are_as_the_weights() -> None:
    """Calls that do not end pile up where there is room, by weight."""
    chosen_from, rng = endpoints(4, 2, 1), random.Random(1)
    for _ in range(700):
        chosen_from.choose(0.0, rng).in_flight += 1
    assert [state.in_flight for state in chosen_from.states] == pytest.approx(
        [400, 200, 100], abs=25
    )


@pytest.mark.parametrize(
    ("weights", "busy", "expected"),
    [
        ((1, 1, 1), "a", {"b": 1 / 2, "c": 1 / 2}),
        ((1, 1, 1), "b", {"a": 1 / 2, "c": 1 / 2}),
        ((1, 1, 1), "c", {"a": 1 / 2, "b": 1 / 2}),
        ((3, 1, 2), "a", {"b": 1 / 6 + 1 / 2 * 1 / 3, "c": 1 / 3 + 1 / 2 * 2 / 3}),
        ((3, 1, 2), "c", {"a": 1 / 2 + 1 / 3 * 3 / 4, "b": 1 / 6 + 1 / 3 * 1 / 4}),
    ],
)
def test_the_second_is_drawn_from_the_others_by_weight(
    weights: tuple[int, ...], busy: str, expected: dict[str, float]
) -> None:
    """One that is so busy that it never wins leaves its part to the others by their weights."""
    chosen_from = endpoints(*weights)
    named(chosen_from, busy).in_flight = 1000
    assert shares(chosen_from) == pytest.approx(expected, abs=0.02)


def test_a_slow_endpoint_gets_less() -> None:
    """One that takes ten times as long gets far less than its third."""
    chosen_from, rng, ending, counts = endpoints(1, 1, 1), random.Random(1), [], Counter[str]()
    for tick in range(3000):
        for end in [one for one in ending if one[0] <= tick]:
            ending.remove(end)
            end[1].in_flight -= 1
        state = chosen_from.choose(float(tick) / 1000, rng)
        state.in_flight += 1
        counts[state.settings.key] += 1
        ending.append((tick + (100 if state.settings.key == "c" else 10), state))
    assert counts["c"] < 0.15 * 3000


@given(st.integers(1, 8), st.integers(0, 50), st.integers(0, 50), chances)
def test_of_two_the_less_busy_for_its_weight_is_taken(
    weight: int, one: int, other: int, rng: random.Random
) -> None:
    """With two endpoints both are drawn, so the choice is certain but for a tie."""
    chosen_from = endpoints(weight, 1)
    first, second = chosen_from.states
    first.in_flight, second.in_flight = one, other
    chosen = chosen_from.choose(0.0, rng)
    if one != other * weight:
        assert chosen is (first if one < other * weight else second)


def test_a_priority_is_used_only_while_those_before_it_are_out() -> None:
    """Two stand by; when a is ejected they share the calls, and give them back after it."""
    chosen_from = endpoints(1, 1, 1, priorities=(0, 1, 1))
    assert shares(chosen_from) == {"a": 1.0}
    eject(chosen_from, "a", 0.0)
    assert shares(chosen_from) == pytest.approx({"b": 0.5, "c": 0.5}, abs=0.02)
    assert shares(chosen_from, now=29.9) == pytest.approx({"b": 0.5, "c": 0.5}, abs=0.02)
    assert shares(chosen_from, now=30.0) == {"a": 1.0}


def test_a_retry_goes_where_the_call_has_not_been() -> None:
    """First to its peers, then to those that stand by, then anywhere in service."""
    chosen_from, rng = endpoints(1, 1, 1, priorities=(0, 0, 1)), random.Random(1)
    a, b, c = chosen_from.states
    assert {chosen_from.choose(0.0, rng, [a]) for _ in range(20)} == {b}
    assert {chosen_from.choose(0.0, rng, [a, b]) for _ in range(20)} == {c}
    assert {chosen_from.choose(0.0, rng, [a, b, c]) for _ in range(50)} == {a, b}


def test_where_nobody_is_in_service_the_ejections_are_ignored() -> None:
    """All unhealthy: the first priority gets the calls all the same."""
    chosen_from = endpoints(1, 1, 1, priorities=(0, 0, 1))
    for state in chosen_from.states:
        chosen_from.set_health(state, 0.0, healthy=False)
    assert shares(chosen_from) == pytest.approx({"a": 0.5, "b": 0.5}, abs=0.02)


def test_one_endpoint_is_never_ejected() -> None:
    """However often it fails, there is none to go to instead."""
    chosen_from = endpoints(1)
    for _ in range(100):
        chosen_from.answered(chosen_from.states[0], 503, 0.0)
        chosen_from.failed(chosen_from.states[0], 0.0)
    assert chosen_from.states[0].in_service(0.0)


def test_the_last_healthy_one_is_not_ejected() -> None:
    """One of two that active checks have taken out counts when it is about the last."""
    chosen_from = endpoints(1, 1)
    a, b = chosen_from.states
    chosen_from.set_health(a, 0.0, healthy=False)
    eject(chosen_from, "b", 0.0)
    assert b.in_service(0.0)
    chosen_from.set_health(a, 0.0, healthy=True)
    chosen_from.answered(b, 503, 1.0)
    assert not b.in_service(1.0)


def test_a_good_health_check_brings_an_ejected_one_back() -> None:
    """At once, and a bad one takes it out at once."""
    chosen_from = endpoints(1, 1)
    eject(chosen_from, "a", 0.0)
    assert shares(chosen_from, 1.0) == {"b": 1.0}
    chosen_from.set_health(named(chosen_from, "a"), 1.0, healthy=True)
    assert set(shares(chosen_from, 1.0)) == {"a", "b"}
    chosen_from.set_health(named(chosen_from, "a"), 2.0, healthy=False)
    assert shares(chosen_from, 1e6) == {"b": 1.0}


@pytest.mark.parametrize("status", [500, 599, None])
def test_what_ejects_an_endpoint(status: int | None) -> None:
    """Five 5xx, or five times no answer, and no less."""
    chosen_from = endpoints(1, 1)
    a, b = chosen_from.states
    for _ in range(5):
        assert chosen_from.choose(0.0, Fixed(0.0), [b]) is a
        if status is None:
            chosen_from.failed(a, 0.0)
        else:
            chosen_from.answered(a, status, 0.0)
    assert chosen_from.choose(0.0, Fixed(0.0)) is b


def test_each_comes_back_in_its_own_time() -> None:
    """Of two that were ejected one after the other the first is back first."""
    chosen_from = endpoints(1, 1, 1, 1)
    eject(chosen_from, "a", 0.0)
    eject(chosen_from, "b", 10.0)
    assert set(shares(chosen_from, 29.0)) == {"c", "d"}
    assert set(shares(chosen_from, 30.0)) == {"a", "c", "d"}
    assert set(shares(chosen_from, 40.0)) == {"a", "b", "c", "d"}


def test_an_answer_below_500_is_none_against_it() -> None:
    """However often it comes."""
    chosen_from = endpoints(1, 1)
    for _ in range(20):
        chosen_from.answered(chosen_from.states[0], 499, 0.0)
    assert chosen_from.states[0].in_service(0.0)


def test_an_edit_of_the_policy_reaches_those_that_are_out() -> None:
    """Less time out is less time from now on; switched off brings all back."""
    chosen_from = endpoints(1, 1)
    declared = [state.settings for state in chosen_from.states]
    eject(chosen_from, "a", 0.0)
    short = replace(OUTLIER, base_ejection_time=1.0, max_ejection_time=2.0)
    chosen_from.retune(declared, short, 10.0)
    assert shares(chosen_from, 11.9) == {"b": 1.0}
    assert set(shares(chosen_from, 12.0)) == {"a", "b"}
    eject(chosen_from, "a", 20.0)
    chosen_from.retune(declared, None, 20.0)
    assert set(shares(chosen_from, 20.0)) == {"a", "b"}
    chosen_from.retune(declared, OUTLIER, 20.0)
    assert set(shares(chosen_from, 20.0)) == {"a", "b"}


def test_without_the_policy_nobody_is_ejected() -> None:
    """With outlier off failures change nothing."""
    chosen_from = Endpoints([EndpointSettings("a"), EndpointSettings("b")], None, 0.0)
    for state in chosen_from.states:
        for _ in range(100):
            chosen_from.answered(state, 503, 0.0)
            chosen_from.failed(state, 0.0)
    assert set(shares(chosen_from)) == {"a", "b"}


def test_an_edit_keeps_the_state_of_those_that_stay() -> None:
    """Law 6, FAULTS.md 51: by authority; a new one starts fresh, a changed weight does not."""
    chosen_from = endpoints(1, 1, 1)
    eject(chosen_from, "a", 0.0)
    named(chosen_from, "b").in_flight = 7
    kept = [named(chosen_from, key) for key in "ab"]
    tables = [EndpointSettings("d"), EndpointSettings("b", 5), EndpointSettings("a", 2)]
    chosen_from.retune(tables, OUTLIER, 1.0)
    assert [named(chosen_from, key) for key in "ab"] == kept
    assert [state.settings for state in chosen_from.states] == tables
    assert not named(chosen_from, "a").in_service(1.0)
    assert (named(chosen_from, "d").in_flight, named(chosen_from, "b").in_flight) == (0, 7)
    chosen_from.retune([EndpointSettings("c"), EndpointSettings("a")], OUTLIER, 2.0)
    assert named(chosen_from, "c").in_service(2.0)
    chosen_from.retune([EndpointSettings("x"), EndpointSettings("y")], OUTLIER, 3.0)
    chosen_from.retune([EndpointSettings("a")], OUTLIER, 4.0)
    assert named(chosen_from, "a").in_service(4.0)


happenings = series(
    st.tuples(
        steps_of_time,
        st.integers(0, 5),
        st.sampled_from(["5xx", "5xx", "5xx", "failed", "failed", "ok", "sick", "well", "edit"]),
    ),
    40,
)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2)), min_size=1, max_size=6),
       st.sampled_from([10.0, 50.0, 100.0]), happenings, chances)  # fmt: skip
def test_the_choice_is_in_service_and_there_is_always_one(
    tables: list[tuple[int, int]],
    percent: float,
    sequence: list[tuple[float, int, str]],
    rng: random.Random,
) -> None:
    """Of those in service one of the first priority; ejection alone never takes the last."""
    settings = replace(
        OUTLIER, max_ejection_percent=percent, consecutive_5xx=2, consecutive_local=2
    )
    declared = [EndpointSettings(str(i), *table) for i, table in enumerate(tables)]
    chosen_from, now = Endpoints(declared, settings, 0.0), 0.0
    for gap, which, what in sequence:
        now += gap
        state = chosen_from.states[which % len(tables)]
        served_before = sum(one.in_service(now) for one in chosen_from.states)
        if what == "edit":
            chosen_from.retune(declared, settings, now)
        elif what in {"sick", "well"}:
            chosen_from.set_health(state, now, healthy=what == "well")
        elif what == "failed":
            chosen_from.failed(state, now)
        else:
            chosen_from.answered(state, 503 if what == "5xx" else 200, now)
        serving = [one for one in chosen_from.states if one.in_service(now)]
        if what != "sick":
            assert len(serving) >= min(1, served_before)
        chosen = chosen_from.choose(now, rng)
        if serving:
            first = min(one.settings.priority for one in serving)
            assert chosen in serving
            assert chosen.settings.priority == first
        retried = chosen_from.choose(now, rng, [chosen])
        assert len(serving) < 2 or (retried in serving and retried is not chosen)
