"""The peers of the demo's clients: seven small servers on consecutive loopback ports.

What each of them does to a request on purpose, it notes in the :class:`~rewire.demo.ledger.Ledger`.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Self

from rewire.demo.http_server import Answer, Request, Reset, Server
from rewire.demo.ledger import HEADER, Fate, Ledger
from rewire.demo.price_feed import PriceFeed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from types import TracebackType

    from rewire.demo.http_server import Handler

__all__ = ["EVENTS", "FIRST_PORT", "NAMES", "TOKEN", "BusyPortError", "Upstreams", "ports"]

FIRST_PORT = 9801
NAMES = ("blue", "green", "slow", "flaky", "events", "feed-a", "feed-b")
"""In the order of their ports."""

TOKEN = "demo-token"  # noqa: S105  (it guards nothing, and stands in the manifest as a default)

EVENTS = 16
"""How many events a stream has; its last one says so."""

EVENT_INTERVAL = 0.5
SLOW_ANSWERS = (0.4, 1.2, 0.8, 1.6)
ERROR_EVERY = 8
RESET_EVERY = 25


class BusyPortError(Exception):
    """Say which upstream could not listen, and on which port."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(name, port)
        self.name = name
        self.port = port

    def __str__(self) -> str:
        return f'port {self.port} of the upstream "{self.name}" is taken by another program'


def ports(first: int = FIRST_PORT) -> dict[str, int]:
    """Return the port of every upstream, by name."""
    return {name: first + offset for offset, name in enumerate(NAMES)}


class Upstreams:
    """All of them; use as ``async with Upstreams(ledger)``, which raises BusyPortError."""

    def __init__(self, ledger: Ledger, first_port: int = FIRST_PORT) -> None:
        wanted = ports(first_port)
        self._ledger = ledger
        handlers: dict[str, Handler] = {
            "blue": self._json("blue"),
            "green": self._json("green"),
            "slow": self._slow(),
            "flaky": self._flaky(),
            "events": self._events(),
        }
        self._servers = {name: Server(wanted[name], on) for name, on in handlers.items()}
        self._feed = PriceFeed({name: wanted[name] for name in NAMES if name not in handlers})

    def port(self, name: str) -> int:
        """Return the port on which an upstream listens, by name."""
        server = self._servers.get(name)
        return server.port if server is not None else self._feed.port(name)

    async def __aenter__(self) -> Self:
        try:
            for name in NAMES:
                await self._start(name)
        except BaseException:
            await self.aclose()
            raise
        return self

    async def _start(self, name: str) -> None:
        server = self._servers.get(name)
        try:
            await (server.start() if server is not None else self._feed.start(name))
        except OSError as error:
            raise BusyPortError(name, self.port(name)) from error

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop every upstream."""
        await self._feed.stop()
        for server in self._servers.values():
            await server.stop()

    # ── what they answer ─────────────────────────────────────────────────────────────────────

    def _json(self, name: str) -> Handler:
        def answer(request: Request) -> Answer:
            if request.path == "/account":
                known = request.headers.get("authorization") == f"Bearer {TOKEN}"
                return _answer(200 if known else 401, server=name, credit=100 if known else None)
            if request.path == "/products":
                return _answer(200, server=name, products=["anvil", "rocket skates"])
            return _answer(404, server=name, error=f"there is no {request.path} here")

        return self._noting(answer)

    def _slow(self) -> Handler:
        served = 0

        async def handle(request: Request) -> Answer:
            nonlocal served
            served += 1
            number = request.headers.get(HEADER)
            self._ledger.note(number, Fate.WORKING)
            await asyncio.sleep(SLOW_ANSWERS[served % len(SLOW_ANSWERS)])
            self._ledger.note(number, Fate.ANSWERED)
            return _answer(200, server="slow", rows=1234)

        return handle

    def _flaky(self) -> Handler:
        """Fail by a fixed rhythm: chance would make no two demos alike."""
        served = 0

        async def handle(request: Request) -> Answer:
            nonlocal served
            served += 1
            number = request.headers.get(HEADER)
            spoilt = served % RESET_EVERY == 0 or served % ERROR_EVERY == 0
            self._ledger.note(number, Fate.SPOILT if spoilt else Fate.ANSWERED)
            if served % RESET_EVERY == 0:
                raise Reset
            if spoilt:
                return _answer(503, server="flaky", error="out of order, as every eighth time")
            return _answer(200, server="flaky", paid=True)

        return handle

    def _events(self) -> Handler:
        async def handle(request: Request) -> Answer:
            if request.path != "/events":
                return _answer(404, server="events", error=f"there is no {request.path} here")
            return Answer(200, self._stream(request.headers.get(HEADER)), "text/event-stream")

        return handle

    async def _stream(self, number: str | None) -> AsyncIterator[bytes]:
        self._ledger.note(number, Fate.WORKING)
        for event in range(1, EVENTS):
            yield _event(event, "news")
            await asyncio.sleep(EVENT_INTERVAL)
        self._ledger.note(number, Fate.ANSWERED)
        yield _event(EVENTS, "last")

    def _noting(self, answer: Callable[[Request], Answer]) -> Handler:
        async def handle(request: Request) -> Answer:
            self._ledger.note(request.headers.get(HEADER), Fate.ANSWERED)
            return answer(request)

        return handle


def _answer(status: int, **content: object) -> Answer:
    return Answer(status, json.dumps(content).encode() + b"\n")


def _event(number: int, name: str) -> bytes:
    return f'id: {number}\nevent: {name}\ndata: {{"number": {number}}}\n\n'.encode()
