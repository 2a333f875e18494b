"""Control in small, for the tests of drivers: views, leases and tasks, and nothing clever.

It does by hand what `rewire.control` does by plan: `start`, `replace` (build, warm, swap, drain),
`edit` (in place), `remove`, `close`. What a driver reports is kept in lists.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from rewire.errors import ClientRemovedError, ManagerClosedError, ProbeError, WrongLoopError
from rewire.manifest.specs.client import ClientConfig
from rewire.ports import Outcome

LIMIT = 10.0


async def until(what: Callable[[], object]) -> None:
    """Turn the event loop until something holds; fail if it never does."""
    async with asyncio.timeout(LIMIT):
        while not what():  # noqa: ASYNC110  (anything at all may make it hold)
            await asyncio.sleep(0)


@dataclass(eq=False)
class FakeGeneration:
    number: int
    resource: Any = None
    leases: list[FakeLease] = field(default_factory=list)
    closed: int = 0
    drained: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class FakeView:
    spec: ClientConfig
    prepared: Any
    generation: FakeGeneration
    control: FakeControl

    @property
    def number(self) -> int:
        return self.generation.number

    @property
    def resource(self) -> Any:
        if self.generation.resource is None:
            self.generation.resource = self.control.driver.open(self, self.control)
        return self.generation.resource


class FakeLease:
    def __init__(self, view: FakeView, what: str) -> None:
        self.view = view
        self.what = what
        self.stream = False
        self.closer: Any = None
        view.generation.leases.append(self)
        view.generation.drained.clear()

    def release(self) -> None:
        leases = self.view.generation.leases
        if self in leases:
            leases.remove(self)
        if not leases:
            self.view.generation.drained.set()

    def become_stream(self) -> None:
        self.stream = True

    def guard(self) -> Any:
        raise NotImplementedError

    def on_cut(self, close: Any) -> None:
        self.closer = close


class FakeControl:
    """One client's control, and its `ClientContext`."""

    def __init__(self, driver: Any, client: str = "feed") -> None:
        self.driver = driver
        self.id = client
        self.protocol = driver.protocol
        self.closed = False
        self.outcomes: list[Outcome] = []
        self.openings = 0
        self.losses: list[str] = []
        self.generations: list[FakeGeneration] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.failed: list[BaseException] = []
        self.live: FakeView | None = None
        self.handle = driver.handle(self)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open = asyncio.Event()

    # ── what a driver sees ───────────────────────────────────────────────────────────────────

    @property
    def ready(self) -> bool:
        return self._open.is_set() and asyncio.get_running_loop() is self._loop

    async def started(self) -> None:
        if self._loop not in (None, asyncio.get_running_loop()):
            raise WrongLoopError(self.id)
        await self._open.wait()

    @property
    def view(self) -> FakeView:
        if self.live is None:
            raise ManagerClosedError(self.id) if self.closed else ClientRemovedError(self.id)
        return self.live

    def lease(self, what: str) -> FakeLease:
        return FakeLease(self.view, what)

    def lease_of(self, view: FakeView, what: str) -> FakeLease:
        return FakeLease(view, what)

    def observe(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)

    def opening(self) -> None:
        self.openings += 1

    def lost(self, reason: str) -> None:
        self.losses.append(reason)

    def spawn(self, work: Any, name: str) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failed.append(error)

    # ── what a test does ─────────────────────────────────────────────────────────────────────

    def start(self, spec: ClientConfig | None = None) -> Self:
        """Open for business, with a first spec or without any."""
        self._loop = asyncio.get_running_loop()
        self._open.set()
        if spec is not None:
            self.put(spec)
        return self

    def put(self, spec: ClientConfig) -> FakeView:
        """Make a spec live on a generation of its own, unwarmed; connect it if it is eager."""
        view = self.build(spec)
        self.swap(view)
        if spec.connect == "eager":
            _ = view.resource
        return view

    def build(self, spec: ClientConfig, generation: FakeGeneration | None = None) -> FakeView:
        if generation is None:
            generation = FakeGeneration(len(self.generations) + 1)
            self.generations.append(generation)
        return FakeView(spec, self.driver.prepare(spec, {}), generation, self)

    def swap(self, view: FakeView | None) -> None:
        before, self.live = self.live, view
        self.driver.swapped(self.handle, before, view)
        if before is not None and (view is None or view.generation is not before.generation):
            self.spawn(self._drain(before.generation), "drain")

    async def replace(self, spec: ClientConfig) -> FakeView:
        """Replace as control does; a failed warm-up raises and leaves everything as it was."""
        view = self.build(spec)
        try:
            async with asyncio.timeout(spec.warmup.timeout):
                await self.driver.warm(view, self)
        except (ProbeError, TimeoutError):
            await self.driver.close(view.generation.resource)
            raise
        self.swap(view)
        return view

    def edit(self, spec: ClientConfig) -> None:
        """Apply an edit in place."""
        view = self.build(spec, self.view.generation)
        self.swap(view)
        if view.generation.resource is not None:
            self.driver.retune(view, self)

    def remove(self) -> None:
        """Take the client out."""
        self.swap(None)

    async def _drain(self, generation: FakeGeneration) -> None:
        if generation.leases:
            await generation.drained.wait()
        generation.closed += 1
        if generation.resource is not None:
            await self.driver.close(generation.resource)

    async def close(self) -> None:
        """End as the manager does: refuse, drain, cancel; report what failed meanwhile."""
        self.closed = True
        if self.live is not None:
            self.swap(None)
        async with asyncio.timeout(LIMIT):
            while draining := [task for task in self.tasks if task.get_name() == "drain"]:
                await asyncio.wait(draining)
            while self.tasks:
                for task in tuple(self.tasks):
                    task.cancel()
                await asyncio.wait(tuple(self.tasks))
        assert self.failed == []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
