"""The hand-over of one connection to the next: what is lost, doubled, or out of order.

FAULTS 43: the new one opened and subscribed, then the old one closed with 1001.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.context import FakeControl, until
from tests.fakes.websocket_server import Feed, WebSocketServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HANDOVERS = 20


@asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    """Let a feed publish while the block runs."""
    task = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


class Reader:
    """An application that reads a numbered feed and remembers what it saw."""

    def __init__(self, client: Any) -> None:
        self.got: list[int] = []
        self._task = asyncio.create_task(self._read(client))

    async def _read(self, client: Any) -> None:
        async for message in client:
            self.got.append(json.loads(message)["seq"])

    async def past(self, number: int) -> None:
        await until(lambda: self._task.done() or (self.got and self.got[-1] >= number))

    async def stop(self) -> list[int]:
        self._task.cancel()
        await asyncio.wait({self._task})
        return self.got


async def edits(
    control: FakeControl, servers: list[WebSocketServer], feed: Feed, reader: Reader, make: Any
) -> None:
    """Move the client from server to server, with a few messages in between."""
    for number in range(HANDOVERS):
        await control.replace(make(servers[(number + 1) % 2]))
        await reader.past(feed.number + 3)


@pytest.mark.parametrize("lags", [(0, 0), (0, 7), (7, 0)])
async def test_a_numbered_feed_crosses_twenty_handovers_whole(
    control: FakeControl,
    peer: WebSocketServer,
    other_peer: WebSocketServer,
    spec_of: Any,
    lags: tuple[int, int],
) -> None:
    """With `sequence` nothing is lost, doubled or out of order, whichever server is ahead."""
    feed = Feed()
    peer.handler, other_peer.handler = feed.at(lags[0]), feed.at(lags[1])

    def make(server: WebSocketServer) -> Any:
        return spec_of(server, handover={"sequence": "/seq"})

    control.start(make(peer))
    reader = Reader(control.handle)
    async with running(feed):
        await reader.past(3)
        await edits(control, [peer, other_peer], feed, reader, make)
    got = await reader.stop()
    assert got == list(range(got[0], got[0] + len(got)))
    assert len(peer.seen) + len(other_peer.seen) == HANDOVERS + 1
    await until(lambda: [g.closed for g in control.generations] == [1] * HANDOVERS + [0])


async def test_a_function_from_code_may_say_the_number(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """`client.sequence(fn)` stands in for the manifest's pointer."""
    feed = Feed()
    peer.handler, other_peer.handler = feed.at(), feed.at(5)
    control.handle.sequence(lambda message: json.loads(message)["seq"])
    control.start(spec_of(peer))
    reader = Reader(control.handle)
    async with running(feed):
        await reader.past(3)
        await edits(control, [peer, other_peer], feed, reader, spec_of)
    got = await reader.stop()
    assert got == list(range(got[0], got[0] + len(got)))


