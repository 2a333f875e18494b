"""Messages that have come in and are not read yet: one bounded queue for each consumer.

A consumer is an open subscription (``async for``, ``subscribe()``); each gets every message.
While there is none, messages stay in the resting queue, which ``recv()`` reads: the first
subscription takes over what rests there, the last one to leave puts back what it has not read.
So nothing is lost between two loops, and nothing piles up where nobody reads.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rewire.drivers.websocket.bell import Bell
from rewire.errors import QueueFullError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.manifest.specs.websocket import InboundConfig

__all__ = ["Data", "Inbox", "Queue"]

Data = str | bytes


class Queue:
    """The messages of one consumer; ``hole`` says that some were refused after these."""

    __slots__ = ("_bell", "hole", "items", "waiting")

    def __init__(self) -> None:
        self.items: deque[Data] = deque()
        self.hole = False
        self.waiting = 0
        self._bell = Bell()

    def wake(self) -> None:
        """Let whoever reads this queue look again."""
        self._bell.ring()

    async def until(self, look: Callable[[], Data | None]) -> Data:
        """Wait until ``look`` finds a message."""
        self.waiting += 1
        try:
            return await self._bell.until(look)
        finally:
            self.waiting -= 1


class Inbox:
    """The queues of one client, and what happens when one is full."""

    def __init__(self, client: str, settings: Callable[[], InboundConfig]) -> None:
        self.room = Bell()
        self._client = client
        self._settings = settings
        self._resting = Queue()
        self._subscribed: list[Queue] = []

    # ── the side of the sockets ──────────────────────────────────────────────────────────────

    @property
    def full(self) -> bool:
        """Say whether a consumer has to read before the next message may be taken in."""
        settings = self._settings()
        if settings.overflow != "block":
            return False
        return any(len(queue.items) >= settings.max_queue for queue in self._open())

    def put(self, message: Data) -> None:
        """Give a message to every consumer, now: with ``block`` it is asked for room before."""
        settings = self._settings()
        for queue in self._receivers():
            if settings.overflow != "block" and len(queue.items) >= settings.max_queue:
                if settings.overflow == "error":
                    queue.hole = True
                else:
                    while len(queue.items) >= settings.max_queue:
                        queue.items.popleft()
            if not queue.hole:
                queue.items.append(message)
            queue.wake()

    def wake(self) -> None:
        """Let every consumer, and whoever waits for room, look again."""
        self._resting.wake()
        for queue in self._subscribed:
            queue.wake()
        self.room.ring()

    def _open(self) -> list[Queue]:
        return self._subscribed or [self._resting]

    def _receivers(self) -> list[Queue]:
        # recv() beside subscriptions takes the next message, and keeps no queue of its own that
        # would fill up, and block everybody, once nobody calls it any more.
        resting = self._resting
        if self._subscribed and len(resting.items) < resting.waiting:
            return [*self._subscribed, resting]
        return self._open()

    # ── the side of the consumers ────────────────────────────────────────────────────────────

    def join(self) -> Queue:
        """Open a subscription."""
        queue = Queue()
        if not self._subscribed:
            queue.items, self._resting.items = self._resting.items, queue.items
            queue.hole, self._resting.hole = self._resting.hole, False
        self._subscribed.append(queue)
        return queue

    def leave(self, queue: Queue) -> None:
        """Close a subscription; any further time does nothing."""
        if queue not in self._subscribed:
            return
        self._subscribed.remove(queue)
        if not self._subscribed:
            self._resting.items.extend(queue.items)
            self._resting.hole = queue.hole
            self._resting.wake()
        self.room.ring()

    async def get(self, queue: Queue | None, check: Callable[[], None]) -> Data:
        """Return the next message of a subscription, or of ``recv()``'s queue.

        ``check`` is asked before every wait, and raises why nothing can come.
        """
        source = queue or self._resting

        def look() -> Data | None:
            if source.items:
                return self._taken(source)
            if source.hole:
                source.hole = False
                raise QueueFullError(self._client, "inbound", self._settings().max_queue)
            check()
            return None

        return await source.until(look)

    def _taken(self, queue: Queue) -> Data:
        message = queue.items.popleft()
        self.room.ring()
        return message
