"""The bounded queues, both ways: what waits, what is dropped, what is refused."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from rewire.drivers.websocket.errors import NotConnectedError, SendInterruptedError
from rewire.errors import QueueFullError, RewireError
from tests.fakes.context import FakeControl, until
from tests.fakes.websocket_server import WebSocketServer

BURST = 200


def burst(count: int = BURST) -> Any:
    """Return a handler that sends 0, 1, 2, … as fast as it can, then stays."""

    async def handler(connection: Any) -> None:
        for number in range(count):
            await connection.send(str(number))
        await connection.wait_closed()

    return handler


async def numbers(source: Any, count: int) -> list[int]:
    """Receive so many numbers."""
    return [int(await source.recv()) for _ in range(count)]


# ── inbound ──────────────────────────────────────────────────────────────────────────────────


async def test_block_loses_nothing_and_keeps_its_bound(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """With overflow = "block" the socket is not read while the queue is full."""
    peer.handler = burst()
    control.start(spec_of(peer, inbound={"max_queue": 4}))
    queue = control.handle._hub.inbox._resting
    got = []
    for number in range(BURST):
        assert len(queue.items) <= 4
        got.append(int(await control.handle.recv()))
        assert got[-1] == number
    assert got == list(range(BURST))


async def test_drop_oldest_keeps_the_newest(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A full queue lets its oldest message go."""
    peer.handler = burst()
    control.start(spec_of(peer, inbound={"max_queue": 4, "overflow": "drop-oldest"}))
    queue = control.handle._hub.inbox._resting
    await until(lambda: str(BURST - 1) in queue.items)
    assert await numbers(control.handle, 4) == [BURST - 4, BURST - 3, BURST - 2, BURST - 1]


