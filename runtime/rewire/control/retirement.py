"""Retired generations of all clients: a drain for each, bounded in number."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from typing import TYPE_CHECKING

from rewire.control.drain import Drain, close_once, drain

if TYPE_CHECKING:
    from rewire.control.generation import Generation
    from rewire.control.host import Host
    from rewire.control.slot import Slot
    from rewire.manifest.specs.client import DrainConfig

__all__ = ["Retirement"]

FEW = 8


class Retirement:
    """Start a drain for each generation that a swap has left behind."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._jobs: defaultdict[tuple[str, str], list[Drain]] = defaultdict(list)
        self._tasks: set[asyncio.Task[None]] = set()
        self._spread = 0.0

    def spread(self, replaced: int) -> None:
        """Set how far apart the closes of the next retirements may lie.

        A changed default retires many clients in one step; closing all their connections at the
        same moment would be a herd at their peers (FAULTS 17).
        """
        self._spread = min(replaced * 0.02, 2.0) if replaced > FEW else 0.0

    def retire(self, slot: Slot, generation: Generation, limits: DrainConfig) -> None:
        """Drain a generation in the background; beyond ``max_generations`` cut the oldest."""
        if not generation.built and not generation.leases:
            slot.forget(generation)
            return
        jobs = self._jobs[slot.id, slot.protocol]
        job = Drain(generation, limits, random.uniform(0.0, self._spread))
        jobs.append(job)
        for oldest in jobs[: max(0, len(jobs) - limits.max_generations)]:
            oldest.cut_now()
        task = self._host.tasks.spawn(self._drain(slot, job), f"drain {generation!r}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hurry(self) -> None:
        """Cut what is in flight on every retired generation."""
        for jobs in self._jobs.values():
            for job in jobs:
                job.cut_now()

    async def finished(self) -> None:
        """Wait until every retired generation is closed."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _drain(self, slot: Slot, job: Drain) -> None:
        generation = job.generation

        async def close(retired: Generation) -> None:
            await slot.driver.close(retired.peek())

        try:
            await drain(job, close, self._host.emit)
        finally:
            slot.forget(generation)
            self._jobs[slot.id, slot.protocol].remove(job)

    async def discard(self, slot: Slot, generation: Generation) -> None:
        """Close a generation that never went live."""

        async def close(unused: Generation) -> None:
            await slot.driver.close(unused.peek())

        await close_once(generation, close, lambda _: None)
        slot.unnumber(generation)
