"""The handle: an httpx2 client that is the caller's to set, and the manifest's to lead."""

from __future__ import annotations

import asyncio
import pickle
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from tests.fakes.editing import edit, http
from tests.fakes.http_server import Response

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer, Request


async def test_the_handle_is_one_object_for_ever(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Edits are swapped in underneath; the object is an httpx2.AsyncClient and stays."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    assert isinstance(client, httpx2.AsyncClient)
    await edit(manager, source, http("api", other_server.url))
    assert manager.http("api") is client is manager["api"]
    assert (await client.get("/json")).json()["server"] == "b"


async def test_a_borrower_cannot_close_what_it_borrowed(start: Start, server: FakeServer) -> None:
    """``aclose`` and ``async with`` do nothing, any number of times."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")
    async with client, client:
        await client.get("/json")
    await client.aclose()
    await client.aclose()
    assert not client.is_closed
    assert (await client.get("/json")).json()["connection"] == 1


async def test_headers_are_laid_defaults_manifest_handle_call(
    start: Start, server: FakeServer
) -> None:
    """Weakest first: httpx2's defaults < manifest < set on the handle < the call."""
    lines = (
        'headers = { accept = "manifest", x-m = "manifest", x-h = "manifest", x-c = "manifest" }',
    )
    manager, _ = await start(http("api", server.url, *lines))
    client = manager.http("api")
    client.headers["x-h"] = "handle"
    client.headers["x-c"] = "handle"
    sent = (await client.get("/json", headers={"x-c": "call"})).json()["headers"]
    assert sent["accept"] == "manifest"
    assert sent["x-m"] == "manifest"
    assert sent["x-h"] == "handle"
    assert sent["x-c"] == "call"
    assert sent["accept-encoding"]


async def test_what_a_caller_set_on_the_handle_survives_edits(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Headers, cookies, params, hooks, auth and timeout are the caller's, not the view's."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    seen: list[str] = []

    async def hook(request: httpx2.Request) -> None:
        seen.append(str(request.url))

    client.headers["x-mine"] = "1"
    client.cookies.set("session", "c")
    client.params = {"p": "1"}
    client.event_hooks = {"request": [hook]}
    client.auth = ("user", "pass")
    client.timeout = 7.0
    await edit(manager, source, http("api", other_server.url))
    answer = (await client.get("/json")).json()
    assert answer["server"] == "b"
    assert answer["headers"]["x-mine"] == "1"
    assert answer["headers"]["cookie"] == "session=c"
    assert answer["headers"]["authorization"].startswith("Basic ")
    assert answer["path"] == "/json?p=1"
    assert client.timeout == httpx2.Timeout(7.0)
    assert seen == [f"{other_server.url}/json?p=1"]


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ('auth.bearer = "${TOKEN}"', "authorization", "Bearer t0ken"),
        (
            'auth.basic = { username = "u", password = "${TOKEN}" }',
            "authorization",
            "Basic dTp0MGtlbg==",
        ),
        ('auth.header = { name = "X-Api-Key", value = "${TOKEN}" }', "x-api-key", "t0ken"),
    ],
)
async def test_credentials_are_sent_and_seen_by_nobody(
    start: Start, server: FakeServer, auth: str, header: str, value: str
) -> None:
    """They are added below the caller's request object: hooks, reprs and errors show none."""
    manager, _ = await start(http("api", server.url, auth), env={"TOKEN": "t0ken"})
    response = await manager.http("api").get("/json")
    assert server.requests[0].headers[header] == value
    shown = repr(response.request.headers) + repr(response.request) + str(response.url)
    shown += repr(manager.status("api")) + manager.status("api").model_dump_json()
    shown += repr(manager._registry.find("api").live) + repr(manager)
    assert "t0ken" not in shown
    assert "dTp0MGtlbg" not in shown


async def test_query_parameters_of_the_manifest_do_not_show_in_the_url(
    start: Start, server: FakeServer
) -> None:
    """``query`` and ``auth.query`` go on the wire only; a caller's own parameter wins."""
    lines = (
        'query = { version = "2", lang = "en" }',
        'auth.query = { name = "key", value = "${TOKEN}" }',
    )
    manager, _ = await start(http("api", server.url, *lines), env={"TOKEN": "a b&c"})
    response = await manager.http("api").get("/json", params={"lang": "fr"})
    assert server.requests[0].query == {"lang": "fr", "version": "2", "key": "a b&c"}
    assert str(response.url) == f"{server.url}/json?lang=fr"


async def test_a_sdk_placeholder_gives_way_to_the_manifest(
    start: Start, server: FakeServer
) -> None:
    """``FROM_MANIFEST`` in a header is replaced by what the manifest says, or by nothing."""
    manager, source = await start(http("api", server.url, 'auth.bearer = "real"'))
    client = manager.http("api")
    given = {"Authorization": f"Bearer {rewire.FROM_MANIFEST}"}
    await client.get("/json", headers=given)
    assert server.requests[0].headers["authorization"] == "Bearer real"
    await edit(manager, source, http("api", server.url))
    await client.get("/json", headers=given)
    assert "authorization" not in server.requests[1].headers


