"""What asyncio tells of one connection, and the bytes that came until somebody takes them.

Nothing is hidden: whatever has come and was not asked for lies in ``came``. What that means for a
request is not known here (:mod:`rewire.drivers.http.network`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import ssl

__all__ = ["Conduit"]

# Reading stops when so much waits to be taken.
WAITING = 256 * 1024
# asyncio has a deadline of its own for a handshake, a minute; ours is the caller's.
LONGER_THAN_ANYBODY_WAITS = 24 * 3600.0


class Conduit(asyncio.Protocol):
    """What asyncio tells of one connection; the bytes that came, until somebody takes them."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport
        self.came: deque[bytes] = deque()
        self.ended = False
        self.failure: Exception | None = None
        self.lost = False
        self._size = 0
        self._paused = False
        self._full = False
        self._unbroken = 0
        self._reader: asyncio.Future[bool] | None = None
        self._writer: asyncio.Future[bool] | None = None

    # ── asyncio calls ────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note that it is open."""
        self._adopt(cast("asyncio.Transport", transport))

    def _adopt(self, transport: asyncio.Transport) -> None:
        """Go on over this transport; whatever is written waits until the system has taken it."""
        self.transport = transport
        # Not 0: asyncio's TLS takes "nothing waits" for full, then, and every second write hangs.
        transport.set_write_buffer_limits(high=1, low=0)

    def data_received(self, data: bytes) -> None:
        """Keep what came; stop reading when much of it waits."""
        self.came.append(data)
        self._size += len(data)
        if self._size > WAITING and not self._paused:
            self._paused = True
            self.transport.pause_reading()
        _wake(self._reader)

    def eof_received(self) -> bool:
        """Take note that nothing more will come; say whether we may still write."""
        self.ended = True
        _wake(self._reader)
        # TLS knows no half-closed connection.
        return self.transport.get_extra_info("ssl_object") is None

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end, and why."""
        self.ended = self.lost = True
        self.failure = exc
        _wake(self._reader)
        _wake(self._writer)

    def pause_writing(self) -> None:
        """Take note that the system takes no more for now."""
        self._full = True

    def resume_writing(self) -> None:
        """Take note that the system has taken everything."""
        self._full = False
        _wake(self._writer)

    # ── the stream calls ─────────────────────────────────────────────────────────────────────

    async def secure(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        """Speak TLS from now on; whoever calls bounds it."""
        if self.came:
            raise ConnectionError("the peer spoke before TLS began")
        transport = await asyncio.get_running_loop().start_tls(
            self.transport,
            self,
            context,
            server_hostname=server_hostname,
            ssl_handshake_timeout=LONGER_THAN_ANYBODY_WAITS,
        )
        if transport is None:
            raise ConnectionError("the connection was lost before TLS began")
        self._adopt(transport)

    async def arrival(self, timeout: float | None) -> bool:
        """Wait until something has come, or the end; False: it took too long."""
        self._reader = asyncio.get_running_loop().create_future()
        try:
            return await _awaited(self._reader, timeout)
        finally:
            self._reader = None

    def take(self, most: int) -> bytes:
        """Return what has come, up to so many bytes; nothing at the end."""
        if not self.came:
            return b""
        data = self.came.popleft()
        if len(data) > most:
            self.came.appendleft(data[most:])
            data = data[:most]
        self._size -= len(data)
        if self._paused and self._size <= WAITING // 2:
            self._paused = False
            if not self.lost:
                self.transport.resume_reading()
        return data

    async def sent(self, data: bytes, timeout: float | None) -> bool:
        """Write, and wait until the system has taken it; False: it took too long."""
        self.transport.write(data)
        if not self._full:
            self._unbroken += len(data)
            if self._unbroken > WAITING:  # a body from memory must not keep the loop from others
                self._unbroken = 0
                await asyncio.sleep(0)
            return True
        self._unbroken = 0
        self._writer = asyncio.get_running_loop().create_future()
        try:
            return await _awaited(self._writer, timeout)
        finally:
            self._writer = None


def _wake(waiter: asyncio.Future[bool] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(True)


def _give_up(waiter: asyncio.Future[bool]) -> None:
    if not waiter.done():
        waiter.set_result(False)


async def _awaited(waiter: asyncio.Future[bool], timeout: float | None) -> bool:
    if timeout is None:
        return await waiter
    # A timer for one future costs a third of asyncio.timeout, which guards a whole block.
    timer = waiter.get_loop().call_later(timeout, _give_up, waiter)
    try:
        return await waiter
    finally:
        timer.cancel()
