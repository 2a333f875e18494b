"""OAuth2: a token is fetched once for all, renewed in time, and never seen by anybody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import httpx
import httpx2
import pytest
from pydantic import TypeAdapter

import rewire
import rewire.sync
from rewire.drivers.http import tokens
from rewire.drivers.http.oauth2 import Refusal, form_of, headers_of, token_of
from rewire.errors import ManagerClosedError, TokenError
from rewire.manifest.specs.client import OAuth2Auth
from tests.conftest import Start
from tests.fakes.http_server import FakeServer, Hangup, Request, Response
from tests.fakes.token_server import TokenServer


@dataclass
class Clock:
    """A clock for the tokens alone: the rest of the runtime keeps the real one."""

    ahead: float = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that a test can put forward."""
    made = Clock()
    monkeypatch.setattr(tokens, "time", made)
    return made


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the second try of a token request come at once."""
    monkeypatch.setattr(tokens, "AGAIN", (0.0, 0.0))


@pytest.fixture
def issuer(server: FakeServer) -> TokenServer:
    """Return a token endpoint and its API."""
    return TokenServer(server)


def text(server: FakeServer, more: str = "", secret: str = "s3cret") -> str:
    """Return a manifest whose client fetches its tokens from the server that it calls."""
    return f"""
[http.api]
base_url = "{server.url}"
retry.enabled = false
breaker.enabled = false
{more}
[http.api.auth.oauth2]
token_url = "{server.url}/token"
client_id = "me"
client_secret = "{secret}"
"""


# ── what is asked, and what is answered: pure ────────────────────────────────────────────────


def settings(**more: object) -> OAuth2Auth:
    """Return settings that are in order."""
    return OAuth2Auth.model_validate(
        {
            "token_url": "https://login.example/token",
            "client_id": "me",
            "client_secret": "s",
            **more,
        }
    )


def test_the_client_proves_itself_by_basic_in_form_encoding() -> None:
    """RFC 6749 section 2.3.1: a colon or a percent sign in either part does no harm."""
    headers = dict(headers_of(settings(client_id="a:b", client_secret="c%d e")))
    assert headers[b"Authorization"] == b"Basic YSUzQWI6YyUyNWQrZQ=="


def test_the_form_has_only_what_was_written() -> None:
    """Scopes are one field; an audience is asked for where there is one."""
    assert form_of(settings()) == b"grant_type=client_credentials"
    full = settings(scopes=["a.read", "b"], audience="https://api")
    assert form_of(full) == (
        b"grant_type=client_credentials&scope=a.read+b&audience=https%3A%2F%2Fapi"
    )


@pytest.mark.parametrize(
    ("said", "renew", "end"),
    [
        ('"expires_in": 3600', 100 + 3540, 100 + 3595),
        ('"expires_in": 10', 108, 109.5),
        ('"expires_in": "600"', 100 + 540, 100 + 595),
        ('"expires_in": 0', 100, 100),
        ('"expires_in": -1', float("inf"), float("inf")),
        ('"expires_in": true', float("inf"), float("inf")),
        ('"expires_in": "soon"', float("inf"), float("inf")),
        ('"expires_in": 1e999', float("inf"), float("inf")),
        ('"x": 1', float("inf"), float("inf")),
    ],
)
def test_a_token_is_renewed_ahead_of_its_expiry(said: str, renew: float, end: float) -> None:
    """A fifth of the lifetime, at most a minute, ahead; counted from when it was asked for."""
    token = token_of(200, f'{{"access_token": "t", {said}}}'.encode(), 100)
    assert (token.renew_at, token.expires_at) == (renew, end)
    assert "'t'" not in repr(token)


@pytest.mark.parametrize(
    ("status", "body", "reason", "transient"),
    [
        (401, b'{"error": "invalid_client"}', "TokenRefused", False),
        (400, b'{"error": "s3cret"}', "TokenRefused", False),
        (302, b"", "TokenRefused", False),
        (503, b"busy", "TokenRefused", True),
        (429, b"", "TokenRefused", True),
        (200, b"<html>", "TokenInvalid", False),
        (200, b"[" * 100_000, "TokenInvalid", False),
        (200, b"[]", "TokenInvalid", False),
        (200, b"{}", "TokenInvalid", False),
        (200, b'{"access_token": 5}', "TokenInvalid", False),
        (200, b'{"access_token": ""}', "TokenInvalid", False),
        (200, b'{"access_token": "a\\r\\nX: y"}', "TokenInvalid", False),
        (200, b'{"access_token": "a", "token_type": "mac"}', "TokenInvalid", False),
        (200, b'{"access_token": "a", "token_type": 1}', "TokenInvalid", False),
    ],
)
def test_an_answer_without_a_token_is_a_refusal(
    status: int, body: bytes, reason: str, transient: bool
) -> None:
    """It has a reason, and repeats nothing but the error codes of the RFC."""
    with pytest.raises(Refusal) as refused:
        token_of(status, body, 0)
    assert (refused.value.reason, refused.value.transient) == (reason, transient)
    assert "s3cret" not in str(refused.value)


# ── one token for all ────────────────────────────────────────────────────────────────────────


async def test_a_call_carries_a_token(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """It is asked for with the client's credentials, and laid below the caller's request."""
    manager, _ = await start(
        text(server).replace(
            'client_id = "me"', 'client_id = "me"\nscopes = ["a", "b"]\naudience = "x"'
        )
    )
    response = await manager.http("api").get("/api")
    assert response.status_code == 200
    (asked,) = issuer.asked
    assert issuer.login(asked) == ("me", "s3cret")
    assert issuer.form(asked) == {
        "grant_type": "client_credentials",
        "scope": "a b",
        "audience": "x",
    }
    assert "authorization" not in response.request.headers


async def test_all_who_wait_share_one_request(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """A hundred first calls ask for one token."""
    issuer.gate = asyncio.Event()
    manager, _ = await start(text(server))
    calls = [asyncio.create_task(manager.http("api").get("/api")) for _ in range(50)]
    await server.until(lambda: len(issuer.asked) == 1)
    issuer.gate.set()
    assert {response.status_code for response in await asyncio.gather(*calls)} == {200}
    assert len(issuer.asked) == 1


async def test_who_gives_up_waiting_does_not_end_it_for_the_others(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """The first call starts the fetch, and is cancelled; the second gets its token."""
    issuer.gate = asyncio.Event()
    manager, _ = await start(text(server))
    first = asyncio.create_task(manager.http("api").get("/api"))
    await server.until(lambda: len(issuer.asked) == 1)
    second = asyncio.create_task(manager.http("api").get("/api"))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    issuer.gate.set()
    assert (await second).status_code == 200
    assert len(issuer.asked) == 1


async def test_nobody_waits_for_a_renewal_ahead_of_expiry(
    start: Start, server: FakeServer, issuer: TokenServer, clock: Clock
) -> None:
    """The old token is used until the new one is there; then that."""
    issuer.good = {"tok-1", "tok-2"}
    manager, _ = await start(text(server))
    api = manager.http("api")
    await api.get("/api")
    clock.ahead = 3600 - 30
    issuer.gate = asyncio.Event()
    for _ in range(3):
        assert (await api.get("/api")).status_code == 200
    await server.until(lambda: len(issuer.asked) == 2)
    assert {call.headers["authorization"] for call in issuer.calls} == {"Bearer tok-1"}
    issuer.gate.set()
    await server.until(lambda: len(issuer.issued) == 2 and issuer.asked[1].answered)
    while issuer.calls[-1].headers["authorization"] != "Bearer tok-2":
        await api.get("/api")
    assert len(issuer.asked) == 2


async def test_an_expired_token_is_not_used(
    start: Start, server: FakeServer, issuer: TokenServer, clock: Clock
) -> None:
    """The call waits for a new one."""
    manager, _ = await start(text(server))
    await manager.http("api").get("/api")
    clock.ahead = 3599
    assert (await manager.http("api").get("/api")).status_code == 200
    assert issuer.calls[-1].headers["authorization"] == "Bearer tok-2"


async def test_a_renewal_that_fails_leaves_the_old_token_in_use(
    start: Start,
    server: FakeServer,
    issuer: TokenServer,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Calls go on, the log says so once, and the endpoint is not asked at each call."""
    issuer.good = {"tok-1"}
    manager, _ = await start(text(server))
    api = manager.http("api")
    await api.get("/api")
    clock.ahead, issuer.answer = 3560, Response(400)
    for _ in range(5):
        assert (await api.get("/api")).status_code == 200
        await server.until(lambda: len(issuer.asked) == 2 and issuer.asked[1].answered)
    assert len(issuer.asked) == 2
    assert [record for record in caplog.records if "the old token is used" in record.message]


