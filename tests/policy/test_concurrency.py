"""Concurrency and its queue: counts that always add up, and waiters that are never stuck."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.concurrency import ADAPTIVE_MAX, Concurrency, ConcurrencySettings
from rewire.policy.gradient import GradientSettings
from tests.policy.times import series

# A few that differ in everything: to draw each field anew would take longer than the tests.
TABLES = [
    ConcurrencySettings(max=most, queue=queue, mode=mode)
    for most, queue, mode in (
        (1, 8, "fixed"), (2, 0, "fixed"), (3, 3, "fixed"), (8, 1, "fixed"),
        (1, 2, "adaptive"), (4, 8, "adaptive"), (20, 4, "adaptive"),
    )
]  # fmt: skip
tables = st.sampled_from(TABLES)
acts = series(
    st.tuples(
        st.sampled_from(
            [*["ask"] * 9, *["release"] * 6, *["leave"] * 3, *["learn"] * 3, *TABLES[::2]]
        ),
        st.integers(0, 7),
        st.booleans(),
    ),
    40,
)


class Shell:
    """A limit with its line of waiters, driven as the shell drives it."""

    def __init__(self, settings: ConcurrencySettings) -> None:
        self.limit = Concurrency(settings)
        self.running = list[int]()
        self.line = list[int]()
        self.refused = list[int]()
        self.asked = 0
        self.now = 0.0

    def ask(self) -> str:
        """Ask for one call."""
        self.asked += 1
        admission = self.limit.ask()
        {"admit": self.running, "wait": self.line, "refuse": self.refused}[admission].append(
            self.asked
        )
        return admission

    def wake(self, free: int) -> None:
        """Let so many of the line run."""
        self.running += self.line[:free]
        del self.line[:free]

    def act(self, what: str | ConcurrencySettings, which: int, flag: bool) -> None:
        """Do one thing, if it can be done now."""
        self.now += 0.1
        if isinstance(what, ConcurrencySettings):
            self.wake(self.limit.retune(what))
        elif what == "ask":
            self.ask()
        elif what == "release" and self.running:
            self.running.pop(which % len(self.running))
            self.wake(self.limit.release())
        elif what == "leave" and self.line:
            self.line.pop(which % len(self.line))
            self.limit.leave()
        elif what == "learn" and self.running:
            seconds = None if flag else which / 10
            self.wake(self.limit.learn(self.now, seconds, pushed_back=flag))


@given(tables, acts)
def test_the_counts_are_the_calls(
    table: ConcurrencySettings, sequence: list[tuple[str | ConcurrencySettings, int, bool]]
) -> None:
    """In flight and waiting are what the shell holds, and nobody waits while there is room."""
    shell = Shell(table)
    for act in sequence:
        shell.act(*act)
        assert shell.limit.in_flight == len(shell.running)
        assert shell.limit.waiting == len(shell.line)
        assert shell.limit.limit >= 1
        assert not shell.line or len(shell.running) >= shell.limit.limit


@given(tables, acts)
def test_no_call_begins_beyond_the_limit(
    table: ConcurrencySettings, sequence: list[tuple[str | ConcurrencySettings, int, bool]]
) -> None:
    """After whatever lowered it: a call begins only if there are fewer than the limit."""
    shell = Shell(table)
    for act in sequence:
        before, limit = len(shell.running), shell.limit.limit
        shell.act(*act)
        if len(shell.running) > before:
            assert len(shell.running) <= max(limit, shell.limit.limit)


@given(tables, acts)
def test_first_come_first_served_and_none_left_over(
    table: ConcurrencySettings, sequence: list[tuple[str | ConcurrencySettings, int, bool]]
) -> None:
    """A newcomer never overtakes, and once all calls are over nothing is held any more."""
    shell = Shell(table)
    for act in sequence:
        line = shell.line[:]
        shell.act(*act)
        assert shell.line == sorted(shell.line)
        woken = [call for call in line if call in shell.running]
        assert woken == line[: len(woken)]
    while shell.running:
        shell.act("release", 0, False)
    assert shell.line == []
    assert (shell.limit.in_flight, shell.limit.waiting) == (0, 0)


@given(tables, acts)
def test_an_edit_of_the_same_values_changes_nothing(
    table: ConcurrencySettings, sequence: list[tuple[str | ConcurrencySettings, int, bool]]
) -> None:
    """Law 6: a reload that leaves the table as it is leaves limit, line and learning alone."""
    edited, left_alone = Shell(table), Shell(table)
    for act in sequence:
        if isinstance(act[0], str):
            edited.act(replace(table), 0, False)
            left_alone.now += 0.1
            edited.act(*act)
            left_alone.act(*act)
            assert edited.running == left_alone.running
            assert edited.limit.limit == left_alone.limit.limit


def test_admit_wait_refuse() -> None:
    """Two run, three wait, the rest is refused at once."""
    shell = Shell(ConcurrencySettings(max=2, queue=3))
    assert [shell.ask() for _ in range(7)] == ["admit"] * 2 + ["wait"] * 3 + ["refuse"] * 2


def test_waiters_see_the_new_limit() -> None:
    """FAULTS.md 52: a raised limit lets in as many of the line at once."""
    shell = Shell(ConcurrencySettings(max=2, queue=10))
    for _ in range(10):
        shell.ask()
    shell.act(ConcurrencySettings(max=7, queue=10), 0, False)
    assert shell.running == [1, 2, 3, 4, 5, 6, 7]
    shell.act(ConcurrencySettings(max=3, queue=0), 0, False)
    assert (shell.running, shell.line) == ([1, 2, 3, 4, 5, 6, 7], [8, 9, 10])
    assert shell.ask() == "refuse"
    for _ in range(4):
        shell.act("release", 0, False)
    assert shell.line == [8, 9, 10]
    for _ in range(3):
        shell.act("release", 0, False)
    assert shell.running == [8, 9, 10]


def test_a_limit_learns_only_if_it_is_adaptive() -> None:
    """A fixed one stays what it is, whatever the peer does."""
    fixed = Concurrency(ConcurrencySettings())
    for _ in range(100):
        assert fixed.learn(1.0, None, pushed_back=True) == 0
    assert fixed.limit == 100


def test_an_adaptive_limit_starts_small_and_grows() -> None:
    """Ten at first; a raised limit lets one of the line in."""
    shell = Shell(ConcurrencySettings(max=ADAPTIVE_MAX, mode="adaptive"))
    for _ in range(12):
        shell.ask()
    assert len(shell.running) == 10
    shell.wake(shell.limit.learn(0.1, 0.1, pushed_back=False))
    shell.wake(shell.limit.learn(0.3, 0.1, pushed_back=False))
    assert len(shell.running) == 11


@pytest.mark.parametrize("mode", ["fixed", "adaptive"])
def test_a_change_of_the_mode_keeps_the_calls(mode: str) -> None:
    """Only the limit is another one then."""
    shell = Shell(ConcurrencySettings(max=20, queue=20, mode=mode))  # type: ignore[arg-type]
    for _ in range(30):
        shell.ask()
    other = "adaptive" if mode == "fixed" else "fixed"
    shell.act(ConcurrencySettings(max=20, queue=20, mode=other), 0, False)  # type: ignore[arg-type]
    assert len(shell.running) == 20
    assert shell.limit.limit == (10 if other == "adaptive" else 20)
    assert len(shell.running) + len(shell.line) == 30


def grown(settings: ConcurrencySettings) -> Concurrency:
    """Return an adaptive limit that has grown to 12."""
    limit = Concurrency(settings)
    for call in range(13):
        assert limit.ask() == ("admit" if call < 10 else "wait")
    for now in (0.1, 0.3, 0.5):
        limit.learn(now, 0.1, pushed_back=False)
    assert limit.limit == 12
    return limit


def test_an_edit_of_max_keeps_what_an_adaptive_limit_has_learnt() -> None:
    """Lowered it bounds the limit at once, raised again the limit goes on from there."""
    adaptive = ConcurrencySettings(max=ADAPTIVE_MAX, mode="adaptive")
    limit = grown(adaptive)
    limit.retune(replace(adaptive, queue=7))
    assert limit.limit == 12
    limit.retune(replace(adaptive, max=5))
    assert limit.limit == 5
    limit.retune(adaptive)
    assert limit.limit == 5


def test_an_edit_of_its_constants_starts_an_adaptive_limit_afresh() -> None:
    """What was learnt with other constants means nothing, and so after a time with a fixed one."""
    adaptive = ConcurrencySettings(max=ADAPTIVE_MAX, mode="adaptive")
    limit = grown(adaptive)
    limit.retune(replace(adaptive, gradient=GradientSettings(initial=4)))
    assert limit.limit == 4
    limit = grown(adaptive)
    limit.retune(replace(adaptive, mode="fixed"))
    limit.retune(adaptive)
    assert limit.limit == 10


def test_a_call_that_waited_reaches_the_limit_too() -> None:
    """A limit that is only ever reached by those let in from the line grows all the same."""
    limit = Concurrency(ConcurrencySettings(max=ADAPTIVE_MAX, mode="adaptive"))
    admissions = [limit.ask() for _ in range(30)]
    limit.learn(0.1, 0.1, pushed_back=False)
    limit.learn(0.3, 0.1, pushed_back=False)
    assert (admissions.count("admit"), limit.limit) == (10, 11)
    limit.release()
    limit.learn(0.5, 0.1, pushed_back=False)
    assert limit.limit == 12
