"""An auth of the program's: registered by name, run at each attempt on what really goes out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from pathlib import Path

import httpx2
import pytest

import rewire
import rewire.sync
from rewire.errors import ClientHeldBackError, ForeignURLError
from tests.conftest import Start
from tests.fakes.http_server import FakeServer, Request, Response
from tests.fakes.source import MemorySource


class Signed(httpx2.Auth):
    """Sign method, URL and one header, as cloud APIs want it."""

    def __init__(self, key: str = "k1") -> None:
        self.key = key
        self.signed: list[str] = []

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        self.signed.append(f"{request.method} {request.url} {request.headers.get('x-made')}")
        request.headers["X-Signature"] = self.key
        yield request


class Asked(httpx2.Auth):
    """Answer a challenge, whose nonce stands in the body of the refusal."""

    requires_response_body = True

    def auth_flow(
        self, request: httpx2.Request
    ) -> Generator[httpx2.Request, httpx2.Response, None]:
        response = yield request
        if response.status_code == 401:
            request.headers["X-Nonce"] = response.text
            yield request


def text(server: FakeServer, more: str = "") -> str:
    """Return a manifest whose client is signed."""
    return f"""
[http.api]
base_url = "{server.url}/v1"
headers.x-made = "1"
query.region = "eu"
auth.custom = "signed"
{more}
"""


async def test_the_flow_sees_what_goes_out(start: Start, server: FakeServer) -> None:
    """The real URL, the manifest's query and headers; the caller's request shows no signature."""
    auth = Signed()
    manager, _ = await start(text(server, "enabled = false"))
    manager.auth("signed", auth)
    await manager.aclose()
    manager = rewire.ClientManager(MemorySource(f"version = 1\n{text(server)}"))
    manager.auth("signed", auth)
    async with manager:
        response = await manager.http("api").get("/echo", params={"a": "b"})
    assert auth.signed == [f"GET {server.url}/v1/echo?a=b&region=eu 1"]
    assert server.requests[0].headers["x-signature"] == "k1"
    assert "x-signature" not in response.request.headers


async def test_an_unknown_name_holds_the_client_back_until_it_is_registered(
    start: Start, server: FakeServer
) -> None:
    """The others live; registering it is enough, nobody waits for the next retry."""
    manager, _ = await start(f'{text(server)}\n[http.other]\nbase_url = "{server.url}"')
    assert (await manager.http("other").get("/")).request is not None
    with pytest.raises(ClientHeldBackError, match=r'AuthMissing.*"signed"'):
        await manager.http("api").get("/echo")
    (condition,) = (one for one in manager.status("api").conditions if one.type == "Reconciled")
    assert (condition.status, condition.reason) == (False, "AuthMissing")
    happened = manager.events()
    news = asyncio.ensure_future(anext(happened))
    await asyncio.sleep(0)
    manager.auth("signed", Signed())
    await news
    await happened.aclose()
    await manager.http("api").get("/echo")
    assert server.requests[-1].headers["x-signature"] == "k1"


async def test_an_edit_to_an_unknown_name_keeps_what_is_live(
    start: Start, server: FakeServer
) -> None:
    """The old credential is used until the name is known; then the new one, in place."""
    plainly = text(server).replace('auth.custom = "signed"', 'auth.bearer = "old"')
    manager, source = await start(plainly)
    await manager.http("api").get("/echo")
    source.put(f"version = 1\n{text(server)}")
    verdict = await manager.reload()
    assert "AuthMissing" in verdict.held_back["api"]
    await manager.http("api").get("/echo")
    assert server.requests[-1].headers["authorization"] == "Bearer old"
    manager.auth("signed", Signed())
    await manager.reload()
    await manager.http("api").get("/echo")
    assert server.requests[-1].headers["x-signature"] == "k1"
    assert (manager.status("api").generation, server.connections_opened) == (1, 1)


async def test_the_newest_under_a_name_is_used(start: Start, server: FakeServer) -> None:
    """From the next attempt on."""
    manager, _ = await start(text(server))
    manager.auth("signed", Signed())
    await manager.reload()
    await manager.http("api").get("/echo")
    manager.auth("signed", Signed("k2"))
    await manager.http("api").get("/echo")
    assert [request.headers["x-signature"] for request in server.requests] == ["k1", "k2"]


async def test_each_attempt_is_signed_anew(start: Start, server: FakeServer) -> None:
    """A retry is another request."""

    async def fails_once(request: Request) -> Response:
        return Response(503 if len(server.requests) == 1 else 200)

    server.routes["/v1/x"] = fails_once
    auth = Signed()
    manager, _ = await start(text(server, 'retry.backoff.initial = "1ms"'))
    manager.auth("signed", auth)
    await manager.reload()
    assert (await manager.http("api").get("/x")).status_code == 200
    assert len(auth.signed) == 2


async def challenge(request: Request) -> Response:
    """Refuse who does not know the nonce."""
    if request.headers.get("x-nonce") != "n0nce":
        return Response(401, body=b"n0nce")
    return Response(200, body=b"in")


async def test_a_challenge_is_answered(start: Start, server: FakeServer) -> None:
    """A flow may read an answer and send again, the body too; the caller gets the last one."""
    server.routes["/v1/x"] = challenge
    manager, _ = await start(text(server))
    manager.auth("signed", Asked())
    await manager.reload()
    response = await manager.http("api").post("/x", content=b"body")
    assert (response.status_code, response.content) == (200, b"in")
    assert [request.body for request in server.requests] == [b"body", b"body"]
    assert server.connections_opened == 1


async def test_a_streamed_body_is_not_sent_again(start: Start, server: FakeServer) -> None:
    """The refusal is the caller's, whole, though the flow has read it."""

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"

    server.routes["/v1/x"] = challenge
    manager, _ = await start(text(server))
    manager.auth("signed", Asked())
    await manager.reload()
    response = await manager.http("api").post("/x", content=parts())
    assert (response.status_code, response.content) == (401, b"n0nce")
    assert len(server.requests) == 1


