"""Show 5, second half: ten thousand random cancellations leave nothing behind.

No slot of the concurrency limit, no place in the pool, no permit of the breaker, no lease of a
generation, no alarm, no task. A thousand in every run of the tests, the rest in the slow half.
"""

from __future__ import annotations

import asyncio
import gc
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from tests.fakes.editing import http

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import rewire
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer

# Everything is scarce and short, so that a cancellation finds every place to strike at.
LINES = (
    'timeout = { total = "200ms", attempt = "30ms", connect = "20ms", pool = "15ms" }',
    'retry.backoff = { initial = "2ms", max = "5ms" }',
    "retry_budget = { ratio = 1.0, min_per_second = 1000 }",
    'concurrency = { max = 5, queue = 8, queue_timeout = "20ms" }',
    "pool = { max_connections = 3, max_keepalive = 2 }",
    "[http.api.breaker]",
    'consecutive_failures = 10\nopen_for = "2ms"\nopen_max = "4ms"\nhalf_open_requests = 2',
)
AT_ONCE = 16


async def upload() -> AsyncIterator[bytes]:
    """Send a little, with gaps."""
    for _ in range(5):
        yield b"x" * 1000
        await asyncio.sleep(0.001)


@dataclass
class Stage:
    """A family of handles, and a server."""

    family: str
    server: FakeServer
    text: str
    log: pytest.LogCaptureFixture

    @property
    def lib(self) -> Any:
        """Return the library of the family."""
        return httpx if self.family == "httpx" else httpx2


@pytest.fixture(params=["httpx2", "httpx"])
def family(request: pytest.FixtureRequest) -> str:
    """Return the name of a family."""
    name: str = request.param
    return name


@pytest.fixture(params=["http", "https"])
async def stage(
    request: pytest.FixtureRequest,
    family: str,
    server: FakeServer,
    tls_server: FakeServer,
    ca_file: Path,
    caplog: pytest.LogCaptureFixture,
) -> Stage:
    """Return a family and a server, with TLS or without."""
    if request.param == "http":
        return Stage(family, server, http("api", server.url, *LINES), caplog)
    text = http("api", tls_server.url, f'tls.ca = "{ca_file}"', *LINES)
    return Stage(family, tls_server, text, caplog)


def handle(manager: rewire.ClientManager, family: str) -> Any:
    """Return the handle of a family."""
    return manager.http("api") if family == "httpx2" else manager.httpx("api")


async def one(client: Any, lib: Any, rng: random.Random) -> None:
    """Make one call of some kind; every error but one of the family is a failure of the test."""
    kind = rng.randrange(8)
    try:
        if kind == 0:
            await client.get("/slow?s=0.005")
        elif kind == 1:
            await client.get("/slow?s=0.2")  # the attempt's deadline strikes first
        elif kind == 2:
            await client.get("/status/503")
        elif kind == 3:
            await client.post("/upload", content=upload())
        elif kind == 4:
            async with client.stream("GET", "/stream?n=5&gap=0.001") as response:
                async for _ in response.aiter_lines():
                    await asyncio.sleep(0)
        elif kind == 5:
            async with client.stream("GET", "/stream?gap=0.001") as response:
                async for _ in response.aiter_lines():
                    if rng.random() < 0.3:
                        break
        else:
            await client.get("/json")
    except lib.RequestError:
        pass


async def interrupted(client: Any, lib: Any, rng: random.Random) -> bool:
    """Make one call and cancel it at some moment, perhaps twice; say whether that hit it."""
    call = asyncio.ensure_future(one(client, lib, rng))
    if rng.random() < 0.5:
        for _ in range(rng.randrange(40)):
            await asyncio.sleep(0)
    else:
        await asyncio.wait({call}, timeout=rng.random() * 0.02)
    call.cancel()
    if rng.random() < 0.3:
        for _ in range(rng.randrange(4)):
            await asyncio.sleep(0)
        call.cancel()
    try:
        await call
    except asyncio.CancelledError:
        return True
    return False


async def cancel(client: Any, lib: Any, count: int, seed: int) -> None:
    """Interrupt calls, some at a time, until so many were hit."""
    rng = random.Random(seed)
    hit = 0

    async def work() -> None:
        nonlocal hit
        while hit < count:
            was_hit = await interrupted(client, lib, rng)
            hit += was_hit

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def nothing_is_left(manager: rewire.ClientManager, stage: Stage) -> None:
    """Look into every place that could hold something."""
    slot = manager._registry.find("api")
    assert manager.status("api").in_flight == {1: 0}
    assert slot.live.generation.leases == set()
    memory = slot.memory["http"]
    limit = memory.line.limit
    assert (limit.in_flight, limit.waiting, len(memory.line._waiters)) == (0, 0, 0)
    assert len(slot._host.wheel) == 0
    engine = slot.live.resource
    assert engine._pool._requests == []
    pool = engine.pool()
    assert pool.waiting == 0
    assert pool.open == pool.idle <= 2
    async with asyncio.timeout(5):
        await stage.server.until(lambda: stage.server.connections_open == pool.open)
    # The permits of the breaker: if one were lost, the probes could not all come back.
    client = handle(manager, stage.family)
    (breaker,) = memory.breakers.values()
    async with asyncio.timeout(5):
        while breaker.state != "closed":
            await asyncio.sleep(0.005)
            try:
                await client.get("/json")
            except stage.lib.ConnectError:
                assert breaker._given <= 2
    # And everything can be used again, all of it at once.
    answers = await asyncio.gather(*(client.get("/json", timeout=5) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert memory.line.limit.in_flight == 0


async def see_the_show(manager: rewire.ClientManager, stage: Stage, count: int, seed: int) -> None:
    """Cancel, and look."""
    before = asyncio.all_tasks()
    await cancel(handle(manager, stage.family), stage.lib, count, seed)
    await nothing_is_left(manager, stage)
    served = f"{stage.server.name}-connection"  # the server's own, for connections that rest
    ours = {t for t in asyncio.all_tasks() - before if not t.get_name().startswith(served)}
    assert ours == set()
    gc.collect()
    assert [record for record in stage.log.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("seed", [1])
async def test_a_thousand_cancellations_leave_nothing_behind(
    start: Start, stage: Stage, seed: int
) -> None:
    """250 of them with each family, with and without TLS."""
    manager, _ = await start(stage.text)
    await see_the_show(manager, stage, 250, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 11))
async def test_nine_thousand_more(start: Start, stage: Stage, seed: int) -> None:
    """Of other seeds."""
    manager, _ = await start(stage.text)
    await see_the_show(manager, stage, 250, seed)


async def test_streams_that_are_dropped_open_give_everything_back(
    start: Start, stage: Stage
) -> None:
    """Nobody closes them, in the middle of their body; the collector does."""
    manager, _ = await start(stage.text)
    client = handle(manager, stage.family)
    for _ in range(5):  # the pool has three places
        response = await client.send(client.build_request("GET", "/stream"), stream=True)
        assert await anext(response.aiter_lines())
        del response
        pool = manager._registry.find("api").live.resource._pool
        async with asyncio.timeout(10):
            while manager.status("api").in_flight != {1: 0} or pool._requests:
                # Generators inside generators: each is ended by the loop, and frees the next.
                gc.collect()
                await asyncio.sleep(0.001)
    await nothing_is_left(manager, stage)
