"""A manifest that is a file on this machine, as a stream of settled snapshots.

Level-triggered: a hint only wakes, and then everything is read and compared with what the caller
said it has. So it does not matter which events an editor, Kubernetes or git-sync makes, nor
whether some get lost. A file that is being written is read until it rests. What the bytes mean
is not known here: an emptied file is a snapshot of nothing, and a missing file one that says why.
`watch` gives the hints, `reading` reads.
"""

from __future__ import annotations

import asyncio
import os
import random
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Literal

from rewire.ports import Snapshot
from rewire.sources.reading import FileRefused, read_off_loop, read_regular_file
from rewire.sources.watch import Mode, Watcher

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping

__all__ = ["FileSource"]

MIB = 1 << 20
READS_PER_QUIET = 4  # how finely a file is sampled while it is waited for to rest


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait for what, in seconds."""

    quiet: float
    max_delay: float
    resync: float
    jitter: float


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at everything found."""

    snapshot: Snapshot
    others: Mapping[str, str]
    """The fingerprint of every other watched file, by path."""


class FileSource:
    """Follow a manifest file, and the files that it names.

    Times are in seconds. `quiet`: a changed file must have rested for this long; `max_delay`:
    but it is not waited for any longer than that; `resync`: how often everything is read without
    a hint; `poll_interval`: the same while nothing watches natively, or the manifest is missing;
    `jitter`: a random delay up to this before a change is read, so that a fleet does not reload
    at once. A file of more than `max_size` bytes counts as missing.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        quiet: float = 0.1,
        max_delay: float = 2.0,
        resync: float = 60.0,
        poll_interval: float = 1.0,
        max_size: int = 32 * MIB,
        watch: Literal["auto", "poll", "off"] = "auto",
        jitter: float = 0.0,
    ) -> None:
        self.origin = os.fsdecode(path)
        self._path = _absolute(self.origin)
        self._pace = Pace(quiet, max_delay, resync, jitter)
        self._poll_interval = poll_interval
        self._max_size = max_size
        self._watch = watch
        self._known: Snapshot | None = None
        self._others: dict[str, str | None] = {}  # None: not read yet, so no change to speak of
        self._watcher: Watcher | None = None
        self._hint: asyncio.Event | None = None

    def __repr__(self) -> str:
        return f"<FileSource {self.origin!r} watch={self.mode}>"

    @property
    def mode(self) -> Mode:
        """Return how changes are noticed right now; "off" while nobody iterates `changes`."""
        return self._watcher.mode if self._watcher else "off"

    @property
    def degraded(self) -> str | None:
        """Return why native watching does not work right now, or None."""
        return self._watcher.degraded if self._watcher else None

    def read(self) -> Snapshot:
        """Read the manifest once, as it is at this moment; blocks."""
        try:
            data = read_regular_file(self._path, max_size=self._max_size, outside=())
        except FileRefused as error:
            return Snapshot(self.origin, None, why=error.reason)
        except OSError as error:
            return Snapshot(self.origin, None, why=(error.strerror or str(error)).lower())
        return Snapshot(self.origin, data)

    async def settle(self) -> Snapshot:
        """Read until the content has rested for `quiet`, or `max_delay` is over."""
        return (await self._settle()).snapshot

    def accept(self, snapshot: Snapshot) -> None:
        """Say which content the caller has: only another one is news to `changes`."""
        if snapshot != self._known:
            self._known = snapshot
            self._wake()

    def watch_also(
        self, paths: Iterable[str], *, seen: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Watch these files too, and no longer those of an earlier call.

        `seen` holds what the caller has read of them (None: it could not), so that a change
        between its reading and this call is noticed; without it, what the next look finds of a
        new path counts as known.
        """
        seen = seen or {}
        others = {
            path: _fingerprint(seen[path]) if path in seen else self._others.get(path)
            for path in paths
        }
        if others == self._others:
            return
        self._others = others
        if self._watcher:
            self._watcher.follow(self._paths())
        self._wake()

    def retune(
        self,
        *,
        quiet: float | None = None,
        max_delay: float | None = None,
        resync: float | None = None,
        jitter: float | None = None,
    ) -> None:
        """Change the given times at once; the others stay."""
        given = {"quiet": quiet, "max_delay": max_delay, "resync": resync, "jitter": jitter}
        pace = replace(self._pace, **{k: v for k, v in given.items() if v is not None})
        if pace != self._pace:
            self._pace = pace
            self._wake()

    async def changes(self) -> AsyncGenerator[Snapshot, None]:
        """Yield a settled snapshot whenever the content differs from what is known.

        That is: the manifest's bytes, or why it is missing, or the bytes of a file watched also;
        and at every resync, then even if all is equal. Never ends by itself, and no fault of the
        file system is raised out of it. One iteration at a time; when it is cancelled or closed
        (`contextlib.aclosing` does so in every case), its thread and watches are gone.
        """
        loop = asyncio.get_running_loop()
        hint = self._hint = asyncio.Event()
        if self._watch != "off":
            self._watcher = Watcher(
                self._paths(),
                partial(loop.call_soon_threadsafe, hint.set),
                native=self._watch == "auto",
                poll_interval=self._poll_interval,
            )
        try:
            since = loop.time()
            while True:
                await self._wait(hint, since)
                due = loop.time() >= since + self._pace.resync
                sight = await self._look(hint)
                if self._is_news(sight) or due:
                    self._remember(sight)
                    since = loop.time()
                    yield sight.snapshot
        finally:
            if self._watcher:
                self._watcher.close()
            self._watcher = self._hint = None

    async def _wait(self, hint: asyncio.Event, since: float) -> None:
        """Wait for a hint, or until it is time to look without one."""
        seconds = since + self._pace.resync - asyncio.get_running_loop().time()
        if self._watcher and self._known and self._known.data is None:
            # What made it unreadable (no descriptor left, a late mount) may end without an event.
            seconds = min(seconds, self._poll_interval)
        try:
            async with asyncio.timeout(max(seconds, 0.0)):
                await hint.wait()
        except TimeoutError:
            pass

    async def _look(self, hint: asyncio.Event) -> Sight:
        """Look at everything; what is news is read again until it rests."""
        hinted = hint.is_set()
        hint.clear()
        sight = await read_off_loop(self._read_all)
        for path, fingerprint in sight.others.items():
            if path in self._others and self._others[path] is None:
                self._others[path] = fingerprint
        if not self._is_news(sight):
            return sight
        if self._pace.jitter:
            await asyncio.sleep(random.uniform(0, self._pace.jitter))
        sight = await self._settle()
        known = self._known is not None and self._known.data is not None
        if self._watcher and known and not (hinted or hint.is_set()):
            self._watcher.distrust("an edit was found that the watcher did not report")
        return sight

    async def _settle(self) -> Sight:
        """Sample the content, whatever hints say, until it has rested."""
        loop = asyncio.get_running_loop()
        begun = rested = loop.time()
        sight = await read_off_loop(self._read_all)
        while True:
            now = loop.time()
            if now - rested >= self._pace.quiet or now - begun >= self._pace.max_delay:
                return sight
            await asyncio.sleep(self._pace.quiet / READS_PER_QUIET)
            again = await read_off_loop(self._read_all)
            if again != sight:
                sight, rested = again, loop.time()

    def _read_all(self) -> Sight:
        return Sight(self.read(), {path: self._read_other(path) for path in tuple(self._others)})

    def _read_other(self, path: str) -> str:
        try:
            return _fingerprint(read_regular_file(path, max_size=self._max_size))
        except (FileRefused, OSError):
            return _fingerprint(None)

    def _is_news(self, sight: Sight) -> bool:
        return sight.snapshot != self._known or any(
            self._others.get(path) not in {None, fingerprint}
            for path, fingerprint in sight.others.items()
        )

    def _remember(self, sight: Sight) -> None:
        self._known = sight.snapshot
        self._others.update({p: f for p, f in sight.others.items() if p in self._others})

    def _paths(self) -> list[str]:
        return [self._path, *map(_absolute, self._others)]

    def _wake(self) -> None:
        if self._hint:
            self._hint.set()


def _absolute(path: str) -> str:
    """Anchor a path without folding `..`, which must be done after symlinks."""
    return os.path.join(os.getcwd(), path)


def _fingerprint(data: bytes | None) -> str:
    return "" if data is None else sha256(data).hexdigest()
