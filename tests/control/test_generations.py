"""What a swap leaves behind: counted until its streams close, cut by its deadline, closed once."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from rewire.events import DrainForced, GenerationClosed, GenerationRetired
from tests.fakes.editing import edit, http

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


def listen(manager: rewire.ClientManager) -> list[object]:
    """Return a list that fills with what happens."""
    heard: list[object] = []
    manager._host.listeners.append(lambda event: heard.append(event.happening))
    return heard


async def until(reached: object) -> None:
    """Wait, turn by turn, until something is true."""
    assert callable(reached)
    while not reached():  # noqa: ASYNC110 - nothing tells when a drain is over
        await asyncio.sleep(0.005)


async def test_nothing_is_built_before_its_first_use(start: Start, server: FakeServer) -> None:
    """A declared client costs no connection, and replacing it makes none."""
    manager, source = await start(http("api", server.url))
    assert manager.status("api").state == "idle"
    await edit(manager, source, http("api", server.url, "tls.verify = true"))
    await edit(manager, source, http("api", f"{server.url}/v2"))
    assert manager.status("api").state == "idle"
    assert server.connections_opened == 0
    assert (await manager.http("api").get("/json")).status_code == 404
    assert manager.status("api").state == "connected"


async def test_a_replaced_generation_lives_until_its_stream_closes(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The headers are not the end: what is being read keeps its generation open."""
    manager, source = await start(http("api", server.url))
    heard = listen(manager)
    async with manager.http("api").stream("GET", "/stream?n=5&gap=0") as response:
        await edit(manager, source, http("api", other_server.url))
        assert manager.status("api").in_flight == {1: 1, 2: 0}
        assert (await manager.http("api").get("/json")).json()["server"] == "b"
        assert len([line async for line in response.aiter_lines()]) == 5
        await asyncio.sleep(0)
        assert not [event for event in heard if isinstance(event, GenerationClosed)]
    await until(lambda: manager.status("api").in_flight == {2: 0})
    await server.until(lambda: server.connections_open == 0)
    assert heard.count(GenerationClosed("api", 1)) == 1


async def test_an_in_place_edit_keeps_generation_and_socket(
    start: Start, server: FakeServer
) -> None:
    """Values change at the next attempt; the connection is the same."""
    manager, source = await start(http("api", server.url, 'headers.x-a = "1"'))
    client = manager.http("api")
    first = (await client.get("/json")).json()
    await edit(manager, source, http("api", server.url, 'headers.x-a = "2"'))
    second = (await client.get("/json")).json()
    assert (first["headers"]["x-a"], second["headers"]["x-a"]) == ("1", "2")
    assert first["connection"] == second["connection"]
    assert manager.status("api").generation == 1


