"""A source of manifests that lives in memory: no file system, no waiting."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

from rewire.ports import Snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping


class MemorySource:
    """Hold the text of a manifest; ``put`` is an edit that the watcher sees."""

    origin = "connections.toml"
    mode: Literal["native", "poll", "off"] = "native"
    degraded: str | None = None

    def __init__(self, text: str) -> None:
        self.text: str | None = text
        self.watched: set[str] = set()
        self._changed = asyncio.Event()

    def put(self, text: str | None) -> None:
        """Edit the manifest; None: it vanishes."""
        self.text = text
        self._changed.set()

    def read(self) -> Snapshot:
        if self.text is None:
            return Snapshot(self.origin, None, why="no such file")
        return Snapshot(self.origin, self.text.encode())

    async def settle(self) -> Snapshot:
        return self.read()

    def accept(self, snapshot: Snapshot) -> None:
        """Every edit is news here."""

    def watch_also(
        self, paths: Iterable[str], *, seen: Mapping[str, bytes | None] | None = None
    ) -> None:
        self.watched = set(paths)

    def retune(self, *, quiet: float | None, max_delay: float | None, resync: float | None) -> None:
        """Nothing here takes time."""

    async def changes(self) -> AsyncGenerator[Snapshot]:
        while True:
            await self._changed.wait()
            self._changed.clear()
            yield self.read()
