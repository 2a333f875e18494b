"""WebSocket clients under the real manager: what an edit, a check and a removal do to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import rewire
from tests.fakes.context import until
from tests.fakes.editing import edit
from tests.fakes.source import MemorySource
from tests.fakes.websocket_server import WebSocketServer

if TYPE_CHECKING:
    from collections.abc import Callable


def feed(url: str, *more: str) -> str:
    """Return the table of a WebSocket client."""
    return "\n".join(["[websocket.feed]", f'url = "{url}"', *more, ""])


def managed(text: str, **options: Any) -> tuple[rewire.ClientManager, MemorySource]:
    """Return a manager of a manifest that a test can edit."""
    source = MemorySource(f"version = 1\n{text}")
    return rewire.ClientManager(source, **options), source


async def test_an_eager_client_is_connected_at_the_start(peer: WebSocketServer) -> None:
    """Nobody has to ask for its handle; its status tells state, latency and connection."""
    manager, _ = managed(feed(peer.url))
    async with manager:
        await until(lambda: manager.status("feed").state == "connected")
        await until(lambda: manager.websocket("feed").latency is not None)
        status = manager.status("feed")
        assert status.in_flight == {1: 1}
        assert status.pool is not None
        assert status.pool.open == 1
        assert status.response_time.p50 is not None
    assert peer.seen[0].close_code == 1001


async def test_a_replacement_that_cannot_be_opened_is_held_back(
    peer: WebSocketServer, free_port: Callable[[], int]
) -> None:
    """FAULTS 37, 39: the verdict names the client and the reason; the old socket serves on."""
    manager, source = managed(feed(peer.url))
    async with manager:
        client = manager.websocket("feed")
        await client.wait_connected()
        port = free_port()
        verdict = await edit(manager, source, feed(f"ws://127.0.0.1:{port}/?key=secret"))
        assert list(verdict.held_back) == ["feed"]
        assert "connection refused" in verdict.held_back["feed"]
        assert "secret" not in verdict.held_back["feed"]
        await client.send("still here")
        await peer.until(lambda: peer.received == ["still here"])
        assert manager.status("feed").state == "connected"


async def test_disabling_and_enabling_keeps_the_handle(peer: WebSocketServer) -> None:
    """A disabled client says so to whoever waits, and the same handle works again after it."""
    manager, source = managed(feed(peer.url))
    async with manager:
        client = manager.websocket("feed")
        await client.wait_connected()
        waiting = asyncio.create_task(client.recv())
        await asyncio.sleep(0)
        await edit(manager, source, feed(peer.url, "enabled = false"))
        with pytest.raises(rewire.ClientDisabledError):
            await waiting
        await peer.until(lambda: not peer.open)
        await edit(manager, source, feed(peer.url))
        assert manager.websocket("feed") is client
        await client.send("back")
        await peer.until(lambda: peer.received == ["back"])


async def test_a_removed_id_works_again_when_it_is_declared_again(peer: WebSocketServer) -> None:
    """FAULTS 16: ClientRemovedError, no hang, and then life."""
    manager, source = managed(feed(peer.url))
    async with manager:
        client = manager.websocket("feed")
        await client.wait_connected()
        await edit(manager, source, '[http.other]\nbase_url = "http://127.0.0.1:1"\n')
        with pytest.raises(rewire.ClientRemovedError):
            await client.recv()
        await edit(manager, source, feed(peer.url))
        await client.send("back")
        await peer.until(lambda: peer.received == ["back"])


async def test_a_lazy_client_that_only_a_check_has_connected_is_handed_over(
    peer: WebSocketServer, other_peer: WebSocketServer
) -> None:
    """A swap reaches a connection whose handle nobody holds."""
    manager, source = managed(feed(peer.url, 'connect = "lazy"'))
    async with manager:
        status = await manager.check("feed")
        assert status.state == "connected"
        more = ('connect = "lazy"', 'warmup.timeout = "200ms"')
        assert (await edit(manager, source, feed(other_peer.url, *more))).ok
        await peer.until(lambda: not peer.open)
        assert peer.seen[0].close_code == 1001
        await manager.websocket("feed").send("hello")
        await other_peer.until(lambda: other_peer.received == ["hello"])
        assert len(other_peer.seen) == 1


async def test_resyncs_with_secrets_replace_nothing(peer: WebSocketServer) -> None:
    """FAULTS 15: sixty passes over a manifest with references, one connection."""
    text = feed(
        peer.url,
        'auth.bearer = "${TOKEN}"',
        'headers.X-Key = "${KEY:-none}"',
        'on_connect = ["${TOKEN}"]',
    )
    manager, _ = managed(text, env={"TOKEN": "hush"})
    async with manager:
        await manager.websocket("feed").wait_connected()
        for _ in range(60):
            assert (await manager.reload()).result == "unchanged"
        assert peer.attempts == 1
        assert manager.status("feed").generation == 1


async def test_a_reload_storm_coalesces_into_few_connections(
    peer: WebSocketServer, other_peer: WebSocketServer
) -> None:
    """FAULTS 48, 57: edits that overtake each other leave one socket, that of the last."""
    manager, source = managed(feed(peer.url, 'warmup.timeout = "200ms"'))
    async with manager:
        client = manager.websocket("feed")
        await client.wait_connected()
        reloads = []
        for number in range(30):
            server = [other_peer, peer][number % 2]
            source.text = "version = 1\n" + feed(
                server.url, 'warmup.timeout = "200ms"', f'subprotocols = ["v{number}"]'
            )
            reloads.append(asyncio.create_task(manager.reload()))
            await asyncio.sleep(0)
            if number % 3 == 0:
                reloads[-1].cancel()
        await asyncio.wait(reloads)
        server = other_peer
        await edit(manager, source, feed(server.url, 'warmup.timeout = "200ms"'))
        await client.wait_connected()
        await until(lambda: len(manager.status("feed").in_flight) == 1)
        assert (len(peer.open), len(other_peer.open)) == (0, 1)
        await client.send("the last")
        await other_peer.until(lambda: other_peer.received == ["the last"])


async def test_another_loop_is_refused(peer: WebSocketServer) -> None:
    """FAULTS 60: with the real manager too."""
    manager, _ = managed(feed(peer.url))
    async with manager:
        client = manager.websocket("feed")

        def elsewhere() -> None:
            for use in (client.send("x"), client.recv(), client.wait_connected()):
                with pytest.raises(rewire.WrongLoopError):
                    asyncio.run(use)

        await asyncio.to_thread(elsewhere)


async def test_a_closed_manager_ends_every_wait(peer: WebSocketServer) -> None:
    """Consumers, subscriptions and senders get ManagerClosedError; no task is left."""
    peer.refuse = 503
    manager, _ = managed(feed(peer.url))
    async with manager:
        client = manager.websocket("feed")
        waiting = [
            asyncio.create_task(work)
            for work in (client.recv(), client.send("x"), client.subscribe().recv())
        ]
        await peer.until(lambda: peer.attempts)
    for task in waiting:
        with pytest.raises(rewire.ManagerClosedError):
            await task
