"""The fake server must be right itself, or no test that uses it means anything."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from typing import TYPE_CHECKING

import httpx2
import pytest

from tests.fakes.http_server import FakeServer, Hangup, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


async def test_requests_are_kept_with_their_connection(server: FakeServer) -> None:
    """Two requests over one pool come over one connection, and both are seen whole."""
    async with httpx2.AsyncClient(base_url=server.url) as client:
        first = (await client.get("/json?a=1", headers={"X-Mark": "m"})).json()
        await client.post("/json", content=b"body")
    assert first["server"] == "a"
    assert [(r.method, r.target, r.body, r.connection) for r in server.requests] == [
        ("GET", "/json?a=1", b"", 1),
        ("POST", "/json", b"body", 1),
    ]
    assert server.requests[0].headers["x-mark"] == "m"
    assert server.requests[0].query == {"a": "1"}
    await server.until(lambda: server.connections_open == 0)
    assert (server.connections_opened, server.connections_closed) == (1, 1)


async def test_a_chunked_upload_arrives_whole(server: FakeServer) -> None:
    """A body without a length is put together from its chunks."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1000

    async with httpx2.AsyncClient() as client:
        answer = (await client.post(f"{server.url}/upload", content=parts())).json()
    assert answer == {"length": 3000, "sha256": hashlib.sha256(b"x" * 3000).hexdigest()}


async def test_a_stream_of_n_ends_and_is_answered(server: FakeServer) -> None:
    """A stream with `n` has that many chunks and then ends well."""
    async with httpx2.AsyncClient() as client:
        text = (await client.get(f"{server.url}/stream?n=3&gap=0")).text
    assert text == "a 0\na 1\na 2\n"
    assert server.requests[0].answered


async def test_an_endless_stream_ends_with_the_server(server: FakeServer) -> None:
    """`stop()` cuts what is being streamed, and the client learns it as an error."""
    async with httpx2.AsyncClient() as client, client.stream("GET", server.url + "/stream") as r:
        lines = r.aiter_lines()
        assert await anext(lines) == "a 0"
        assert server.in_flight == 1
        await server.stop()
        with pytest.raises(httpx2.RemoteProtocolError):
            await asyncio.wait_for(_exhaust(lines), 5)
    assert not server.requests[0].answered


async def test_a_peer_that_leaves_is_noticed_at_once(server: FakeServer) -> None:
    """A connection that closes under a busy handler is counted, and the handler ends."""
    async with httpx2.AsyncClient() as client:
        asking = asyncio.create_task(client.get(server.url + "/slow?s=3600"))
        await server.until(lambda: server.in_flight == 1)
        asking.cancel()
        await server.until(lambda: server.in_flight == 0)
        await server.until(lambda: server.connections_closed == 1)


async def test_it_starts_again_on_the_same_port(server: FakeServer) -> None:
    """A restart keeps the URL, so that an outage can be played."""
    url = server.url
    await server.stop()
    async with httpx2.AsyncClient() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(url + "/json")
        await server.start()
        assert server.url == url
        assert (await client.get(url + "/json")).status_code == 200


async def test_statuses_and_redirects(server: FakeServer) -> None:
    """The small endpoints say what they were asked for."""
    async with httpx2.AsyncClient(base_url=server.url, follow_redirects=True) as client:
        assert (await client.get("/status/503")).status_code == 503
        assert (await client.get("/redirect", params={"to": "/json"})).json()["path"] == "/json"
        assert (await client.get("/nowhere")).status_code == 404
        assert (await client.head("/json")).content == b""


async def test_routes_may_be_changed_and_may_hang_up(server: FakeServer) -> None:
    """A handler of the test's own wins, and can cut the connection in the middle of an answer."""

    async def cut(_: Request) -> Response:
        raise Hangup(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")

    async def made(request: Request) -> Response:
        return Response(201, {"x-path": request.path}, b"ok")

    server.routes |= {"/cut": cut, "PUT /made": made}
    async with httpx2.AsyncClient(base_url=server.url) as client:
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get("/cut")
        response = await client.put("/made")
    assert (response.status_code, response.headers["x-path"], response.text) == (201, "/made", "ok")


async def test_tls_is_served_to_who_trusts_the_authority(
    tls_server: FakeServer, ca_file: Path
) -> None:
    """With the authority's certificate HTTPS works, without it it does not."""
    trusting = ssl.create_default_context(cafile=str(ca_file))
    async with httpx2.AsyncClient(verify=trusting) as client:
        assert (await client.get(tls_server.url + "/json")).json()["server"] == "tls"
    async with httpx2.AsyncClient() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(tls_server.url + "/json")


async def _exhaust(lines: AsyncIterator[str]) -> None:
    async for _ in lines:
        pass
