"""Faults of a swap under load: requests, half-read bodies, uploads, retries (FAULTS 40, 41, 42).

Show 1 does this at a rate; here each kind of call is alone, at a moment that the server chose.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
from typing import TYPE_CHECKING

import pytest

from rewire.events import DrainForced, GenerationClosed
from tests.control.test_faults_passes import listen
from tests.fakes.editing import edit, http
from tests.sources.following import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


@pytest.mark.parametrize("after", ["replaced", "removed", "disabled"])
async def test_fault_40_requests_in_flight_finish_where_they_began(
    start: Start, server: FakeServer, other_server: FakeServer, after: str
) -> None:
    """Fifty of them, whatever becomes of their client; each is answered once, none by the new."""
    keep = http("keep", server.url)
    texts = {
        "replaced": http("api", other_server.url),
        "removed": "",
        "disabled": http("api", server.url, "enabled = false"),
    }
    manager, source = await start(keep + http("api", server.url))
    client = manager.http("api")
    asking = [asyncio.ensure_future(client.get(f"/slow?s=0.2&n={n}")) for n in range(50)]
    await server.until(lambda: server.in_flight == 50)
    assert (await edit(manager, source, keep + texts[after])).result == "applied"
    answers = await asyncio.gather(*asking)
    assert {answer.json()["server"] for answer in answers} == {"a"}
    assert sorted(int(r.query["n"]) for r in server.requests) == list(range(50))
    assert other_server.requests == []
    await server.until(lambda: server.connections_open == 0)


async def test_fault_40_a_request_that_waits_for_a_connection_finishes_on_its_generation(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """It is in flight, too: queued on the old pool when the swap came."""
    lines = ("pool.max_connections = 1",)
    manager, source = await start(http("api", server.url, *lines))
    client = manager.http("api")
    first = asyncio.ensure_future(client.get("/slow?s=0.2"))
    await server.until(lambda: server.in_flight == 1)
    second = asyncio.ensure_future(client.get("/json"))
    await eventually(lambda: _waiting(manager) == 1)
    await edit(manager, source, http("api", other_server.url, *lines))
    assert (await client.get("/json")).json()["server"] == "b"
    assert (await first).json()["server"] == "a"
    assert (await second).json()["server"] == "a"
    await server.until(lambda: server.connections_open == 0)


def _waiting(manager: object) -> int:
    pool = manager.status("api").pool  # type: ignore[attr-defined]
    return pool.waiting if pool else 0


async def test_fault_41_a_half_read_body_is_read_to_its_end(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Across several swaps, while nobody reads in between."""
    urls = (other_server.url, server.url)
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    async with client.stream("GET", "/stream?n=20&gap=0") as response:
        lines = response.aiter_lines()
        assert [await anext(lines) for _ in range(3)] == ["a 0", "a 1", "a 2"]
        for number in range(4):
            await edit(manager, source, http("api", urls[number % 2]))
            await client.get("/json")
        assert manager.status("api").in_flight[1] == 1
        assert [line async for line in lines] == [f"a {n}" for n in range(3, 20)]
    await eventually(lambda: list(manager.status("api").in_flight) == [5])


