"""A thousand reloads leave a process as large as a hundred did (FAULTS 54).

Memory is counted in blocks of Python's allocator: it grows by a leaked object, and not, as the
resident size does, by whatever else the allocator does.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import threading
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.control.test_faults_text import _reason
from tests.fakes.editing import edit, http
from tests.sources.following import eventually

if TYPE_CHECKING:
    import rewire
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer
    from tests.fakes.source import MemorySource

# CPython 3.11 makes a new "__match_args__" for every class pattern that it tries, and its method
# cache, of this size, keeps them.
METHOD_CACHE = 4096
DESCRIPTORS = Path("/proc/self/fd")


@dataclass
class Size:
    """How large the process is at the moment."""

    blocks: int
    objects: int
    tasks: int
    threads: int
    descriptors: int

    @classmethod
    def now(cls) -> Size:
        gc.collect()
        return cls(
            sys.getallocatedblocks(),
            len(gc.get_objects()),
            len(asyncio.all_tasks()),
            threading.active_count(),
            sum(1 for _ in DESCRIPTORS.iterdir()),
        )


class Editor:
    """Make edits of every kind, always the same round of ten."""

    def __init__(
        self, manager: rewire.ClientManager, source: MemorySource, urls: tuple[str, str]
    ) -> None:
        self.manager = manager
        self.source = source
        self.urls = urls

    async def round(self) -> None:
        one, two = self.urls
        keep = http("keep", one)
        texts = [
            http("api", one),
            http("api", two),
            http("api", two, 'headers.x-a = "1"'),
            http("api", two, "enabled = false"),
            http("api", one, "pool.max_connections = 3"),
            "",
            http("api", one) + http("new", two),
            http("api", one) + http("held", two, 'auth.bearer = "${NOBODY_SETS_THIS}"'),
            "nonsense",
            http("api", two),
        ]
        for text in texts:
            await edit(self.manager, self.source, keep + text)
            if "[http.api]" in text and "false" not in text:
                await self.manager.http("api").get("/json")
        await eventually(lambda: len(self.manager.status("api").in_flight) == 1)


async def grow(editor: Editor, servers: tuple[FakeServer, FakeServer], rounds: int) -> None:
    """Run a tenth of the rounds, measure, run the others, and compare."""
    sizes: list[Size] = []
    for number in range(rounds):
        await editor.round()
        for server in servers:  # the fakes remember every request
            server.requests.clear()
        if number in {rounds // 10, rounds - 1}:
            sizes.append(Size.now())
    before, after = sizes
    for field in fields(Size)[2:]:
        assert getattr(after, field.name) <= getattr(before, field.name) + 1, field.name
    more = rounds - rounds // 10
    # One leaked object for each round would be more than this; ten edits are a round.
    assert after.objects - before.objects < more / 2 + 50
    assert after.blocks - before.blocks < METHOD_CACHE + more
    assert len(editor.manager._registry.all()) <= 3
    assert not editor.manager._retirement._tasks
    assert not any(editor.manager._retirement._jobs.values())
    assert _reason(editor.manager) == "Applied"


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="counts descriptors in /proc")
@pytest.mark.parametrize(
    "rounds", [100, pytest.param(1000, marks=[pytest.mark.slow, pytest.mark.timeout(600)])]
)
async def test_fault_54_a_thousand_reloads_leave_nothing_behind(
    start: Start,
    server: FakeServer,
    other_server: FakeServer,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    rounds: int,
) -> None:
    """Blocks, objects, tasks, threads and descriptors are flat; ten thousand in the slow part."""
    caplog.set_level(logging.CRITICAL, "rewire")  # pytest would keep what is logged
    monkeypatch.setattr("rewire.control.vitals.WINDOW", 8)  # which would fill up in the meantime
    manager, source = await start(http("api", server.url), env={})
    editor = Editor(manager, source, (server.url, other_server.url))
    await grow(editor, (server, other_server), rounds)
