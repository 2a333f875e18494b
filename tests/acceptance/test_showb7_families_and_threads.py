"""Show 7 of issue B: show 1 again, through the httpx family and through threads.

Edits move a client between two servers while requests, streams and uploads are under way; nothing
may fail or be cut. In threads, eight send as fast as is needed, each stream and each upload has a
thread of its own, and both families take part; everything goes through the one loop thread.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

import rewire.sync
from rewire.control.retirement import Retirement
from tests.acceptance.test_show1_edits_under_load import (
    EDITS,
    RATE,
    STREAMS,
    UPLOADS,
    Tally,
    check_servers,
    close_at_once,
    manifest,
    perform,
)
from tests.fakes.threaded import ThreadedServer

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.http_server import FakeServer

SENDERS = 8


async def test_the_httpx_family_loses_nothing(
    tmp_path: Path, server: FakeServer, other_server: FakeServer
) -> None:
    """0 failed, 0 cut through ``manager.httpx``."""
    path = tmp_path / "connections.toml"
    tally = await perform(path, server, other_server, EDITS, lambda manager: manager.httpx("api"))
    assert tally.failed == []
    assert tally.sent > EDITS * RATE * 0.02


class Show:
    """What the threads do, and what they saw."""

    def __init__(self, manager: rewire.sync.ClientManager) -> None:
        self.tally = Tally()
        self.end = threading.Event()
        self.edits = 0
        self._handles = itertools.cycle([manager.http("api"), manager.httpx("api")])
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[[Any, str], None], name: str) -> None:
        """Run work in a thread of its own, with a handle of the one or the other family."""
        client = next(self._handles)

        def run() -> None:
            try:
                work(client, name)
            except Exception as error:  # noqa: BLE001  (every failure counts, whatever it is)
                self.tally.failed.append(f"{name}: {error!r}")

        self._threads.append(threading.Thread(target=run, name=name, daemon=True))
        self._threads[-1].start()

    def send(self, client: Any, name: str) -> None:
        """Send requests, each of which can be told from every other."""
        for number in itertools.count():
            if self.end.wait(SENDERS / RATE):
                return
            one = f"{name}-{number}"
            self.tally.epoch[one] = self.edits
            try:
                client.get("/json", params={"id": one}).raise_for_status()
            except Exception as error:  # noqa: BLE001  (see above)
                self.tally.failed.append(f"request {one}: {error!r}")

    def read(self, client: Any, name: str) -> None:
        """Read an endless stream until the end of the show; a gap or a cut is a failure."""
        with client.stream("GET", "/stream?gap=0.02") as response:
            for expected, line in enumerate(response.iter_lines()):
                if int(line.split()[1]) != expected:
                    self.tally.failed.append(f"{name}: {line} came instead of {expected}")
                if self.end.is_set():
                    return
        self.tally.failed.append(f"{name}: ended early")

    def upload(self, client: Any, name: str) -> None:
        """Send a body that takes as long as the show, and compare what arrived."""
        digest = hashlib.sha256()

        def body() -> Iterator[bytes]:
            while not self.end.wait(0.02):
                digest.update(b"x" * 100)
                yield b"x" * 100

        response = client.post("/upload", content=body(), timeout=60)
        if response.json()["sha256"] != digest.hexdigest():
            self.tally.failed.append(f"{name}: the body arrived changed")

    def join(self) -> None:
        """Let every thread end by itself."""
        self.end.set()
        for thread in self._threads:
            thread.join(20)
            if thread.is_alive():
                self.tally.failed.append(f"{thread.name}: hangs")


def perform_in_threads(path: Path, edits: int) -> Tally:
    """Run the show and check what the servers saw; return what the callers saw."""
    with ExitStack() as stack:
        one, two = servers = [stack.enter_context(ThreadedServer(name)) for name in "ab"]
        path.write_text(manifest(one.url))
        manager = stack.enter_context(rewire.sync.ClientManager(path))
        show = Show(manager)
        for work, count in ((show.read, STREAMS), (show.upload, UPLOADS), (show.send, SENDERS)):
            for number in range(count):
                show.start(work, f"{work.__name__}{number}")
        one.wait(lambda: one.in_flight >= STREAMS + UPLOADS)
        for number in range(1, edits + 1):
            path.write_text(manifest(servers[number % 2].url))
            verdict = manager.reload()
            assert verdict.result in {"applied", "unchanged"}, verdict
            show.edits = number
            time.sleep(0.1)
        show.join()
        assert manager.status("api").generation == edits + 1
        check_servers(show.tally, (one, two))
        manager.close()
        for server in servers:
            server.wait(lambda server=server: server.connections_open == 0)
    return show.tally


def test_threads_lose_nothing(tmp_path: Path) -> None:
    """0 failed, 0 cut with 38 threads, and each request answered once, by the right server."""
    tally = perform_in_threads(tmp_path / "connections.toml", EDITS)
    assert tally.failed == []
    assert len(tally.epoch) > EDITS * RATE * 0.02


def test_the_show_in_threads_fails_on_a_build_that_closes_the_old_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing the old connections at the swap cuts every stream: the show can fail."""
    monkeypatch.setattr(Retirement, "_drain", close_at_once)
    tally = perform_in_threads(tmp_path / "connections.toml", 3)
    assert sum("read" in failure for failure in tally.failed) >= STREAMS
