"""Faults of being interrupted: old or new, never neither, and nothing left open (FAULTS 48).

A pass is held up by a peer that accepts and then says nothing, a drain by a request in flight.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from rewire.drivers.http.engine import HttpcoreEngine
from rewire.drivers.http.ways import Ways
from rewire.events import GenerationRetired
from tests.control.test_faults_passes import listen, silent_peer
from tests.fakes.editing import edit, http
from tests.fakes.source import MemorySource
from tests.sources.following import eventually

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


def eager(server: FakeServer) -> str:
    """Return a client that connects as soon as it is live."""
    return http("api", server.url, 'connect = "eager"')


async def test_fault_48_a_cancelled_reload_call_stops_no_pass(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Who asked is gone; what was asked for is done."""
    manager, source = await start(http("api", server.url))
    await manager.http("api").get("/json")
    for turns in range(6):
        url = (other_server, server)[turns % 2].url
        source.text = f"version = 1\n{http('api', url)}"
        asking = asyncio.ensure_future(manager.reload())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        verdict = await manager.reload()
        assert verdict.result in {"applied", "unchanged"}
        assert (await manager.http("api").get("/json")).json()["server"] == "ba"[turns % 2]


async def test_fault_48_a_cancelled_reload_call_during_a_warm_up(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The old view serves while the pass goes on, and the next edit is applied."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("api", server.url))
        client = manager.http("api")
        await client.get("/json")
        source.text = f"version = 1\n{http('api', hole)}"
        asking = asyncio.ensure_future(manager.reload())
        await begun.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert (await client.get("/json")).json()["connection"] == 1
        assert (await edit(manager, source, http("api", other_server.url))).result == "applied"
        assert (await client.get("/json")).json()["server"] == "b"


async def test_fault_48_the_end_comes_during_a_warm_up(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """It waits for no peer; who waited for a verdict gets one; every socket is closed."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("api", server.url) + http("slow", server.url))
        for name in ("api", "slow"):
            await manager.http(name).get("/json")
        source.text = f"version = 1\n{http('api', other_server.url)}{http('slow', hole)}"
        asking = asyncio.ensure_future(manager.reload())
        await begun.wait()
        # One is warm already, and never goes live.
        await other_server.until(lambda: other_server.connections_opened == 1)
        async with asyncio.timeout(5):
            await manager.aclose()
            verdict = await asking
        assert (verdict.result, verdict.reason) == ("superseded", "ManagerClosed")
        await server.until(lambda: server.connections_open == 0)
        await other_server.until(lambda: other_server.connections_open == 0)


async def test_fault_48_the_end_comes_while_a_drain_still_waits(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """What is in flight on an old generation finishes, too."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    answering = asyncio.ensure_future(client.get("/slow?s=0.2"))
    await server.until(lambda: server.in_flight == 1)
    await edit(manager, source, http("api", other_server.url))
    newer = asyncio.ensure_future(client.get("/slow?s=0.1"))
    await other_server.until(lambda: other_server.in_flight == 1)
    await manager.aclose()
    assert (await answering).json()["server"] == "a"
    assert (await newer).json()["server"] == "b"
    for one in (server, other_server):
        await one.until(lambda: one.connections_open == 0)  # noqa: B023 - awaited here


async def test_fault_48_no_pass_swaps_anything_in_after_the_end_has_begun(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A reload that is asked for while the end drains makes no connection any more."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    answering = asyncio.ensure_future(client.get("/slow?s=0.2"))
    await server.until(lambda: server.in_flight == 1)
    ending = asyncio.ensure_future(manager.aclose())
    await asyncio.sleep(0)
    source.put(f"version = 1\n{eager(other_server)}")
    with pytest.raises(RuntimeError):
        await manager.reload()
    assert (await answering).status_code == 200
    await ending
    assert other_server.connections_opened == 0


async def test_fault_48_a_start_that_is_cancelled_leaves_nothing(server: FakeServer) -> None:
    """At whatever turn it comes; the no-task-left check of the suite looks too."""
    for turns in range(1, 6):
        text = f"version = 1\n{eager(server)}"
        manager = rewire.ClientManager(MemorySource(text))
        starting = asyncio.ensure_future(manager.__aenter__())
        for _ in range(turns):
            await asyncio.sleep(0)
        starting.cancel()
        try:
            await starting
        except asyncio.CancelledError:
            with pytest.raises(rewire.ManagerClosedError):
                await manager.http("api").get("/json")
        else:
            await manager.aclose()
        async with asyncio.timeout(10):
            await server.until(lambda: server.connections_open == 0)


@pytest.mark.parametrize("moment", ["at once", "while it drains"])
async def test_fault_48_an_end_that_is_cancelled_still_closes_everything(
    start: Start, server: FakeServer, moment: str
) -> None:
    """Whoever loses patience with a drain cuts it; no socket and no task stays."""
    manager, _ = await start(http("api", server.url))
    retired = listen(manager, GenerationRetired)
    hanging = asyncio.ensure_future(manager.http("api").get("/slow?s=60"))
    await server.until(lambda: server.in_flight == 1)
    ending = asyncio.ensure_future(manager.aclose())
    await asyncio.sleep(0)
    if moment != "at once":
        await eventually(lambda: len(retired) == 1)
    ending.cancel()
    await asyncio.gather(ending, return_exceptions=True)
    async with asyncio.timeout(10):
        await server.until(lambda: server.connections_open == 0)
    with pytest.raises(httpx2.ReadError):
        await hanging


async def test_fault_48_a_connect_that_ends_after_its_pool_was_closed_leaves_no_socket(
    server: FakeServer,
) -> None:
    """An eager connect may be under way when an edit or the end closes its generation."""
    engine = HttpcoreEngine(ways=Ways(), max_connections=1, max_keepalive=1, keepalive_expiry=60)
    connecting = asyncio.ensure_future(
        engine.connect(b"http", "127.0.0.1", server.port, timeout=5, keep=True)
    )
    await asyncio.sleep(0)
    await engine.aclose()
    await connecting
    assert server.connections_opened == 1
    async with asyncio.timeout(10):
        await server.until(lambda: server.connections_open == 0)


async def test_a_client_registered_during_a_warm_up_keeps_its_id(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The pass that is under way holds its own back: the manifest never touches code's clients."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("slow", server.url, 'warmup.timeout = "300ms"'))
        await manager.http("slow").get("/json")
        slow = http("slow", hole, 'warmup.timeout = "300ms"')
        source.text = f"version = 1\n{slow}{http('mine', other_server.url)}"
        asking = asyncio.ensure_future(manager.reload())
        await begun.wait()
        client = manager.register(rewire.HTTPClientConfig(id="mine", base_url=server.url))
        assert (await client.get("/json")).json()["server"] == "a"
        verdict = await asking
        assert set(verdict.held_back) == {"slow", "mine"}
        assert verdict.held_back["mine"].startswith("IdTaken")
        assert (await client.get("/json")).json()["server"] == "a"
        assert manager.status("mine").origin.file == "code"
