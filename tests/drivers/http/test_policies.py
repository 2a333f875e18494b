"""The executor: what a managed call survives, and what it costs the peer."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from tests.fakes.editing import edit, http
from tests.fakes.http_server import Hangup, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer

QUICK = 'retry.backoff = { initial = "1ms", max = "2ms" }'


def failing(server: FakeServer, *answers: int | None) -> None:
    """Answer these statuses in turn (None: hang up), and 200 ever after."""
    left = list(answers)

    async def handler(request: Request) -> Response:
        answer = left.pop(0) if left else 200
        if answer is None:
            raise Hangup
        return Response(answer, body=b"x")

    server.routes["/flaky"] = handler


async def test_a_passing_failure_is_tried_again_and_told(start: Start, server: FakeServer) -> None:
    """A 503 and a reset are retried; the response says how many attempts it took."""
    failing(server, 503, None)
    manager, _ = await start(http("api", server.url, QUICK))
    response = await manager.http("api").get("/flaky")
    assert response.status_code == 200
    assert response.extensions["rewire"]["attempts"] == 3
    assert len(server.requests) == 3


async def test_the_response_that_exhausts_the_attempts_is_returned(
    start: Start, server: FakeServer
) -> None:
    """It is not hidden behind an exception."""
    failing(server, *[503] * 9)
    manager, _ = await start(http("api", server.url, QUICK, "retry.max_attempts = 2"))
    response = await manager.http("api").get("/flaky")
    assert (response.status_code, await response.aread()) == (503, b"x")
    assert response.extensions["rewire"]["attempts"] == 2


async def test_a_retry_goes_where_the_manifest_says_by_then(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Every attempt takes one view, the one of its moment (law 2)."""
    manager, source = await start(http("api", server.url, QUICK))

    async def moved(request: Request) -> Response:
        await edit(manager, source, http("api", other_server.url, QUICK))
        return Response(503)

    server.routes["/json"] = moved
    assert (await manager.http("api").get("/json")).json()["server"] == "b"


async def test_a_streamed_body_is_never_replayed(start: Start, server: FakeServer) -> None:
    """What was taken out of a generator is gone: the 503 is returned."""
    failing(server, 503)

    async def body() -> AsyncIterator[bytes]:
        yield b"once"

    manager, _ = await start(http("api", server.url, QUICK))
    assert (await manager.http("api").put("/flaky", content=body())).status_code == 503
    assert (await manager.http("api").put("/flaky", content=b"again")).status_code == 200


@pytest.mark.parametrize(
    ("limits", "scope"),
    [('timeout.attempt = "50ms"', "attempt"), ('timeout.total = "50ms"', "total")],
)
async def test_a_call_that_takes_too_long_is_ended(
    start: Start, server: FakeServer, limits: str, scope: str
) -> None:
    """Attempt and total are httpx2 timeouts, and say which of them it was."""
    manager, _ = await start(http("api", server.url, limits, "retry.max_attempts = 1"))
    with pytest.raises(rewire.DeadlineExceededError, match=f"timeout.{scope}") as caught:
        await manager.http("api").get("/slow?s=60")
    assert isinstance(caught.value, httpx2.TimeoutException)
    assert caught.value.scope == scope
    assert manager.status("api").in_flight == {1: 0}


async def test_the_total_bounds_a_dripping_body_but_not_a_stream(
    start: Start, server: FakeServer
) -> None:
    """A whole body must be there in time; a stream is bounded by its gaps."""
    limits = 'timeout = { total = "200ms", attempt = "100ms" }'
    manager, _ = await start(http("api", server.url, limits))
    client = manager.http("api")
    with pytest.raises(rewire.DeadlineExceededError):
        await client.get("/stream?gap=0.01")
    async with client.stream("GET", "/stream?n=40&gap=0.01") as response:
        assert len([line async for line in response.aiter_lines()]) == 40


