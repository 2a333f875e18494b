"""Every request ends in exactly one column, and the right one."""

from __future__ import annotations

import pytest

from rewire.demo.ledger import Fate, Ledger
from rewire.demo.tally import Column, Tally, blame, judge
from rewire.errors import (
    ClientDisabledError,
    ClientHeldBackError,
    ClientRemovedError,
    DrainCutError,
)


@pytest.mark.parametrize(
    ("status", "fate", "column"),
    [
        (200, Fate.ANSWERED, "served"),
        (307, Fate.ANSWERED, "served"),
        (401, Fate.ANSWERED, "refused"),
        (503, Fate.SPOILT, "upstream"),
        (503, Fate.ANSWERED, "refused"),
    ],
)
def test_an_answer_is_judged_by_status_and_by_what_the_upstream_says(
    status: int, fate: Fate, column: Column
) -> None:
    """A 503 is the upstream's failure only where the upstream owns up to it."""
    assert judge(status, fate) == column


@pytest.mark.parametrize(
    ("error", "fate", "timeout", "column"),
    [
        (ClientRemovedError("x"), Fate.UNSEEN, False, "refused"),
        (ClientDisabledError("x"), Fate.UNSEEN, False, "refused"),
        (ClientHeldBackError("x", "SecretMissing", ""), Fate.UNSEEN, False, "refused"),
        (OSError("cut"), Fate.SPOILT, False, "upstream"),
        (OSError("late"), Fate.WORKING, True, "refused"),
        (OSError("late"), Fate.ANSWERED, True, "lost"),
        (OSError("late"), Fate.UNSEEN, True, "lost"),
        (OSError("cut"), Fate.WORKING, False, "lost"),
        (OSError("cut"), Fate.UNSEEN, False, "lost"),
        (DrainCutError("x", 1, 30.0), Fate.WORKING, False, "lost"),
    ],
)
def test_a_failure_is_lost_unless_upstream_or_file_answer_for_it(
    error: Exception, fate: Fate, timeout: bool, column: Column
) -> None:
    """What nobody owns up to is lost."""
    assert blame(error, fate, timeout=timeout) == column


def numbers_of(*numbers: int) -> Tally:
    """Count messages with these numbers."""
    tally = Tally()
    for number in numbers:
        tally.message(number, "feed-a")
    return tally


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ((), 0),
        ((7, 8, 9), 0),
        ((1, 2, 5), 2),
        ((1, 2, 2, 3), 1),
        ((1, 3, 2, 4), 2),
    ],
)
def test_messages_are_counted_by_their_numbers(numbers: tuple[int, ...], lost: int) -> None:
    """A gap loses what is in it; a message that comes again or too late is lost order."""
    tally = numbers_of(*numbers)
    assert (tally.counts["served"], tally.counts["lost"]) == (len(numbers), lost)
    assert sum(tally.losses.values()) == lost


def test_after_a_refusal_the_numbers_start_where_they_are() -> None:
    """While the file says "no client" there is nothing to miss."""
    tally = numbers_of(1, 2)
    tally.start_over()
    tally.message(50, "feed-b")
    assert not tally.counts["lost"]


def test_the_newest_word_is_kept_and_what_went_wrong_is_counted_by_word() -> None:
    """The table shows the first, the summary the others."""
    tally = Tally()
    for column, word in (("lost", "ReadError"), ("refused", "401"), ("served", "blue")):
        tally.add(column, word)  # type: ignore[arg-type]
    assert (tally.newest, dict(tally.losses), dict(tally.refusals)) == (
        "blue",
        {"ReadError": 1},
        {"401": 1},
    )


def test_the_ledger_forgets_what_is_settled() -> None:
    """A note that comes too late, or from a stranger, changes nothing."""
    ledger = Ledger()
    number = ledger.open()
    ledger.note(number, Fate.SPOILT)
    assert ledger.settle(number) is Fate.SPOILT
    ledger.note(number, Fate.ANSWERED)
    ledger.note("99", Fate.ANSWERED)
    ledger.note(None, Fate.ANSWERED)
    assert len(ledger) == 0
    assert ledger.settle(number) is Fate.UNSEEN