# ── a token endpoint that fails ──────────────────────────────────────────────────────────────


async def test_no_token_is_a_typed_error_and_no_storm(
    start: Start, server: FakeServer, issuer: TokenServer, clock: Clock
) -> None:
    """Whatever the number of calls, a refusing endpoint is asked once in a while."""
    issuer.answer = Response(401, body=b'{"error": "invalid_client"}')
    manager, _ = await start(text(server))
    api = manager.http("api")
    for _ in range(20):
        with pytest.raises(TokenError, match=r"answered 401 \(invalid_client\)") as raised:
            await api.get("/api")
        assert isinstance(raised.value, httpx2.ConnectError)
        assert raised.value.request.url.path == "/api"
    assert (len(issuer.asked), issuer.calls) == (1, [])
    last = manager.status("api").last_error
    assert last is not None
    assert "token" in last.message
    clock.ahead, issuer.answer = 1.1, None
    assert (await api.get("/api")).status_code == 200


async def test_the_pause_grows_with_each_failure(
    start: Start, server: FakeServer, issuer: TokenServer, clock: Clock
) -> None:
    """One second at first; after the fourth failure at least four."""
    issuer.answer = Response(400)
    manager, _ = await start(text(server))
    for number in range(1, 5):
        with pytest.raises(TokenError):
            await manager.http("api").get("/api")
        assert len(issuer.asked) == number
        clock.ahead += 2.0 ** (number - 1) if number < 4 else 3.9
    with pytest.raises(TokenError):
        await manager.http("api").get("/api")
    assert len(issuer.asked) == 4


