"""The reference HTTP engine: httpcore2's connection pool, with a network backend of ours.

The backend gives what the pool has no call for: a connection that is opened ahead of the first
request (the warm-up) is parked here, and handed to the pool when it asks for one. The engine
knows nothing of httpx2; the transport translates its exceptions.
"""

from __future__ import annotations

import select
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import httpcore2

from rewire.ports import EngineRequest, EngineResponse
from rewire.status import PoolStatus

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterable, Callable, Iterable

__all__ = ["HttpcoreEngine"]


class _Parked(httpcore2.AsyncNetworkStream):
    """A connection opened ahead; its TLS is already done when the pool asks for it."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, expires: float) -> None:
        self._stream = stream
        self.expires = expires

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002
        server_hostname: str | None = None,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        return self

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    @property
    def usable(self) -> bool:
        """Say whether the peer has not closed, and the time is not over."""
        return time.monotonic() < self.expires and not self._closed_by_peer()

    def _closed_by_peer(self) -> bool:
        readable = bool(self._stream.get_extra_info("is_readable"))
        if not readable or not hasattr(select, "POLLRDHUP"):
            return readable
        # A TLS 1.3 server speaks first (its session tickets), so readable is not yet closed.
        poll = select.poll()
        poll.register(self._stream.get_extra_info("socket").fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))


class _Backend(httpcore2.AsyncNetworkBackend):
    """Dial TCP as httpcore2 does, but take a parked connection first."""

    def __init__(self) -> None:
        self._dialer = httpcore2.AnyIOBackend()
        self._parked: defaultdict[tuple[str, int], list[_Parked]] = defaultdict(list)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        parked = self._parked.get((host, port))
        while parked:
            stream = parked.pop()
            if stream.usable:
                return stream
            await stream.aclose()
        return await self._dialer.connect_tcp(host, port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._dialer.sleep(seconds)

    def park(self, host: str, port: int, stream: httpcore2.AsyncNetworkStream, keep: float) -> None:
        self._parked[host, port].append(_Parked(stream, time.monotonic() + keep))

    @property
    def parked(self) -> int:
        return sum(map(len, self._parked.values()))

    async def aclose(self) -> None:
        streams = [stream for streams in self._parked.values() for stream in streams]
        self._parked.clear()
        for stream in streams:
            await stream.aclose()


class HttpcoreEngine:
    """An :class:`rewire.ports.HTTPEngine` on httpcore2."""

    def __init__(
        self,
        *,
        tls: Callable[[], ssl.SSLContext] | None,
        max_connections: int,
        max_keepalive: int,
        keepalive_expiry: float,
    ) -> None:
        self._tls = tls
        self._backend = _Backend()
        self._expiry = keepalive_expiry
        self._closed = False
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls() if tls else None,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive,
            keepalive_expiry=keepalive_expiry,
            network_backend=self._backend,
        )

    async def request(self, request: EngineRequest) -> EngineResponse:
        """Send a request through the pool and return the head of its response."""
        response = await self._pool.handle_async_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=request.scheme,
                    host=request.host,
                    port=request.port,
                    target=request.target,
                ),
                headers=request.headers,
                content=request.body,
                extensions={**request.extensions, "timeout": request.timeout},
            )
        )
        return EngineResponse(
            response.status,
            response.headers,
            cast("AsyncIterable[bytes]", response.stream),  # httpcore2 types both kinds
            response.aclose,
            response.extensions,
        )

    async def connect(
        self,
        scheme: bytes,
        host: str,
        port: int,
        *,
        timeout: float,
        keep: bool,
    ) -> None:
        """Open one connection, TLS included; park it for the next request, or close it."""
        dialer = self._backend if keep else httpcore2.AnyIOBackend()
        if keep and self._backend.parked:
            return
        stream = await dialer.connect_tcp(host, port, timeout)
        if scheme == b"https" and self._tls is not None:
            context = self._tls()
            context.set_alpn_protocols(["http/1.1"])
            try:
                stream = await stream.start_tls(context, server_hostname=host, timeout=timeout)
            except BaseException:
                await stream.aclose()  # httpcore2 closes it for an Exception, not for a cancel
                raise
        if keep and not self._closed:
            self._backend.park(host, port, stream, max(self._expiry, timeout))
        else:
            await stream.aclose()

    def retune(self, *, max_connections: int, max_keepalive: int, keepalive_expiry: float) -> None:
        """Change the pool's limits in place.

        httpcore2 reads these attributes at each request and has no public way to set them;
        making a new pool instead would close connections for a change of a number.
        """
        self._expiry = keepalive_expiry
        self._pool._max_connections = max_connections  # noqa: SLF001
        self._pool._max_keepalive_connections = min(max_connections, max_keepalive)  # noqa: SLF001
        self._pool._keepalive_expiry = keepalive_expiry  # noqa: SLF001

    async def trim(self) -> None:
        """Let waiters see a raised limit, and close what a lowered one leaves idle."""
        closing = self._pool._assign_requests_to_connections()  # noqa: SLF001
        await self._pool._close_connections(closing)  # noqa: SLF001

    def pool(self) -> PoolStatus:
        """Return the numbers of open, idle and awaited connections."""
        connections = self._pool.connections
        waiting = sum(request.is_queued() for request in self._pool._requests)  # noqa: SLF001
        idle = sum(connection.is_idle() for connection in connections) + self._backend.parked
        return PoolStatus(open=len(connections) + self._backend.parked, idle=idle, waiting=waiting)

    async def aclose(self) -> None:
        """Close every connection, parked ones too; one that is still being opened closes itself."""
        self._closed = True
        await self._backend.aclose()
        await self._pool.aclose()

    def __repr__(self) -> str:
        return f"<HttpcoreEngine {self.pool()!r}>"
