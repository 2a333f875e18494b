"""What one request has to do with the loop thread: one call after the other, and their errands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.sync.loop_thread import Call, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.sync.loop_thread import LoopThread, Work

__all__ = ["Crossing"]


class Crossing:
    """The way over and back of one request."""

    def __init__(self, home: LoopThread, refused: Callable[[], Exception]) -> None:
        self.home = home
        self._refused = refused
        self._call = Call[Any](home)
        self.shut: Work[None] | None = None
        """Ends the response, once there is one to end."""

    def run(self, work: Work[Any]) -> Any:
        """Return what ``work`` returns in the loop thread."""
        self._call = Call[Any](self.home)
        try:
            return self._call.run(work, self._unwanted)
        except Unreachable:
            raise self._refused() from None

    def _unwanted(self) -> None:
        if self.shut is not None and not self.home.closing:
            self.home.chore(self.shut)

    async def errand(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function in the thread of the caller who waits at this moment."""
        return await self._call.errand(function, *args)
