"""What the tests of the documentation get: the generator, and servers for the examples.

An example names `https://api.github.com`; no test goes there. The manifest of a page is written
with its origins moved to servers in a thread of their own, because a program in the documentation
runs an event loop itself.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest
from websockets.asyncio.server import ServerConnection, serve

from tests.fakes.http_server import FakeServer, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

# `docs/generate.py` is a script: its parts are found beside it.
sys.path.insert(0, str(ROOT / "docs"))

ZEN = b"Keep it logically awesome."
ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 0,
    "model": "small",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Hello."},
        }
    ],
}


class Upstreams:
    """An HTTP server and a price feed, in an event loop of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="upstreams")
        self.http = FakeServer("upstream", routes={"*": _answer})
        self.feed_port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        async with self.http, serve(_feed, "127.0.0.1", 0) as feed:
            self.feed_port = next(iter(feed.sockets)).getsockname()[1]
            self._ready.set()
            await self._stop.wait()


async def _answer(request: Request) -> Response:
    if request.path.endswith("/zen"):
        return Response(body=ZEN)
    if request.path.endswith("/chat/completions"):
        return Response(
            headers={"content-type": "application/json"}, body=json.dumps(ANSWER).encode()
        )
    seen = {"path": request.path, "authorization": request.headers.get("authorization")}
    return Response(headers={"content-type": "application/json"}, body=json.dumps(seen).encode())


async def _feed(connection: ServerConnection) -> None:
    async for _ in connection:  # each subscription is answered by three prices
        for number in range(1, 4):
            await connection.send(json.dumps({"seq": number, "price": 100 + number}))


@pytest.fixture
def upstreams() -> Iterator[Upstreams]:
    """Serve what the examples talk to."""
    with Upstreams() as servers:
        yield servers
