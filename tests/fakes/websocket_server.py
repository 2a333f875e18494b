"""A WebSocket server for tests: it remembers who connected and what came, and does as told.

A `Feed` is a numbered stream that several servers share: each message is sent to all who are
connected, to whichever server, and it can wait until somebody has seen a number.
"""

from __future__ import annotations

import asyncio
import http
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Self

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

Handler = Callable[[ServerConnection], Awaitable[None]]


class WebSocketServer:
    """A server on a free port of 127.0.0.1."""

    def __init__(self, handler: Handler | None = None, **options: Any) -> None:
        self.handler = handler
        self.refuse: int | None = None
        self.seen: list[ServerConnection] = []
        self.attempts = 0
        self.received: list[str | bytes] = []
        self.changed = asyncio.Condition()
        self.options = options
        self._server: Server | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        logger = logging.getLogger("tests.websocket_server")
        logger.setLevel(logging.CRITICAL)
        self._server = await serve(
            self._serve,
            "127.0.0.1",
            self._port,
            process_request=self._judge,
            logger=logger,
            **self.options,
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close(code=1012)
            await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self._port}/feed"

    async def _judge(self, connection: ServerConnection, request: Any) -> Any:
        self.attempts += 1
        await self._tell()
        if self.refuse is not None:
            return connection.respond(http.HTTPStatus(self.refuse), "no\n")
        return None

    async def _serve(self, connection: ServerConnection) -> None:
        self.seen.append(connection)
        await self._tell()
        try:
            if self.handler is not None:
                await self.handler(connection)
            else:
                await self._listen(connection)
        except ConnectionClosed:
            pass
        await self._tell()

    async def _listen(self, connection: ServerConnection) -> None:
        async for message in connection:
            self.received.append(message)
            await self._tell()

    async def echo(self, connection: ServerConnection) -> None:
        async for message in connection:
            self.received.append(message)
            await self._tell()
            await connection.send(message)

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, what: Callable[[], object]) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: bool(what()))

    @property
    def open(self) -> list[ServerConnection]:
        return [connection for connection in self.seen if connection.state.name == "OPEN"]

    async def send_all(self, message: str | bytes) -> None:
        for connection in self.open:
            await connection.send(message)


class Feed:
    """A numbered stream that several servers share, not all of them in step.

    `at(lag)` is the handler of a server that is so many messages behind: it sends number n when
    the others send n + lag.
    """

    def __init__(self) -> None:
        self.number = 0
        self._readers: dict[asyncio.Queue[int], int] = {}

    def at(self, lag: int = 0) -> Handler:
        async def serve(connection: ServerConnection) -> None:
            queue: asyncio.Queue[int] = asyncio.Queue()
            self._readers[queue] = lag
            sending = asyncio.ensure_future(self._send(connection, queue))
            try:
                await connection.wait_closed()
            finally:
                del self._readers[queue]
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

        return serve

    async def _send(self, connection: ServerConnection, queue: asyncio.Queue[int]) -> None:
        while True:
            await connection.send(json.dumps({"seq": await queue.get()}))

    def tick(self) -> None:
        """Publish the next number to everybody who is connected."""
        self.number += 1
        for queue, lag in self._readers.items():
            if self.number > lag:
                queue.put_nowait(self.number - lag)

    async def run(self) -> None:
        """Publish for ever, as fast as everybody else can do something in between."""
        while True:
            self.tick()
            await asyncio.sleep(0.0005)
