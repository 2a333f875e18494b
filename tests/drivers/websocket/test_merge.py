"""Merging overlapping feeds: in order, nothing twice, nothing left out, in any interleaving."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rewire.drivers.websocket.merge import Merge


@st.composite
def interleavings(
    draw: st.DrawFn, *, sparse: bool = False
) -> tuple[list[int], list[list[int]], list[int]]:
    """Draw a feed, two to four windows on it that overlap, and an order of their messages.

    A step of the order is the place of the feed whose next message comes. A feed joins when its
    first message comes, at the earliest after the one before it has joined.
    """
    length = draw(st.integers(4, 40))
    feed = list(range(1, length + 1))
    if sparse:
        steps = draw(st.lists(st.integers(1, 5), min_size=length, max_size=length))
        feed = [sum(steps[: i + 1]) for i in range(length)]
    count = draw(st.integers(2, 4))
    windows = [feed[: draw(st.integers(1, length))]]
    begin = 0
    for place in range(1, count):
        # The older one is only let go when nothing before the newer one's first is missing.
        begin = draw(st.integers(begin, len_of(windows[:place], feed)))
        begin = min(begin, length - 1)
        end = length if place == count - 1 else draw(st.integers(begin + 1, length))
        windows.append(feed[begin:end])
    order = draw(st.permutations([i for i, window in enumerate(windows) for _ in window]))
    return feed, windows, list(order)


def len_of(windows: list[list[int]], feed: list[int]) -> int:
    """Return how far the windows so far reach without a hole."""
    return feed.index(max(max(window) for window in windows)) + 1


def play(windows: list[list[int]], order: list[int]) -> list[int]:
    """Give the messages to a Merge in an order; a feed ends once all of it has come."""
    merge: Merge[int] = Merge()
    iterators = [iter(window) for window in windows]
    left = [len(window) for window in windows]
    for place in range(len(windows)):
        merge.open(place)
    out: list[int] = []
    for place in order:
        number = next(iterators[place])
        out += merge.push(place, number, number)
        left[place] -= 1
        if left[place] == 0 and place < len(windows) - 1:
            out += merge.close(place)
    return out


@given(interleavings())
def test_overlapping_feeds_come_out_contiguous_in_order_and_once(case: Any) -> None:
    """Of two to four windows on a numbered feed, in any interleaving, comes the feed."""
    feed, windows, order = case
    assert play(windows, order) == feed


@given(interleavings(sparse=True))
def test_a_feed_with_holes_of_its_own_comes_out_as_it_is(case: Any) -> None:
    """Numbers need not be contiguous: what no feed has is waited for no longer than it must be."""
    feed, windows, order = case
    assert play(windows, order) == feed


@given(st.lists(st.integers(-5, 5) | st.none()))
def test_a_feed_that_is_alone_passes_as_it_is(numbers: list[int | None]) -> None:
    """Without a hand-over nothing is held, dropped or reordered, whatever the numbers do."""
    merge: Merge[int] = Merge()
    merge.open("only")
    out = [merge.push("only", number, place) for place, number in enumerate(numbers)]
    assert out == [[place] for place in range(len(numbers))]


def test_a_gap_that_never_closes_holds_back_until_the_older_feed_ends() -> None:
    """What waits for a missing number is let go, in order, when nothing can fill the gap."""
    merge: Merge[int] = Merge()
    merge.open("old")
    assert merge.push("old", 5, 5) == [5]
    merge.open("new")
    assert merge.push("new", 9, 9) == []
    assert merge.push("new", 10, 10) == []
    assert not merge.abreast("new")
    assert merge.held("new") == 2
    assert merge.push("old", 6, 6) == [6]
    assert merge.close("old") == [9, 10]
    assert merge.push("new", 11, 11) == [11]


def test_a_feed_is_abreast_once_nothing_before_its_first_message_is_missing() -> None:
    """The older socket may be closed only then."""
    merge: Merge[int] = Merge()
    merge.open("old")
    merge.push("old", 1, 1)
    merge.open("new")
    assert not merge.abreast("new")
    merge.push("new", 3, 3)
    assert not merge.abreast("new")
    assert merge.push("old", 2, 2) == [2, 3]
    assert merge.abreast("new")


def test_a_message_without_a_number_keeps_its_place_in_its_own_feed() -> None:
    """It is let go at once, unless numbered ones before it in its feed are held."""
    merge: Merge[str] = Merge()
    merge.open("old")
    merge.open("new")
    assert merge.push("new", None, "hello") == ["hello"]
    merge.push("old", 1, "1")
    assert merge.push("new", None, "welcome") == ["welcome"]
    assert merge.push("new", 4, "4") == []
    assert merge.push("new", None, "after 4") == []
    assert merge.push("old", None, "beat") == ["beat"]
    assert merge.close("old") == ["4", "after 4"]


def test_a_lagging_feed_repeats_nothing_after_the_older_one_has_ended() -> None:
    """What the older feed has brought is left out until the newer one has caught up."""
    merge: Merge[int] = Merge()
    merge.open("old")
    for number in range(1, 6):
        merge.push("old", number, number)
    merge.open("new")
    merge.close("old")
    assert merge.behind
    assert [merge.push("new", number, number) for number in (3, 4, 5, 6)] == [[], [], [], [6]]
    assert not merge.behind
    assert merge.push("new", 1, 1) == [1]


def test_settling_ends_the_catching_up() -> None:
    """A feed with numbers of its own is swallowed for a while, never for ever."""
    merge: Merge[int] = Merge()
    merge.open("old")
    merge.push("old", 1000, 1000)
    merge.open("new")
    assert not merge.settle()
    merge.close("old")
    assert merge.push("new", 1, 1) == []
    assert merge.settle()
    assert merge.push("new", 2, 2) == [2]
    assert not merge.settle()


def test_what_comes_after_the_end_of_a_feed_is_not_lost() -> None:
    """A message of a feed that has ended, or was never there, passes."""
    merge: Merge[int] = Merge()
    merge.open("old")
    merge.close("old")
    assert merge.push("old", 1, 1) == [1]
    assert merge.close("old") == []
