"""Declare a client in code: for a program that learns only at run time where to connect.

A manifest never touches such a client, and a manager needs no manifest.
"""

from __future__ import annotations

import asyncio
import sys

import rewire


async def main(url: str) -> None:
    async with rewire.ClientManager(None) as manager:
        api = manager.register(
            rewire.HTTPClientConfig(id="api", base_url=url, timeout={"read": "2s"})
        )
        print((await api.get("/zen")).text)
        await manager.unregister("api")
        try:
            await api.get("/zen")
        except rewire.ClientRemovedError as error:
            print(error)


asyncio.run(main(sys.argv[1]))
