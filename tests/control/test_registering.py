"""Clients from code: the manifest never touches them, and they never take its place."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

import rewire
from tests.fakes.editing import edit, http
from tests.fakes.source import MemorySource

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


async def test_a_registered_client_lives_beside_the_manifest(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """No edit touches it; its socket stays through all of them; unregistering drains it."""
    manager, source = await start(http("api", server.url))
    config = rewire.HTTPClientConfig(id="mine", base_url=other_server.url)
    client = manager.register(config)
    assert client is manager.http("mine")
    first = (await client.get("/json")).json()["connection"]
    for text in (http("api", other_server.url), http("b", server.url), "nonsense"):
        await edit(manager, source, text)
    assert (await client.get("/json")).json()["connection"] == first
    assert manager.status("mine").origin.file == "code"
    await manager.unregister("mine")
    with pytest.raises(rewire.ClientRemovedError):
        await client.get("/json")
    await other_server.until(lambda: other_server.connections_open == 0)
    assert "mine" not in manager


async def test_an_id_is_taken_once(start: Start, server: FakeServer) -> None:
    """By the manifest or by code; the error names by which."""
    manager, _ = await start(http("api", server.url))
    config = rewire.HTTPClientConfig(id="api", base_url=server.url)
    with pytest.raises(rewire.DuplicateClientError, match=r"connections\.toml") as caught:
        manager.register(config)
    assert isinstance(caught.value, ValueError)
    other = config.model_copy(update={"id": "mine"})
    manager.register(other)
    with pytest.raises(rewire.DuplicateClientError, match="from code"):
        manager.register(other)


async def test_a_manifest_that_declares_a_registered_id_is_held_back_there(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The code's client serves on; when it is unregistered the manifest's takes the id."""
    manager, source = await start(http("api", server.url))
    client = manager.register(rewire.HTTPClientConfig(id="mine", base_url=server.url))
    text = http("api", server.url) + http("mine", other_server.url)
    verdict = await edit(manager, source, text)
    assert verdict.result == "applied"
    assert verdict.held_back["mine"].startswith("IdTaken")
    assert (await client.get("/json")).json()["server"] == "a"
    await manager.unregister("mine")
    assert (await manager.reload()).held_back == {}
    assert (await client.get("/json")).json()["server"] == "b"


async def test_the_manifests_clients_cannot_be_unregistered(
    start: Start, server: FakeServer
) -> None:
    """They are the manifest's to take out."""
    manager, _ = await start(http("api", server.url))
    with pytest.raises(ValueError, match="take it out of the manifest"):
        await manager.unregister("api")
    with pytest.raises(rewire.UnknownClientError):
        await manager.unregister("nobody")


async def test_registering_needs_no_manifest(server: FakeServer) -> None:
    """A manager of code alone has nothing to reload."""
    async with rewire.ClientManager(None) as manager:
        client = manager.register(rewire.HTTPClientConfig(id="mine", base_url=server.url))
        assert (await client.get("/json")).status_code == 200
        with pytest.raises(RuntimeError, match="nothing to reload"):
            await manager.reload()
        assert manager.manager_status().source == "code"


async def test_a_client_may_be_registered_before_the_start(server: FakeServer) -> None:
    """Its requests wait for it, like all others."""
    manager = rewire.ClientManager(None)
    client = manager.register(rewire.HTTPClientConfig(id="mine", base_url=server.url))
    asking = asyncio.ensure_future(client.get("/json"))
    await asyncio.sleep(0)
    assert server.requests == []
    async with manager:
        assert (await asking).status_code == 200


async def test_an_id_of_the_manifest_is_taken_before_the_start_too(server: FakeServer) -> None:
    """The text is known as soon as the manager is made."""
    manager = rewire.ClientManager(MemorySource(f"version = 1\n{http('api', server.url)}"))
    with pytest.raises(rewire.DuplicateClientError, match="the manifest"):
        manager.register(rewire.HTTPClientConfig(id="api", base_url=server.url))
    async with manager:
        assert list(manager) == ["api"]
