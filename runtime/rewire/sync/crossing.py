"""What one request has to do with the loop thread: one call after the other, and their errands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.sync.loop_thread import Call, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from rewire.sync.loop_thread import LoopThread

__all__ = ["Crossing"]


class Crossing:
    """The way over and back of one request."""

    def __init__(self, home: LoopThread, refused: Callable[[], Exception]) -> None:
        self.home = home
        self._refused = refused
        self._call = Call[Any](home)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Return what ``work`` returns in the loop thread."""
        self._call = Call[Any](self.home)
        try:
            return self._call.run(work)
        except Unreachable:
            raise self._refused() from None

    async def errand(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function in the thread of the caller who waits at this moment."""
        return await self._call.errand(function, *args)
