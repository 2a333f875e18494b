"""The sliding window: what it must have counted, and what it must have forgotten."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.window import SLOTS, Window
from tests.policy.times import series, steps_of_time

widths = st.sampled_from([10.0, 2.5, 40.0])
events = series(st.tuples(steps_of_time, st.booleans()), 40)


@given(widths, events)
def test_what_is_recent_is_counted_and_what_is_old_is_not(
    seconds: float, gaps: list[tuple[float, bool]]
) -> None:
    """At least the last nine tenths of the window are in the counts, and nothing before it."""
    window, now, seen = Window(seconds), 1000.0, list[tuple[float, bool]]()
    for gap, marked in gaps:
        now += gap
        window.add(now, marked=marked)
        seen.append((now, marked))
        total, of_them = window.counts(now)
        surely = [mark for at, mark in seen if at >= now - seconds * (SLOTS - 1) / SLOTS]
        possibly = [mark for at, mark in seen if at > now - seconds]
        assert len(surely) <= total <= len(possibly)
        assert sum(surely) <= of_them <= sum(possibly)


@given(widths, events, steps_of_time)
def test_looking_changes_nothing(
    seconds: float, gaps: list[tuple[float, bool]], later: float
) -> None:
    """Counts that are read in between do not change the counts that follow."""
    # Both begin their slots at the same moment, with the first touch.
    first, second = Window(seconds), Window(seconds)
    now = 0.0
    first.counts(now)
    second.counts(now)
    for gap, marked in gaps:
        now += gap
        first.add(now, marked=marked)
        second.counts(now - gap / 2)
        second.add(now, marked=marked)
    assert first.counts(now + later) == second.counts(now + later)


def test_it_forgets_a_slot_at_a_time() -> None:
    """One count a second: ten are in a window of ten seconds, then one less each second."""
    window = Window(10.0)
    for second in range(20):
        window.add(float(second), marked=second % 2 == 0)
    assert [window.counts(19.0 + later)[0] for later in range(12)] == [
        10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0,
    ]  # fmt: skip


def test_a_long_silence_forgets_everything() -> None:
    """After a suspend of the machine nothing is left, and counting goes on."""
    window = Window(10.0)
    window.add(0.0, marked=True)
    assert window.counts(1e12) == (0, 0)
    window.add(1e12)
    assert window.counts(1e12) == (1, 0)