async def test_error_says_where_messages_are_missing(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """The kept messages come first, then the error once, then what comes after it."""
    peer.handler = burst()
    control.start(spec_of(peer, inbound={"max_queue": 4, "overflow": "error"}))
    await control.handle.wait_connected()
    connection = control.live.resource.connection
    await until(lambda: connection._heard == BURST)
    assert await numbers(control.handle, 4) == [0, 1, 2, 3]
    with pytest.raises(QueueFullError) as caught:
        await control.handle.recv()
    assert (caught.value.direction, caught.value.limit) == ("inbound", 4)
    await peer.seen[0].send("4711")
    assert await numbers(control.handle, 1) == [4711]


async def test_every_subscription_gets_every_message(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Two loops side by side see the same stream."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    with_all = [control.handle.subscribe(), control.handle.subscribe()]
    for number in range(10):
        await peer.send_all(str(number))
    for subscription in with_all:
        assert await numbers(subscription, 10) == list(range(10))


async def test_the_first_loop_takes_over_what_rests(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """What came before anybody listened is there for the first who does, also after a recv()."""
    peer.handler = burst(6)
    control.start(spec_of(peer))
    assert await numbers(control.handle, 2) == [0, 1]
    got = []
    async for message in control.handle:
        got.append(int(message))
        if len(got) == 4:
            break
    assert got == [2, 3, 4, 5]


async def test_a_loop_that_ends_leaves_the_rest_to_the_next(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Breaking out of `async for` loses nothing that had already come."""
    peer.handler = burst(6)
    control.start(spec_of(peer))
    async for message in control.handle:
        if message == "2":
            break
    gc.collect()
    assert await numbers(control.handle, 3) == [3, 4, 5]


async def test_recv_beside_a_subscription_never_blocks_it(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """One recv() takes the next message, and leaves no queue behind that would fill up."""
    control.start(spec_of(peer, inbound={"max_queue": 2}))
    await control.handle.wait_connected()
    async with control.handle.subscribe() as subscription:
        once = asyncio.create_task(control.handle.recv())
        await asyncio.sleep(0)
        for number in range(10):
            await peer.send_all(str(number))
            assert await numbers(subscription, 1) == [number]
        assert await once == "0"


async def test_a_cancelled_recv_loses_nothing(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 46, 47: a recv() cancelled in the very step in which a message came leaves it."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    got = []
    for number in range(20):
        waiting = asyncio.create_task(control.handle.recv())
        await asyncio.sleep(0)
        control.handle._hub.inbox.put(str(number))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        got.append(await control.handle.recv())
    assert got == [str(number) for number in range(20)]


async def test_a_raised_limit_lets_a_blocked_reader_go_on(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 52: whoever waits for room sees a changed limit, and none is stuck."""
    peer.handler = burst(50)
    control.start(spec_of(peer, inbound={"max_queue": 1}))
    queue = control.handle._hub.inbox._resting
    await until(lambda: queue.items)
    control.edit(spec_of(peer, inbound={"max_queue": 100}))
    await until(lambda: len(queue.items) == 50)
    assert await numbers(control.handle, 50) == list(range(50))


async def test_a_slow_reader_of_ours_is_not_the_peers_fault(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """While a full queue stops the socket no pong can come in; the connection stays."""
    peer.handler = burst(2000)
    control.start(spec_of(peer, inbound={"max_queue": 1}, ping_interval="5ms", ping_timeout="5ms"))
    connection = None
    rounds = 0
    await control.handle.wait_connected()
    connection = control.live.resource.connection
    ping = connection.socket.ping

    async def counted() -> Any:
        nonlocal rounds
        rounds += 1
        return await ping()

    connection.socket.ping = counted
    await until(lambda: rounds >= 5)
    assert await numbers(control.handle, 2000) == list(range(2000))
    assert len(peer.seen) == 1


# ── outbound ─────────────────────────────────────────────────────────────────────────────────


async def test_wait_sends_in_order_once_there_is_a_connection(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """With when_down = "wait" a send returns when its message was handed to a socket."""
    peer.refuse = 503
    control.start(spec_of(peer, reconnect={"initial": "1ms", "max": "2ms"}))
    sends = [asyncio.create_task(control.handle.send(str(n))) for n in range(10)]
    await peer.until(lambda: peer.attempts > 2)
    assert not any(send.done() for send in sends)
    peer.refuse = None
    await asyncio.gather(*sends)
    await peer.until(lambda: len(peer.received) == 10)
    assert peer.received == [str(n) for n in range(10)]


async def test_a_send_overtakes_nobody(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Who sends in the very step in which the connection comes up stands behind who waits."""
    peer.refuse = 503
    control.start(spec_of(peer, reconnect={"initial": "1ms", "max": "2ms"}))

    async def send_when_connected() -> None:
        await control.handle.wait_connected()
        await control.handle.send("late")

    late = asyncio.create_task(send_when_connected())
    await asyncio.sleep(0)
    early = asyncio.create_task(control.handle.send("early"))
    await peer.until(lambda: peer.attempts > 1)
    peer.refuse = None
    await asyncio.gather(early, late)
    await peer.until(lambda: len(peer.received) == 2)
    assert peer.received == ["early", "late"]


async def test_a_cancelled_send_is_not_sent(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A send that is given up while it waits leaves the queue; its neighbours stay in order."""
    peer.refuse = 503
    control.start(spec_of(peer, reconnect={"initial": "1ms", "max": "2ms"}))
    sends = [asyncio.create_task(control.handle.send(str(n))) for n in range(4)]
    await peer.until(lambda: peer.attempts > 1)
    sends[0].cancel()
    sends[2].cancel()
    await asyncio.wait({sends[0], sends[2]})
    peer.refuse = None
    await asyncio.gather(sends[1], sends[3])
    await peer.until(lambda: len(peer.received) == 2)
    assert peer.received == ["1", "3"]
    assert control.handle._hub.outbox.waiting == 0


async def test_sends_that_wait_are_bounded(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """One more than outbound.max_queue is refused at once."""
    peer.refuse = 503
    control.start(spec_of(peer, outbound={"max_queue": 2}))
    sends = [asyncio.create_task(control.handle.send(str(n))) for n in range(2)]
    await peer.until(lambda: peer.attempts)
    with pytest.raises(QueueFullError) as caught:
        await control.handle.send("one too many")
    assert (caught.value.direction, caught.value.limit) == ("outbound", 2)
    for send in sends:
        send.cancel()
    await asyncio.wait(sends)


async def test_fail_raises_while_the_connection_is_down(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """With when_down = "fail" a typed error comes at once, of both families."""
    peer.refuse = 503
    control.start(spec_of(peer, outbound={"when_down": "fail"}, reconnect={"initial": "1ms"}))
    await peer.until(lambda: peer.attempts)
    with pytest.raises(NotConnectedError) as caught:
        await control.handle.send("x")
    assert isinstance(caught.value, RewireError)
    assert isinstance(caught.value, ConnectionError)
    assert 'client "feed"' in str(caught.value)
    peer.refuse = None
    await control.handle.wait_connected()
    await control.handle.send("y")
    await peer.until(lambda: peer.received == ["y"])


async def test_drop_oldest_keeps_the_newest_for_the_next_connection(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """With when_down = "drop-oldest" a send returns at once, and the newest are sent later."""
    peer.refuse = 503
    control.start(
        spec_of(
            peer,
            outbound={"max_queue": 3, "when_down": "drop-oldest"},
            reconnect={"initial": "1ms", "max": "2ms"},
        )
    )
    await peer.until(lambda: peer.attempts)
    for number in range(10):
        await control.handle.send(str(number))
    peer.refuse = None
    await peer.until(lambda: len(peer.received) == 3)
    await control.handle.send("live")
    await peer.until(lambda: len(peer.received) == 4)
    assert peer.received == ["7", "8", "9", "live"]


async def test_what_was_interrupted_is_said_to_be_in_doubt_and_not_repeated(
    control: FakeControl, spec_of: Any
) -> None:
    """At most once: a message that was handed to a socket that broke is never sent again."""
    stuck = asyncio.Event()
    async with WebSocketServer(compression=None) as peer:

        async def read_nothing(connection: Any) -> None:
            if len(peer.seen) == 1:
                connection.transport.pause_reading()
                stuck.set()
                await connection.wait_closed()
            else:
                await peer._listen(connection)

        peer.handler = read_nothing
        control.start(spec_of(peer, reconnect={"initial": "1ms"}))
        await stuck.wait()
        await control.handle.wait_connected()
        # More than the kernel's buffers hold, so that the send has to wait.
        sending = asyncio.create_task(control.handle.send(b"x" * 50_000_000))
        socket = control.live.resource.connection.socket
        await until(lambda: socket.drain_waiters)
        peer.seen[0].transport.abort()
        with pytest.raises(SendInterruptedError, match="may or may not have arrived"):
            await sending
        await control.handle.send("next")
        await peer.until(lambda: peer.received)
        assert peer.received == ["next"]
