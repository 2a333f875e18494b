"""Show 5: whatever a server does, the caller gets an error of its own family, in time.

The connection is never used again, memory is bounded, and the next good request works. Ten
thousand random cancellations leave no slot, permit, lease, alarm or task behind.
"""

from __future__ import annotations

import asyncio
import resource
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

import rewire
from tests.fakes.editing import http
from tests.fakes.villain import (
    CHUNKED,
    GOOD,
    REFUSED,
    SAFE,
    SURPLUS,
    Villain,
    bomb,
    cut,
)

if TYPE_CHECKING:
    import ssl
    from pathlib import Path

    from tests.conftest import Start

LIBRARIES = {"httpx2": httpx2, "httpx": httpx}
LINES = (
    'timeout = { total = "600ms", attempt = "300ms", connect = "300ms" }',
    "retry.enabled = false",
    "breaker.enabled = false",
)
# The deadlines above are less than a second; this says that one of them was meant.
IN_TIME = 5.0
MEBIBYTE = 1 << 20


def handle(manager: rewire.ClientManager, family: str) -> Any:
    """Return the handle of a family."""
    return manager.http("api") if family == "httpx2" else manager.httpx("api")


async def good(client: Any) -> None:
    """See that the next good request works, and gets its own answer."""
    async with asyncio.timeout(IN_TIME):
        response = await client.get("/good", timeout=5)
    assert (response.status_code, response.content) == (200, b"good")


@pytest.mark.parametrize("family", LIBRARIES)
@pytest.mark.parametrize("deed", REFUSED)
async def test_villainy_is_an_error_of_the_family_in_time(
    start: Start, deed: str, family: str
) -> None:
    """Row 67: typed, within the deadline; the connection is dropped; the next request works."""
    async with Villain({"/bad": REFUSED[deed]}) as villain:
        manager, _ = await start(http("api", villain.url, *LINES))
        client = handle(manager, family)
        await good(client)
        async with asyncio.timeout(IN_TIME):
            with pytest.raises(LIBRARIES[family].RequestError) as caught:
                await client.get("/bad")
        assert caught.value.request.url.path == "/bad"
        await good(client)
        assert villain.reused("/bad") == []
        assert manager.status("api").in_flight == {1: 0}
        await villain.until(lambda: villain.open <= 1)


@pytest.mark.parametrize("how", ["reset", "half-close"])
@pytest.mark.parametrize("answer", [GOOD, CHUNKED], ids=["length", "chunked"])
async def test_an_answer_cut_at_any_byte_is_an_error(start: Start, how: str, answer: bytes) -> None:
    """Row 67: RST, or a FIN, at every byte offset; never a shorter answer, never a hang."""
    deeds = {f"/{at}": cut(answer, at, how) for at in range(len(answer))}
    async with Villain(deeds) as villain:
        manager, _ = await start(http("api", villain.url, *LINES))
        client = manager.http("api")
        for path in deeds:
            async with asyncio.timeout(IN_TIME):
                with pytest.raises(httpx2.TransportError):
                    await client.get(path)
            await good(client)
            assert villain.reused(path) == []
        assert manager.status("api").in_flight == {1: 0}


@pytest.mark.parametrize("family", LIBRARIES)
@pytest.mark.parametrize("surplus", SURPLUS)
async def test_a_connection_with_bytes_left_over_is_never_used_again(
    start: Start, surplus: str, family: str
) -> None:
    """What comes beyond a complete answer is nobody's answer."""
    method, deed = SURPLUS[surplus]
    async with Villain({"/more": deed}) as villain:
        manager, _ = await start(http("api", villain.url, *LINES))
        client = handle(manager, family)
        await good(client)
        response = await client.request(method, "/more", timeout=5)
        assert response.status_code in {200, 204, 304}
        assert b"evil" not in response.content
        await good(client)
        assert villain.reused("/more") == []


