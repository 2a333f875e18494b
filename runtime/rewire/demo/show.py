"""The demonstration itself: upstreams, manifest, manager, load and screen, for as long as asked."""

from __future__ import annotations

import asyncio
import logging
import shutil
import signal
import time
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.control.manager import ClientManager
from rewire.demo.edits import SCRIPT, save
from rewire.demo.file import choose
from rewire.demo.ledger import Ledger
from rewire.demo.load import Load
from rewire.demo.report import Report
from rewire.demo.scene import Scene, describe, held_back, hints, in_order
from rewire.demo.upstreams import FIRST_PORT, Upstreams, ports
from rewire.events import Reconciled
from rewire.telemetry.wording import Sentence

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from typing import Any

    from rewire.demo.file import Choice
    from rewire.demo.scene import Screen
    from rewire.events import Happening

__all__ = ["Options", "show"]

FRAME = 0.25
LONGEST_PERIOD = 3.0
PATIENCE = 5.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for; ``seconds`` None: until Ctrl-C."""

    seconds: float | None = None
    edit: bool = False
    first_port: int = FIRST_PORT
    folder: Path = field(default_factory=Path)


async def show(options: Options, screen: Screen, say: Callable[[str], None]) -> Report:
    """Run the demonstration and return how it went.

    Raises BusyPortError if another program listens where an upstream should, and ManifestError if
    the manifest that was found cannot be used.
    """
    ledger = Ledger()
    with _quiet_log():
        async with Upstreams(ledger, options.first_port):
            choice = choose(options.folder, first_port=options.first_port, copy=options.edit)
            say(choice.said)
            try:
                async with ClientManager(choice.path) as manager:
                    return await _Stage(options, choice, manager, ledger, screen).play()
            finally:
                if choice.temporary is not None:
                    shutil.rmtree(choice.temporary, ignore_errors=True)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Keep warnings out of the picture: the screen says the same, at its place."""
    logger = logging.getLogger("rewire")
    handler, propagate = logging.NullHandler(), logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = propagate


class _Stage:
    """One performance."""

    def __init__(
        self,
        options: Options,
        choice: Choice,
        manager: ClientManager,
        ledger: Ledger,
        screen: Screen,
    ) -> None:
        self._options = options
        self._path = choice.path
        self._manager = manager
        self._load = Load(manager, ledger)
        self._screen = screen
        self._stop = asyncio.Event()
        self._verdict = asyncio.Event()
        self._counts = {"applied": 0, "refused": 0, "unanswered": 0}
        self._hints: tuple[str, ...] = ()
        self._started = time.monotonic()

    async def play(self) -> Report:
        """Play until it is over, and return how it went."""
        self._look_at_file()
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stop.set)
        self._load.start()
        self._screen.open()
        try:
            async with _meanwhile(self._follow(), self._edit()):
                await self._draw()
            await self._load.stop()
        finally:
            self._screen.refresh(self._scene())
            self._screen.close()
            for number in SIGNALS:
                loop.remove_signal_handler(number)
        return self._report()

    async def _draw(self) -> None:
        while not self._stop.is_set():
            pause = FRAME
            if self._options.seconds is not None:
                pause = min(pause, self._options.seconds - self._elapsed())
            if pause <= 0:
                return
            self._screen.refresh(self._scene())
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stop.wait()

    # ── the file ─────────────────────────────────────────────────────────────────────────────

    async def _follow(self) -> None:
        async for event in self._manager.events():
            self._happened(event.happening)

    def _happened(self, happening: Happening) -> None:
        if isinstance(happening, Reconciled):
            if happening.result in self._counts:
                self._counts[happening.result] += 1
            self._verdict.set()
            self._look_at_file()
        self._screen.tell(describe(happening))
        if isinstance(happening, Reconciled) and happening.held_back:
            self._screen.tell(self._held_back())

    def _held_back(self) -> tuple[Sentence, ...]:
        told: list[Sentence] = []
        for status in self._manager.statuses():
            if (reason := held_back(status)) is not None:
                serves = f"; generation {status.generation} serves" if status.generation else ""
                told.append(Sentence("warning", f"  {status.id}: {reason}{serves}"))
        return tuple(told)

    async def _edit(self) -> None:
        """Go through the script again and again, each edit once the one before has its verdict."""
        if not self._options.edit:
            return
        period = LONGEST_PERIOD
        if self._options.seconds is not None:
            period = min(period, self._options.seconds / (len(SCRIPT) + 2))
        while True:
            for edit in SCRIPT:
                await asyncio.sleep(period)
                self._verdict.clear()
                self._screen.tell((Sentence("info", f"edit: {edit.what}"),))
                save(self._path, edit.change(self._path.read_text("utf-8")))
                try:
                    async with asyncio.timeout(PATIENCE):
                        await self._verdict.wait()
                except TimeoutError:
                    self._counts["unanswered"] += 1

    def _look_at_file(self) -> None:
        if self._options.edit:
            self._hints = (f"the demo edits {self._path} by itself",)
            return
        with suppress(OSError):
            text = self._path.read_text("utf-8", errors="replace")
            self._hints = hints(str(self._path), text, ports(self._options.first_port))

    # ── what is seen ─────────────────────────────────────────────────────────────────────────

    def _elapsed(self) -> float:
        return time.monotonic() - self._started

    def _scene(self) -> Scene:
        return Scene(
            file=str(self._path),
            release=self._manager.manager_status().release,
            seconds=self._elapsed(),
            statuses=in_order(self._manager.statuses()),
            tallies=self._load.tallies,
            hints=self._hints,
        )

    def _report(self) -> Report:
        return Report(
            seconds=self._elapsed(),
            release=self._manager.manager_status().release,
            applied=self._counts["applied"],
            refused=self._counts["refused"],
            unanswered=self._counts["unanswered"],
            tallies=self._load.tallies,
            strict=self._options.edit,
        )


@asynccontextmanager
async def _meanwhile(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run coroutines while the block runs, and cancel them at its end; an error ends all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in work]
        yield
        for task in tasks:
            task.cancel()
