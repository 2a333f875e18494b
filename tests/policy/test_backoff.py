"""Backoff: bounds, growth, and what ends a series."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.backoff import Backoff, ceiling, failures_after, wait

backoffs = st.builds(
    Backoff,
    initial=st.floats(0, 1e6),
    max=st.floats(0, 1e6),
    multiplier=st.floats(1, 10),
    jitter=st.sampled_from(["full", "equal", "none"]),
)
counts = st.integers(1, 10_000)


@given(backoffs, counts, st.integers())
def test_a_wait_stays_within_its_bounds(backoff: Backoff, failures: int, seed: int) -> None:
    """Full jitter draws from [0, ceiling], equal from its upper half, none is the ceiling."""
    longest = ceiling(backoff, failures)
    seconds = wait(backoff, failures, random.Random(seed))
    shortest = {"full": 0.0, "equal": longest / 2, "none": longest}[backoff.jitter]
    assert shortest <= seconds <= longest <= backoff.max


@given(backoffs, counts)
def test_the_ceiling_never_falls(backoff: Backoff, failures: int) -> None:
    """Another failure never makes the longest wait shorter."""
    assert ceiling(backoff, failures) <= ceiling(backoff, failures + 1)


def test_the_ceiling_grows_by_the_multiplier_up_to_the_maximum() -> None:
    """initial, initial·m, initial·m², … and never more than max."""
    backoff = Backoff(1.0, 60.0, 2.0, "none")
    waits = [wait(backoff, failures, random.Random(0)) for failures in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_chance_is_a_parameter() -> None:
    """The same seed gives the same waits."""
    backoff = Backoff(1.0, 60.0, 1.6)
    first, second = (
        [wait(backoff, failures, rng) for failures in range(1, 20)]
        for rng in (random.Random(7), random.Random(7))
    )
    assert first == second
    assert len(set(first)) == len(first)


@pytest.mark.parametrize(
    ("uptime", "failures"), [(None, 5), (0.0, 5), (9.999, 5), (10.0, 1), (3600.0, 1)]
)
def test_only_a_stable_connection_ends_a_series(uptime: float | None, failures: int) -> None:
    """A loss before stable_after is one more failure; after it, the first of a new series."""
    assert failures_after(4, uptime, stable_after=10.0) == failures
