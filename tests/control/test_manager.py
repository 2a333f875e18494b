"""The manager's start and end: handles before it, errors after it, and nothing in between."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from tests.fakes.editing import edit, http
from tests.fakes.source import MemorySource

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


async def test_a_handle_works_before_the_start_and_waits_for_it(server: FakeServer) -> None:
    """Declared clients are known as soon as the manager is made."""
    manager = rewire.ClientManager(MemorySource(f"version = 1\n{http('api', server.url)}"))
    client = manager.http("api")
    asking = asyncio.ensure_future(client.get("/json"))
    await asyncio.sleep(0)
    assert not asking.done()
    async with manager:
        assert manager.http("api") is client
        assert (await asking).json()["server"] == "a"


async def test_requests_that_wait_for_a_start_that_fails_are_told(server: FakeServer) -> None:
    """They get the error of a manager that has ended, and do not wait for ever."""
    source = MemorySource(f"version = 1\n{http('api', server.url)}")
    manager = rewire.ClientManager(source)
    asking = asyncio.ensure_future(manager.http("api").get("/json"))
    await asyncio.sleep(0)
    source.text = "nonsense"
    with pytest.raises(rewire.ManifestError):
        await manager.__aenter__()
    with pytest.raises(rewire.ManagerClosedError):
        await asking


async def test_a_broken_manifest_raises_at_the_start_with_every_diagnostic() -> None:
    """All mistakes at once, with file, line and column."""
    text = 'version = 1\n[http.a]\nbase_url = "ftp://x"\ntime_out = "5s"\n[http.b]\n'
    with pytest.raises(rewire.ManifestError) as caught:
        async with rewire.ClientManager(MemorySource(text)):
            pytest.fail("it must not start")
    assert len(caught.value.diagnostics) == 3
    for place in ("connections.toml:3:12", "connections.toml:4:1", "connections.toml:5:"):
        assert place in str(caught.value)


async def test_a_missing_manifest_raises_at_the_start(tmp_path: Path) -> None:
    """It names the file; there is nothing to go on from."""
    with pytest.raises(rewire.ManifestError, match="no such file"):
        async with rewire.ClientManager(tmp_path / "connections.toml"):
            pytest.fail("it must not start")


async def test_a_manager_is_entered_once(start: Start, server: FakeServer) -> None:
    """Neither twice at a time nor again after its end."""
    manager, _ = await start(http("api", server.url))
    with pytest.raises(RuntimeError, match="entered once"):
        await manager.__aenter__()
    await manager.aclose()
    with pytest.raises(RuntimeError, match="entered once"):
        await manager.__aenter__()


async def test_the_end_comes_once_and_lets_what_is_in_flight_finish(
    start: Start, server: FakeServer
) -> None:
    """``aclose`` any number of times; then every call is refused by a typed error."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")
    answering = asyncio.ensure_future(client.get("/slow?s=0.1"))
    await server.until(lambda: server.in_flight == 1)
    await asyncio.gather(manager.aclose(), manager.aclose())
    await manager.aclose()
    assert (await answering).status_code == 200
    await server.until(lambda: server.connections_open == 0)
    assert client.is_closed
    with pytest.raises(rewire.ManagerClosedError) as caught:
        await client.get("/json")
    assert isinstance(caught.value, httpx2.ConnectError)


async def test_after_the_end_a_reload_is_refused_and_does_not_hang(
    start: Start, server: FakeServer
) -> None:
    """Nobody is left to do it."""
    manager, _ = await start(http("api", server.url))
    await manager.aclose()
    async with asyncio.timeout(5):
        with pytest.raises(RuntimeError):
            await manager.reload()


async def test_registering_after_the_end_is_refused(start: Start, server: FakeServer) -> None:
    """A client that nobody would ever close is not made."""
    manager, _ = await start(http("api", server.url))
    await manager.aclose()
    with pytest.raises(rewire.ManagerClosedError):
        manager.register(rewire.HTTPClientConfig(id="mine", base_url=server.url))


async def test_the_environment_names_the_manifest(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``from_env``: REWIRE_MANIFEST, else connections.toml; ``${NAME}`` from the same place."""
    path = tmp_path / "mine.toml"
    path.write_text("version = 1\n" + http("api", server.url, 'headers.x-a = "${A}"'))
    env = {"REWIRE_MANIFEST": str(path), "A": "1"}
    async with rewire.ClientManager.from_env(env) as manager:
        assert (await manager.http("api").get("/json")).json()["headers"]["x-a"] == "1"
    monkeypatch.chdir(tmp_path)
    path.rename("connections.toml")
    monkeypatch.setenv("A", "2")
    monkeypatch.delenv("REWIRE_MANIFEST", raising=False)
    async with rewire.ClientManager.from_env(watch=False) as manager:
        assert manager.manager_status().watch == "off"
        assert (await manager.http("api").get("/json")).json()["headers"]["x-a"] == "2"


async def test_a_manager_may_be_asked_for_some_clients_only(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The others are checked as text, and not there; an edit of them changes nothing."""
    texts = [http("a", server.url) + http("b", url) for url in (server.url, other_server.url)]
    manager, source = await start(texts[0], clients=["a"])
    assert list(manager) == ["a"]
    with pytest.raises(rewire.UnknownClientError):
        manager.http("b")
    verdict = await edit(manager, source, texts[1])
    assert verdict.plan is not None
    assert verdict.plan.empty
    assert (await edit(manager, source, texts[1] + "[http.c]\n")).result == "refused"
