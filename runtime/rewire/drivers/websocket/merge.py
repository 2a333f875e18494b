"""Putting overlapping feeds together: in order, nothing twice, nothing left out.

During a hand-over two sockets carry the same numbered feed, not in step. A feed's own numbers
ascend, but need not be contiguous. A message is let go when nothing that belongs before it can
still come: its number follows the last one, or every older feed has reached it or has ended.
So a gap that never closes holds messages back until the older feed ends, and no longer.
Pure: who calls, and when a feed ends, is :mod:`rewire.drivers.websocket.hub`'s business.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["Merge"]

M = TypeVar("M")


@dataclass(slots=True)
class _Feed(Generic[M]):
    held: deque[tuple[int | None, M]] = field(default_factory=deque)
    first: int | None = None
    reached: int | None = None
    ended: bool = False

    def note(self, number: int) -> None:
        """Take note of a number that this feed has come to."""
        if self.first is None:
            self.first = number
        if self.reached is None or number > self.reached:
            self.reached = number

    def passed(self, number: int) -> bool:
        """Say whether nothing below ``number`` can come from this feed any more."""
        return self.ended or (self.reached is not None and self.reached >= number)


class Merge(Generic[M]):
    """The feeds of one client, the oldest first, and the last number that was let go.

    A feed that is alone is passed on as it is; whatever a server does with its numbers then (it
    may start again at 1 after a reconnect) is the application's to see. A message without a
    number keeps its place behind those of its own feed.
    """

    def __init__(self) -> None:
        self._feeds: dict[Hashable, _Feed[M]] = {}
        self._last: int | None = None
        self._catching_up = False

    def open(self, feed: Hashable) -> None:
        """Let a feed join: the newest. What it repeats is left out until it is abreast."""
        self._feeds[feed] = _Feed()
        self._catching_up = self._last is not None or len(self._feeds) > 1

    def push(self, feed: Hashable, number: int | None, message: M) -> list[M]:
        """Take a message of a feed; return what can be let go now, in order.

        What a feed brings after its end is past ordering, and is let go at once.
        """
        source = self._feeds.get(feed)
        if source is None:
            return [message]
        if number is not None:
            source.note(number)
        if len(self._feeds) == 1 and not self._catching_up:
            self._last = self._last if number is None else number
            return [message]
        source.held.append((number, message))
        return self._let_go()

    def close(self, feed: Hashable) -> list[M]:
        """Let a feed end; return what waited for it. A feed that is not there ends in peace."""
        source = self._feeds.get(feed)
        if source is None:
            return []
        source.ended = True
        return self._let_go()

    def forget(self) -> None:
        """Forget the last number: what comes next follows nothing."""
        self._last = None

    @property
    def behind(self) -> bool:
        """Say whether the newest feed may still repeat what is known."""
        return self._catching_up

    def settle(self) -> bool:
        """End the catching up of a feed that is alone; say whether it was still behind."""
        if len(self._feeds) > 1 or not self._catching_up:
            return False
        self._catching_up = False
        return True

    def abreast(self, feed: Hashable) -> bool:
        """Say whether all that came before this feed's first message has been let go."""
        source = self._feeds.get(feed)
        if source is None or source.first is None or self._last is None:
            return False
        return self._last >= source.first - 1

    def held(self, feed: Hashable) -> int:
        """Return how many messages of a feed wait for an older one."""
        source = self._feeds.get(feed)
        return len(source.held) if source is not None else 0

    def _let_go(self) -> list[M]:
        released: list[M] = []
        while (source := self._next()) is not None:
            number, message = source.held.popleft()
            if number is not None:
                if self._seen(number):
                    continue
                self._last = number
            released.append(message)
        self._forget()
        return released

    def _next(self) -> _Feed[M] | None:
        """Return the feed whose first held message is the next one, if nothing belongs before."""
        feeds = list(self._feeds.values())
        lowest: tuple[int, int] | None = None
        for place, feed in enumerate(feeds):
            if not feed.held:
                continue
            number = feed.held[0][0]
            if number is None or self._seen(number):
                return feed
            if lowest is None or number < lowest[0]:
                lowest = (number, place)
        if lowest is None:
            return None
        number, place = lowest
        follows = self._last is not None and number == self._last + 1
        if follows or all(older.passed(number) for older in feeds[:place]):
            return feeds[place]
        return None

    def _seen(self, number: int) -> bool:
        return self._last is not None and number <= self._last

    def _forget(self) -> None:
        for key in [key for key, feed in self._feeds.items() if feed.ended and not feed.held]:
            del self._feeds[key]
        if len(self._feeds) == 1:
            (feed,) = self._feeds.values()
            behind = self._last is not None and not feed.passed(self._last)
            self._catching_up = self._catching_up and behind
