"""The tasks of one manager: named, counted, and none left behind."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

__all__ = ["Tasks"]

logger = logging.getLogger("rewire")


class Tasks:
    """Own background tasks: a failure is logged, and the end cancels and awaits them all."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run ``work`` as a task of this manager."""
        task = asyncio.get_running_loop().create_task(work, name=f"rewire: {name}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # The type only: a driver's exception may quote a header.
            logger.error("the task %r failed: %s", task.get_name(), type(error).__name__)

    async def settle(self, within: float) -> None:
        """Wait for the tasks of this moment to end by themselves."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=within)

    async def end(self) -> None:
        """Cancel every task and wait for it."""
        while self._tasks:
            tasks = set(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)

    def __len__(self) -> int:
        return len(self._tasks)
