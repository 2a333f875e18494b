"""What a managed request costs beside a bare httpx2 one: ratios from one run, never times.

`make bench` prints them. Nothing is asserted about speed: a loaded machine is not a bug.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx2
import pytest

import rewire
from rewire.ports import EngineRequest, EngineResponse
from tests.fakes.editing import http
from tests.fakes.http_server import FakeServer
from tests.fakes.source import MemorySource

ROUNDS = 2_000
REPEATS = 5


async def cost(call: Callable[[], Awaitable[object]], rounds: int = ROUNDS) -> float:
    """Return the best of several runs, in seconds a call."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        for _ in range(rounds):
            await call()
        best = min(best, (time.perf_counter() - started) / rounds)
    return best


class NoTransport(httpx2.AsyncBaseTransport):
    """Answer at once, as cheaply as httpx2 allows."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=httpx2.ByteStream(b""))


class NoEngine:
    """Answer at once, behind the engine port."""

    async def request(self, request: EngineRequest) -> EngineResponse:
        async def nothing() -> None: ...

        async def body() -> object:
            return
            yield b""

        return EngineResponse(200, [], body(), nothing, {})

    async def aclose(self) -> None: ...

    def pool(self) -> None: ...


@pytest.mark.bench
async def test_a_managed_request_against_bare_httpx2_without_a_network(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole cost of handle, route, layers, lease and view, on a transport that does nothing."""
    manager = rewire.ClientManager(MemorySource("version = 1\n" + http("api", "http://x")))
    monkeypatch.setattr(manager._registry.drivers["http"], "open", lambda *_: NoEngine())
    async with manager, httpx2.AsyncClient(transport=NoTransport(), base_url="http://x") as bare:
        managed = manager.http("api")
        ours = await cost(lambda: managed.get("/json"))
        theirs = await cost(lambda: bare.get("/json"))
    with capsys.disabled():
        print(f"\nmanaged / bare httpx2, no network: {ours / theirs:.2f}")


@pytest.mark.bench
@pytest.mark.parametrize("at_once", [1, 32])
async def test_a_managed_request_against_bare_httpx2_on_loopback(
    server: FakeServer, capsys: pytest.CaptureFixture[str], at_once: int
) -> None:
    """The same against a real server in this process, one at a time and 32 at a time."""
    text = "version = 1\n" + http("api", server.url)
    async with (
        rewire.ClientManager(MemorySource(text)) as manager,
        httpx2.AsyncClient(base_url=server.url) as bare,
    ):
        managed = manager.http("api")

        async def burst(client: httpx2.AsyncClient) -> None:
            await asyncio.gather(*(client.get("/json") for _ in range(at_once)))

        ours = await cost(lambda: burst(managed), 200 // at_once + 20)
        theirs = await cost(lambda: burst(bare), 200 // at_once + 20)
    with capsys.disabled():
        print(f"\nmanaged / bare httpx2, loopback, {at_once} at once: {ours / theirs:.2f}")