async def test_overlap_without_numbers_leaves_no_gap(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """Everything comes; in the overlap it may come twice."""
    feed = Feed()
    peer.handler, other_peer.handler = feed.at(), feed.at()
    control.start(spec_of(peer))
    reader = Reader(control.handle)
    async with running(feed):
        await reader.past(3)
        await edits(control, [peer, other_peer], feed, reader, spec_of)
    got = await reader.stop()
    assert set(got) == set(range(min(got), max(got) + 1))


async def test_gap_never_doubles_and_never_holds_two_sockets(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """With mode = "gap" the old socket is closed before the new one is opened."""
    feed, most = Feed(), 0

    def counted(handler: Any) -> Any:
        async def serve(connection: Any) -> None:
            nonlocal most
            most = max(most, len(peer.open) + len(other_peer.open))
            await handler(connection)

        return serve

    peer.handler, other_peer.handler = counted(feed.at()), counted(feed.at())

    def make(server: WebSocketServer) -> Any:
        return spec_of(server, handover={"mode": "gap"})

    control.start(make(peer))
    reader = Reader(control.handle)
    async with running(feed):
        await reader.past(3)
        await edits(control, [peer, other_peer], feed, reader, make)
        # Edits that follow each other faster than sockets close.
        for number in range(4):
            await control.replace(make([peer, other_peer][number % 2]))
        await reader.past(feed.number + 3)
    got = await reader.stop()
    assert got == sorted(set(got))
    assert most == 1


async def test_a_gap_waits_for_every_socket_before_it(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """However quickly edits follow, the newest connects when the last old one is gone."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    peer.seen[0].transport.pause_reading()  # its goodbye takes a while
    for number in range(3):
        spec = spec_of(other_peer, handover={"mode": "gap"}, headers={"X-Edit": str(number)})
        await control.replace(spec)
        await until(lambda: len(control.handle._hub._retired) == 1)
        for _ in range(20):
            await asyncio.sleep(0)
        assert control.live.resource.tries == other_peer.attempts == 0
    peer.seen[0].transport.resume_reading()
    await control.handle.wait_connected()
    assert peer.seen[0].close_code == 1001
    assert [c.request.headers["X-Edit"] for c in other_peer.seen] == ["2"]


async def test_the_old_socket_is_closed_with_1001_after_the_new_one_has_spoken(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """Open, greeted, heard: then the old one goes, and its generation with it."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    await control.replace(spec_of(other_peer, on_connect=["subscribe"]))
    assert other_peer.received == ["subscribe"]
    await peer.seen[0].send("from the old one")
    assert await control.handle.recv() == "from the old one"
    assert peer.open  # the new one has not spoken yet
    await other_peer.send_all("from the new one")
    assert await control.handle.recv() == "from the new one"
    await peer.until(lambda: not peer.open)
    assert peer.seen[0].close_code == 1001
    await until(lambda: control.generations[0].closed == 1)
    assert control.losses == []


async def test_a_quiet_server_is_waited_for_no_longer_than_the_warmup(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """A peer that speaks only when spoken to ends the hand-over by the warm-up's deadline."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    await control.replace(spec_of(other_peer, warmup={"timeout": "200ms"}))
    assert peer.open
    await peer.until(lambda: not peer.open)
    assert peer.seen[0].close_code == 1001
    assert control.handle.connected


async def test_sends_go_to_the_new_connection_from_the_swap_on(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """After replace() has returned nothing is sent to the old server any more."""
    control.start(spec_of(peer))
    await control.handle.send("to the old one")
    await control.replace(spec_of(other_peer))
    await control.handle.send("to the new one")
    await other_peer.until(lambda: other_peer.received == ["to the new one"])
    await peer.until(lambda: peer.received == ["to the old one"])


async def test_what_came_before_the_close_is_delivered(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 46: messages that arrive while the old socket closes are read to the last."""

    async def last_words(connection: Any) -> None:
        await connection.send("hello")
        async for _ in connection:
            pass

    async def chatter(connection: Any) -> None:
        for number in range(500):
            await connection.send(f"old {number}")
        await connection.wait_closed()

    peer.handler, other_peer.handler = chatter, last_words
    control.start(spec_of(peer, inbound={"max_queue": 1000}))
    await control.handle.wait_connected()
    await control.replace(spec_of(other_peer, inbound={"max_queue": 1000}))
    await peer.until(lambda: peer.seen[0].state.name == "CLOSED")
    await until(lambda: control.generations[0].closed == 1)
    got = [await control.handle.recv() for _ in range(501)]
    assert [m for m in got if m.startswith("old")] == [f"old {n}" for n in range(500)]
    assert "hello" in got


async def test_a_blocked_consumer_loses_nothing_of_the_old_connection(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """What the old socket had received is delivered, room or no room, when it is closed."""
    feed = Feed()
    peer.handler, other_peer.handler = feed.at(), feed.at()

    def make(server: WebSocketServer) -> Any:
        return spec_of(
            server,
            handover={"sequence": "/seq"},
            inbound={"max_queue": 2},
            warmup={"timeout": "500ms"},
            close_timeout="200ms",
        )

    control.start(make(peer))
    await control.handle.wait_connected()
    for _ in range(40):
        feed.tick()
        await asyncio.sleep(0)
    await control.replace(make(other_peer))
    for _ in range(40):
        feed.tick()
        await asyncio.sleep(0)
    reader = Reader(control.handle)
    await reader.past(80)
    assert await reader.stop() == list(range(1, 81))


async def test_a_single_session_server_ends_with_one_session(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A server that ends the older session when a newer one comes is not fought with."""

    async def only_the_newest(connection: Any) -> None:
        for older in peer.seen[:-1]:
            await older.close(4001)
        await connection.send("welcome")
        await connection.wait_closed()

    peer.handler = only_the_newest
    control.start(spec_of(peer, reconnect={"initial": "1ms"}))
    assert await control.handle.recv() == "welcome"
    old = control.live.resource
    view = control.build(spec_of(peer, headers={"X-New": "1"}))
    await control.driver.warm(view, control)
    await until(lambda: old.connection is None)
    old.nudge()
    for _ in range(10):
        await asyncio.sleep(0)
    assert old.tries == 1
    control.swap(view)
    assert await control.handle.recv() == "welcome"
    await until(lambda: control.generations[0].closed == 1)
    assert len(peer.seen) == 2
    assert control.handle.connected


async def test_the_numbers_of_another_feed_are_not_swallowed_for_ever(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """A new server that numbers from the start is listened to once the catching up is over."""
    high, low = Feed(), Feed()
    high.number = 1000
    peer.handler, other_peer.handler = high.at(), low.at()

    def make(server: WebSocketServer) -> Any:
        return spec_of(server, handover={"sequence": "/seq"}, warmup={"timeout": "100ms"})

    control.start(make(peer))
    reader = Reader(control.handle)
    async with running(high), running(low):
        await reader.past(1003)
        await control.replace(make(other_peer))
        await until(lambda: reader.got[-1] < 1000)
    got = await reader.stop()
    assert got[0] > 1000
    tail = [number for number in got if number < 1000]
    assert tail == list(range(tail[0], tail[0] + len(tail)))
