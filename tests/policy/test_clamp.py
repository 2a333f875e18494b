"""Rules between values: errors between what was written, clamps for what was not, in words."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.backoff import Backoff
from rewire.policy.breaker import BreakerSettings
from rewire.policy.clamp import RULES, AtMost, clamp, conflicts, idle_attempts
from rewire.policy.deadline import DeadlineSettings
from rewire.policy.hedge import HedgeSettings
from rewire.policy.outlier import OutlierSettings
from rewire.policy.retry import RetrySettings

TIMEOUT, RETRY, OUTLIER = DeadlineSettings(), RetrySettings(), OutlierSettings()

STANDARD = {
    "timeout.total": TIMEOUT.total or inf,
    "timeout.attempt": TIMEOUT.attempt or inf,
    "timeout.connect": TIMEOUT.connect,
    "retry.backoff.initial": RETRY.backoff.initial,
    "retry.backoff.max": RETRY.backoff.max,
    "hedge.delay": HedgeSettings().delay,
    "health.timeout": 5.0,
    "health.interval": 30.0,
    "pool.max_keepalive": 20,
    "pool.max_connections": 100,
    "breaker.open_for": BreakerSettings().open_for,
    "breaker.open_max": BreakerSettings().open_max,
    "outlier.base_ejection_time": OUTLIER.base_ejection_time,
    "outlier.max_ejection_time": OUTLIER.max_ejection_time,
    "reconnect.initial": 1.0,
    "reconnect.max": 60.0,
}
LLM = STANDARD | {"timeout.attempt": 600.0, "timeout.total": 600.0}


def show(key: str, value: float) -> str:
    """Write a value roughly as the manifest does."""
    return f"{value:g}s" if value < inf else f"none ({key})"


@pytest.mark.parametrize("built_in", [STANDARD, LLM], ids=["standard", "llm"])
def test_a_built_in_passes_all_rules_unclamped(built_in: dict[str, float]) -> None:
    """CONTRACT section 1: alone, and even if every value of it were written."""
    assert clamp(built_in, ()) == (built_in, ())
    assert conflicts(built_in, built_in) == ()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, []),
        ({"timeout.total": 60.0}, []),
        ({"timeout.total": 8.0}, ["attempt 10s → 8s, clamped to timeout.total"]),
        (
            {"timeout.total": 3.0},
            [
                "attempt 10s → 3s, clamped to timeout.total",
                "connect 5s → 3s, clamped to timeout.total",
            ],
        ),
        (
            {"timeout.total": 1.0},
            [
                "attempt 10s → 1s, clamped to timeout.total",
                "connect 5s → 1s, clamped to timeout.total",
                "delay 2s → 0.5s, clamped to timeout.total",
            ],
        ),
        ({"timeout.attempt": 60.0}, ["total 30s → 60s, clamped to timeout.attempt"]),
        (
            {"timeout.connect": 45.0},
            [
                "total 30s → 45s, clamped to timeout.connect",
                "attempt 10s → 45s, clamped to timeout.connect",
            ],
        ),
        (
            {"timeout.connect": 4.0, "timeout.total": 4.0},
            ["attempt 10s → 4s, clamped to timeout.total"],
        ),
        ({"timeout.total": inf}, []),
        ({"timeout.attempt": inf}, []),
        (
            {"timeout.attempt": inf, "timeout.total": 2.0},
            [
                "connect 5s → 2s, clamped to timeout.total",
                "delay 2s → 1s, clamped to timeout.total",
            ],
        ),
        ({"hedge.delay": 10.0}, ["attempt 10s → 20s, clamped to hedge.delay"]),
        ({"hedge.delay": 9.0}, []),
        (
            {"hedge.delay": 40.0},
            [
                "total 30s → 80s, clamped to hedge.delay",
                "attempt 10s → 80s, clamped to hedge.delay",
            ],
        ),
        ({"hedge.delay": 8.0, "timeout.total": 9.0},
         ["attempt 10s → 9s, clamped to timeout.total"]),
        ({"retry.backoff.initial": 7.0}, ["max 5s → 7s, clamped to retry.backoff.initial"]),
        ({"health.interval": 2.0}, ["timeout 5s → 2s, clamped to health.interval"]),
        (
            {"pool.max_connections": 10},
            ["max_keepalive 20s → 10s, clamped to pool.max_connections"],
        ),
    ],
)  # fmt: skip
def test_a_default_gives_way_to_what_was_written(
    written: dict[str, float], words: list[str]
) -> None:
    """In both directions, through other defaults, with the written value named as the cause."""
    _, changes = clamp(STANDARD | written, written)
    assert [change.wording(show) for change in changes] == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            {"timeout.attempt": 10.0, "timeout.total": 5.0},
            ["timeout.attempt (10s) is more than timeout.total (5s)"],
        ),
        ({"timeout.attempt": 5.0, "timeout.total": 5.0}, []),
        ({"timeout.attempt": inf, "timeout.total": 5.0}, []),
        (
            {"timeout.connect": 20.0, "timeout.total": 5.0},
            ["timeout.connect (20s) is more than timeout.total (5s)"],
        ),
        (
            {"hedge.delay": 5.0, "timeout.attempt": 5.0},
            ["hedge.delay (5s) is not less than timeout.attempt (5s)"],
        ),
        (
            {"hedge.delay": 5.0, "timeout.total": 5.0},
            ["hedge.delay (5s) is not less than timeout.total (5s)"],
        ),
        ({"hedge.delay": 4.9, "timeout.attempt": 5.0}, []),
        (
            {"timeout.connect": 9.0, "timeout.attempt": 8.0, "timeout.total": 7.0},
            [
                "timeout.connect (9s) is more than timeout.attempt (8s)",
                "timeout.connect (9s) is more than timeout.total (7s)",
                "timeout.attempt (8s) is more than timeout.total (7s)",
            ],
        ),
        (
            {"retry.backoff.initial": 9.0, "retry.backoff.max": 1.0},
            ["retry.backoff.initial (9s) is more than retry.backoff.max (1s)"],
        ),
    ],
)
def test_two_written_values_that_cannot_both_hold_are_an_error(
    written: dict[str, float], words: list[str]
) -> None:
    """Also when a default stands between them; a default is never part of an error."""
    assert [found.wording(show) for found in conflicts(written, written)] == words
    everything = conflicts(STANDARD | written, written)
    assert sorted(found.wording(show) for found in everything) == sorted(words)


keys = st.sampled_from(sorted(STANDARD))
written_values = st.dictionaries(keys, st.sampled_from([0.5, 1.0, 2.0, 7.0, 30.0, 45.0, 500.0]))
unbounded = st.sets(st.sampled_from(["timeout.total", "timeout.attempt"]))


@given(written_values, unbounded)
def test_after_the_clamps_every_rule_holds(written: dict[str, float], none: set[str]) -> None:
    """Unless what was written is in conflict: then that is told instead."""
    written = written | dict.fromkeys(none, inf)
    values = STANDARD | written
    fitted, changes = clamp(values, written)
    if conflicts(values, written):
        return
    for rule in RULES:
        low, high = fitted[rule.low], fitted[rule.high]
        assert low == inf or low < high or (low == high and not rule.strict)
    assert {change.key for change in changes} == {
        key for key in values if fitted[key] != values[key]
    }


@given(written_values, unbounded)
def test_what_was_written_is_never_changed(written: dict[str, float], none: set[str]) -> None:
    """A clamp touches defaults alone, and only those that did not fit."""
    written = written | dict.fromkeys(none, inf)
    fitted, changes = clamp(STANDARD | written, written)
    assert {key: fitted[key] for key in written} == written
    for change in changes:
        assert change.cause in written
        assert change.before == STANDARD[change.key] != change.after


@given(written_values)
def test_clamping_twice_is_clamping_once(written: dict[str, float]) -> None:
    """What fits is left alone."""
    fitted, _ = clamp(STANDARD | written, written)
    if not conflicts(STANDARD | written, written):
        assert clamp(fitted, written) == (fitted, ())


def test_what_is_absent_has_no_rules() -> None:
    """An unresolved value, or a table that is off, is in nobody's way."""
    assert clamp({"timeout.attempt": 10.0}, ()) == ({"timeout.attempt": 10.0}, ())
    assert conflicts({"timeout.attempt": 10.0}, ["timeout.attempt", "timeout.total"]) == ()


