"""A bell: whoever waits for something looks again each time it rings.

Nothing is carried by the ring itself, so none can be missed by looking first, and a waiter that
is cancelled takes nothing away from the others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Bell"]

T = TypeVar("T")


class Bell:
    """Wake everybody who waits; it belongs to no event loop until somebody does."""

    __slots__ = ("_waiters",)

    def __init__(self) -> None:
        self._waiters: list[asyncio.Future[None]] = []

    def ring(self) -> None:
        """Let everybody look again."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, look: Callable[[], T | None]) -> T:
        """Wait until ``look`` finds something, and return that; what it raises ends the wait."""
        while (found := look()) is None:
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            try:
                await waiter
            finally:
                if waiter in self._waiters:
                    self._waiters.remove(waiter)
        return found
