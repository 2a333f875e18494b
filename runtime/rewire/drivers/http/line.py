"""The line of calls that wait for their turn, in front of a concurrency limit.

The pure limit counts (:mod:`rewire.policy.concurrency`); here are the futures of those who wait,
first come, first served.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from rewire.policy.concurrency import Concurrency

if TYPE_CHECKING:
    from rewire.policy.concurrency import ConcurrencySettings

__all__ = ["Line"]


class Line:
    """A concurrency limit with its waiters."""

    def __init__(self, settings: ConcurrencySettings) -> None:
        self.limit = Concurrency(settings)
        self._waiters: deque[asyncio.Future[None]] = deque()

    def try_enter(self) -> bool:
        """Take a place if there is one at once."""
        limit = self.limit
        return limit.in_flight < limit.limit and limit.ask() == "admit"

    async def enter(self, patience: float) -> bool:
        """Take a place, waiting up to ``patience`` seconds for it; False: there was none."""
        admission = self.limit.ask()
        if admission != "wait":
            return admission == "admit"
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(patience):
                await waiter
        except TimeoutError:
            return self._given_up(waiter)
        except BaseException:
            if self._given_up(waiter):
                self.leave()
            raise
        return True

    def _given_up(self, waiter: asyncio.Future[None]) -> bool:
        """Return whether the place came all the same, at the last moment."""
        if waiter not in self._waiters:
            return True
        self._waiters.remove(waiter)
        self.limit.leave()
        return False

    def leave(self) -> None:
        """Give a place back."""
        self._wake(self.limit.release())

    def retune(self, settings: ConcurrencySettings) -> None:
        """Take new settings; a raised limit lets waiters in at once."""
        self._wake(self.limit.retune(settings))

    def learn(self, now: float, seconds: float | None, *, pushed_back: bool) -> None:
        """Let an adaptive limit learn from an attempt."""
        self._wake(self.limit.learn(now, seconds, pushed_back=pushed_back))

    def _wake(self, count: int) -> None:
        for _ in range(count):
            waiter = self._waiters.popleft()
            if not waiter.done():  # else it is being cancelled, and will give the place back
                waiter.set_result(None)
