"""The calls that wait for their turn under a rate limit, and the one timer that wakes them.

The bucket counts (:mod:`rewire.policy.rate_limit`); here are the futures of those who wait.
"""

from __future__ import annotations

import asyncio
from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any

from rewire.policy.rate_limit import RateLimit

if TYPE_CHECKING:
    from rewire.policy.rate_limit import RateLimitSettings
    from rewire.ports import ClientContext

__all__ = ["Pace"]


class Pace:
    """A rate limit with its waiters."""

    def __init__(self, settings: RateLimitSettings, context: ClientContext, now: float) -> None:
        self.bucket = RateLimit(settings, now)
        self._context = context
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._alarm: Any = None

    async def turn(self, now: float, patience: float) -> bool:
        """Wait for a token; False: it would take longer than the settings or ``patience`` allow."""
        admission = self.bucket.ask(now, patience)
        if admission != "wait":
            return admission == "admit"
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._set()
        try:
            await waiter
        except BaseException:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                self.bucket.leave()
            else:
                self.bucket.give_back()
            raise
        return True

    def retune(self, settings: RateLimitSettings, now: float) -> None:
        """Take new settings; a raised rate lets waiters go at once."""
        self._wake(self.bucket.retune(settings, now))
        self._set()

    def _set(self) -> None:
        if self._alarm is not None:
            self._context.disarm(self._alarm)
        loop = asyncio.get_running_loop()
        wait = self.bucket.next_turn(loop.time())
        self._alarm = self._context.arm(loop.time() + wait, self._ring) if wait < inf else None

    def _ring(self) -> None:
        self._alarm = None
        self._wake(self.bucket.release(asyncio.get_running_loop().time()))
        self._set()

    def _wake(self, count: int) -> None:
        for _ in range(count):
            waiter = self._waiters.popleft()
            if not waiter.done():  # else it is being cancelled, and gives its token back
                waiter.set_result(None)
