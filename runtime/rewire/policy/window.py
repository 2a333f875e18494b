"""Two counts over the last so many seconds: all, and those of them that are marked.

The window is a ring of slots, not a list of events: a count costs one comparison and one
addition, whatever the load, and memory is constant. The counters only ever grow; each slot
remembers where they stood when it began, and the window is the difference. What is older than
the window is forgotten a slot at a time. The slots begin with the first count.
"""

from __future__ import annotations

from math import inf

__all__ = ["SLOTS", "Window"]

SLOTS = 10


class Window:
    """Count what happened in the last `seconds`, give or take a tenth of them.

    The hot path is written out where it is used, for a call costs as much as the work::

        if now >= window.edge:
            window.turn(now)
        window.total += 1
    """

    __slots__ = ("_at", "_marked", "_total", "_width", "edge", "marked", "marked_base", "total",
                 "total_base")  # fmt: skip

    def __init__(self, seconds: float) -> None:
        self._width = seconds / SLOTS
        self.clear()

    def clear(self) -> None:
        """Forget everything; the slots begin again with the next count."""
        self.edge = -inf
        self.total = self.marked = 0
        self.total_base = self.marked_base = 0
        self._total = [0] * SLOTS
        self._marked = [0] * SLOTS
        self._at = 0

    def turn(self, now: float) -> None:
        """Begin the slot of `now`, which is not before `edge`."""
        if self.edge == -inf:
            self.edge = now + self._width
            return
        # On the grid of the first slot: when somebody looks must make no difference.
        steps = int((now - self.edge) / self._width) + 1
        self.edge += steps * self._width
        for _ in range(min(steps, SLOTS)):
            self._at = (self._at + 1) % SLOTS
            self._total[self._at] = self.total
            self._marked[self._at] = self.marked
        oldest = (self._at + 1) % SLOTS
        self.total_base = self._total[oldest]
        self.marked_base = self._marked[oldest]

    def add(self, now: float, *, marked: bool = False) -> None:
        """Count one."""
        if now >= self.edge:
            self.turn(now)
        self.total += 1
        self.marked += marked

    def counts(self, now: float) -> tuple[int, int]:
        """Return how many were counted within the window, and how many of them marked."""
        if now >= self.edge:
            self.turn(now)
        return self.total - self.total_base, self.marked - self.marked_base
