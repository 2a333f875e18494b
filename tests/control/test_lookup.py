"""Looking up a client: the handle, or an error that says what to do."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from tests.fakes.editing import edit, http

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer

# ── looking up ───────────────────────────────────────────────────────────────────────────────────


async def test_an_unknown_id_is_a_key_error_that_suggests_the_near_one(
    start: Start, server: FakeServer
) -> None:
    """By every way of asking, and without a suggestion where nothing is near."""
    manager, _ = await start(http("github", server.url))
    for ask in (manager.http, manager.websocket, manager.status, manager.__getitem__):
        with pytest.raises(rewire.UnknownClientError, match='did you mean "github"') as caught:
            ask("githup")
        assert isinstance(caught.value, KeyError)
        assert (caught.value.client, caught.value.suggestion) == ("githup", "github")
    with pytest.raises(rewire.UnknownClientError) as caught:
        manager.http("something-else")
    assert str(caught.value) == 'no client is declared under the id "something-else"'


async def test_the_wrong_accessor_is_a_type_error_that_names_the_right_one(
    start: Start, server: FakeServer
) -> None:
    """With the line of the declaration."""
    manager, _ = await start(f"\n\n{http('api', server.url)}")
    with pytest.raises(rewire.WrongProtocolError) as caught:
        manager.websocket("api")
    assert isinstance(caught.value, TypeError)
    assert str(caught.value) == (
        '"api" is not a client of protocol websocket but of http (declared at '
        'connections.toml:4); use manager.http("api")'
    )


async def test_a_manager_is_a_collection_of_ids(start: Start, server: FakeServer) -> None:
    """``in``, ``len``, iteration and subscription, in the order of the text."""
    manager, _ = await start(http("b", server.url) + http("a", server.url))
    assert list(manager) == ["b", "a"]
    assert len(manager) == 2
    assert "a" in manager
    assert "c" not in manager
    assert manager["a"] is manager.http("a")
    assert repr(manager) == "<ClientManager 'connections.toml', 2 clients, release 1>"


@pytest.mark.parametrize(
    "error",
    [
        rewire.UnknownClientError("a", "b"),
        rewire.WrongProtocolError("a", "http", "websocket", "x.toml:1"),
        rewire.ClientRemovedError("a"),
        rewire.ClientDisabledError("a"),
        rewire.ClientHeldBackError("a", "SecretMissing", "why"),
        rewire.WrongLoopError("a"),
        rewire.ManagerClosedError("a"),
        rewire.DuplicateClientError("a", "code"),
        rewire.ForeignURLError("a", "http://b"),
        rewire.DrainCutError("a", 1, 2.0),
        rewire.ProbeError("a", "ConnectFailed", "why"),
        rewire.QueueFullError("a", "inbound", 3),
        rewire.MissingExtraError("it", "rich"),
        rewire.ManifestError((), "text"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_one_of_ours_tells_what_to_do_and_pickles(error: rewire.RewireError) -> None:
    """It carries data and builds its message when asked."""
    assert isinstance(error, rewire.RewireError)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))
    assert str(error)
    assert not str(error)[0].isupper()


# ── what a handle says when there is nothing behind it ───────────────────────────────────────────


async def test_a_removed_client_says_so_and_works_again_when_it_is_declared_again(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The same handle object, on a new generation; its number goes on."""
    keep = http("keep", server.url)
    manager, source = await start(keep + http("api", server.url))
    client = manager.http("api")
    await client.get("/json")
    await edit(manager, source, keep)
    assert "api" not in manager
    for ask in (manager.status, manager.__getitem__):
        with pytest.raises(rewire.ClientRemovedError, match="works again"):
            ask("api")
    with pytest.raises(rewire.ClientRemovedError):
        await client.get("/json")
    await server.until(lambda: server.connections_open == 0)
    await edit(manager, source, keep + http("api", other_server.url))
    assert manager.http("api") is client
    assert (await client.get("/json")).json()["server"] == "b"
    assert manager.status("api").generation == 2


async def test_the_id_of_a_removed_client_is_unknown_when_nobody_holds_it(
    start: Start, server: FakeServer
) -> None:
    """Nothing is kept for handles that nobody ever got."""
    keep = http("keep", server.url)
    manager, source = await start(keep + http("api", server.url))
    await edit(manager, source, keep)
    with pytest.raises(rewire.UnknownClientError):
        manager.http("api")


async def test_a_disabled_client_drains_refuses_and_is_enabled_again(
    start: Start, server: FakeServer
) -> None:
    """``enabled = false``: a state, a typed error in httpx2's family, and a way back."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    async with client.stream("GET", "/stream?n=5&gap=0") as response:
        await edit(manager, source, http("api", server.url, "enabled = false"))
        assert manager.status("api").state == "disabled"
        with pytest.raises(rewire.ClientDisabledError, match="enabled = true") as caught:
            await client.get("/json")
        assert isinstance(caught.value, httpx2.ConnectError)
        assert len([line async for line in response.aiter_lines()]) == 5
    await server.until(lambda: server.connections_open == 0)
    await edit(manager, source, http("api", server.url))
    assert manager.http("api") is client
    assert (await client.get("/json")).status_code == 200
    assert manager.status("api").state == "connected"


async def test_a_client_disabled_from_the_start_is_declared_all_the_same(
    start: Start, server: FakeServer
) -> None:
    """It has a handle and a status; only sending is refused."""
    manager, _ = await start(http("api", server.url, "enabled = false"))
    assert manager.status("api").state == "disabled"
    with pytest.raises(rewire.ClientDisabledError):
        await manager.http("api").get("/json")
