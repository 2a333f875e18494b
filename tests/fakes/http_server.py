"""A real HTTP/1.1 server on a loopback port, written so that a test can see everything.

It keeps every request, counts connections as they open and close, and answers from handlers:
`async def handler(request: Request) -> Response`. It knows nothing of rewire, and bends where a
test needs a fault: a handler that raises `Hangup` cuts the connection, `stop()` cuts them all.
Tests wait for what the server has seen with `await server.until(lambda: ...)`, never by sleeping.
The ready-made endpoints are in `tests/fakes/endpoints.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterable, Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Self
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

HEAD_LIMIT = 1 << 20


@dataclass(slots=True)
class Request:
    """Describe one request; it is listed as soon as its head was read, and filled as it goes on."""

    method: str
    target: str
    headers: dict[str, str]
    connection: int
    body: bytes = b""
    complete: bool = False
    """The body was read to its end."""
    answered: bool = False
    """The response was written to its end."""

    @property
    def path(self) -> str:
        """Return the target's path, percent-decoded."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """Return the target's query; of a repeated name, the last value."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(slots=True)
class Response:
    """Say what to answer; bytes go out with a content-length, an iterator chunked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterable[bytes] = b""


class Hangup(Exception):  # noqa: N818  -- not an error: a handler's way to cut the connection
    """Cut the connection instead of answering, after writing `partial` to it."""

    def __init__(self, partial: bytes = b"") -> None:
        super().__init__(partial)
        self.partial = partial


Handler = Callable[[Request], Awaitable[Response]]


class FakeServer:
    """Serve HTTP/1.1 on 127.0.0.1; use as `async with FakeServer() as server`.

    `routes` maps a path, or `"METHOD /path"`, to its handler; it may change while serving.
    """

    def __init__(
        self,
        name: str = "fake",
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        routes: dict[str, Handler] | None = None,
    ) -> None:
        from tests.fakes.endpoints import endpoints

        self.name = name
        self.requests: list[Request] = []
        self.connections_opened = 0
        self.connections_closed = 0
        self.routes: dict[str, Handler] = endpoints(self) | (routes or {})
        self._port = port
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    def __repr__(self) -> str:
        """Show where it listens and what it saw."""
        return (
            f"<FakeServer {self.name} port={self._port} requests={len(self.requests)}"
            f" open={self.connections_open}>"
        )

    @property
    def port(self) -> int:
        """Return the port; it stays the same over `stop()` and `start()`."""
        return self._port

    @property
    def url(self) -> str:
        """Return `http(s)://127.0.0.1:port`, without a slash at the end."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def connections_open(self) -> int:
        """Count the connections that are open now."""
        return self.connections_opened - self.connections_closed

    @property
    def in_flight(self) -> int:
        """Count the requests whose response is not written to its end on an open connection."""
        return self._in_flight

    _in_flight = 0

    async def start(self) -> None:
        """Listen; after a `stop()`, on the same port again."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._accept, "127.0.0.1", self._port, ssl=self._tls, reuse_address=True
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and cut every connection; may be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for task in list(self._serving):
            task.cancel()
        while self._serving:
            await asyncio.wait(self._serving)
        if server is not None:
            await server.wait_closed()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached()`, asked again after everything that happens at the server."""
        while not reached():
            self._changed.clear()
            await self._changed.wait()

    async def __aenter__(self) -> Self:
        """Start."""
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        await self.stop()

    # -- one connection ---------------------------------------------------------------------

    def _accept(self) -> asyncio.StreamReaderProtocol:
        reader = asyncio.StreamReader(limit=HEAD_LIMIT)
        return _Connection(self, reader)

    def _opened(
        self, connection: _Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections_opened += 1
        task = asyncio.get_running_loop().create_task(
            self._serve(reader, writer, self.connections_opened),
            name=f"{self.name}-connection-{self.connections_opened}",
        )
        connection.serving = task
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)
        self._changed.set()

    def _closed(self, connection: _Connection) -> None:
        self.connections_closed += 1
        if connection.serving is not None:
            connection.serving.cancel()
        self._changed.set()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        try:
            while (request := await _read_head(reader, number)) is not None:
                self._in_flight += 1
                self.requests.append(request)
                self._changed.set()
                try:
                    keep = await self._answer(request, reader, writer)
                finally:
                    self._in_flight -= 1
                    self._changed.set()
                if not keep:
                    break
        except Hangup as cut:
            writer.write(cut.partial)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the peer went away: its right, and the counters tell
        except asyncio.CancelledError:
            writer.transport.abort()  # stop(), or the peer's end of the connection is closed
        finally:
            writer.close()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await writer.wait_closed()

    async def _answer(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if request.headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.body = await _read_body(reader, request.headers)
        request.complete = True
        self._changed.set()
        handler = self.routes.get(f"{request.method} {request.path}") or self.routes.get(
            request.path, self._unknown
        )
        response = await handler(request)
        keep = "close" not in (
            request.headers.get("connection", "").lower(),
            response.headers.get("connection", "").lower(),
        )
        await _write(writer, request, response)
        request.answered = True
        return keep

    async def _unknown(self, request: Request) -> Response:
        return await self.routes["*"](request) if "*" in self.routes else Response(404)


class _Connection(asyncio.StreamReaderProtocol):
    """Tell the server at once when a peer comes and goes, also while a handler is busy."""

    def __init__(self, server: FakeServer, reader: asyncio.StreamReader) -> None:
        super().__init__(reader, self._on_open)
        self._fake = server
        self.serving: asyncio.Task[None] | None = None

    def _on_open(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._fake._opened(self, reader, writer)

    def eof_received(self) -> bool:
        super().eof_received()
        return False  # no HTTP client half-closes; so a FIN is a goodbye, and counted as one

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._fake._closed(self)


async def _read_head(reader: asyncio.StreamReader, connection: int) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    method, target, _ = first.split(" ", 2)
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(method, target, headers, connection)


async def _read_body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if headers.get("transfer-encoding", "").lower() != "chunked":
        return await reader.readexactly(int(headers.get("content-length", "0")))
    parts: list[bytes] = []
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers
    return b"".join(parts)


async def _write(writer: asyncio.StreamWriter, request: Request, response: Response) -> None:
    headers = {"content-type": "text/plain"} | response.headers
    body = response.body
    if isinstance(body, bytes):
        headers.setdefault("content-length", str(len(body)))
    else:
        headers.setdefault("transfer-encoding", "chunked")
    reason = HTTPStatus(response.status).phrase if response.status in set(HTTPStatus) else ""
    lines = [f"HTTP/1.1 {response.status} {reason}", *(f"{k}: {v}" for k, v in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    if request.method != "HEAD":
        await _write_body(writer, body, chunked="content-length" not in headers)
    await writer.drain()


async def _write_body(
    writer: asyncio.StreamWriter, body: bytes | AsyncIterable[bytes], *, chunked: bool
) -> None:
    if isinstance(body, bytes):
        writer.write(body)
        return
    async for part in body:
        if part:
            writer.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
            await writer.drain()
    if chunked:
        writer.write(b"0\r\n\r\n")
