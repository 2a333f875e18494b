"""Show 7: a numbered feed crosses twenty edits whole, and edits elsewhere touch no socket.

Two servers share a feed, one of them some messages behind the other. The same show is run on a
build that closes the old socket at the swap: there it must fail, so it can.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

import rewire
from rewire.drivers.websocket.hub import Hub
from tests.fakes.context import until
from tests.fakes.websocket_server import Feed, WebSocketServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

EDITS = 20
LAG = 7


def manifest(url: str, *more: str, elsewhere: str = "http://127.0.0.1:1") -> str:
    """Return a manifest with the feed, and an HTTP client beside it."""
    return "\n".join(
        [
            "version = 1",
            "[http.elsewhere]",
            f'base_url = "{elsewhere}"',
            "[websocket.feed]",
            f'url = "{url}"',
            'handover.sequence = "/seq"',
            *more,
            "",
        ]
    )


@asynccontextmanager
async def shared_feed() -> AsyncIterator[tuple[Feed, WebSocketServer, WebSocketServer]]:
    """Run a feed and two servers that share it."""
    feed = Feed()
    async with WebSocketServer(feed.at()) as ahead, WebSocketServer(feed.at(LAG)) as behind:
        publishing = asyncio.create_task(feed.run())
        try:
            yield feed, ahead, behind
        finally:
            publishing.cancel()
            await asyncio.wait({publishing})


class Application:
    """What a program sees that only ever says `async for message in client`."""

    def __init__(self, client: Any) -> None:
        self.got: list[int] = []
        self.reading = asyncio.create_task(self._read(client))

    async def _read(self, client: Any) -> None:
        async for message in client:
            self.got.append(json.loads(message)["seq"])

    async def past(self, number: int) -> None:
        await until(lambda: self.reading.done() or (self.got and self.got[-1] >= number))

    async def stop(self) -> list[int]:
        self.reading.cancel()
        await asyncio.wait({self.reading})
        return self.got


async def perform(path: Path) -> tuple[list[int], list[WebSocketServer], rewire.ClientStatus]:
    """Move the feed from server to server twenty times; return what the application saw."""
    async with shared_feed() as (feed, ahead, behind):
        servers = [ahead, behind]
        path.write_text(manifest(ahead.url))
        async with rewire.ClientManager(path) as manager:
            application = Application(manager.websocket("feed"))
            await application.past(LAG + 3)
            for number in range(1, EDITS + 1):
                path.write_text(manifest(servers[number % 2].url))
                verdict = await manager.reload()
                assert verdict.ok, verdict
                await application.past(feed.number + 3)
            await until(lambda: len(manager.status("feed").in_flight) == 1)
            status = manager.status("feed")
            got = await application.stop()
        return got, servers, status


async def test_a_numbered_feed_crosses_twenty_edits_whole(tmp_path: Path) -> None:
    """FAULTS 43, 83: nothing lost, doubled or out of order, as the application sees it."""
    got, servers, status = await perform(tmp_path / "connections.toml")
    assert got == list(range(got[0], got[0] + len(got)))
    assert sum(len(server.seen) for server in servers) == EDITS + 1
    assert status.generation == EDITS + 1
    assert status.state == "connected"
    assert status.in_flight == {EDITS + 1: 1}
    closed = [connection.close_code for server in servers for connection in server.seen]
    assert closed == [1001] * (EDITS + 1)


async def test_the_show_fails_on_a_build_that_closes_the_old_socket_at_the_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without waiting for the new feed to be abreast messages are lost: the show can fail."""
    monkeypatch.setattr(Hub, "_may_part", lambda *_: True)
    got, _, _ = await perform(tmp_path / "connections.toml")
    assert got != list(range(got[0], got[0] + len(got)))


async def test_edits_elsewhere_keep_the_same_tcp_connection(tmp_path: Path) -> None:
    """Other clients, comments, formatting, values in place, resyncs: one connection, untouched."""
    path = tmp_path / "connections.toml"
    async with shared_feed() as (feed, server, _):
        path.write_text(manifest(server.url))
        async with rewire.ClientManager(path) as manager:
            application = Application(manager.websocket("feed"))
            await application.past(3)
            (connection,) = server.seen
            for number in range(1, EDITS + 1):
                text = [
                    manifest(server.url, elsewhere=f"http://127.0.0.1:{number}"),
                    manifest(server.url, f"# comment {number}"),
                    manifest(server.url, "", "", f'labels.edit = "{number}"'),
                    manifest(server.url, f'headers.X-Edit = "{number}"'),
                    manifest(server.url, f'on_connect = ["hello {number}"]'),
                ][number % 5]
                path.write_text(text)
                assert (await manager.reload()).ok
                assert (await manager.reload()).result == "unchanged"
                await application.past(feed.number + 1)
            assert server.seen == [connection]
            assert connection.state.name == "OPEN"
            assert manager.status("feed").generation == 1
            got = await application.stop()
    assert got == list(range(got[0], got[0] + len(got)))
