"""The adaptive limit: Vector's rules, one by one, and where they lead."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.gradient import Gradient, GradientSettings
from tests.policy.times import series

STANDARD = GradientSettings()


def rounds(
    gradient: Gradient, times: list[float], *, reached: bool = True, now: float = 0.0
) -> list[int]:
    """Run one round trip after the other, one answer in each; return the limit after each."""
    limits = []
    for seconds in times:
        if reached:
            gradient.started(gradient.limit)
        now += 10.0
        gradient.ended(now, seconds, pushed_back=False)
        limits.append(gradient.limit)
    return limits


def test_it_starts_at_ten() -> None:
    """CONTRACT section 1; a lower maximum bounds that too."""
    assert Gradient(STANDARD, 200).limit == 10
    assert Gradient(STANDARD, 4).limit == 4


def test_a_constant_peer_lets_it_grow_by_one_in_a_round_trip() -> None:
    """The first answer is learnt from; then every round trip that reached the limit adds one."""
    assert rounds(Gradient(STANDARD, 15), [0.1] * 8) == [10, 11, 12, 13, 14, 15, 15, 15]


def test_what_was_not_reached_does_not_grow() -> None:
    """Without calls that would have used it nothing is known about a higher limit."""
    assert rounds(Gradient(STANDARD, 200), [0.1] * 50, reached=False) == [10] * 50


def test_it_moves_once_in_a_round_trip() -> None:
    """Answers within the mean response time are measured together."""
    gradient = Gradient(STANDARD, 200)
    gradient.ended(0.0, 1.0, pushed_back=False)
    for answer in range(1, 10):
        gradient.started(10)
        gradient.ended(answer / 10, 1.0, pushed_back=False)
    assert gradient.limit == 10
    gradient.ended(1.0, 1.0, pushed_back=False)
    assert gradient.limit == 11
    gradient.started(11)
    gradient.ended(1.1, 1.0, pushed_back=False)
    assert gradient.limit == 11


def test_push_back_shrinks_it_by_a_tenth() -> None:
    """Down to one and never below: 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1."""
    gradient, now, limits = Gradient(STANDARD, 200), 0.0, []
    gradient.ended(now, 0.1, pushed_back=False)
    for _ in range(11):
        now += 1
        gradient.ended(now, None, pushed_back=True)
        limits.append(gradient.limit)
    assert limits == [9, 8, 7, 6, 5, 4, 3, 2, 1, 1, 1]
    gradient = Gradient(GradientSettings(initial=200), 200)
    gradient.ended(0.0, 0.1, pushed_back=False)
    gradient.ended(1.0, None, pushed_back=True)
    assert gradient.limit == 180


@pytest.mark.parametrize(("slower", "limit"), [(0.99, 11), (1.0, 10), (2.49, 10), (2.51, 9)])
def test_slower_than_the_usual_deviation_allows_shrinks_it(slower: float, limit: int) -> None:
    """Up to the mean it may grow, beyond mean + 2.5 deviations it shrinks, in between it stays."""
    gradient = Gradient(GradientSettings(initial=12), 200)
    gradient.ended(0.0, 1.0, pushed_back=False)
    gradient.ended(10.0, 2.0, pushed_back=False)
    # The first answer is in that round trip too: 1.5 on average, 0.4 of the way to it are 1.2,
    # with a variance of 0.6 · (0 + 0.5 · 0.2).
    mean, deviation = 1.2, sqrt(0.06)
    assert gradient.limit == 10
    gradient.started(10)
    seconds = mean + deviation * slower if slower >= 1 else mean * slower
    gradient.ended(30.0, seconds, pushed_back=False)
    assert gradient.limit == limit


@given(
    series(
        st.tuples(
            st.floats(0, 5), st.none() | st.floats(0, 60), st.booleans(), st.integers(0, 500)
        ),
        60,
    ),
    st.integers(1, 300),
)
def test_it_stays_between_one_and_its_maximum(
    ends: list[tuple[float, float | None, bool, int]], maximum: int
) -> None:
    """Whatever the answers: 1 ≤ limit ≤ max, and a step up is never more than one."""
    gradient, now = Gradient(STANDARD, maximum), 0.0
    for gap, seconds, pushed_back, in_flight in ends:
        now += gap
        before = gradient.limit
        gradient.started(in_flight)
        gradient.ended(now, seconds, pushed_back=pushed_back)
        assert 1 <= gradient.limit <= maximum
        assert gradient.limit in {before, before + 1, max(1, int(before * 0.9))}


def serve(capacity: int, calls: int) -> float:
    """Return how long a peer takes that slows down beyond its capacity."""
    return 0.1 * max(1.0, calls / capacity)


def test_it_finds_about_what_the_peer_can_do() -> None:
    """A peer that is as fast with 30 at a time as with one, and slower beyond: near 30."""
    gradient, now, limits = Gradient(STANDARD, 200), 0.0, []
    for _ in range(400):
        gradient.started(gradient.limit)
        seconds = serve(30, gradient.limit)
        now += seconds + 0.01
        gradient.ended(now, seconds, pushed_back=False)
        limits.append(gradient.limit)
    assert 24 <= min(limits[100:]) <= max(limits[100:]) <= 36


def test_an_edit_of_the_maximum_keeps_what_was_learnt() -> None:
    """Lower bounds the limit, higher lets it grow on."""
    gradient = Gradient(STANDARD, 200)
    rounds(gradient, [0.1] * 21)
    assert gradient.limit == 30
    gradient.retune(12)
    assert gradient.limit == 12
    gradient.retune(200)
    assert gradient.limit == 12
    assert rounds(gradient, [0.1] * 3, now=1000.0) == [13, 14, 15]
    gradient.retune(16)
    assert rounds(gradient, [0.1] * 3, now=2000.0) == [16, 16, 16]
