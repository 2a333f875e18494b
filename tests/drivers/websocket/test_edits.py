"""Edits in place, removal and re-adding, and the end: what stays, and who is told what."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rewire.drivers.websocket.driver import WebSocketDriver
from rewire.errors import ClientRemovedError, ManagerClosedError
from tests.fakes.context import FakeControl, until
from tests.fakes.websocket_server import WebSocketServer


async def test_an_edit_in_place_makes_no_reconnect(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Headers, auth, greetings and limits count from the next connect or message on."""
    control.start(spec_of(peer, headers={"X-Version": "1"}, on_connect=["one"]))
    await control.handle.send("before")
    address = control.live.resource.connection.socket.local_address
    control.edit(
        spec_of(
            peer,
            headers={"X-Version": "2"},
            auth={"bearer": "fresh"},
            on_connect=["two"],
            reconnect={"initial": "1ms"},
            outbound={"when_down": "fail"},
        )
    )
    await control.handle.send("after")
    await peer.until(lambda: peer.received == ["one", "before", "after"])
    assert [c.remote_address for c in peer.seen] == [address]
    await peer.seen[0].close(1011)
    await peer.until(lambda: peer.received[3:] == ["two"])
    headers = peer.seen[1].request.headers
    assert (headers["X-Version"], headers["Authorization"]) == ("2", "Bearer fresh")


