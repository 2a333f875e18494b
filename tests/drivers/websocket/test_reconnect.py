"""Staying connected: how losses are waited out, and what ends the trying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rewire.drivers.websocket.driver import WebSocketDriver
from rewire.errors import ProbeError
from tests.fakes.context import FakeControl, until
from tests.fakes.websocket_server import WebSocketServer

if TYPE_CHECKING:
    from collections.abc import Callable


async def resting(control: FakeControl) -> float | None:
    """Wait until the session waits to try again; return for how long it means to."""
    session = control.live.resource
    await session.hub.changed.until(lambda: True if session.resting_now else None)
    return session.resting


async def test_a_server_that_accepts_and_closes_does_not_make_it_spin(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Each connect is paid for with a wait that grows, though each handshake succeeded."""

    async def shut(connection: Any) -> None:
        await connection.recv()  # by now the client has greeted, and counts itself connected
        await connection.close(1013)

    peer.handler = shut
    settings = {"initial": "1h", "max": "24h", "multiplier": 2, "jitter": "none"}
    control.start(spec_of(peer, reconnect=settings, on_connect=["hello"]))
    waits = []
    for connects in range(1, 7):
        waits.append(await resting(control))
        assert peer.attempts == connects
        control.live.resource.nudge()
        await peer.until(lambda connects=connects: peer.attempts > connects)
    assert waits == [hours * 3600 for hours in (1, 2, 4, 8, 16, 24)]


