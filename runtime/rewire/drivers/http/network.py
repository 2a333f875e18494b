"""TCP and TLS under the HTTP engine, on asyncio's own transports.

httpcore2's own backend reads through anyio, which can hold bytes back where nobody sees them, and
it closes in steps, between which a cancelled task is lost. Here every byte that has come and was
not asked for lies in one buffer, so that a connection with anything left over is never used again;
and closing is one step, which nothing can interrupt. What a stream is good for is told to the pool
by the one question that it asks of an idle connection: whether it is readable. How connections are
pooled, and what HTTP is, is not known here (:mod:`rewire.drivers.http.engine`).
"""

from __future__ import annotations

import asyncio
import select
import time
from collections import defaultdict
from contextlib import contextmanager
from math import inf
from typing import TYPE_CHECKING, Any

import httpcore2

from rewire.drivers.http.conduit import Conduit
from rewire.drivers.http.dial import first_connected

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator

__all__ = ["SELF", "Backend", "Stream"]

SELF = "rewire.stream"
"""What to ask of `get_extra_info` to get the :class:`Stream` under whatever wraps it."""

# What a response may send before its head is complete: h11 takes heads of up to 100 KiB, and one
# read brings up to 64 KiB of a body with it. Interim responses (1xx) count, too.
BEFORE_HEAD = 256 * 1024


class Stream(httpcore2.AsyncNetworkStream):
    """One connection. Once anything went wrong on it, it is spoilt, and the pool drops it."""

    def __init__(self, wire: Conduit) -> None:
        self._wire = wire
        self._closed = False
        self._left = inf
        self.spoilt = False
        self.ready_until: float | None = None
        """Set while it is parked: its TLS is done already."""

    def expect_head(self) -> None:
        """Bound what may be read before `expect_body` is called."""
        self._left = BEFORE_HEAD

    def expect_body(self) -> None:
        """Let any number of bytes come: the head of the response is there."""
        self._left = inf

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next, at most so many bytes; nothing at the end."""
        wire = self._wire
        if not wire.came and not wire.ended:
            await self._wait(wire.arrival(timeout), httpcore2.ReadTimeout)
        if not wire.came and (wire.failure is not None or self._closed):
            self.spoilt = True
            message = str(wire.failure or "the connection is closed")
            raise httpcore2.ReadError(message) from wire.failure
        data = wire.take(max_bytes)
        self._left -= len(data)
        if self._left < 0:
            self.spoilt = True
            raise httpcore2.RemoteProtocolError(
                f"more than {BEFORE_HEAD // 1024} KiB came before the head of the response ended"
            )
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send, and wait until the system has taken everything."""
        if not buffer:
            return
        wire = self._wire
        if not wire.lost and not self._closed:
            await self._wait(wire.sent(buffer, timeout), httpcore2.WriteTimeout)
        if wire.lost or self._closed:
            self.spoilt = True
            message = str(wire.failure or "the connection is closed")
            raise httpcore2.WriteError(message) from wire.failure

    async def _wait(self, what: Any, late: type[httpcore2.TimeoutException]) -> None:
        try:
            in_time = await what
        except BaseException:  # cancelled: whatever comes now is nobody's
            self.spoilt = True
            raise
        if not in_time:
            self.spoilt = True
            raise late

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> Stream:
        """Speak TLS from now on; a parked connection does so already."""
        if self.ready_until is not None:
            self.ready_until = None
            return self
        try:
            with _translated():
                async with asyncio.timeout(timeout):
                    await self._wire.secure(ssl_context, server_hostname)
        except BaseException:
            self.abort()
            raise
        return self

    def abort(self) -> None:
        """Close, in one step; what is not sent yet is lost."""
        self._closed = True
        self._wire.transport.abort()

    async def aclose(self) -> None:
        """Close, without any wait: a task that is cancelled while it closes has closed."""
        self.abort()

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection, by httpcore's names."""
        transport = self._wire.transport
        if info == "is_readable":
            return not self.usable
        if info == SELF:
            return self
        if info in {"ssl_object", "socket"}:
            return transport.get_extra_info(info)
        if info in {"client_addr", "server_addr"}:
            kind = "sockname" if info == "client_addr" else "peername"
            return (transport.get_extra_info(kind) or (None,))[:2]
        return None

    @property
    def usable(self) -> bool:
        """Say whether a request may be sent: nothing came that nobody asked for, no end either."""
        wire = self._wire
        parked = self.ready_until is not None
        if self.spoilt or self._closed or wire.ended:
            return False
        if wire.came and not (parked and self._speaks_http2()):
            return False
        if self.ready_until is not None and time.monotonic() >= self.ready_until:
            return False
        # Between the handshake and the first answer a TLS 1.3 server may speak unasked (its
        # session tickets): of a parked connection only the end counts.
        return not _stirs(wire.transport, only_end=self.ready_until is not None)

    def _speaks_http2(self) -> bool:
        """Say whether it is HTTP/2, in which a server speaks first."""
        secured = self._wire.transport.get_extra_info("ssl_object")
        return secured is not None and secured.selected_alpn_protocol() == "h2"


def _stirs(transport: asyncio.Transport, *, only_end: bool) -> bool:
    """Say what the system knows and the event loop, perhaps busy, has not asked yet."""
    descriptor = transport.get_extra_info("socket").fileno()
    if descriptor < 0:
        return True
    events = select.POLLIN
    if only_end and transport.get_extra_info("ssl_object") is not None:
        events = getattr(select, "POLLRDHUP", 0)  # Linux has it
    poll = select.poll()
    poll.register(descriptor, events)
    return bool(poll.poll(0))


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout(str(error)) from error
    except OSError as error:  # those of TLS and of name resolution are OSErrors, too
        raise httpcore2.ConnectError(str(error)) from error


class Backend(httpcore2.AsyncNetworkBackend):
    """Dial TCP, but take a connection that was opened ahead first."""

    def __init__(self) -> None:
        self._parked: defaultdict[tuple[str, int], list[Stream]] = defaultdict(list)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Stream:
        """Open a connection, or take a parked one."""
        stream = self.take(host, port)
        if stream is None:
            stream = await dial(host, port, timeout, local_address, socket_options)
        stream.expect_head()
        return stream

    def take(self, host: str, port: int) -> Stream | None:
        """Return a parked connection to this address, if there is one that can be used."""
        parked = self._parked.get((host, port))
        while parked:
            stream = parked.pop()
            if stream.usable:
                return stream
            stream.abort()
        return None

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    def park(self, host: str, port: int, stream: Stream, keep: float) -> None:
        """Keep a connection for the next request to this address."""
        stream.ready_until = time.monotonic() + keep
        self._parked[host, port].append(stream)

    @property
    def parked(self) -> int:
        """Return how many connections wait for their first request."""
        return sum(map(len, self._parked.values()))

    def close(self) -> None:
        """Close the connections that nobody has taken."""
        streams = [stream for streams in self._parked.values() for stream in streams]
        self._parked.clear()
        for stream in streams:
            stream.abort()


async def dial(
    host: str,
    port: int,
    timeout: float | None = None,
    local_address: str | None = None,
    socket_options: Iterable[Any] | None = None,
) -> Stream:
    """Open a TCP connection."""
    with _translated():
        async with asyncio.timeout(timeout):
            _, wire = await first_connected(Conduit, host, port, local_address)
    for option in socket_options or ():
        wire.transport.get_extra_info("socket").setsockopt(*option)
    return Stream(wire)