async def test_fault_41_a_response_that_is_left_half_read_gives_its_generation_back(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Leaving the ``async with`` early, by an exception too, ends the count."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    for leave in ("break", "raise"):
        try:
            async with client.stream("GET", "/stream?gap=0.001") as response:
                async for _ in response.aiter_lines():
                    if leave == "raise":
                        raise LookupError
                    break
        except LookupError:
            pass
        assert manager.status("api").in_flight == {1: 0}
    await edit(manager, source, http("api", other_server.url))
    await server.until(lambda: server.connections_open == 0)


async def test_fault_41_a_leaked_response_is_reaped_at_the_deadline_with_a_warning(
    start: Start,
    server: FakeServer,
    other_server: FakeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is named in the event and in the log, at a level that people see."""
    limits = 'drain = { timeout = "10ms", stream_timeout = "30ms" }'
    manager, source = await start(http("api", server.url, limits))
    forced, closed = listen(manager, DrainForced), listen(manager, GenerationClosed)
    client = manager.http("api")
    leaked = await client.send(client.build_request("GET", "/stream?gap=0.01"), stream=True)
    await edit(manager, source, http("api", other_server.url))
    await eventually(lambda: len(closed) == 1)
    assert forced == [DrainForced("api", 1, 1, ("GET /stream",))]
    (record,) = [record for record in caplog.records if "GET /stream" in record.getMessage()]
    assert record.levelname == "WARNING"
    assert manager.status("api").in_flight == {2: 0}
    await server.until(lambda: server.connections_open == 0)
    del leaked
    gc.collect()


async def test_fault_42_an_upload_that_streams_over_a_swap_arrives_whole(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """On its old server, and once; an upload that begins later goes to the new one."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    swapped = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"before" * 1000
        await swapped.wait()
        yield b"after" * 1000

    uploading = asyncio.ensure_future(client.post("/upload", content=body()))
    await server.until(lambda: server.in_flight == 1)
    await edit(manager, source, http("api", other_server.url))
    assert (await client.get("/json")).json()["server"] == "b"
    swapped.set()
    digest = hashlib.sha256(b"before" * 1000 + b"after" * 1000).hexdigest()
    assert (await uploading).json() == {"length": 11000, "sha256": digest}
    assert [request.path for request in other_server.requests] == ["/json"]
    assert (await client.post("/upload", content=b"x")).json()["length"] == 1
    assert len(server.requests) == 1
    await server.until(lambda: server.connections_open == 0)


async def test_fault_42_an_upload_that_outlives_the_drain_is_cut_by_name(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A body that never ends does not hold its generation for ever."""
    manager, source = await start(http("api", server.url, 'drain.timeout = "50ms"'))
    forced = listen(manager, DrainForced)

    async def body() -> AsyncIterator[bytes]:
        yield b"x"
        await asyncio.sleep(3600)

    uploading = asyncio.ensure_future(manager.http("api").post("/upload", content=body()))
    await server.until(lambda: server.in_flight == 1)
    await edit(manager, source, http("api", other_server.url))
    (failure,) = await asyncio.gather(uploading, return_exceptions=True)
    assert "generation 1" in str(failure)
    assert forced == [DrainForced("api", 1, 1, ("POST /upload",))]
    await server.until(lambda: server.connections_open == 0)


async def test_fault_47_a_cancelled_download_does_not_leave_a_dirty_connection(
    start: Start, server: FakeServer
) -> None:
    """Cancelled between two chunks: counted no more, and the socket is not used again."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")

    async def download() -> None:
        async with client.stream("GET", "/stream?gap=0.001") as response:
            async for _ in response.aiter_lines():
                reading.set()

    reading = asyncio.Event()
    task = asyncio.ensure_future(download())
    await reading.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert manager.status("api").in_flight == {1: 0}
    assert (await client.get("/json")).json()["connection"] == 2
    await server.until(lambda: server.connections_open == 1)


async def test_fault_47_a_cancelled_waiter_gives_its_place_back(
    start: Start, server: FakeServer
) -> None:
    """Cancelled while it queued for a connection: the next one gets its turn."""
    manager, _ = await start(http("api", server.url, "pool.max_connections = 1"))
    client = manager.http("api")
    first = asyncio.ensure_future(client.get("/slow?s=0.2"))
    await server.until(lambda: server.in_flight == 1)
    second = asyncio.ensure_future(client.get("/json?n=2"))
    await eventually(lambda: _waiting(manager) == 1)
    third = asyncio.ensure_future(client.get("/json?n=3"))
    await eventually(lambda: _waiting(manager) == 2)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    assert manager.status("api").in_flight == {1: 2}
    assert (await first).status_code == 200
    assert (await third).status_code == 200
    assert [request.target for request in server.requests][1:] == ["/json?n=3"]
    assert manager.status("api").in_flight == {1: 0}
