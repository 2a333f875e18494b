"""A small HTTP/1.1 server for the demo, of asyncio and h11, which the base install has anyway.

A handler takes a :class:`Request` and returns an :class:`Answer`; one that raises :class:`Reset`
has its connection cut, as a crashing peer would. What is answered is :mod:`rewire.demo.upstreams`.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

import h11

__all__ = ["Answer", "Handler", "Request", "Reset", "Server"]

CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Request:
    """One request, read to its end; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer; bytes go out with a length, an iterator piece by piece."""

    status: int
    body: bytes | AsyncIterator[bytes] = b""
    content_type: str = "application/json"


class Reset(Exception):  # noqa: N818  (not an error: how a handler cuts its connection)
    """Cut the connection instead of answering."""


Handler = Callable[[Request], Awaitable[Answer]]


class Server:
    """One listener on 127.0.0.1; ``start`` raises OSError if the port is taken."""

    def __init__(self, port: int, handler: Handler) -> None:
        self.port = port
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[Any]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the listener and cut what is still open."""
        if self._server is None:
            return
        self._server.close()
        serving = tuple(self._serving)
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._serving.add(task)
        connection = _Connection(reader, writer)
        try:
            while await self._exchange(connection):
                connection.state.start_next_cycle()
        except Reset:
            connection.reset()
        except (ConnectionError, h11.ProtocolError):
            pass  # the client's business, and its right
        except asyncio.CancelledError:
            pass  # stop(); nobody awaits this task's result
        finally:
            self._serving.discard(task)
            with contextlib.suppress(OSError):
                writer.close()

    async def _exchange(self, connection: _Connection) -> bool:
        request = await connection.receive()
        if request is None:
            return False
        await connection.send(await self._handler(request))
        return connection.state.our_state is h11.DONE and connection.state.their_state is h11.DONE


class _Connection:
    """An h11 state machine on a pair of streams."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.state = h11.Connection(h11.SERVER)
        self._reader = reader
        self._writer = writer

    async def receive(self) -> Request | None:
        """Return the next request, its body skipped, or None when the client has gone."""
        head: h11.Request | None = None
        while True:
            event = self.state.next_event()
            if event is h11.NEED_DATA:
                self.state.receive_data(await self._reader.read(CHUNK))
            elif isinstance(event, h11.Request):
                head = event
            elif isinstance(event, h11.EndOfMessage) and head is not None:
                headers = {name.decode(): value.decode("latin-1") for name, value in head.headers}
                target = head.target.decode()
                return Request(head.method.decode(), target.partition("?")[0], headers)
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return None

    async def send(self, answer: Answer) -> None:
        """Send an answer, piece by piece if it is a stream."""
        headers = [("content-type", answer.content_type), ("cache-control", "no-store")]
        if isinstance(answer.body, bytes):
            headers.append(("content-length", str(len(answer.body))))
        await self._write(h11.Response(status_code=answer.status, headers=headers))
        if isinstance(answer.body, bytes):
            await self._write(h11.Data(data=answer.body))
        else:
            async for piece in answer.body:
                await self._write(h11.Data(data=piece))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        data = self.state.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()

    def reset(self) -> None:
        """Cut the connection so that the client gets a RST, not an orderly end."""
        at_once = struct.pack("ii", 1, 0)
        self._writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, at_once
        )
        self._writer.transport.abort()
