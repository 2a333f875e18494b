"""When passes run: on each snapshot of the source, on request, and for what waits for a retry.

One worker runs one pass at a time and always takes the newest snapshot. A snapshot that comes
during a pass supersedes it; whoever waited gets the newer verdict.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rewire.control.verdict import Verdict
from rewire.control.warmup import is_ours
from rewire.events import SourceChanged

if TYPE_CHECKING:
    from rewire.control.host import Host
    from rewire.control.reconciler import Reconciler
    from rewire.ports import Snapshot, Source

__all__ = ["Loop"]

logger = logging.getLogger("rewire")

RETRY_FIRST = 1.0
RETRY_LONGEST = 60.0


@dataclass(slots=True)
class _Job:
    snapshot: Snapshot
    retry: bool = False
    waiters: list[asyncio.Future[Verdict]] = field(default_factory=list)


class Loop:
    """Feed the reconciler; never end by an error of a pass."""

    def __init__(self, host: Host, reconciler: Reconciler, source: Source) -> None:
        self._host = host
        self._reconciler = reconciler
        self._source = source
        self._pending: _Job | None = None
        self._current: _Job | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._arrived = asyncio.Event()
        self._tries = 0
        self._degraded: str | None = None
        self._missing = False

    def start(self, *, watch: bool) -> None:
        """Start the worker, and the watching of the source."""
        self._tune()
        last = self._reconciler.last
        self._tries = 1 if last is not None and last.held_back else 0
        self._tasks = [self._host.tasks.spawn(self._work(), "reconcile")]
        if watch:
            self._tasks.append(self._host.tasks.spawn(self._watch(), "watch"))

    async def stop(self) -> None:
        """Run no further pass; a pass that runs is ended before its swap, or has swapped."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        for job in (self._pending, self._current):
            for waiter in job.waiters if job is not None else ():
                if not waiter.done():
                    waiter.set_result(self._ended())

    def _ended(self) -> Verdict:
        return Verdict("superseded", self._reconciler.release, "ManagerClosed")

    def submit(self, snapshot: Snapshot) -> asyncio.Future[Verdict]:
        """Ask for a pass on ``snapshot``; the verdict may be that of a newer one."""
        waiter: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        if self._host.closed:
            waiter.set_result(self._ended())
            return waiter
        waiters = self._pending.waiters if self._pending is not None else []
        self._pending = _Job(snapshot, waiters=[*waiters, waiter])
        if self._current is not None and self._current.snapshot.data != snapshot.data:
            self._reconciler.newer.set()
        self._arrived.set()
        return waiter

    def retry(self) -> None:
        """Try now what is held back: what it waits for may be there."""
        accepted = self._reconciler.accepted
        if self._pending is None and accepted is not None and not self._host.closed:
            self._pending = _Job(accepted, retry=True)
            self._arrived.set()

    async def reload(self) -> Verdict:
        """Read the source now and return the verdict; cancelling the call stops no pass."""
        snapshot = await self._source.settle()
        self._source.accept(snapshot)
        return await self.submit(snapshot)

    async def _watch(self) -> None:
        async with aclosing(self._source.changes()) as changes:
            async for snapshot in changes:
                self._tell(snapshot)
                self._source.accept(snapshot)
                self.submit(snapshot)

    def _tell(self, snapshot: Snapshot) -> None:
        missing = snapshot.data is None
        if missing != self._missing:
            self._missing = missing
            self._host.emit(
                SourceChanged("SourceMissing", snapshot.why or snapshot.origin)
                if missing
                else SourceChanged("SourceFound", snapshot.origin)
            )
        if self._source.degraded != self._degraded:
            self._degraded = self._source.degraded
            self._host.emit(
                SourceChanged("WatchDegraded", self._degraded)
                if self._degraded
                else SourceChanged("WatchRestored", self._source.mode)
            )

    async def _work(self) -> None:
        while True:
            job = await self._next()
            self._current = job
            self._reconciler.newer.clear()
            verdict = await self._pass(job)
            self._current = None
            if verdict.result == "superseded" and self._pending is not None:
                self._pending.waiters[:0] = job.waiters
                continue
            if verdict.result != "refused":  # what an older release holds back is still due
                self._tries = self._tries + 1 if verdict.held_back else 0
            self._tune()
            for waiter in job.waiters:
                if not waiter.done():
                    waiter.set_result(verdict)

    async def _next(self) -> _Job:
        """Return the newest job; when nothing comes, what is held back is tried again."""
        while self._pending is None:
            try:
                async with asyncio.timeout(self._patience()):
                    await self._arrived.wait()
            except TimeoutError:
                if self._reconciler.accepted is not None:
                    return _Job(self._reconciler.accepted, retry=True)
            self._arrived.clear()
        job, self._pending = self._pending, None
        self._arrived.clear()
        return job

    def _patience(self) -> float | None:
        return min(RETRY_FIRST * 2 ** (self._tries - 1), RETRY_LONGEST) if self._tries else None

    async def _pass(self, job: _Job) -> Verdict:
        try:
            return await self._reconciler.reconcile_once(job.snapshot, retry=job.retry)
        except BaseException as error:
            if is_ours(error):
                raise
            # Law 3: a fault of ours must not end the loop; the next manifest is tried as well.
            logger.exception("a reconcile failed; what is live stays as it is")
            release = self._reconciler.release
            reason = f"InternalError: {type(error).__name__}"
            return Verdict("refused", release, reason, job.snapshot.digest, text=reason)

    def _tune(self) -> None:
        manifest = self._reconciler.manifest
        if manifest is not None:
            reload = manifest.reload
            self._source.retune(
                quiet=reload.quiet, max_delay=reload.max_delay, resync=reload.resync
            )
        seen = self._reconciler.environment.seen
        self._source.watch_also(seen, seen=seen)