def test_the_rules_have_no_cycle() -> None:
    """Walking along them ends."""
    above = {rule.low: {one.high for one in RULES if one.low == rule.low} for rule in RULES}
    left = dict(above)
    while left:
        free = [key for key, highs in left.items() if not highs & set(left)]
        assert free
        for key in free:
            del left[key]


def test_other_protocols_bring_their_own_rules() -> None:
    """The rules are a parameter."""
    rules = (AtMost("ping.timeout", "ping.interval"),)
    written = {"ping.interval": 1.0}
    fitted, (change,) = clamp({"ping.timeout": 5.0} | written, written, rules)
    assert fitted == {"ping.timeout": 1.0, "ping.interval": 1.0}
    assert change.cause == "ping.interval"


@pytest.mark.parametrize(
    ("backoff", "attempts", "total", "idle"),
    [
        (RETRY.backoff, 3, 30.0, 0),
        (RETRY.backoff, 10, 0.1, 0),
        (Backoff(1.0, 60.0, 2.0, "none"), 3, 30.0, 0),
        (Backoff(1.0, 60.0, 2.0, "none"), 5, 7.0, 2),
        (Backoff(1.0, 60.0, 2.0, "none"), 5, 7.1, 1),
        (Backoff(1.0, 60.0, 2.0, "equal"), 5, 7.0, 1),
        (Backoff(1.0, 60.0, 2.0, "none"), 10, inf, 0),
        (Backoff(40.0, 60.0, 2.0, "none"), 10, 30.0, 9),
    ],
)
def test_attempts_that_can_never_begin(
    backoff: Backoff, attempts: int, total: float, idle: int
) -> None:
    """Even if each attempt failed at once: the waits alone are longer than the total."""
    assert idle_attempts(backoff, attempts, total) == idle
