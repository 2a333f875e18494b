"""The status file kept up to date: written after every reconcile of a manager, never in its way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING

from rewire.events import Reconciled
from rewire.telemetry.status_file import write_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import Protocol

    from rewire.events import Event
    from rewire.status import ManagerStatus

    class Manager(Protocol):
        """What is needed of a manager."""

        def manager_status(self) -> ManagerStatus:
            """Return what is known."""

        def events(self) -> AsyncIterator[Event]:
            """Yield what happens."""


__all__ = ["Acknowledgement"]

logger = logging.getLogger("rewire")


class Acknowledgement:
    """Write the status of a manager to ``path``; to None: nowhere."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._turn = asyncio.Lock()
        self._failure: str | None = None

    @contextlib.asynccontextmanager
    async def of(self, manager: Manager) -> AsyncIterator[None]:
        """Write now, and after every reconcile while this is entered."""
        if self._path is None:
            yield
            return
        following = asyncio.create_task(self._follow(manager), name="rewire: status file")
        await asyncio.sleep(0)  # it listens from here on: no reconcile falls between
        await self.write(manager)
        try:
            yield
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def _follow(self, manager: Manager) -> None:
        async for event in manager.events():
            if isinstance(event.happening, Reconciled):
                await self.write(manager)

    async def write(self, manager: Manager) -> None:
        """Write the status of this moment; a failure is logged once, and the old file stays."""
        if self._path is None:
            return
        async with self._turn:
            status = manager.manager_status()
            try:
                # fsync can take as long as the disk likes; the event loop must not wait for it.
                await asyncio.to_thread(write_status, self._path, status)
            except OSError as error:
                self._report(f"{type(error).__name__}: {error.strerror}")
            else:
                self._report(None)

    def _report(self, failure: str | None) -> None:
        before, self._failure = self._failure, failure
        if failure is not None and failure != before:
            logger.warning(
                "the status file %s is not written (%s); the old one stays", self._path, failure
            )
        elif failure is None and before is not None:
            logger.info("the status file %s is written again", self._path)
