"""What all clients of one manager share: its event loop, its tasks, its events."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import TYPE_CHECKING, Any

from rewire.control.tasks import Tasks
from rewire.control.wheel import Wheel
from rewire.errors import ManagerClosedError, WrongLoopError, WrongProcessError
from rewire.events import Event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from rewire.events import Happening

__all__ = ["Host"]

BACKLOG = 4096


class Host:
    """The ground that slots, reconciler and manager stand on."""

    wheel: Wheel
    """Every deadline of this manager; there from the start on."""

    lookup: Callable[[str, str], Any]
    """How a client is found by id and protocol; given by the registry."""

    def __init__(self) -> None:
        self.tasks = Tasks()
        self.closed = False
        self.listeners: list[Callable[[Event], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._process = os.getpid()
        self._running = False
        self._waiters: list[asyncio.Future[None]] = []
        self._number = 0

    # ── start and end ────────────────────────────────────────────────────────────────────────

    @property
    def here(self) -> bool:
        """Say whether the manager runs, and in the event loop and process of the caller."""
        return (
            self._running
            and asyncio.get_running_loop() is self._loop
            and os.getpid() == self._process
        )

    def demand_here(self) -> None:
        """Raise unless the caller is in the manager's event loop, or there is none yet."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        if self._loop is not None and loop is not self._loop and not self._loop.is_closed():
            raise WrongLoopError

    @property
    def running(self) -> bool:
        """Say whether the first release has been applied and the manager has not ended."""
        return self._running

    def adopt_loop(self) -> None:
        """Belong to the running event loop from now on."""
        self._loop = asyncio.get_running_loop()
        self.wheel = Wheel(self._loop)
        self._process = os.getpid()

    def open(self) -> None:
        """Let the requests in that wait for the start."""
        self._running = True
        self._wake()

    def close(self) -> None:
        """Refuse everything from now on."""
        self._running = False
        self.closed = True
        self._wake()

    async def end(self) -> None:
        """End what is left of tasks and deadlines."""
        await self.tasks.end()
        if self._loop is not None:
            self.wheel.end()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            loop = waiter.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, waiter)

    async def started(self, client: str) -> None:
        """Wait for the start; raise if there will be none here."""
        while not self.here:
            if self.closed:
                raise ManagerClosedError(client)
            if self._running and os.getpid() != self._process:
                raise WrongProcessError(client)
            loop = asyncio.get_running_loop()
            if self._running or self._loop not in (None, loop):
                raise WrongLoopError(client)
            waiter = loop.create_future()
            self._waiters.append(waiter)
            await waiter

    # ── events ───────────────────────────────────────────────────────────────────────────────

    def emit(self, happening: Happening) -> None:
        """Tell every listener; a listener that fails does not stop the others."""
        self._number += 1
        event = Event(self._number, happening)
        for listener in tuple(self.listeners):
            listener(event)

    def events(self) -> AsyncGenerator[Event]:
        """Return every event from now on; what is not read in time is dropped, oldest first.

        A gap shows in ``Event.number``.
        """
        backlog: deque[Event] = deque(maxlen=BACKLOG)
        arrived = asyncio.Event()

        def listen(event: Event) -> None:
            backlog.append(event)
            arrived.set()

        self.listeners.append(listen)
        return self._drain(backlog, arrived, listen)

    async def _drain(
        self, backlog: deque[Event], arrived: asyncio.Event, listen: Callable[[Event], None]
    ) -> AsyncGenerator[Event]:
        try:
            while True:
                await arrived.wait()
                arrived.clear()
                while backlog:
                    yield backlog.popleft()
        finally:
            self.listeners.remove(listen)


def _resolve(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
