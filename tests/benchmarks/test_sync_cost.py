"""What a managed request costs in threads, beside a bare client: ratios from one run.

The server runs in a process of its own: in this one it would fight for the same interpreter
lock, and the loop thread would pay for it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import sniffio  # noqa: F401  (without it httpx is slower than it needs to be; see FACTS.md)

import rewire.sync
from tests.benchmarks.test_request_cost import NoEngine
from tests.fakes.editing import http
from tests.fakes.source import MemorySource

ROUNDS = 400
REPEATS = 5
ROOT = Path(__file__).parents[2]
SERVE = """
import asyncio
from tests.fakes.http_server import FakeServer

async def serve():
    async with FakeServer() as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()

asyncio.run(serve())
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve from another process."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()


def cost(client: Any, threads: int) -> float:
    """Return the best of several runs, in seconds a call."""
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(REPEATS):
            started = time.perf_counter()
            list(pool.map(lambda _: client.get("/json"), range(ROUNDS)))
            best = min(best, (time.perf_counter() - started) / ROUNDS)
    return best


@pytest.mark.bench
@pytest.mark.parametrize("threads", [1, 8])
def test_a_managed_request_from_threads_against_a_bare_client(
    url: str, capsys: pytest.CaptureFixture[str], threads: int
) -> None:
    """Both families, one thread and eight, over loopback."""
    source = MemorySource("version = 1\n" + http("api", url))
    with rewire.sync.ClientManager(source) as manager:
        pairs: list[tuple[str, Any, Callable[..., Any]]] = [
            ("httpx2", manager.http("api"), httpx2.Client),
            ("httpx", manager.httpx("api"), httpx.Client),
        ]
        for family, managed, bare in pairs:
            with bare(base_url=url, trust_env=False) as client:
                ours, theirs = cost(managed, threads), cost(client, threads)
            with capsys.disabled():
                print(
                    f"\nsync {family} managed / bare, {threads} threads: {ours / theirs:.2f}",
                    end="",
                )


class Nothing(httpx2.BaseTransport):
    """Answer at once, as cheaply as httpx2 allows."""

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, stream=httpx2.ByteStream(b""))


@pytest.mark.bench
def test_the_crossing_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole cost over and back, on a transport that does nothing."""
    source = MemorySource("version = 1\n" + http("api", "http://x"))
    manager = rewire.sync.ClientManager(source)
    drivers = manager._manager._registry.drivers
    monkeypatch.setattr(drivers["http"], "open", lambda *_: NoEngine())
    with manager, httpx2.Client(transport=Nothing(), base_url="http://x") as bare:
        ours, theirs = cost(manager.http("api"), 1), cost(bare, 1)
    with capsys.disabled():
        print(f"\nsync managed / bare httpx2, no network: {ours / theirs:.2f}")
        print(f"… the difference is {(ours - theirs) * 1e6:.0f} µs a call")
