"""A `FakeServer` in a thread of its own, for tests that block theirs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tests.fakes.http_server import FakeServer

if TYPE_CHECKING:
    from types import TracebackType

T = TypeVar("T")

LIMIT = 20.0


class ThreadedServer(FakeServer):
    """Serve from a thread; use as `with ThreadedServer() as server`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="server", daemon=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the server's thread."""
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, LIMIT), self._loop).result()

    def wait(self, reached: Callable[[], bool]) -> None:
        """Wait as `until` does, in a thread that has no event loop."""
        self.run(self.until(reached))

    def __enter__(self) -> Self:
        """Start."""
        self._thread.start()
        self.run(self.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop, and end the thread."""
        self.run(self.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(_settle())
        self._loop.close()


async def _settle() -> None:
    """End what is still on its way out."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