async def test_an_answer_that_a_flow_has_read_is_the_callers_too(
    start: Start, server: FakeServer
) -> None:
    """Compressed as it came, and streamed where the caller streams."""
    manager, _ = await start(text(server))
    manager.auth("signed", Asked())
    await manager.reload()
    server.routes["/v1/x"] = lambda request: _gzipped()
    assert (await manager.http("api").get("/x")).text == "hello " * 100
    async with manager.http("api").stream("GET", "/x") as response:
        assert (await response.aread()).decode() == "hello " * 100


async def _gzipped() -> Response:
    import gzip

    return Response(200, {"content-encoding": "gzip"}, gzip.compress(b"hello " * 100))


async def test_a_flow_goes_nowhere_else(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """What a flow sends to another origin is foreign, like any call there."""

    class Elsewhere(httpx2.Auth):
        def auth_flow(
            self, request: httpx2.Request
        ) -> Generator[httpx2.Request, httpx2.Response, None]:
            answer = yield httpx2.Request("GET", f"{other_server.url}/token")
            request.headers["X-Token"] = str(answer.status_code)
            yield request

    manager, source = await start(text(server))
    manager.auth("signed", Elsewhere())
    await manager.reload()
    with pytest.raises(ForeignURLError):
        await manager.http("api").get("/echo")
    assert other_server.requests == []
    source.put(f"version = 1\n{text(server, 'allow_foreign = true')}")
    await manager.reload()
    await manager.http("api").get("/echo")
    assert server.requests[-1].headers["x-token"] == "404"


async def test_a_flow_that_raises_leaves_nothing_open(start: Start, server: FakeServer) -> None:
    """Its exception is the caller's; the connection serves the next call."""

    class Broken(httpx2.Auth):
        def auth_flow(
            self, request: httpx2.Request
        ) -> Generator[httpx2.Request, httpx2.Response, None]:
            yield request
            raise ZeroDivisionError

    manager, _ = await start(text(server))
    manager.auth("signed", Broken())
    await manager.reload()
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await manager.http("api").get("/echo")
    pool = manager.status("api").pool
    assert pool is not None
    assert (pool.open - pool.idle, pool.waiting) == (0, 0)
    assert sum(manager.status("api").in_flight.values()) == 0


async def test_the_callers_own_authorization_is_stronger(start: Start, server: FakeServer) -> None:
    """The flow does not run for a call that brings its own."""
    auth = Signed()
    manager, _ = await start(text(server))
    manager.auth("signed", auth)
    await manager.reload()
    await manager.http("api").get("/echo", auth=("me", "mine"))
    assert server.requests[-1].headers["authorization"].startswith("Basic ")
    assert auth.signed == []


async def test_a_client_from_code_names_what_is_registered(server: FakeServer) -> None:
    """Without it `register` raises, and the id is free again; with it the client is signed."""
    config = rewire.HTTPClientConfig.model_validate(
        {"id": "x", "base_url": server.url, "auth": {"custom": "signed"}}
    )
    async with rewire.ClientManager(None) as manager:
        with pytest.raises(ClientHeldBackError, match="AuthMissing"):
            manager.register(config)
        assert "x" not in manager
        manager.auth("signed", Signed())
        await manager.register(config).get("/echo")
    assert server.requests[-1].headers["x-signature"] == "k1"


async def test_the_httpx_family_is_signed_too(start: Start, server: FakeServer) -> None:
    """One flow for both families."""
    manager, _ = await start(text(server))
    manager.auth("signed", Asked())
    server.routes["/v1/x"] = challenge
    await manager.reload()
    response = await manager.httpx("api").post("/x", content=b"body")
    assert (response.status_code, response.content) == (200, b"in")


def test_threads_register_it_too(tmp_path: Path) -> None:
    """The surface for threads has the same method, before and after the start."""
    (tmp_path / "connections.toml").write_text("version = 1\n")
    manager = rewire.sync.ClientManager(tmp_path / "connections.toml", watch=False)
    manager.auth("a", Signed())
    with manager:
        manager.auth("b", Signed())
