"""Show 1: edits that move a client between two servers, under load, and nothing is lost.

300 requests/s, 20 streams that outlive every edit, 10 slow uploads, 30 edits of ``base_url``.
The same show is run on a naive build, which closes the old connections at the swap: there it
must fail, so it can.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import rewire
from rewire.control.drain import Drain, close_once
from rewire.control.retirement import Retirement

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tests.fakes.http_server import FakeServer

EDITS = 30
STREAMS = 20
UPLOADS = 10
RATE = 300


def manifest(url: str) -> str:
    """Return a manifest whose one client sends to ``url``; a retry would hide a loss."""
    return f'version = 1\n\n[http.api]\nbase_url = "{url}"\nretry.enabled = false\n'


@dataclass
class Tally:
    """What the callers saw."""

    sent: int = 0
    failed: list[str] = field(default_factory=list)
    epoch: dict[str, int] = field(default_factory=dict)  # request → edits acknowledged before it


async def ask(client: Any, tally: Tally, epoch: int) -> None:
    """Send one request that can be told from every other."""
    tally.sent += 1
    name = str(tally.sent)
    tally.epoch[name] = epoch
    try:
        response = await client.get("/json", params={"id": name})
        response.raise_for_status()
    except Exception as error:  # every failure counts, whatever it is  # noqa: BLE001
        tally.failed.append(f"request {name}: {error!r}")


async def read_stream(client: Any, tally: Tally, end: asyncio.Event) -> None:
    """Read an endless stream until the end of the show; a gap or a cut is a failure."""
    expected = 0
    try:
        async with client.stream("GET", "/stream?gap=0.02") as response:
            async for line in response.aiter_lines():
                number = int(line.split()[1])
                if number != expected:
                    tally.failed.append(f"stream: {number} came instead of {expected}")
                expected += 1
                if end.is_set():
                    return
        tally.failed.append("stream: ended early")
    except Exception as error:  # noqa: BLE001
        tally.failed.append(f"stream: {error!r}")


async def upload(client: Any, tally: Tally, end: asyncio.Event) -> None:
    """Send a body that takes as long as the show, and compare what arrived."""
    digest = hashlib.sha256()

    async def body() -> AsyncIterator[bytes]:
        while not end.is_set():
            digest.update(b"x" * 100)
            yield b"x" * 100
            await asyncio.sleep(0.02)

    try:
        response = await client.post("/upload", content=body(), timeout=60)
        if response.json()["sha256"] != digest.hexdigest():
            tally.failed.append("upload: the body arrived changed")
    except Exception as error:  # noqa: BLE001
        tally.failed.append(f"upload: {error!r}")


async def perform(
    path: Path,
    one: FakeServer,
    two: FakeServer,
    edits: int,
    handle: Callable[[rewire.ClientManager], Any] = lambda manager: manager.http("api"),
) -> Tally:
    """Run the show and check what the servers saw; return what the callers saw."""
    tally, end, servers = Tally(), asyncio.Event(), (one, two)
    epoch = 0
    path.write_text(manifest(one.url))
    async with rewire.ClientManager(path) as manager:
        client = handle(manager)
        async with asyncio.TaskGroup() as load:

            async def pour() -> None:
                while not end.is_set():
                    load.create_task(ask(client, tally, epoch))
                    await asyncio.sleep(1 / RATE)

            pouring = load.create_task(pour())
            for _ in range(STREAMS):
                load.create_task(read_stream(client, tally, end))
            for _ in range(UPLOADS):
                load.create_task(upload(client, tally, end))
            await one.until(lambda: one.in_flight >= STREAMS + UPLOADS)
            for number in range(1, edits + 1):
                path.write_text(manifest(servers[number % 2].url))
                verdict = await manager.reload()
                assert verdict.result in {"applied", "unchanged"}, verdict
                epoch = number
                await asyncio.sleep(0.1)
            end.set()
            await pouring
        assert manager.status("api").generation == edits + 1
        await until_drained(manager)
    check_servers(tally, servers)
    assert one.connections_open == two.connections_open == 0
    return tally


async def until_drained(manager: rewire.ClientManager) -> None:
    """Wait until only the newest generation is left."""
    while len(manager.status("api").in_flight) > 1:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def check_servers(tally: Tally, servers: tuple[FakeServer, FakeServer]) -> None:
    """Each request was answered by exactly one server, and by the acknowledged one."""
    seen: dict[str, list[int]] = {}
    for index, server in enumerate(servers):
        for request in server.requests:
            if (name := request.query.get("id")) is not None:
                seen.setdefault(name, []).append(index)
    failed = {failure.split()[1].rstrip(":") for failure in tally.failed}
    doubled = {name: where for name, where in seen.items() if len(where) != 1}
    assert not doubled
    assert set(tally.epoch) - set(seen) <= failed
    # A request that began after edit n was acknowledged went to n's server, or to a later one's;
    # between two edits only one answer is right, and most requests begin there.
    for name, (where,) in seen.items():
        begun = tally.epoch[name]
        assert where in {begun % 2, (begun + 1) % 2}
    last = max(tally.epoch.values())
    settled = [name for name, begun in tally.epoch.items() if begun == last and name in seen]
    assert settled
    assert {seen[name][0] for name in settled} == {last % 2}


async def close_at_once(self: Retirement, slot: Any, job: Drain) -> None:
    """Stand in for ``Retirement._drain`` as a naive build would have it."""

    async def close(generation: object) -> None:
        await slot.driver.close(job.generation.peek())

    await close_once(job.generation, close, self._host.emit)
    slot.forget(job.generation)
    self._jobs[slot.id, slot.protocol].remove(job)


async def test_edits_under_load_lose_no_request_stream_or_upload(
    tmp_path: Path, server: FakeServer, other_server: FakeServer
) -> None:
    """0 failed, 0 cut, each request answered once, by the server of its manifest."""
    tally = await perform(tmp_path / "connections.toml", server, other_server, EDITS)
    assert tally.failed == []
    assert tally.sent > EDITS * RATE * 0.02


async def test_the_show_fails_on_a_build_that_closes_the_old_client(
    tmp_path: Path,
    server: FakeServer,
    other_server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Closing the old connections at the swap cuts every stream: the show can fail."""
    monkeypatch.setattr(Retirement, "_drain", close_at_once)
    tally = await perform(tmp_path / "connections.toml", server, other_server, 3)
    assert sum("stream" in failure for failure in tally.failed) >= STREAMS