async def test_a_deadline_travels_with_the_context(start: Start, server: FakeServer) -> None:
    """``with rewire.deadline(...)`` narrows; a wider one inside it widens nothing."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")
    with (
        rewire.deadline("50ms"),
        rewire.deadline("1h"),
        pytest.raises(rewire.DeadlineExceededError),
    ):
        await client.get("/slow?s=60")
    assert (await client.get("/slow?s=0.1")).status_code == 200


async def test_the_breaker_opens_refuses_and_closes(start: Start, server: FakeServer) -> None:
    """Five failures in a row open it; nothing is sent then; a probe closes it again."""
    lines = ("retry.enabled = false", 'breaker = { open_for = "100ms", jitter = 0.0 }')
    failing(server, *[500] * 5)
    manager, source = await start(http("api", server.url, *lines))
    client = manager.http("api")
    for _ in range(5):
        await client.get("/flaky")
    assert manager.status("api").breaker.state == "open"
    await edit(manager, source, http("api", server.url, *lines, 'timeout.read = "9s"'))
    with pytest.raises(rewire.CircuitOpenError) as caught:
        await client.get("/flaky")
    assert isinstance(caught.value, httpx2.ConnectError)
    assert len(server.requests) == 5
    await asyncio.sleep(caught.value.seconds)
    assert (await client.get("/flaky")).status_code == 200
    assert manager.status("api").breaker.state == "half-open"
    for _ in range(2):
        await client.get("/flaky")
    assert manager.status("api").breaker.state == "closed"


async def test_a_new_authority_starts_with_a_closed_breaker(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """What one peer did wrong says nothing about another (law 6)."""
    lines = ("retry.enabled = false",)
    failing(server, *[500] * 5)
    manager, source = await start(http("api", server.url, *lines))
    for _ in range(5):
        await manager.http("api").get("/flaky")
    await edit(manager, source, http("api", other_server.url, *lines))
    assert (await manager.http("api").get("/json")).status_code == 200
    await edit(manager, source, http("api", server.url, *lines))
    with pytest.raises(rewire.CircuitOpenError):
        await manager.http("api").get("/json")


async def test_calls_over_the_limit_wait_their_turn_or_fail(
    start: Start, server: FakeServer
) -> None:
    """A place is held until the body is closed; a raised limit lets the waiting in (FAULTS 52)."""
    limits = 'concurrency = { max = 1, queue = 1, queue_timeout = "5s" }'
    manager, source = await start(http("api", server.url, limits))
    client = manager.http("api")
    held = await client.send(client.build_request("GET", "/stream"), stream=True)
    waiting = asyncio.ensure_future(client.get("/json"))
    await asyncio.sleep(0)
    with pytest.raises(rewire.ConcurrencyLimitError) as caught:
        await client.get("/json")
    assert isinstance(caught.value, httpx2.PoolTimeout)
    assert not waiting.done()
    await edit(manager, source, http("api", server.url, "concurrency.max = 2"))
    assert (await waiting).status_code == 200
    await held.aclose()
    assert (await client.get("/json")).status_code == 200


async def test_a_waiter_that_is_cancelled_leaves_no_place_behind(
    start: Start, server: FakeServer
) -> None:
    """FAULTS 47: the place goes to the next."""
    manager, _ = await start(http("api", server.url, "concurrency = { max = 1, queue = 5 }"))
    client = manager.http("api")
    held = await client.send(client.build_request("GET", "/stream"), stream=True)
    waiting = [asyncio.ensure_future(client.get("/json")) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await held.aclose()
    waiting[1].cancel()
    done = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(done[2], httpx2.Response)
    memory = client._context.memory["http"]
    assert (memory.line.limit.in_flight, memory.line.limit.waiting) == (0, 0)


async def test_a_rate_spreads_calls_or_refuses_them(start: Start, server: FakeServer) -> None:
    """``wait`` lets each go in its turn; ``fail`` refuses at once, as a pool timeout."""
    rate = 'rate_limit = { rate = "50/s", burst = 1 }'
    manager, source = await start(http("api", server.url, rate))
    client = manager.http("api")
    started = time.monotonic()
    await asyncio.gather(*(client.get("/json") for _ in range(6)))
    assert time.monotonic() - started >= 5 / 50 * 0.99
    await edit(
        manager,
        source,
        http("api", server.url, 'rate_limit = { rate = "1/m", burst = 1, on_limit = "fail" }'),
    )
    calls = [client.get("/json") for _ in range(3)]
    with pytest.raises(rewire.RateLimitedError) as caught:
        await asyncio.gather(*calls)
    assert isinstance(caught.value, httpx2.PoolTimeout)


async def test_bare_means_httpx2_with_timeouts(start: Start, server: FakeServer) -> None:
    """``policy = ["bare"]`` turns retries, breaker and limits off."""
    failing(server, *[503] * 30)
    manager, _ = await start(http("api", server.url, 'policy = ["bare"]'))
    for _ in range(10):
        assert (await manager.http("api").get("/flaky")).status_code == 503
    assert len(server.requests) == 10
    assert manager.status("api").breaker is None
