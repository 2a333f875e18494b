"""Ask an API and listen to a feed, over connections that a file declares.

Start it beside connections.toml, and edit that file while it runs.
"""

from __future__ import annotations

import asyncio
import json
import sys

import rewire


async def listen(prices: rewire.WebSocketClient, count: int) -> None:
    async for message in prices:
        print("price", json.loads(message)["price"])
        count -= 1
        if not count:
            return


async def main(count: int) -> None:
    async with rewire.ClientManager("connections.toml") as manager:
        answer = await manager.http("github").get("/zen")
        print("zen  ", answer.text)
        await listen(manager.websocket("prices"), count)
        for status in manager.statuses():
            print(f"{status.id} is {status.state}, generation {status.generation}")


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10))