async def test_a_path_in_base_url_is_a_prefix_of_every_call(
    start: Start, server: FakeServer
) -> None:
    """Relative, rooted and virtual URLs all go under it; the Host is the real one."""
    server.routes["*"] = server.routes["/json"]
    manager, _ = await start(http("api", f"{server.url}/v1/"))
    client = manager.http("api")
    for url in ("x?q=1", "/x?q=1", "https://api.rewire.invalid/x?q=1"):
        answer = (await client.get(url)).json()
        assert answer["path"] == "/v1/x?q=1"
        assert answer["headers"]["host"] == f"127.0.0.1:{server.port}"


async def test_a_request_built_before_a_swap_is_placed_after_it(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """What is sent goes where the manifest says when it is sent; sent again, again."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    request = client.build_request("GET", "/json")
    await edit(manager, source, http("api", f"{other_server.url}/v2"))
    other_server.routes["/v2/json"] = other_server.routes["/json"]
    answer = await client.send(request)
    assert answer.json()["path"] == "/v2/json"
    assert answer.json()["headers"]["host"] == f"127.0.0.1:{other_server.port}"
    await edit(manager, source, http("api", server.url))
    assert (await client.send(request)).json()["server"] == "a"


async def test_a_swap_between_hook_and_attempt_moves_the_attempt(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """An attempt takes everything from one view: the one of the moment it starts."""
    manager, source = await start(http("api", server.url, 'headers.x-v = "1"'))
    client = manager.http("api")

    async def swap(request: httpx2.Request) -> None:
        request.url = request.url.copy_merge_params({"hooked": "yes"})
        await edit(manager, source, http("api", other_server.url, 'headers.x-v = "2"'))

    client.event_hooks = {"request": [swap]}
    answer = (await client.get("/json")).json()
    assert (answer["server"], answer["headers"]["x-v"]) == ("b", "2")
    assert answer["path"] == "/json?hooked=yes"


async def test_redirects_within_the_origin_follow_the_client(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A redirect answered before an edit goes on after it, with the new credentials."""
    manager, source = await start(
        http("api", server.url, "follow_redirects = true", 'auth.bearer = "one"')
    )

    async def move(request: Request) -> Response:
        await edit(
            manager,
            source,
            http("api", other_server.url, "follow_redirects = true", 'auth.bearer = "two"'),
        )
        return Response(302, {"location": "/json"})

    server.routes["/move"] = move
    answer = (await manager.http("api").get("/move")).json()
    assert answer["server"] == "b"
    assert answer["headers"]["authorization"] == "Bearer two"


async def test_redirects_are_the_manifests_until_the_caller_says_so(
    start: Start, server: FakeServer
) -> None:
    """``follow_redirects`` and ``max_redirects`` are in place, and the caller's own win."""
    server.routes["/loop"] = lambda request: _redirect("/loop")
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    assert (await client.get("/redirect?to=/json")).status_code == 302
    await edit(
        manager, source, http("api", server.url, "follow_redirects = true", "max_redirects = 2")
    )
    assert (await client.get("/redirect?to=/json")).status_code == 200
    with pytest.raises(httpx2.TooManyRedirects):
        await client.get("/loop")
    assert len([r for r in server.requests if r.path == "/loop"]) == 3
    answer = await client.get("/redirect?to=/json", follow_redirects=False)
    assert answer.status_code == 302


async def _redirect(to: str) -> Response:
    return Response(302, {"location": to})


async def test_a_foreign_url_is_refused_unless_allowed(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """And when it is allowed it gets neither headers nor credentials nor query."""
    secret = ('auth.bearer = "t0ken"', 'headers.x-m = "1"', 'query.q = "1"')
    manager, source = await start(http("api", server.url, *secret, "follow_redirects = true"))
    client = manager.http("api")
    for url in (f"{other_server.url}/json", f"/redirect?to={other_server.url}/json"):
        with pytest.raises(rewire.ForeignURLError, match="allow_foreign") as caught:
            await client.get(url)
        assert isinstance(caught.value, httpx2.UnsupportedProtocol)
    assert other_server.requests == []
    more = ("follow_redirects = true", "allow_foreign = true")
    await edit(manager, source, http("api", server.url, *secret, *more))
    for url in (f"{other_server.url}/json", f"/redirect?to={other_server.url}/json"):
        answer = (await client.get(url)).json()
        assert answer["path"] == "/json"
        assert not {"authorization", "x-m"} & set(answer["headers"])


async def test_an_absolute_url_of_the_clients_own_origin_is_not_foreign(
    start: Start, server: FakeServer
) -> None:
    """It gets what every call of the client gets."""
    manager, _ = await start(http("api", server.url, 'auth.bearer = "t0ken"'))
    answer = (await manager.http("api").get(f"{server.url}/json")).json()
    assert answer["headers"]["authorization"] == "Bearer t0ken"


async def test_timeouts_come_from_the_view_of_the_attempt(start: Start, server: FakeServer) -> None:
    """The manifest's, in place; a per-call or handle timeout replaces them."""
    manager, source = await start(http("api", server.url, 'timeout.read = "20ms"'))
    client = manager.http("api")
    assert client.timeout.read == 0.02
    with pytest.raises(httpx2.ReadTimeout):
        await client.get("/slow?s=0.3")
    assert (await client.get("/slow?s=0.1", timeout=5)).status_code == 200
    await edit(manager, source, http("api", server.url, 'timeout.read = "5s"'))
    assert (await client.get("/slow?s=0.1")).status_code == 200
    client.timeout = httpx2.Timeout(5, read=0.02)
    with pytest.raises(httpx2.ReadTimeout):
        await client.get("/slow?s=0.3")


async def test_pool_limits_change_in_place(start: Start, server: FakeServer) -> None:
    """A raised limit lets waiters in; a lowered one closes idle connections only."""
    manager, source = await start(http("api", server.url, "pool.max_connections = 1"))
    client = manager.http("api")
    first = asyncio.ensure_future(client.get("/slow?s=0.3"))
    await server.until(lambda: server.in_flight == 1)
    second = asyncio.ensure_future(client.get("/json"))
    await asyncio.sleep(0)
    await edit(manager, source, http("api", server.url, "pool.max_connections = 2"))
    assert (await second).status_code == 200
    assert not first.done()
    assert (await first).status_code == 200
    assert server.connections_open == 2
    await edit(manager, source, http("api", server.url, "pool = { max_keepalive = 1 }"))
    await server.until(lambda: server.connections_open == 1)
    assert (await client.get("/json")).json()["connection"] in {1, 2}


async def test_base_url_is_virtual_and_read_only(start: Start, server: FakeServer) -> None:
    """An SDK may keep it; nobody may change it."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")
    assert str(client.base_url) == "https://api.rewire.invalid/"
    with pytest.raises(AttributeError, match="read-only"):
        client.base_url = "http://elsewhere"


async def test_engine_errors_are_httpx2_errors_with_their_request(
    start: Start, server: FakeServer
) -> None:
    """A refused connection is httpx2.ConnectError, and the status says so."""
    manager, _ = await start(http("api", server.url))
    await server.stop()
    with pytest.raises(httpx2.ConnectError) as caught:
        await manager.http("api").get("/json")
    assert caught.value.request.url.path == "/json"
    status = manager.status("api")
    assert status.state == "error"
    assert status.last_error is not None
    assert status.last_error.code == "ConnectError"
    await server.start()
    await manager.http("api").get("/json")
    assert manager.status("api").state == "connected"


async def test_errors_of_ours_pickle_and_are_caught_either_way(
    start: Start, server: FakeServer
) -> None:
    """They carry their request, survive a process boundary, and are RewireError too."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    await edit(manager, source, http("other", server.url))
    with pytest.raises(rewire.ClientRemovedError) as caught:
        await client.get("/json")
    assert isinstance(caught.value, httpx2.ConnectError)
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301
    assert str(again) == str(caught.value)
    assert again.client == "api"


async def test_tls_is_checked_against_the_manifests_authority(
    start: Start, tls_server: FakeServer, ca_file: object
) -> None:
    """``tls.ca`` trusts, nothing else does; the context is built once for the same settings."""
    manager, _ = await start(
        http("good", tls_server.url, f'tls.ca = "{ca_file}"')
        + http("bad", tls_server.url)
        + http("lax", tls_server.url, "tls.verify = false")
    )
    assert (await manager.http("good").get("/json")).status_code == 200
    assert (await manager.http("lax").get("/json")).status_code == 200
    with pytest.raises(httpx2.ConnectError, match="certificate verify failed"):
        await manager.http("bad").get("/json")


async def test_the_warm_up_connection_serves_the_first_request(
    start: Start,
    server: FakeServer,
    other_server: FakeServer,
    tls_server: FakeServer,
    ca_file: object,
) -> None:
    """A replacement connects before it goes live, and that connection is then used."""
    manager, source = await start(http("api", server.url))
    await manager.http("api").get("/json")
    await edit(manager, source, http("api", other_server.url))
    assert other_server.connections_opened == 1
    assert manager.status("api").pool.idle == 1
    assert (await manager.http("api").get("/json")).json()["connection"] == 1
    await edit(manager, source, http("api", tls_server.url, f'tls.ca = "{ca_file}"'))
    assert tls_server.connections_opened == 1
    assert (await manager.http("api").get("/json")).json()["connection"] == 1


async def test_a_ca_file_that_is_no_certificate_holds_back_its_client_alone(
    start: Start, server: FakeServer, tmp_path: Path
) -> None:
    """What the world gets wrong about one client does not touch the others (law 3)."""
    (tmp_path / "ca.pem").write_text("nonsense")
    bad = http("bad", server.url, f'tls.ca = "{tmp_path}/ca.pem"')
    manager, source = await start(bad + http("good", server.url))
    assert (await manager.http("good").get("/json")).status_code == 200
    with pytest.raises(rewire.ClientHeldBackError, match="no PEM certificate"):
        await manager.http("bad").get("/json")
    verdict = await edit(manager, source, bad + http("good", f"{server.url}/"))
    assert set(verdict.held_back) == {"bad"}