@pytest.mark.parametrize("surplus", SURPLUS)
async def test_bytes_left_over_inside_tls_are_seen_too(
    start: Start, surplus: str, server_tls: ssl.SSLContext, ca_file: Path
) -> None:
    """They lie in other buffers, and are just as much nobody's answer."""
    method, deed = SURPLUS[surplus]
    async with Villain({"/more": deed}, tls=server_tls) as villain:
        manager, _ = await start(http("api", villain.url, *LINES, f'tls.ca = "{ca_file}"'))
        client = manager.http("api")
        await good(client)
        response = await client.request(method, "/more", timeout=5)
        assert b"evil" not in response.content
        await good(client)
        assert villain.reused("/more") == []


async def test_bytes_that_come_while_a_connection_rests_spoil_it(start: Start) -> None:
    """A 408 that a server says to an idle connection is not the answer to the next request."""
    speak, spoken = asyncio.Event(), asyncio.Event()

    async def late(peer: Any) -> None:
        await peer.send(GOOD)
        await speak.wait()
        await peer.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        spoken.set()
        await peer.hang()

    async with Villain({"/late": late}) as villain:
        manager, _ = await start(http("api", villain.url, *LINES))
        client = manager.http("api")
        assert (await client.get("/late")).content == b"good"
        speak.set()
        await spoken.wait()
        for _ in range(5):  # our side of the loop has read it, too
            await asyncio.sleep(0)
        await good(client)
        assert villain.reused("/late") == []


@pytest.mark.parametrize("odd", SAFE)
async def test_what_is_odd_but_has_one_meaning_is_read(start: Start, odd: str) -> None:
    """Row 67: obs-fold and its like are read safely, and their connection stays good."""
    answer, body = SAFE[odd]
    async with Villain({"/odd": answer}) as villain:
        manager, _ = await start(http("api", villain.url, *LINES))
        client = manager.http("api")
        response = await client.get("/odd")
        assert response.content == body
        if odd == "obs-fold":
            assert response.headers["x-fold"] == "a b"
        await good(client)
        assert villain.asked == [["/odd", "/good"]]


ENDLESS = sorted(name for name in REFUSED if name.startswith(("endless", "garbage-without")))


@pytest.mark.parametrize("deed", ENDLESS)
async def test_what_has_no_end_is_refused_without_a_deadline_too(start: Start, deed: str) -> None:
    """No timeout, and yet no more is taken than a head may be: memory is bounded by that."""
    lines = ('policy = ["bare"]', 'timeout = { total = "none", attempt = "none" }')
    async with Villain({"/bad": REFUSED[deed]}) as villain:
        manager, _ = await start(http("api", villain.url, *lines))
        client = manager.http("api")
        async with asyncio.timeout(IN_TIME):
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.get("/bad")
        await villain.until(lambda: villain.open == 0)
        assert villain.sent < 16 * MEBIBYTE  # most of it in the buffers of the system
        await good(client)


@pytest.mark.parametrize("family", LIBRARIES)
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
async def test_a_bomb_does_not_fill_the_memory(start: Start, coding: str, family: str) -> None:
    """A gibibyte in a mebibyte, and all the time in the world to inflate it: refused early."""
    async with Villain({"/bad": REFUSED[f"{coding}-bomb"]}) as villain:
        manager, _ = await start(http("api", villain.url, 'policy = ["bare"]'))
        client = handle(manager, family)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with pytest.raises(LIBRARIES[family].DecodingError, match="read it as a stream") as caught:
            await client.get("/bad")
        assert caught.value.request.url.path == "/bad"
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
        assert grown < 300 * 1024  # KiB
        await good(client)
        assert villain.reused("/bad") == []


async def test_a_body_that_is_streamed_may_grow(start: Start) -> None:
    """Who reads piece by piece holds a piece at a time, and may mean it."""
    async with Villain({"/big": bomb(200 * MEBIBYTE)}) as villain:
        manager, _ = await start(http("api", villain.url, 'policy = ["bare"]'))
        size = 0
        async with manager.http("api").stream("GET", "/big") as response:
            async for part in response.aiter_bytes():
                size += len(part)
        assert size == 200 * MEBIBYTE