async def test_a_request_that_outlives_the_drain_is_cut_by_name(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 45: a typed error names client and generation, in httpx2's family too."""
    manager, source = await start(http("api", server.url, 'drain.timeout = "50ms"'))
    heard = listen(manager)
    hanging = asyncio.ensure_future(manager.http("api").get("/slow?s=60", timeout=None))
    await server.until(lambda: server.in_flight == 1)
    await edit(manager, source, http("api", other_server.url))
    with pytest.raises(rewire.DrainCutError, match=r"generation 1 .*api") as caught:
        await hanging
    assert isinstance(caught.value, httpx2.ReadError)
    assert caught.value.request.url.path == "/slow"
    assert DrainForced("api", 1, 1, ("GET /slow",)) in heard
    await until(lambda: GenerationClosed("api", 1) in heard)
    assert manager.status("api").in_flight == {2: 0}


async def test_a_stream_has_its_own_longer_deadline(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """``drain.timeout`` cuts requests; streams go on until ``drain.stream_timeout``."""
    limits = 'drain = { timeout = "20ms", stream_timeout = "400ms" }'
    manager, source = await start(http("api", server.url, limits))
    heard = listen(manager)
    loop = asyncio.get_running_loop()
    async with manager.http("api").stream("GET", "/stream?gap=0.01") as response:
        lines = response.aiter_lines()
        await anext(lines)
        await edit(manager, source, http("api", other_server.url))
        asking = loop.time()
        with pytest.raises(rewire.DrainCutError):
            await anext(line async for line in lines if line == "never")
    assert loop.time() - asking > 0.2
    assert [event.cut for event in heard if isinstance(event, DrainForced)] == [1]


async def test_a_stream_that_nobody_reads_is_reaped_at_the_deadline(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 41: an open response that its owner forgot does not hold a generation for ever."""
    limits = 'drain = { timeout = "10ms", stream_timeout = "30ms" }'
    manager, source = await start(http("api", server.url, limits))
    heard = listen(manager)
    client = manager.http("api")
    request = client.build_request("GET", "/stream?gap=0.01")
    response = await client.send(request, stream=True)
    await edit(manager, source, http("api", other_server.url))
    await until(lambda: GenerationClosed("api", 1) in heard)
    await server.until(lambda: server.connections_open == 0)
    with pytest.raises(rewire.DrainCutError):
        await response.aread()
    await response.aclose()


async def test_an_abandoned_response_gives_its_generation_back(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 41: garbage collection ends what nobody can close any more."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    response = await client.send(client.build_request("GET", "/stream"), stream=True)
    assert manager.status("api").in_flight == {1: 1}
    del response
    gc.collect()
    assert manager.status("api").in_flight == {1: 0}
    await edit(manager, source, http("api", other_server.url))
    await server.until(lambda: server.connections_open == 0)


async def test_retired_generations_are_bounded_in_number(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Beyond ``drain.max_generations`` the oldest is cut at once and named."""
    urls = (server.url, other_server.url)
    limit = "drain.max_generations = 2"
    manager, source = await start(http("api", server.url, limit))
    heard = listen(manager)
    client, streams = manager.http("api"), []
    for number in range(1, 5):
        streams.append(await client.send(client.build_request("GET", "/stream"), stream=True))
        await edit(manager, source, http("api", urls[number % 2], limit))
    await until(lambda: len([e for e in heard if isinstance(e, GenerationClosed)]) == 2)
    cut = [event.generation for event in heard if isinstance(event, DrainForced)]
    assert cut == [1, 2]
    assert sorted(manager.status("api").in_flight) == [3, 4, 5]
    for stream in streams:
        await stream.aclose()


async def test_each_old_generation_is_closed_exactly_once(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 50: ten reloads, ten disposals."""
    urls = (server.url, other_server.url)
    manager, source = await start(http("api", server.url))
    heard = listen(manager)
    for number in range(1, 11):
        await manager.http("api").get("/json")
        await edit(manager, source, http("api", urls[number % 2]))
    await until(lambda: len(manager.status("api").in_flight) == 1)
    closed = [event.generation for event in heard if isinstance(event, GenerationClosed)]
    assert sorted(closed) == list(range(1, 11))


@pytest.mark.parametrize("fault", ["hangs", "raises"])
async def test_a_close_that_fails_is_reported_and_stops_nothing(
    start: Start,
    server: FakeServer,
    other_server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
) -> None:
    """FAULTS 49: a slow or raising close ends in the background, with a report."""
    manager, source = await start(http("api", server.url))
    heard = listen(manager)
    driver = manager._registry.drivers["http"]

    async def close(resource: object) -> None:
        if fault == "hangs":
            await asyncio.sleep(60)
        raise OSError("no")

    monkeypatch.setattr("rewire.control.drain.CLOSE_TIMEOUT", 0.05)
    await manager.http("api").get("/json")
    original = driver.close
    monkeypatch.setattr(driver, "close", close)
    resource = manager._registry.find("api").live.resource
    await edit(manager, source, http("api", other_server.url))
    await until(lambda: any(isinstance(event, GenerationClosed) for event in heard))
    (closed,) = [event for event in heard if isinstance(event, GenerationClosed)]
    assert closed.error == {"hangs": "TimeoutError", "raises": "OSError"}[fault]
    assert (await manager.http("api").get("/json")).json()["server"] == "b"
    monkeypatch.setattr(driver, "close", original)
    await resource.aclose()


async def test_a_cancelled_request_leaves_nothing_counted(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 47: the slot is given back, and the connection is not reused dirty."""
    manager, source = await start(http("api", server.url, "pool.max_connections = 1"))
    client = manager.http("api")
    hanging = asyncio.ensure_future(client.get("/slow?s=60"))
    await server.until(lambda: server.in_flight == 1)
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    assert manager.status("api").in_flight == {1: 0}
    answer = (await client.get("/json")).json()
    assert (answer["server"], answer["connection"]) == ("a", 2)
    await edit(manager, source, http("api", other_server.url))
    await until(lambda: manager.status("api").in_flight == {2: 0})


async def test_a_reload_never_waits_for_a_drain(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 44: a peer that streams for ever does not hold up the next edit."""
    manager, source = await start(http("api", server.url))
    heard = listen(manager)
    async with manager.http("api").stream("GET", "/stream") as response:
        for url in (other_server.url, server.url, other_server.url):
            assert (await edit(manager, source, http("api", url))).result == "applied"
        retired = [event for event in heard if isinstance(event, GenerationRetired)]
        assert [event.generation for event in retired] == [1, 2, 3]
        assert response.status_code == 200


async def test_the_state_after_a_thousand_reloads_is_flat(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 54: tasks, generations and sockets do not grow with the number of reloads."""
    urls = (server.url, other_server.url)
    manager, source = await start(http("api", server.url))
    await manager.http("api").get("/json")
    tasks = len(asyncio.all_tasks())
    for number in range(1, 1001):
        await edit(manager, source, http("api", urls[number % 2]))
        if number % 10 == 0:
            await manager.http("api").get("/json")
    await until(lambda: len(manager.status("api").in_flight) == 1)
    assert manager.manager_status().release == 1001
    assert server.connections_open + other_server.connections_open <= 2
    assert len(asyncio.all_tasks()) <= tasks + 1
    assert not manager._retirement._tasks
