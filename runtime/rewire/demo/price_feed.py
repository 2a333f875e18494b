"""The demo's price feed: one numbered sequence of prices, to be had on two ports.

Whoever subscribes gets the messages from then on. Both ports send the same messages with the same
numbers at the same time, as two servers of one exchange do: so a client that is moved from one
to the other can prove by the numbers that nothing was lost or doubled on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from typing import TYPE_CHECKING

import websockets
from websockets.asyncio.server import broadcast, serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from websockets.asyncio.server import Server, ServerConnection

__all__ = ["PriceFeed"]

INTERVAL = 0.1


class PriceFeed:
    """Servers by name, one sequence for all of them."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.number = 0
        self._ports = dict(ports)
        self._servers: list[Server] = []
        self._subscribers: dict[str, set[ServerConnection]] = {name: set() for name in ports}
        self._ticking: asyncio.Task[None] | None = None

    async def start(self, name: str) -> None:
        """Listen as the server of this name; raises OSError if its port is taken."""

        async def attend(connection: ServerConnection) -> None:
            await self._attend(name, connection)

        server = await serve(attend, "127.0.0.1", self._ports[name])
        self._servers.append(server)
        self._ports[name] = server.sockets[0].getsockname()[1]
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), name="demo price feed")

    async def stop(self) -> None:
        """Close every connection and listener."""
        if self._ticking is not None:
            self._ticking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticking
        for server in self._servers:
            server.close()
        for server in self._servers:
            await server.wait_closed()

    def port(self, name: str) -> int:
        """Return the port of a server, by name."""
        return self._ports[name]

    async def _attend(self, name: str, connection: ServerConnection) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            await connection.recv()  # {"subscribe": …}
            self._subscribers[name].add(connection)
            await connection.wait_closed()
        self._subscribers[name].discard(connection)

    async def _tick(self) -> None:
        while True:
            self.number += 1
            for name, subscribers in self._subscribers.items():
                broadcast(subscribers, _message(name, self.number))
            await asyncio.sleep(INTERVAL)


def _message(server: str, number: int) -> str:
    price = round(60_000 + 500 * math.sin(number / 20), 2)
    return json.dumps({"seq": number, "symbol": "BTC", "price": price, "server": server})