async def test_only_a_stable_connection_makes_the_waits_small_again(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """A connection that stayed up for stable_after begins a new series."""
    settings = {"initial": "1h", "max": "24h", "multiplier": 2, "jitter": "none"}
    peer.refuse = 503
    control.start(spec_of(peer, reconnect=settings | {"stable_after": "0ms"}))
    assert await resting(control) == 3600
    control.live.resource.nudge()
    await peer.until(lambda: peer.attempts == 2)
    assert await resting(control) == 7200
    peer.refuse = None
    control.live.resource.nudge()
    await control.handle.wait_connected()
    await peer.seen[0].close(1011)
    assert await resting(control) == 3600


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_fatal_status_stops_the_trying_until_an_edit(
    control: FakeControl, peer: WebSocketServer, spec_of: Any, status: int
) -> None:
    """After such an answer only an edit makes it try again."""
    peer.refuse = status
    control.start(spec_of(peer, reconnect={"initial": "1ms"}))
    assert await resting(control) is None
    assert peer.attempts == 1
    assert control.outcomes[-1].code == f"HTTP{status}"
    assert control.outcomes[-1].connection
    peer.refuse = None
    control.edit(spec_of(peer, auth={"bearer": "fresh"}))
    await control.handle.wait_connected()
    assert peer.seen[0].request.headers["Authorization"] == "Bearer fresh"


async def test_a_check_tries_again_at_once(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """check() ends a wait and a stop, and says how the attempt ended."""
    peer.refuse = 401
    control.start(spec_of(peer, reconnect={"initial": "1h"}))
    await resting(control)
    with pytest.raises(ProbeError) as caught:
        await control.driver.check(control.view, control)
    assert caught.value.reason == "HandshakeRefused"
    assert peer.attempts == 2
    peer.refuse = None
    await resting(control)
    assert await control.driver.check(control.view, control) > 0
    assert peer.attempts == 3


async def test_a_check_of_a_connection_is_a_ping(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """It opens no second session."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    assert await control.driver.check(control.view, control) > 0
    assert peer.attempts == 1


async def test_other_refusals_are_tried_again(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 35: an upstream that is down or busy at the start is tried until it is up."""
    peer.refuse = 503
    control.start(spec_of(peer, reconnect={"initial": "1ms", "max": "1ms"}))
    await peer.until(lambda: peer.attempts > 3)
    peer.refuse = None
    await control.handle.wait_connected()
    failures = [outcome.code for outcome in control.outcomes if not outcome.ok]
    assert set(failures) == {"HTTP503"}


async def test_a_silent_peer_is_found_out_by_pings(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 69: a connection over which nothing comes any more counts as lost."""
    first = True

    async def fall_silent(connection: Any) -> None:
        nonlocal first
        if first:
            first = False
            connection.transport.pause_reading()
        await connection.wait_closed()

    peer.handler = fall_silent
    control.start(
        spec_of(peer, ping_interval="1ms", ping_timeout="20ms", reconnect={"initial": "1ms"})
    )
    await peer.until(lambda: len(peer.seen) > 1)
    assert any(outcome.code == "PingTimeout" for outcome in control.outcomes)
    peer.seen[0].transport.abort()


async def test_what_happens_is_reported(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Opening, success, loss: in that order, with words for each."""
    control.start(spec_of(peer, reconnect={"initial": "1h"}))
    await control.handle.wait_connected()
    assert (control.openings, control.losses) == (1, [])
    await peer.seen[0].close(4000, "secret reason")
    await resting(control)
    assert len(control.losses) == 1
    assert control.losses[0].endswith("closed the connection with code 4000")
    assert control.outcomes[-1].code == "ConnectionClosed"
    assert not control.outcomes[-1].connection


async def test_a_redirect_is_not_followed(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 72: credentials go where the manifest says, and nowhere else."""
    judge = peer._judge

    async def send_elsewhere(connection: Any, request: Any) -> Any:
        await judge(connection, request)
        response = connection.respond(307, "")
        response.headers["Location"] = other_peer.url
        return response

    peer._judge = send_elsewhere
    await peer.stop()
    await peer.start()
    control.start(spec_of(peer, auth={"header": {"name": "X-Api-Key", "value": "k"}}))
    assert await resting(control) is not None
    assert control.outcomes[-1].code == "HTTP307"
    assert other_peer.attempts == 0


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda port: f"ws://127.0.0.1:{port}/", "ConnectFailed"),
        (lambda port: f"wss://127.0.0.1:{port}/", "ConnectFailed"),
        (lambda port: "ws://name.invalid/", "ConnectFailed"),
    ],
)
async def test_what_cannot_be_reached_has_a_reason(
    spec_of: Any, free_port: Callable[[], int], make: Callable[[int], str], reason: str
) -> None:
    """Each failure of opening has a CamelCase reason and a text without the path."""
    async with FakeControl(WebSocketDriver()) as control:
        control.start(spec_of(make(free_port()) + "path?key=secret", reconnect={"initial": "1h"}))
        await resting(control)
        assert control.outcomes[0].code == reason
        assert "secret" not in control.outcomes[0].message


async def test_a_certificate_that_nobody_signed_is_refused(
    spec_of: Any, server_tls: Any, control: FakeControl
) -> None:
    """FAULTS 66: TLS is checked by default, and says why it failed."""
    async with WebSocketServer(ssl=server_tls) as server:
        control.start(spec_of(server.url.replace("ws:", "wss:"), reconnect={"initial": "1h"}))
        await resting(control)
        assert control.outcomes[0].code == "TLSFailed"
        assert "certificate" in control.outcomes[0].message


async def test_tls_with_an_authority_of_ones_own(
    spec_of: Any, server_tls: Any, ca_file: Any
) -> None:
    """tls.ca names the only authorities to trust."""

    class WithFiles(WebSocketDriver):
        def prepare(self, spec: Any, material: Any) -> Any:
            return super().prepare(spec, {str(ca_file): ca_file.read_bytes()})

    async with (
        WebSocketServer(ssl=server_tls) as server,
        FakeControl(WithFiles()) as control,
    ):
        url = server.url.replace("ws:", "wss:")
        control.start(spec_of(url, tls={"ca": str(ca_file)}))
        await control.handle.send("hello")
        await server.until(lambda: server.received == ["hello"])


async def test_a_server_that_comes_back_is_found_again(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """FAULTS 36: the server's restart costs a reconnect and nothing else."""
    control.start(spec_of(peer, reconnect={"initial": "1ms", "max": "5ms"}))
    await control.handle.wait_connected()
    await peer.stop()
    await until(lambda: control.losses)
    assert not control.handle.connected
    await peer.start()
    await control.handle.send("again")
    await peer.until(lambda: peer.received == ["again"])