@pytest.mark.usefixtures("quick")
async def test_a_passing_failure_is_survived(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """What may be otherwise in a moment is tried once more before anybody hears of it."""
    good = server.routes["POST /token"]
    failures: list[Request] = []

    async def once(request: Request) -> Response:
        if not failures:
            failures.append(request)
            raise Hangup
        return await good(request)

    server.routes["POST /token"] = once
    manager, _ = await start(text(server))
    assert (await manager.http("api").get("/api")).status_code == 200
    assert len(issuer.asked) == 2


@pytest.mark.usefixtures("quick")
async def test_an_endpoint_that_is_not_there_is_said_to_be(
    start: Start, server: FakeServer, issuer: TokenServer, free_port: Callable[[], int]
) -> None:
    """Connecting fails twice, and the error says where it was going to, not to the API."""
    written = text(server).replace(f"{server.url}/token", f"http://127.0.0.1:{free_port()}/token")
    manager, _ = await start(written)
    with pytest.raises(TokenError, match="token endpoint cannot be reached") as raised:
        await manager.http("api").get("/api")
    assert raised.value.reason == "TokenUnreachable"
    assert issuer.calls == []


async def test_a_hanging_endpoint_is_not_taken_for_a_late_peer(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """It fails before the attempt does, and the peer's breaker stays closed."""
    issuer.gate = asyncio.Event()
    written = text(server, 'timeout.attempt = "100ms"\nbreaker.consecutive_failures = 1')
    manager, _ = await start(written.replace("breaker.enabled = false\n", ""))
    with pytest.raises(TokenError, match=r"did not answer within 0\.08 s"):
        await manager.http("api").get("/api")
    assert manager.status("api").breaker is None or manager.status("api").breaker.state == "closed"
    issuer.gate.set()


async def test_an_endless_answer_is_cut(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """Memory is bounded: 64 KiB are more than any token needs."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65536

    issuer.answer = Response(body=endless())
    manager, _ = await start(text(server))
    with pytest.raises(TokenError, match="too long"):
        await manager.http("api").get("/api")


async def test_the_end_of_the_manager_ends_the_wait(
    server: FakeServer, issuer: TokenServer, start: Start
) -> None:
    """Who waits for a token then gets the error of a closed manager, and no task is left."""
    issuer.gate = asyncio.Event()
    manager, _ = await start(text(server, 'drain.timeout = "50ms"'))
    call = asyncio.create_task(manager.http("api").get("/api"))
    await server.until(lambda: len(issuer.asked) == 1)
    await manager.aclose()
    with pytest.raises((ManagerClosedError, rewire.DrainCutError)):
        await call


# ── a peer that refuses a token ──────────────────────────────────────────────────────────────


async def test_a_refused_token_is_renewed_once_and_the_call_sent_once_more(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """A token that was revoked costs nobody a failed call, with or without a body."""
    manager, _ = await start(text(server))
    api = manager.http("api")
    await api.get("/api")
    issuer.good = {"tok-2"}
    response = await api.post("/api", content=b"body")
    assert response.status_code == 200
    shown = [call.headers["authorization"] for call in issuer.calls]
    assert shown == ["Bearer tok-1", "Bearer tok-1", "Bearer tok-2"]
    assert issuer.calls[-1].body == b"body"


async def test_many_refused_at_once_renew_once(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """Twenty calls meet a revoked token and share the next one."""
    manager, _ = await start(text(server))
    api = manager.http("api")
    await api.get("/api")
    issuer.good = {"tok-2"}
    answers = await asyncio.gather(*(api.get("/api") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(issuer.asked) == 2


async def test_a_token_of_this_very_call_is_not_renewed(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """A new one would be refused like it: the 401 is the caller's."""
    issuer.good = set()
    manager, _ = await start(text(server))
    assert (await manager.http("api").get("/api")).status_code == 401
    assert (len(issuer.asked), len(issuer.calls)) == (1, 1)


async def test_a_peer_that_refuses_every_token_starts_no_storm(
    start: Start, server: FakeServer, issuer: TokenServer, clock: Clock
) -> None:
    """A renewal that was good for nothing is not done again for a while."""
    issuer.good = set()
    manager, _ = await start(text(server))
    api = manager.http("api")
    for _ in range(20):
        assert (await api.get("/api")).status_code == 401
    assert len(issuer.asked) == 2
    clock.ahead = 1.1
    for _ in range(20):
        assert (await api.get("/api")).status_code == 401
    assert len(issuer.asked) == 3


async def test_a_streamed_body_is_not_sent_again(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """Nothing is replayed silently: the caller gets the 401."""
    manager, _ = await start(text(server))
    api = manager.http("api")
    await api.get("/api")
    issuer.good = {"tok-2"}

    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    assert (await api.post("/api", content=parts())).status_code == 401
    assert len(issuer.calls) == 2


async def test_the_callers_own_authorization_is_stronger(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """Nothing is fetched for a call that brings its own."""
    manager, _ = await start(text(server))
    response = await manager.http("api").get("/api", headers={"Authorization": "Bearer mine"})
    assert response.status_code == 401
    assert issuer.asked == []
    assert issuer.calls[0].headers["authorization"] == "Bearer mine"


async def test_a_foreign_url_gets_no_token(
    start: Start, server: FakeServer, other_server: FakeServer, issuer: TokenServer
) -> None:
    """Where a call may go elsewhere it goes without credentials."""
    other_server.routes["/x"] = server.routes["/api"]
    manager, _ = await start(text(server, "allow_foreign = true"))
    await manager.http("api").get(f"{other_server.url}/x")
    assert "authorization" not in other_server.requests[0].headers
    assert issuer.asked == []


# ── edits, families, threads ─────────────────────────────────────────────────────────────────


async def test_edits_keep_the_token_and_other_settings_start_afresh(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """A header, a replaced pool: the same token. Another secret: another token, and in place."""
    issuer.good = {"tok-1", "tok-2"}
    manager, source = await start(text(server))
    api = manager.http("api")
    await api.get("/api")
    for more in ('headers.x = "1"', 'headers.x = "1"\ntls.verify = true\nhttp2 = true'):
        source.put(f"version = 1\n{text(server, more)}")
        await manager.reload()
        assert (await api.get("/api")).status_code == 200
    assert len(issuer.asked) == 1
    assert manager.status("api").generation == 2
    source.put(f"version = 1\n{text(server, more, secret='n3w')}")
    await manager.reload()
    assert (await api.get("/api")).status_code == 200
    assert [issuer.login(asked)[1] for asked in issuer.asked] == ["s3cret", "n3w"]
    assert manager.status("api").generation == 2


async def test_both_families_share_the_token(
    start: Start, server: FakeServer, issuer: TokenServer
) -> None:
    """One client, one token; errors belong to the caller's family."""
    manager, source = await start(text(server))
    await manager.http("api").get("/api")
    assert (await manager.httpx("api").get("/api")).status_code == 200
    assert len(issuer.asked) == 1
    issuer.answer = Response(400)
    source.put(f"version = 1\n{text(server, secret='other')}")
    await manager.reload()
    with pytest.raises(httpx.ConnectError) as raised:
        await manager.httpx("api").get("/api")
    assert isinstance(raised.value, TokenError)


def test_a_bad_scope_is_refused() -> None:
    """A scope with a space would be two."""
    with pytest.raises(ValueError, match="scope"):
        TypeAdapter(OAuth2Auth).validate_python({**settings().model_dump(), "scopes": ["a b"]})
