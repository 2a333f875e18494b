"""What signals mean to ``rewire run``: SIGHUP reload, SIGTERM and SIGINT stop, twice: at once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Self

from rewire.cli.terminal import say

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from rewire.control.verdict import Verdict

__all__ = ["Signals"]

_STOPPING = (signal.SIGTERM, signal.SIGINT)


class Signals:
    """Handle the signals of this process in the running event loop while it is entered."""

    def __init__(self, give_up: Callable[[], object]) -> None:
        self.stop = asyncio.Event()
        self._give_up = give_up
        self._main = asyncio.current_task()
        self._reload: Callable[[], Coroutine[Any, Any, Verdict]] | None = None
        self._reloads: set[asyncio.Task[None]] = set()

    def __enter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for number in _STOPPING:
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._hang_up)
        return self

    def __exit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (*_STOPPING, signal.SIGHUP):
            loop.remove_signal_handler(number)

    def started(self, reload: Callable[[], Coroutine[Any, Any, Verdict]]) -> None:
        """Reload by this from now on; before, a SIGHUP asks for what is happening anyway."""
        self._reload = reload

    def _stop(self, number: signal.Signals) -> None:
        if self.stop.is_set():
            self._at_once(number)
        self.stop.set()
        for task in self._reloads:
            task.cancel()
        if self._reload is None and self._main is not None:
            self._main.cancel()

    def _at_once(self, number: signal.Signals) -> None:
        with contextlib.suppress(OSError):
            say("stopped at once", error=True)
            sys.stdout.flush()
        self._give_up()
        # No interpreter shutdown: it would wait for threads, and whoever asks twice will not.
        os._exit(128 + number)

    def _hang_up(self) -> None:
        if self._reload is None or self.stop.is_set():
            return
        task = asyncio.get_running_loop().create_task(self._reload_now(self._reload))
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def _reload_now(self, reload: Callable[[], Coroutine[Any, Any, Verdict]]) -> None:
        verdict = await reload()
        if verdict.result == "unchanged":
            say(f"SIGHUP: release {verdict.release} is what the manifest says")
