"""Say in a program's own words what an edit of the manifest did.

Whoever wants only lines in a log configures the logger "rewire" instead.
"""

from __future__ import annotations

import asyncio

import rewire
from rewire.events import Reconciled


async def tell(manager: rewire.ClientManager) -> None:
    async for event in manager.events():
        match event.happening:
            case Reconciled(result="applied", release=release, held_back=held):
                print(
                    f"release {release} is in force{', but for ' if held else ''}{', '.join(held)}"
                )
            case Reconciled(result="refused", diagnostics=text):
                print(f"refused:\n{text}")


async def main() -> None:
    async with rewire.ClientManager("connections.toml") as manager:
        print(f"{len(manager)} clients, edit connections.toml")
        await tell(manager)


asyncio.run(main())
