"""Outlier ejection: when, for how long, and how many at most."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.outlier import Outlier, OutlierSettings, may_eject
from tests.policy.times import series, steps_of_time

STANDARD = OutlierSettings()


def suspect_after(results: str, settings: OutlierSettings = STANDARD) -> bool:
    """Tell one endpoint what happened: 5 a 5xx, 2 a 200, 4 a 404, - no answer."""
    outlier = Outlier()
    for result in results:
        if result == "-":
            outlier.failed()
        else:
            outlier.answered({"5": 500, "2": 200, "4": 499}[result])
    return outlier.suspect(settings)


@pytest.mark.parametrize(
    ("results", "suspect"),
    [
        ("5555", False),
        ("55555", True),
        ("5555255555", True),
        ("55552555", False),
        ("55554555", False),
        ("----", False),
        ("-----", True),
        ("----5", False),
        ("----5----", False),
        # No answer says nothing about the answers: Envoy's split of local origin errors.
        ("555-5-5", True),
        ("555-2-55", False),
        ("2222", False),
    ],
)
def test_so_many_in_a_row(results: str, suspect: bool) -> None:
    """Five 5xx with no other answer between them, or five without any answer."""
    assert suspect_after(results) is suspect


def test_after_an_ejection_the_count_begins_again() -> None:
    """What led to it is not held against it a second time."""
    outlier = Outlier()
    for _ in range(5):
        outlier.answered(503)
        outlier.failed()
    outlier.eject(STANDARD, 0.0)
    assert not outlier.suspect(STANDARD)
    for _ in range(4):
        outlier.failed()
    assert not outlier.suspect(STANDARD)


def test_an_ejection_lasts_longer_each_time_in_a_row() -> None:
    """30, 60, 90 … seconds and at most 300."""
    outlier, now, times = Outlier(), 0.0, []
    for _ in range(12):
        until = outlier.eject(STANDARD, now)
        times.append(until - now)
        now = until
    assert times == [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]


def test_time_without_an_ejection_takes_steps_back() -> None:
    """Each interval in service counts one less: Envoy's decrement."""
    outlier = Outlier()
    until = 0.0
    for _ in range(3):
        until = outlier.eject(STANDARD, until)
    until = outlier.eject(STANDARD, until + 9.9) - until - 9.9
    assert until == pytest.approx(120)
    end = outlier.out_until
    assert outlier.eject(STANDARD, end + 20) - end - 20 == pytest.approx(90)
    end = outlier.out_until
    assert outlier.eject(STANDARD, end + 3600) - end - 3600 == pytest.approx(30)


@pytest.mark.parametrize(
    ("endpoints", "percent", "most"),
    [
        (0, 50, 0), (1, 50, 0), (2, 50, 1), (3, 50, 1), (4, 50, 2), (5, 50, 2), (10, 50, 5),
        (1, 100, 0), (2, 100, 1), (3, 100, 2), (10, 100, 9),
        (2, 10, 1), (9, 10, 1), (10, 10, 1), (20, 10, 2), (100, 29, 29),
        (3, 0, 0), (3, 0.1, 1),
    ],
)  # fmt: skip
def test_at_most_a_share_and_never_the_last(endpoints: int, percent: float, most: int) -> None:
    """A share that rounds down to nobody permits one, unless it is nothing."""
    table = replace(STANDARD, max_ejection_percent=percent)
    out = 0
    while may_eject(table, endpoints, out):
        out += 1
    assert out == most


@given(series(st.tuples(steps_of_time, st.sampled_from("52-e")), 60))
def test_clean_says_whether_a_good_answer_changes_anything(
    happenings: list[tuple[float, str]],
) -> None:
    """The shortcut of the hot path is right: clean, an answer below 500 is no news."""
    outlier, now, since = Outlier(), 0.0, 0
    for gap, what in happenings:
        now += gap
        if what == "e":
            outlier.eject(STANDARD, now)
        elif what == "-":
            outlier.failed()
        else:
            outlier.answered(503 if what == "5" else 200)
        since = since + 1 if what in "5-" else 0
        assert outlier.clean == (since == 0)


def test_an_edit_shortens_what_it_no_longer_allows() -> None:
    """Nobody stays out for longer than the new maximum, from the edit on."""
    outlier = Outlier()
    for _ in range(10):
        outlier.eject(STANDARD, 0.0)
    assert outlier.out_until == 300
    outlier.retune(replace(STANDARD, base_ejection_time=10.0, max_ejection_time=60.0), 100.0)
    assert outlier.out_until == 160
    outlier.retune(STANDARD, 100.0)
    assert outlier.out_until == 160


def test_a_good_health_check_ends_an_ejection() -> None:
    """From that moment, and it does not move the end of one that is over."""
    outlier = Outlier()
    outlier.eject(STANDARD, 0.0)
    outlier.reinstate(5.0)
    assert outlier.out_until == 5.0
    outlier.reinstate(50.0)
    assert outlier.out_until == 5.0
