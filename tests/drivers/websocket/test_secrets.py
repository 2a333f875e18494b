"""No secret of a manifest is ever shown: not in a log, a repr, a reason or an exception."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from rewire.errors import ProbeError
from tests.fakes.context import FakeControl, until

if TYPE_CHECKING:
    from tests.fakes.websocket_server import WebSocketServer

SECRET = "hush-hush"


def secret_spec(spec_of: Any, server: Any, **more: Any) -> Any:
    """Make a spec that is full of secrets."""
    return spec_of(
        server,
        headers={"X-Api-Key": SECRET},
        on_connect=[f'{{"token": "{SECRET}"}}'],
        **more,
    )


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"bearer": SECRET}, "Authorization", f"Bearer {SECRET}"),
        (
            {"basic": {"username": "me", "password": SECRET}},
            "Authorization",
            "Basic bWU6aHVzaC1odXNo",
        ),
        ({"header": {"name": "X-Token", "value": SECRET}}, "X-Token", SECRET),
    ],
)
async def test_credentials_reach_the_peer_and_nobody_else(
    control: FakeControl,
    peer: WebSocketServer,
    spec_of: Any,
    caplog: pytest.LogCaptureFixture,
    auth: Any,
    header: str,
    value: str,
) -> None:
    """At DEBUG, on every logger, neither headers nor messages are printed."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("rewire.websocket").setLevel(logging.DEBUG)
    control.start(secret_spec(spec_of, peer, auth=auth, reconnect={"initial": "1ms"}))
    await control.handle.send(f"message with {SECRET}")
    await peer.until(lambda: len(peer.received) == 2)
    assert peer.seen[0].request.headers[header] == value
    peer.seen[0].transport.abort()
    await peer.until(lambda: len(peer.seen) == 2)
    await control.handle.wait_connected()
    session = control.live.resource
    shown = [
        caplog.text,
        repr(control.handle),
        repr(control.handle.subscribe()),
        repr(session),
        repr(control.view.prepared),
        str(control.outcomes),
        str(control.losses),
    ]
    for text in shown:
        assert SECRET not in text
        assert "aHVzaC1odXNo" not in text


async def test_a_credential_in_the_query_is_joined_to_the_url(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """auth.query is escaped, and keeps the query that is there."""
    auth = {"query": {"name": "api key", "value": "a&b"}}
    control.start(spec_of(f"{peer.url}?x=1", auth=auth))
    await control.handle.wait_connected()
    assert peer.seen[0].request.path == "/feed?x=1&api%20key=a%26b"


async def test_a_verdict_shows_no_secret(
    control: FakeControl, peer: WebSocketServer, other_peer: WebSocketServer, spec_of: Any
) -> None:
    """Neither its text nor the traceback behind it names what was sent."""
    control.start(spec_of(peer))
    await control.handle.wait_connected()
    other_peer.refuse = 401
    url = f"{other_peer.url}?token={SECRET}"
    with pytest.raises(ProbeError) as caught:
        await control.replace(secret_spec(spec_of, url, auth={"bearer": SECRET}))
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in repr(caught.value.args)


async def test_a_header_beyond_latin_1_goes_out_as_utf_8(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """The encoding of a value never fails, and so never shows it."""
    control.start(spec_of(peer, headers={"X-Name": "Zoë €"}))
    await control.handle.wait_connected()
    raw = peer.seen[0].request.headers["X-Name"]
    assert raw.encode("latin-1").decode("utf-8") == "Zoë €"


async def test_the_handle_says_where_it_stands(
    control: FakeControl, peer: WebSocketServer, spec_of: Any
) -> None:
    """Its repr tells id, state and generation."""
    assert repr(control.handle) == "<WebSocketClient 'feed', ClientRemovedError>"
    control.start(spec_of(peer))
    assert repr(control.handle) == "<WebSocketClient 'feed' not connected, generation 1>"
    await control.handle.wait_connected()
    assert repr(control.handle) == "<WebSocketClient 'feed' connected, generation 1>"
    pool = control.driver.pool(control.live.resource)
    assert (pool.open, pool.idle, pool.waiting) == (1, 0, 0)
    control.remove()
    await until(lambda: control.generations[0].closed == 1)
    assert repr(control.handle) == "<WebSocketClient 'feed', ClientRemovedError>"