async def test_a_hundred_edits_in_place_touch_no_socket(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 55, 57: the same TCP connection serves through all of them."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    for number in range(100):
        control.edit(spec_of(peer, labels={"edit": str(number)}))
        await asyncio.sleep(0)
    await control.handle.send("still here")
    await peer.until(lambda: peer.received == ["still here"])
    assert peer.attempts == 1
    assert len(control.generations) == 1


async def test_removal_closes_and_tells_whoever_waits(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Waiting consumers get ClientRemovedError, and the peer a proper goodbye."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    loop = control.handle.subscribe()
    waiting = [
        asyncio.create_task(control.handle.recv()),
        asyncio.create_task(loop.recv()),
    ]
    await asyncio.sleep(0)
    control.remove()
    for task in waiting:
        with pytest.raises(ClientRemovedError):
            await task
    with pytest.raises(ClientRemovedError):
        await control.handle.send("x")
    with pytest.raises(ClientRemovedError):
        await control.handle.wait_connected()
    await peer.until(lambda: not peer.open)
    assert peer.seen[0].close_code == 1001
    assert control.losses == []
    await until(lambda: control.generations[0].closed == 1)


async def test_removal_tells_senders_that_wait_for_a_connection(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A send that waits for a connection that never comes again is ended."""
    peer.refuse = 503
    control.start(spec_of(peer))
    sending = asyncio.create_task(control.handle.send("x"))
    await peer.until(lambda: peer.attempts)
    control.remove()
    with pytest.raises(ClientRemovedError):
        await sending


async def test_what_was_received_before_the_removal_can_still_be_read(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """First the messages, then the error."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    for number in range(5):
        await peer.send_all(str(number))
    await until(lambda: control.handle._hub.inbox._resting.items)
    control.remove()
    await until(lambda: control.generations[0].closed == 1)
    assert [await control.handle.recv() for _ in range(5)] == ["0", "1", "2", "3", "4"]
    with pytest.raises(ClientRemovedError):
        await control.handle.recv()


async def test_nobody_has_to_read_for_a_removal_to_end(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A consumer that blocks holds no generation open, and still loses nothing."""

    async def ten(connection: Any) -> None:
        for number in range(10):
            await connection.send(str(number))
        await connection.wait_closed()

    peer.handler = ten
    control.start(spec_of(peer, inbound={"max_queue": 2}))
    await until(lambda: len(control.handle._hub.inbox._resting.items) == 2)
    await control.driver.check(control.view, control)  # the pong comes behind all ten
    control.remove()
    await until(lambda: control.generations[0].closed == 1)
    assert [await control.handle.recv() for _ in range(10)] == [str(n) for n in range(10)]
    with pytest.raises(ClientRemovedError):
        await control.handle.recv()


async def test_the_same_handle_works_again_after_re_adding(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """Hooks and subscriptions of the caller are kept; numbers start afresh."""
    peer.handler = other_peer.handler = None
    client, calls = control.handle, []

    @client.on_connect
    async def note(connected: Any) -> None:
        calls.append(connected.generation)

    control.start(spec_of(peer, handover={"sequence": "/seq"}))
    await client.wait_connected()
    await peer.send_all('{"seq": 1000}')
    assert await client.recv() == '{"seq": 1000}'
    control.remove()
    await peer.until(lambda: not peer.open)
    control.put(spec_of(other_peer, handover={"sequence": "/seq"}))
    await client.wait_connected()
    await other_peer.send_all('{"seq": 1}')
    assert await client.recv() == '{"seq": 1}'
    await client.send("back")
    await other_peer.until(lambda: other_peer.received == ["back"])
    assert calls == [1, 2]


async def test_what_was_kept_for_a_removed_client_is_not_sent_to_its_successor(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """Kept messages belong to the client that was declared then."""
    peer.refuse = 503
    control.start(spec_of(peer, outbound={"when_down": "drop-oldest"}))
    await peer.until(lambda: peer.attempts)
    await control.handle.send("stale")
    control.remove()
    control.put(spec_of(other_peer))
    await control.handle.send("fresh")
    await control.handle.send("more")
    await other_peer.until(lambda: len(other_peer.received) == 2)
    assert other_peer.received == ["fresh", "more"]


async def test_the_end_of_the_manager_tells_everybody(peer: WebSocketServer, spec_of: Any) -> None:
    """Whoever waits gets ManagerClosedError, and no socket and no task is left."""
    control = FakeControl(WebSocketDriver())
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    waiting = asyncio.create_task(control.handle.recv())
    await asyncio.sleep(0)
    await control.close()
    with pytest.raises(ManagerClosedError):
        await waiting
    with pytest.raises(ManagerClosedError):
        await control.handle.send("x")
    await peer.until(lambda: not peer.open)
    assert control.tasks == set()


async def test_closing_is_idempotent_and_waits_for_nobody(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 49, 50: closing twice, at once, or what never connected, is all the same."""
    peer.refuse = 503
    control.start(spec_of(peer))
    await peer.until(lambda: peer.attempts)
    resource = control.live.resource
    control.remove()
    await asyncio.gather(*(control.driver.close(resource) for _ in range(3)))
    await control.driver.close(resource)
    assert resource.ended


async def test_a_peer_that_ignores_the_close_is_cut_after_close_timeout(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 49: a slow goodbye is bounded."""
    control.start(spec_of(peer, close_timeout="20ms"))
    await control.handle.wait_connected()
    peer.seen[0].transport.pause_reading()
    control.remove()
    await until(lambda: control.generations[0].closed == 1)
    peer.seen[0].transport.abort()


async def test_a_drain_cut_ends_the_socket_at_once(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 45: the lease of an open socket says how to cut it, and counts as a stream."""
    control.start(spec_of(peer, reconnect={"initial": "1h"}))
    await control.handle.wait_connected()
    (lease,) = control.generations[0].leases
    assert lease.stream
    await lease.closer()
    await until(lambda: control.generations[0].leases == [])
    await peer.until(lambda: not peer.open)


async def test_what_was_never_connected_is_replaced_without_a_word(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """A lazy client that nobody used opens nothing when it is edited."""
    control.start(spec_of(peer, connect="lazy"))
    control.put(spec_of(other_peer, connect="lazy"))
    assert control.generations[0].resource is control.generations[1].resource is None
    await control.handle.send("x")
    await other_peer.until(lambda: other_peer.received == ["x"])
    assert peer.attempts == 0
