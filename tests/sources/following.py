"""Follow a source in a test: run its `changes()` and queue what they yield."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rewire.ports import Snapshot
    from rewire.sources.file import FileSource

PATIENCE = 20.0  # a fault ends the test after this long; nothing is measured by it


class Follower:
    """Hold what a running `changes()` has yielded."""

    def __init__(self) -> None:
        self.yielded: asyncio.Queue[Snapshot] = asyncio.Queue()

    async def next(self) -> Snapshot:
        async with asyncio.timeout(PATIENCE):
            return await self.yielded.get()

    async def data(self) -> bytes | None:
        return (await self.next()).data


@asynccontextmanager
async def following(source: FileSource, *, known: bool = True) -> AsyncIterator[Follower]:
    """Iterate `changes()` in a task; the caller knows the present content, as after a start."""
    follower = Follower()
    if known:
        source.accept(source.read())

    async def pump() -> None:
        async with aclosing(source.changes()) as changes:
            async for snapshot in changes:
                follower.yielded.put_nowait(snapshot)

    task = asyncio.create_task(pump())
    try:
        yield follower
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def eventually(condition: Callable[[], bool]) -> None:
    """Wait for something of which nobody tells."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 -- it may be a thread or the kernel that acts
            await asyncio.sleep(0.005)
