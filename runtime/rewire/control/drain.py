"""Letting retired generations finish: up to a deadline, a bounded number of them, by name.

Requests get ``drain.timeout``, streams ``drain.stream_timeout``; beyond ``max_generations`` the
oldest is cut at once. A reload never waits for any of this.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from rewire.events import DrainForced, GenerationClosed, GenerationRetired

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from rewire.control.generation import Generation, Lease
    from rewire.events import Happening
    from rewire.manifest.specs.client import DrainConfig

    Close = Callable[[Generation], Awaitable[None]]
    Emit = Callable[[Happening], None]

__all__ = ["Drain", "close_once", "drain"]

# What was cut needs a moment to unwind; a close that hangs is left behind after this long.
UNWIND = 1.0
CLOSE_TIMEOUT = 10.0


class Drain:
    """One retired generation on its way out; ``cut_now`` ends the waiting."""

    def __init__(self, generation: Generation, limits: DrainConfig, linger: float = 0.0) -> None:
        self.generation = generation
        self.limits = limits
        self.linger = linger
        self.hurry = asyncio.Event()

    def cut_now(self) -> None:
        """Cut what is in flight at once."""
        self.hurry.set()


async def drain(job: Drain, close: Close, emit: Emit) -> None:
    """Wait for a retired generation, cut what outlives its deadline, and close it once."""
    generation, limits = job.generation, job.limits
    emit(GenerationRetired(generation.client, generation.number, len(generation.leases)))
    clock = asyncio.get_running_loop().time
    started = clock()
    drained = asyncio.ensure_future(generation.drained())
    hurried = asyncio.ensure_future(job.hurry.wait())
    try:
        await _first(drained, hurried, within=limits.timeout)
        if not drained.done() and not hurried.done():
            requests = [lease for lease in generation.leases if not lease.stream]
            await _cut(generation, requests, limits.timeout, emit)
            await _first(drained, hurried, within=limits.stream_timeout - (clock() - started))
        if not drained.done():
            await _cut(generation, list(generation.leases), clock() - started, emit)
            await _first(drained, within=UNWIND)
        elif job.linger:
            await _first(hurried, within=job.linger)
    finally:
        drained.cancel()
        hurried.cancel()
        await close_once(generation, close, emit)


async def _first(*futures: asyncio.Future[Any], within: float) -> None:
    await asyncio.wait(futures, timeout=max(within, 0.0), return_when=asyncio.FIRST_COMPLETED)


async def _cut(generation: Generation, leases: list[Lease], after: float, emit: Emit) -> None:
    if not leases:
        return
    names = tuple(sorted(lease.what for lease in leases))
    emit(DrainForced(generation.client, generation.number, len(leases), names))
    closers = [lease.cut(after) for lease in leases]
    held = [asyncio.ensure_future(closer) for closer in closers if closer is not None]
    if held:
        _, late = await asyncio.wait(held, timeout=UNWIND)
        for task in late:
            task.cancel()
        await asyncio.gather(*held, return_exceptions=True)


async def close_once(generation: Generation, close: Close, emit: Emit) -> None:
    """Close a generation's resource, if it has one and it is still open; report, never raise."""
    if generation.closed:
        return
    generation.closed = True
    error: str | None = None
    if generation.built:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await close(generation)
        except Exception as failure:  # noqa: BLE001  (whatever a driver does, the rest goes on)
            error = type(failure).__name__
    emit(GenerationClosed(generation.client, generation.number, error))
