"""Connecting, staying connected, and what is said and heard meanwhile."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rewire.errors import WrongLoopError
from tests.fakes.context import FakeControl, until
from tests.fakes.websocket_server import WebSocketServer


async def test_an_eager_client_connects_without_being_asked(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Building the resource of a generation is enough."""
    control.start(spec_of(peer))
    await peer.until(lambda: peer.seen)
    await control.handle.wait_connected()
    assert control.handle.connected
    assert control.openings == 1
    assert control.outcomes[0].ok


async def test_a_lazy_client_connects_on_first_use(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A declared lazy client opens nothing until somebody sends or receives."""
    control.start(spec_of(peer, connect="lazy"))
    assert control.openings == 0
    await control.handle.send("first")
    await peer.until(lambda: peer.received == ["first"])
    assert len(peer.seen) == 1


async def test_strings_are_text_and_bytes_are_binary(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """What is sent arrives as what it is, and comes back as what it is."""
    peer.handler = peer.echo
    control.start(spec_of(peer))
    client = control.handle
    await client.send("text")
    await client.send(b"bytes")
    await client.send(bytearray(b"buffer"))
    assert [await client.recv() for _ in range(3)] == ["text", b"bytes", b"buffer"]
    with pytest.raises(TypeError, match="a message is str or bytes, not dict"):
        await client.send({"no": "dict"})


async def test_the_manifests_greetings_come_first_and_in_order(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """on_connect messages are sent before anything that waits to be sent, after every connect."""
    control.start(spec_of(peer, on_connect=["one", "two"], reconnect={"initial": "1ms"}))
    await control.handle.send("three")
    await peer.until(lambda: len(peer.received) == 3)
    assert peer.received == ["one", "two", "three"]
    await peer.seen[0].close(1011)
    await peer.until(lambda: len(peer.received) == 5)
    assert peer.received[3:] == ["one", "two"]


async def test_hooks_subscribe_again_after_a_server_kills_the_connection(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """An on_connect callback runs for the connection at hand and after every later connect."""
    control.start(spec_of(peer, on_connect=["manifest"], reconnect={"initial": "1ms"}))
    client = control.handle
    await client.wait_connected()

    @client.on_connect
    async def subscribe(connected: Any) -> None:
        await connected.send(f"subscribe {connected.generation}")

    await peer.until(lambda: peer.received == ["manifest", "subscribe 1"])
    peer.seen[0].transport.abort()
    await peer.until(lambda: len(peer.received) == 4)
    assert peer.received[2:] == ["manifest", "subscribe 1"]
    assert len(control.losses) == 1


async def test_a_hook_that_fails_fails_the_connection(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A connection on which nothing is subscribed is none; the next one is tried after a wait."""
    client = control.handle
    calls = 0

    @client.on_connect
    async def subscribe(connected: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise KeyError("token")
        await connected.send("subscribed")

    control.start(spec_of(peer, reconnect={"initial": "1ms"}))
    await peer.until(lambda: peer.received == ["subscribed"])
    failure = control.outcomes[0]
    assert (failure.ok, failure.code) == (False, "GreetingFailed")
    assert "token" not in failure.message


async def test_iterating_survives_a_reconnect(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """`async for` goes on over a lost connection as if nothing had been."""

    async def one_then_drop(connection: Any) -> None:
        await connection.send(f"message {len(peer.seen)}")
        if len(peer.seen) < 3:
            await connection.close(1011)
        await connection.wait_closed()

    peer.handler = one_then_drop
    control.start(spec_of(peer, reconnect={"initial": "1ms"}))
    got = []
    async for message in control.handle:
        got.append(message)
        if len(got) == 3:
            break
    assert got == ["message 1", "message 2", "message 3"]


async def test_the_ping_round_trip_is_the_latency(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """The first ping goes out with the connect, and its time is latency and outcome."""
    assert control.handle.latency is None
    control.start(spec_of(peer, ping_interval="1ms"))
    await control.handle.wait_connected()
    hub = control.live.resource.hub
    await until(lambda: len(control.outcomes) >= 4)
    assert control.handle.latency is not None
    assert control.handle.latency > 0
    assert all(outcome.ok and outcome.seconds for outcome in control.outcomes)
    assert hub.connection.latency == control.handle.latency


async def test_a_handle_waits_for_the_start(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """What is sent before the manager starts is sent after it."""
    sending = asyncio.create_task(control.handle.send("early"))
    await asyncio.sleep(0)
    assert not sending.done()
    control.start(spec_of(peer))
    await sending
    await peer.until(lambda: peer.received == ["early"])


async def test_another_event_loop_is_refused(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 60: a handle used from another loop raises WrongLoopError instead of hanging."""
    control.start(spec_of(peer))

    def elsewhere() -> None:
        with pytest.raises(WrongLoopError):
            asyncio.run(control.handle.send("x"))
        with pytest.raises(WrongLoopError):
            asyncio.run(control.handle.recv())

    await asyncio.to_thread(elsewhere)


async def test_a_borrower_cannot_close_what_it_borrowed(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """aclose() and `async with` do nothing, any number of times."""
    control.start(spec_of(peer))
    client = control.handle
    async with client:
        await client.send("one")
    await client.aclose()
    await client.aclose()
    await client.send("two")
    await peer.until(lambda: peer.received == ["one", "two"])
    assert len(peer.seen) == 1
