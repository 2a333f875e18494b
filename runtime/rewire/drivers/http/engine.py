"""The reference HTTP engine: httpcore2's connection pool, over a network of ours.

The network (:mod:`rewire.drivers.http.network`) gives what the pool has no call for: connections
opened ahead, and whether one may be used again. What httpcore2 lets pass and is no HTTP is refused
here: a length beside chunks, interim responses without end, bytes beyond a complete answer. The
engine knows nothing of httpx2; the transport translates its exceptions.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import httpcore2

from rewire.drivers.http.network import SELF, Backend, Stream
from rewire.drivers.http.ways import Pool, Ways
from rewire.ports import EngineRequest, EngineResponse
from rewire.status import PoolStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

__all__ = ["HttpcoreEngine"]


class HttpcoreEngine:
    """An :class:`rewire.ports.HTTPEngine` on httpcore2."""

    def __init__(
        self,
        *,
        ways: Ways,
        max_connections: int,
        max_keepalive: int,
        keepalive_expiry: float,
    ) -> None:
        self._ways = ways
        self._backend = Backend()
        self._expiry = keepalive_expiry
        self._closed = False
        self._pool = Pool(
            ways,
            self._backend,
            max_connections=max_connections,
            max_keepalive_connections=max_keepalive,
            keepalive_expiry=keepalive_expiry,
        )

    async def request(self, request: EngineRequest) -> EngineResponse:
        """Send a request through the pool and return the head of its response."""
        request = self._ways.forwarded(request)
        response = await self._answered(
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
        answer = _Answer(response)
        if _ambiguous(response.headers):
            await answer.close()
            raise httpcore2.RemoteProtocolError(
                "the response has both a content-length and a transfer-encoding"
            )
        stream = cast("AsyncIterable[bytes]", response.stream)  # httpcore2 types both kinds
        return EngineResponse(
            response.status,
            response.headers,
            _of_http2(stream) if _is_http2(response) else stream,
            answer.close,
            response.extensions,
        )

    async def _answered(self, request: httpcore2.Request) -> httpcore2.Response:
        try:
            return await self._pool.handle_async_request(request)
        except httpcore2.LocalProtocolError as error:
            said = type(error.args[0]).__module__ if error.args else ""
            if said == "h2.exceptions":
                # httpcore2 wraps what h2 says of the peer as if it were a fault of ours.
                raise httpcore2.RemoteProtocolError(str(error)) from error
            raise

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
        if keep and self._backend.parked:
            return
        stream, host, port = await self._ways.open(scheme, host, port, timeout)
        if keep and not self._closed:
            self._backend.park(host, port, stream, max(self._expiry, timeout))
        else:
            stream.abort()

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
        self._backend.close()
        await self._pool.aclose()
        await asyncio.sleep(0)  # asyncio closes sockets in the loop's next step

    def __repr__(self) -> str:
        return f"<HttpcoreEngine {self.pool()!r}>"


class _Answer:
    """A response of the pool, until it is closed; one that is dropped open is closed."""

    __slots__ = ("_loop", "_open", "_response", "_stream")

    def __init__(self, response: httpcore2.Response) -> None:
        self._response = response
        self._open = True
        self._loop = asyncio.get_running_loop()
        self._stream: Stream | None = response.extensions["network_stream"].get_extra_info(SELF)
        if self._stream is not None:
            self._stream.expect_body()
        if _is_http2(response):
            self._stream = None  # answers share the connection: none of them has an end of its own

    async def close(self) -> None:
        """Give the connection back to the pool, unless anything is left over on it."""
        if not self._open:
            return
        self._open = False
        stream = self._stream
        if stream is not None:
            if _left_over(self._response):
                stream.spoilt = True
            stream.expect_head()
        await self._response.aclose()

    def __del__(self) -> None:
        # Dropped without a close, perhaps in another thread: the pool would miss the connection.
        if self._open:
            with suppress(RuntimeError):  # the loop is closed, and all its connections are
                self._loop.call_soon_threadsafe(_shut, self._response)


def _shut(response: httpcore2.Response) -> None:
    # One step long, for our network closes without waiting.
    asyncio.ensure_future(response.aclose())  # noqa: RUF006


def _is_http2(response: httpcore2.Response) -> bool:
    return response.extensions.get("http_version") == b"HTTP/2"


async def _of_http2(stream: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield a body; what h2 says of the peer is an exception of httpcore's."""
    from h2.exceptions import H2Error  # noqa: PLC0415  (an extra)

    try:
        async for chunk in stream:
            yield chunk
    except H2Error as error:
        raise httpcore2.RemoteProtocolError(str(error) or type(error).__name__) from error


def _ambiguous(headers: list[tuple[bytes, bytes]]) -> bool:
    """Say whether a response has two ends: RFC 9112 section 6.3, point 3; a way to smuggle."""
    names = {name.lower() for name, _ in headers}
    return b"transfer-encoding" in names and b"content-length" in names


def _left_over(response: httpcore2.Response) -> bool:
    """Say whether bytes came beyond a complete answer.

    They lie in h11's buffer, to which httpcore2 has no public way, and it would read them as the
    answer to the next request of the connection.
    """
    connection: Any = response.stream._stream._connection  # type: ignore[union-attr]  # noqa: SLF001
    h11 = getattr(connection, "_h11_state", None)
    return h11 is not None and bool(h11.trailing_data[0])
