"""The verdict on a replacement: open, greeted and heard, or a reason why not."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from rewire.errors import ProbeError
from tests.fakes.context import FakeControl, until
from tests.fakes.websocket_server import WebSocketServer

if TYPE_CHECKING:
    from collections.abc import Callable


async def held_back(control: FakeControl, spec: Any) -> ProbeError:
    """Try a replacement that must be refused, and see that the one before it serves on."""
    outcomes, openings = len(control.outcomes), control.openings
    before = control.live
    with pytest.raises(ProbeError) as caught:
        await control.replace(spec)
    assert control.live is before
    assert control.handle.connected
    assert control.losses == []
    assert (len(control.outcomes), control.openings) == (outcomes, openings)
    assert control.generations[-1].leases == []
    assert control.generations[-1].resource.ended
    return caught.value


async def connected(control: FakeControl, spec: Any) -> None:
    """Start a client, and wait until its first ping is answered too."""
    control.start(spec)
    await control.handle.wait_connected()
    await until(lambda: control.handle.latency is not None)


async def test_a_refused_connection_is_a_verdict(
    control: FakeControl, peer: WebSocketServer, spec_of: Any, free_port: Callable[[], int]
) -> None:
    """Nobody listens at the new place: held back at once, with the place."""
    await connected(control, spec_of(peer))
    port = free_port()
    error = await held_back(control, spec_of(f"ws://127.0.0.1:{port}/?token=secret"))
    assert error.reason == "ConnectFailed"
    assert error.detail == f"127.0.0.1:{port} could not be reached: connection refused"


async def test_a_refused_handshake_is_a_verdict(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """The new place answers 403: held back, and not asked a second time."""
    await connected(control, spec_of(peer))
    other_peer.refuse = 403
    error = await held_back(control, spec_of(other_peer, reconnect={"initial": "1ms"}))
    assert error.reason == "HandshakeRefused"
    assert error.detail.endswith("answered the handshake with 403")
    assert other_peer.attempts == 1


@pytest.mark.parametrize("late", [False, True])
async def test_a_server_that_refuses_a_second_session_is_a_verdict_not_a_loop(
    control: FakeControl, peer: WebSocketServer, spec_of: Any, late: bool
) -> None:
    """Accepted and closed at once is refused too, and the standing session is left alone."""

    async def one_only(connection: Any) -> None:
        if len(peer.open) > 1:
            if late:
                await connection.recv()
            await connection.close(1008, "one session per account")
        await connection.wait_closed()

    peer.handler = one_only
    await connected(control, spec_of(peer))
    greeting = {"on_connect": ["hello"]} if late else {}
    error = await held_back(control, spec_of(peer, reconnect={"initial": "1ms"}, **greeting))
    assert error.reason in {"SessionRefused", "ConnectionClosed"}
    assert error.detail.endswith("closed the connection with code 1008")
    assert len(peer.seen) == 2
    assert peer.seen[0].state.name == "OPEN"


async def test_a_peer_that_never_answers_is_left_to_controls_deadline(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Every warm-up ends: what hangs is cancelled and leaves nothing behind."""
    await connected(control, spec_of(peer))

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(TimeoutError):
            await control.replace(spec_of(f"ws://127.0.0.1:{port}/", warmup={"timeout": "50ms"}))
    assert control.generations[-1].resource.ended
    assert control.handle.connected


async def test_open_timeout_is_a_verdict_of_its_own(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A handshake that takes longer than open_timeout is given up, and said so."""
    await connected(control, spec_of(peer))

    async def swallow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(swallow, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await held_back(control, spec_of(f"ws://127.0.0.1:{port}/", open_timeout="50ms"))
    assert error.reason == "ConnectTimeout"


async def test_what_a_candidate_received_is_delivered_after_the_swap_alone(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """A successor that is never adopted has never been heard."""

    async def speak(connection: Any) -> None:
        await connection.send("early word")
        await connection.wait_closed()

    other_peer.handler = speak
    await connected(control, spec_of(peer))
    view = control.build(spec_of(other_peer))
    await control.driver.warm(view, control)
    assert not control.handle._hub.inbox._resting.items
    await control.driver.close(view.resource)
    await control.replace(spec_of(other_peer))
    assert await control.handle.recv() == "early word"
    assert not control.handle._hub.inbox._resting.items


async def test_a_failed_candidate_that_is_adopted_all_the_same_goes_on_trying(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """Accepted though unhealthy: it becomes the client's connection as soon as it can."""
    await connected(control, spec_of(peer))
    other_peer.refuse = 503
    view = control.build(spec_of(other_peer, reconnect={"initial": "1ms", "max": "1ms"}))
    with pytest.raises(ProbeError):
        await control.driver.warm(view, control)
    view.resource.nudge()
    for _ in range(10):
        await asyncio.sleep(0)
    assert view.resource.tries == other_peer.attempts == 1
    control.swap(view)
    await other_peer.until(lambda: other_peer.attempts > 2)
    other_peer.refuse = None
    await control.handle.send("hello")
    await other_peer.until(lambda: other_peer.received == ["hello"])


async def test_warming_a_gap_connects_nothing(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """With mode = "gap" the new socket is opened when the old one is closed."""
    await connected(control, spec_of(peer))
    view = control.build(spec_of(other_peer, handover={"mode": "gap"}))
    await control.driver.warm(view, control)
    assert other_peer.attempts == 0
    control.swap(view)
    await control.handle.send("hello")
    await other_peer.until(lambda: other_peer.received == ["hello"])
    assert peer.seen[0].close_code == 1001


async def test_a_first_warmup_needs_no_word_of_the_peer(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Where nothing is replaced, an open and greeted socket is warm at once."""
    control.start(spec_of(peer, on_connect=["hi"]))
    await control.driver.warm(control.view, control)
    assert control.handle.connected
    await peer.until(lambda: peer.received == ["hi"])


async def test_a_first_warmup_fails_without_ending_the_trying(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 35: the verdict is bad, and the client is tried again all the same."""
    peer.refuse = 503
    control.start(spec_of(peer, reconnect={"initial": "1ms"}))
    with pytest.raises(ProbeError):
        await control.driver.warm(control.view, control)
    peer.refuse = None
    await control.handle.wait_connected()
