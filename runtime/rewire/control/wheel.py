"""Deadlines of many calls on one timer.

``asyncio.timeout`` makes a timer for each call (3.5 µs); most calls end long before it fires. Here
a deadline is an entry in a heap, and the event loop has one timer: for the earliest of them.
"""

from __future__ import annotations

import heapq
from math import inf
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Alarm", "Wheel"]

# Entries that were taken back are dropped together, when they are the larger part.
SPARSE = 256


class Alarm:
    """One deadline; ``callback`` None: it was taken back, or has rung."""

    __slots__ = ("callback", "order", "when")

    def __init__(self, when: float, order: int, callback: Callable[[], object]) -> None:
        self.when = when
        self.order = order
        self.callback: Callable[[], object] | None = callback

    def __lt__(self, other: Alarm) -> bool:
        return (self.when, self.order) < (other.when, other.order)


class Wheel:
    """All deadlines of one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[Alarm] = []
        self._timer: asyncio.TimerHandle | None = None
        self._set_for = inf
        self._order = 0
        self._dead = 0

    def arm(self, when: float, callback: Callable[[], object]) -> Alarm:
        """Call back at ``when`` (the loop's time), unless it is taken back before."""
        self._order += 1
        alarm = Alarm(when, self._order, callback)
        heapq.heappush(self._heap, alarm)
        if when < self._set_for:
            self._set(when)
        return alarm

    def disarm(self, alarm: Alarm) -> None:
        """Take a deadline back; one that has rung or was taken back already is left alone."""
        if alarm.callback is None:
            return
        alarm.callback = None
        self._dead += 1
        if self._dead > SPARSE and self._dead * 2 > len(self._heap):
            self._heap = [kept for kept in self._heap if kept.callback is not None]
            heapq.heapify(self._heap)
            self._dead = 0

    def _set(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._set_for = when
        self._timer = self._loop.call_at(when, self._ring)

    def _ring(self) -> None:
        self._timer, self._set_for = None, inf
        now = self._loop.time()
        heap = self._heap
        while heap and (heap[0].callback is None or heap[0].when <= now):
            alarm = heapq.heappop(heap)
            callback, alarm.callback = alarm.callback, None
            if callback is None:
                self._dead -= 1
            else:
                callback()
            heap = self._heap
        if heap:
            self._set(heap[0].when)

    def end(self) -> None:
        """Stop the timer; nothing rings any more."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._set_for = None, inf
        self._heap.clear()

    def __len__(self) -> int:
        return len(self._heap) - self._dead
