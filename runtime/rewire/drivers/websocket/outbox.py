"""Messages on their way out: in the order of their sends, and a bounded number of them.

A send waits for its turn, then for a socket, and returns when the message has been handed to
it. A message is handed to one socket at most: whether the peer has read what it was given before
a connection broke nobody can know, so nothing is said twice, and what was interrupted is said
to be in doubt (:class:`SendInterruptedError`). That is at-most-once; an application that needs
more has to number and acknowledge.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from websockets.exceptions import ConnectionClosed

from rewire.drivers.websocket.errors import NotConnectedError, SendInterruptedError
from rewire.errors import QueueFullError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.drivers.websocket.bell import Bell
    from rewire.drivers.websocket.dial import Socket
    from rewire.manifest.specs.websocket import OutboundConfig

__all__ = ["Outbox"]


class Outbox:
    """The sends of one client; ``usable`` gives the socket of the moment or None, or raises."""

    def __init__(
        self,
        client: str,
        settings: Callable[[], OutboundConfig],
        usable: Callable[[], Socket | None],
        changed: Bell,
    ) -> None:
        self.waiting = 0
        self._client = client
        self._settings = settings
        self._usable = usable
        self._changed = changed
        self._kept: deque[str | bytes] = deque()
        self._turn = asyncio.Lock()

    async def send(self, message: str | bytes) -> None:
        """Hand a message to the socket, or do what ``when_down`` says while there is none."""
        if self._settled_while_down(message):
            return
        limit = self._settings().max_queue
        if self.waiting >= limit:
            raise QueueFullError(self._client, "outbound", limit)
        self.waiting += 1
        try:
            async with self._turn:
                await self._give_kept()
                await self._give(message)
        finally:
            self.waiting -= 1

    async def flush(self) -> None:
        """Hand over what was kept while the connection was down."""
        if self._kept:
            async with self._turn:
                await self._give_kept()

    def forget(self) -> None:
        """Drop what was kept: its client is gone."""
        self._kept.clear()

    @property
    def kept(self) -> int:
        """Return how many messages are kept for the next connection."""
        return len(self._kept)

    def _settled_while_down(self, message: str | bytes) -> bool:
        """Keep or refuse a message if there is no socket; True: there is nothing more to do."""
        if self._usable() is not None:
            return False
        settings = self._settings()
        if settings.when_down == "fail":
            raise NotConnectedError(self._client)
        if settings.when_down == "wait":
            return False
        while len(self._kept) >= settings.max_queue:
            self._kept.popleft()
        self._kept.append(message)
        return True

    async def _give(self, message: str | bytes) -> None:
        socket = self._usable()
        if socket is None:
            # It was lost while this send waited for its turn, or was down all the time.
            if self._settled_while_down(message):
                return
            socket = await self._changed.until(self._usable)
        # The socket was usable in this step of the event loop, so websockets has written the
        # message before it can raise.
        try:
            await socket.send(message)
        except ConnectionClosed as error:
            raise SendInterruptedError(self._client) from error

    async def _give_kept(self) -> None:
        while self._kept and (socket := self._usable()) is not None:
            message = self._kept.popleft()
            try:
                await socket.send(message)
            except ConnectionClosed:
                return
