"""The token bucket: never more than it allows, never less, waiters in turn, edits without loss."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.rate_limit import LONGEST_PAUSE, RateLimit, RateLimitSettings
from rewire.policy.server_limit import ServerLimit
from tests.policy.times import series, steps_of_time

TABLES = [
    RateLimitSettings(rate, burst, max_wait=inf)
    for rate in (0.25, 0.5, 1.0, 4.0, 64.0)
    for burst in (None, 1.0, 2.0, 10.0)
]
tables = st.sampled_from(TABLES)
gaps = series(st.tuples(steps_of_time, st.integers(0, 4)), 40)


class Line:
    """A bucket with its line of waiters, driven as the shell drives it."""

    def __init__(self, settings: RateLimitSettings, now: float = 0.0) -> None:
        self.bucket = RateLimit(settings, now)
        self.now = now
        self.begun = list[float]()
        self.refused = 0

    def advance(self, seconds: float) -> None:
        """Let time pass, and release at each turn that comes up."""
        end = self.now + seconds
        while self.now + (wait := self.bucket.next_turn(self.now)) <= end:
            self.now += wait
            self.begun += [self.now] * self.bucket.release(self.now)
        self.now = end

    def ask(self, patience: float = inf) -> None:
        """Ask for one call."""
        admission = self.bucket.ask(self.now, patience)
        self.begun += [self.now] * (admission == "admit")
        self.refused += admission == "refuse"

    def retune(self, settings: RateLimitSettings) -> None:
        """Edit the table."""
        self.begun += [self.now] * self.bucket.retune(settings, self.now)


@given(tables, gaps)
def test_in_no_interval_more_begin_than_the_burst_and_the_rate_allow(
    table: RateLimitSettings, sequence: list[tuple[float, int]]
) -> None:
    """Between any two moments: burst + rate · seconds, waiters included."""
    line = Line(table)
    for gap, asked in sequence:
        line.advance(gap)
        for _ in range(asked):
            line.ask()
    line.advance(1000)
    times = line.begun
    for i, first in enumerate(times):
        for j in range(i, len(times)):
            allowed = table.capacity + table.rate * (times[j] - first)
            assert j - i + 1 <= allowed + 1e-6


@given(tables, gaps)
def test_everybody_who_waits_gets_a_turn_without_delay(
    table: RateLimitSettings, sequence: list[tuple[float, int]]
) -> None:
    """None is stuck, and while anybody waits the calls begin at the full rate."""
    line, asked = Line(table), 0
    for gap, count in sequence:
        line.advance(gap)
        for _ in range(count):
            line.ask()
        asked += count
    waiting, since = line.bucket.waiting, line.now
    before = len(line.begun)
    line.advance(waiting / table.rate + 1e-6)
    assert len(line.begun) == asked
    assert line.bucket.waiting == 0
    for nth, at in enumerate(line.begun[before:], 1):
        assert at <= since + nth / table.rate + 1e-6


@given(tables, series(st.none() | steps_of_time | st.sampled_from(TABLES), 40))
def test_an_edit_neither_loses_nor_gives_away_tokens(
    table: RateLimitSettings, acts: list[RateLimitSettings | float | None]
) -> None:
    """Whatever is edited in between: the calls that begin are those that the rates in force pay."""
    line, paid, asked = Line(table), table.capacity, 0
    capacity = table.capacity
    for act in acts:
        if isinstance(act, RateLimitSettings):
            line.retune(act)
            table, capacity = act, max(capacity, act.capacity)
        elif isinstance(act, float):
            line.advance(act)
            paid += table.rate * act
        else:
            line.ask()
            asked += 1
    assert len(line.begun) + line.bucket.waiting == asked
    assert len(line.begun) <= paid + 1e-6
    assert line.bucket.waiting == 0 or line.bucket.next_turn(line.now) <= 1 / table.rate + 1e-9


@given(tables, gaps)
def test_an_edit_of_the_same_values_changes_nothing(
    table: RateLimitSettings, sequence: list[tuple[float, int]]
) -> None:
    """Law 6: a reload that leaves the table as it is leaves every turn as it was."""
    edited, left_alone = Line(table), Line(table)
    for gap, asked in sequence:
        for line in (edited, left_alone):
            line.advance(gap)
            for _ in range(asked):
                line.ask()
        edited.retune(replace(table))
    assert edited.begun == pytest.approx(left_alone.begun)


def test_waiters_see_the_new_rate() -> None:
    """FAULTS.md 52: those who wait for minutes under the old rate go within the new one."""
    line = Line(RateLimitSettings(rate=1 / 60, max_wait=inf))
    for _ in range(11):
        line.ask()
    line.advance(1.0)
    assert len(line.begun) == 1
    line.retune(RateLimitSettings(rate=10.0, max_wait=inf))
    line.advance(1.0)
    assert len(line.begun) == 11


@pytest.mark.parametrize(
    ("table", "patience", "admissions"),
    [
        (RateLimitSettings(rate=2.0), inf, ["admit"] * 2 + ["wait"] * 10 + ["refuse"]),
        (RateLimitSettings(rate=2.0, burst=1), inf, ["admit"] + ["wait"] * 10 + ["refuse"]),
        (RateLimitSettings(rate=2.0, max_wait=1.0), inf, ["admit"] * 2 + ["wait"] * 2 + ["refuse"]),
        (RateLimitSettings(rate=2.0), 0.5, ["admit"] * 2 + ["wait"] + ["refuse"] * 2),
        (RateLimitSettings(rate=2.0, on_limit="fail"), inf, ["admit"] * 2 + ["refuse"] * 3),
        (RateLimitSettings(rate=0.1), inf, ["admit"] + ["refuse"] * 3),
        (RateLimitSettings(), inf, ["admit"] * 100),
    ],
)
def test_who_waits_and_who_is_refused_at_once(
    table: RateLimitSettings, patience: float, admissions: list[str]
) -> None:
    """A call waits if its turn comes within max_wait and within what is left of its deadline."""
    bucket = RateLimit(table, 0.0)
    assert [bucket.ask(0.0, patience) for _ in admissions] == admissions


def test_one_who_waits_is_not_overtaken() -> None:
    """A newcomer takes no token that a waiter is waiting for."""
    bucket = RateLimit(RateLimitSettings(rate=1.0), 0.0)
    assert [bucket.ask(0.0), bucket.ask(0.0), bucket.ask(1.5)] == ["admit", "wait", "wait"]
    assert bucket.release(1.5) == 1
    assert bucket.ask(1.5) == "wait"
    assert bucket.next_turn(1.5) == 1.0


def test_one_who_gives_up_makes_room() -> None:
    """The next in line waits for one turn less, and a token given back is there at once."""
    bucket = RateLimit(RateLimitSettings(rate=1.0), 0.0)
    assert [bucket.ask(0.0) for _ in range(3)] == ["admit", "wait", "wait"]
    assert bucket.estimate(0.0) == 3.0
    bucket.leave()
    assert bucket.estimate(0.0) == 2.0
    bucket.give_back()
    assert bucket.release(0.0) == 1
    assert bucket.next_turn(0.0) == inf


def test_a_token_given_back_is_none_too_many() -> None:
    """A bucket that is full again by then has no place for it."""
    bucket = RateLimit(RateLimitSettings(rate=1.0, burst=2.0, on_limit="fail"), 0.0)
    assert bucket.ask(0.0) == "admit"
    bucket.give_back()
    bucket.give_back()
    assert admitted(bucket, 0.0) == 2


def admitted(bucket: RateLimit, now: float, asked: int = 20) -> int:
    """Ask so often at one moment; return how many may begin at once."""
    return [bucket.ask(now) for _ in range(asked)].count("admit")


def test_an_edit_applies_to_the_next_call() -> None:
    """What was saved is kept up to the new burst, and grows from there at the new rate."""
    failing = RateLimitSettings(rate=1.0, burst=10.0, on_limit="fail")
    bucket = RateLimit(failing, 0.0)
    bucket.retune(replace(failing, burst=2.0), 0.0)
    assert admitted(bucket, 0.0) == 2
    bucket.retune(failing, 3.0)
    assert admitted(bucket, 3.0) == 2
    bucket.retune(replace(failing, rate=100.0), 6.0)
    assert admitted(bucket, 6.0) == 3
    assert admitted(bucket, 7.0) == 10
    bucket.retune(replace(failing, on_limit="wait"), 7.0)
    assert bucket.ask(7.0) == "wait"


def test_a_turn_comes_by_time_alone() -> None:
    """Whoever calls release late gets those whose turn has come, up to the burst."""
    bucket = RateLimit(RateLimitSettings(rate=1.0, burst=2.0, max_wait=inf), 0.0)
    assert [bucket.ask(0.0) for _ in range(7)] == ["admit"] * 2 + ["wait"] * 5
    assert [bucket.release(now) for now in (0.5, 1.0, 2.5, 9.0)] == [0, 1, 1, 2]
    assert bucket.waiting == 1


# ── following the server ─────────────────────────────────────────────────────────────────────

FOLLOWING = RateLimitSettings(rate=50.0, max_wait=inf, follow_server=True)


@given(
    st.sampled_from([FOLLOWING, replace(FOLLOWING, rate=inf), replace(FOLLOWING, burst=5.0)]),
    st.integers(0, 200),
    st.integers(1, 60),
    st.integers(0, 400),
)
def test_within_the_window_no_more_begin_than_the_server_has_left(
    table: RateLimitSettings, remaining: int, seconds: int, asked: int
) -> None:
    """The draft, section 7: a client should not exceed the quota within the effective window."""
    line = Line(table)
    line.bucket.follow([ServerLimit(remaining, seconds)], 0.0)
    for _ in range(asked):
        line.ask()
    line.advance(seconds - 1e-6)
    assert len(line.begun) <= remaining + 1e-6
    line.advance(asked / 50 + 1)
    assert len(line.begun) == asked


@pytest.mark.parametrize(
    ("limits", "begun"),
    [
        ([], [1, 50, 100, 150, 200]),
        ([ServerLimit(0, 2)], [0, 0, 0, 0, 50]),
        ([ServerLimit(3, 2)], [1, 3, 3, 3, 53]),
        ([ServerLimit(5000, 60)], [1, 50, 100, 150, 200]),
        ([ServerLimit(110, 2)], [1, 50, 80, 110, 160]),
        ([ServerLimit(5000, 60), ServerLimit(0, 1)], [0, 0, 0, 50, 100]),
        ([ServerLimit(0, 0)], [1, 50, 100, 150, 200]),
    ],
)
def test_a_server_slows_the_bucket_down(limits: list[ServerLimit], begun: list[int]) -> None:
    """So many have begun after one was asked, after 300 more, and one, two, three seconds on."""
    line = Line(FOLLOWING)
    line.bucket.follow(limits, 0.0)
    counts = []
    line.ask()
    counts.append(len(line.begun))
    for _ in range(300):
        line.ask()
    counts.append(len(line.begun))
    for _ in range(3):
        line.advance(1.0)
        counts.append(len(line.begun))
    assert counts[:2] == begun[:2]
    assert counts[2:] == [pytest.approx(count, abs=1) for count in begun[2:]]


def test_nothing_left_holds_until_its_end() -> None:
    """An answer that was under way when the server said stop does not lift it."""
    bucket = RateLimit(FOLLOWING, 0.0)
    bucket.follow([ServerLimit(0, 10)], 0.0)
    bucket.follow([ServerLimit(40, 60)], 1.0)
    assert bucket.estimate(1.0) == pytest.approx(9.0, abs=0.1)
    bucket.follow([ServerLimit(0, 20)], 2.0)
    assert bucket.estimate(2.0) == pytest.approx(20.0, abs=0.1)


def test_a_later_answer_replaces_a_slow_rate() -> None:
    """What the server says last is what holds, in both directions."""
    bucket = RateLimit(replace(FOLLOWING, burst=1.0), 0.0)
    bucket.follow([ServerLimit(11, 10)], 0.0)
    assert [bucket.ask(0.0), bucket.estimate(0.0)] == ["admit", pytest.approx(1.0)]
    bucket.follow([ServerLimit(100, 10)], 0.0)
    assert bucket.estimate(0.0) == pytest.approx(0.1)


def test_no_server_can_stop_a_client_for_long() -> None:
    """A window of a year is believed for a minute; then the next answer has to say so again."""
    bucket = RateLimit(FOLLOWING, 0.0)
    bucket.follow([ServerLimit(0, 365 * 86400)], 0.0)
    assert bucket.estimate(0.0) == pytest.approx(LONGEST_PAUSE, abs=0.1)


def test_only_who_follows_is_slowed() -> None:
    """follow_server = false: what a response says is no business of the bucket."""
    bucket = RateLimit(replace(FOLLOWING, follow_server=False), 0.0)
    bucket.follow([ServerLimit(0, 10)], 0.0)
    assert bucket.ask(0.0) == "admit"


def test_an_edit_can_stop_following() -> None:
    """Switched off, the bucket has its own rate again at once."""
    line = Line(FOLLOWING)
    line.bucket.follow([ServerLimit(0, 30)], 0.0)
    line.ask()
    line.retune(replace(FOLLOWING, follow_server=False))
    line.advance(0.1)
    assert len(line.begun) == 1


def test_what_has_come_in_counts_before_the_server_does() -> None:
    """The tokens of the time until the answer are at hand when it says how many may be used."""
    bucket = RateLimit(replace(FOLLOWING, on_limit="fail"), 0.0)
    assert admitted(bucket, 0.0, 100) == 50
    bucket.follow([ServerLimit(10, 10)], 1.0)
    assert admitted(bucket, 1.0) == 10


def test_a_wait_can_outlast_the_slow_time() -> None:
    """One token in ten slow seconds, the next at the own rate after them."""
    bucket = RateLimit(replace(FOLLOWING, burst=1.0), 0.0)
    bucket.follow([ServerLimit(2, 10)], 0.0)
    assert [bucket.ask(0.0), bucket.ask(0.0)] == ["admit", "wait"]
    assert bucket.next_turn(0.0) == pytest.approx(10.0)
    assert bucket.estimate(0.0) == pytest.approx(10.02)


def test_the_longest_pause_is_a_minute() -> None:
    """As long as retry_after.max."""
    assert LONGEST_PAUSE == 60
