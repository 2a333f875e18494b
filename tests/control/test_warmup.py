"""A replacement goes live when its first connection is open, or for a reason (law 9).

Every warm-up ends in a verdict: accepted, accepted though unhealthy, held back, superseded.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from rewire.events import GenerationRetired
from tests.control.test_faults_passes import listen, silent_peer
from tests.fakes.editing import edit, http
from tests.sources.following import eventually

if TYPE_CHECKING:
    from collections.abc import Callable

    import rewire
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


def reconciled(manager: rewire.ClientManager, client: str) -> tuple[bool, str]:
    """Return what the Reconciled condition of a client says."""
    (found,) = [c for c in manager.status(client).conditions if c.type == "Reconciled"]
    return found.status, found.reason


async def test_what_cannot_be_reached_is_held_back_while_the_old_one_is_healthy(
    start: Start, server: FakeServer, free_port: Callable[[], int]
) -> None:
    """The others go live, the old view serves on its socket, and the condition says why."""
    dead = f"http://127.0.0.1:{free_port()}"
    manager, source = await start(http("api", server.url) + http("free", server.url))
    retired = listen(manager, GenerationRetired)
    client = manager.http("api")
    await client.get("/json")
    verdict = await edit(
        manager, source, http("api", dead) + http("free", server.url, 'headers.x-a = "1"')
    )
    assert (verdict.result, verdict.release, verdict.ok) == ("applied", 2, False)
    assert set(verdict.held_back) == {"api"}
    assert verdict.held_back["api"].startswith("WarmupFailed")
    assert reconciled(manager, "api") == (False, "WarmupFailed")
    assert reconciled(manager, "free") == (True, "Applied")
    assert (await client.get("/json")).json()["connection"] == 1
    assert manager.status("api").state == "connected"
    assert manager.status("api").generation == 1
    assert (await manager.http("free").get("/json")).json()["headers"]["x-a"] == "1"
    assert retired == []


async def test_what_was_held_back_goes_live_as_soon_as_it_can_be_reached(
    start: Start,
    server: FakeServer,
    other_server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the retry; nobody edits anything."""
    monkeypatch.setattr("rewire.control.loop.RETRY_FIRST", 0.02)
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    await client.get("/json")
    await other_server.stop()
    verdict = await edit(manager, source, http("api", other_server.url))
    assert set(verdict.held_back) == {"api"}
    await other_server.start()
    await eventually(lambda: reconciled(manager, "api") == (True, "Applied"))
    assert (await client.get("/json")).json()["server"] == "b"
    await server.until(lambda: server.connections_open == 0)


async def test_taking_the_edit_back_ends_the_waiting(
    start: Start, server: FakeServer, free_port: Callable[[], int]
) -> None:
    """The old text is what runs; nothing is replaced for it."""
    dead = f"http://127.0.0.1:{free_port()}"
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    await client.get("/json")
    await edit(manager, source, http("api", dead))
    verdict = await edit(manager, source, http("api", server.url))
    assert (verdict.result, verdict.held_back) == ("applied", {})
    assert reconciled(manager, "api") == (True, "Applied")
    assert (await client.get("/json")).json()["connection"] == 1


async def test_an_edit_is_let_through_when_the_old_target_is_down_too(
    start: Start, server: FakeServer, free_port: Callable[[], int]
) -> None:
    """It may be the fix; the verdict says that it is unhealthy."""
    dead = f"http://127.0.0.1:{free_port()}"
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    await client.get("/json")
    await server.stop()
    await manager.check("api")
    assert manager.status("api").state == "error"
    verdict = await edit(manager, source, http("api", dead))
    assert (verdict.result, verdict.held_back, verdict.ok) == ("applied", {}, False)
    assert set(verdict.unhealthy) == {"api"}
    assert manager.status("api").generation == 2
    assert manager.status("api").state == "error"
    assert reconciled(manager, "api") == (True, "Applied")


async def test_a_verdict_comes_by_the_deadline(start: Start, server: FakeServer) -> None:
    """A peer that accepts and then says nothing costs ``warmup.timeout`` and no more."""
    limit = 'warmup.timeout = "100ms"'
    async with silent_peer() as (hole, _):
        manager, source = await start(http("api", server.url, limit))
        await manager.http("api").get("/json")
        async with asyncio.timeout(10):
            verdict = await edit(manager, source, http("api", hole, limit))
        assert set(verdict.held_back) == {"api"}
        assert verdict.held_back["api"].startswith("Warmup")
        assert (await manager.http("api").get("/json")).json()["connection"] == 1


async def test_many_silent_peers_are_waited_for_together(start: Start, server: FakeServer) -> None:
    """Twelve of them cost one deadline, not twelve."""
    limit = 'warmup.timeout = "400ms"'
    names = [f"c-{number}" for number in range(12)]
    async with silent_peer() as (hole, _):
        manager, source = await start("".join(http(name, server.url, limit) for name in names))
        for name in names:
            await manager.http(name).get("/json")
        async with asyncio.timeout(4):
            verdict = await edit(
                manager, source, "".join(http(name, hole, limit) for name in names)
            )
        assert set(verdict.held_back) == set(names)


async def test_what_was_never_built_is_replaced_without_a_warm_up(
    start: Start, server: FakeServer, free_port: Callable[[], int]
) -> None:
    """Nobody has used it, so nobody knows better."""
    dead = f"http://127.0.0.1:{free_port()}"
    manager, source = await start(http("api", server.url))
    verdict = await edit(manager, source, http("api", dead))
    assert (verdict.result, verdict.ok) == ("applied", True)
    assert (await edit(manager, source, http("api", server.url))).ok
    assert server.connections_opened == 0
    assert (await manager.http("api").get("/json")).status_code == 200


class Broken(BaseException):
    """Be no Exception: what a driver raises is not ours to choose."""


@pytest.mark.parametrize("fault", [RuntimeError, Broken])
@pytest.mark.parametrize("where", ["warm", "prepare", "open"])
async def test_a_driver_that_raises_holds_back_its_client_alone(
    start: Start,
    server: FakeServer,
    other_server: FakeServer,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
    fault: type[BaseException],
) -> None:
    """FAULTS 38: the old generation stays, the other clients are swapped, the next edit works."""
    manager, source = await start(http("api", server.url) + http("free", server.url))
    for name in ("api", "free"):
        await manager.http(name).get("/json")
    driver = manager._registry.drivers["http"]
    original = getattr(driver, where)

    def broken(first: object, second: object) -> object:
        client = {"prepare": first, "warm": second, "open": second}[where]
        if client.id == "api":  # type: ignore[attr-defined]
            raise fault("x-api-key: hunter2")
        return original(first, second)

    monkeypatch.setattr(driver, where, broken)
    text = http("api", other_server.url) + http("free", other_server.url)
    async with asyncio.timeout(10):
        verdict = await edit(manager, source, text)
    assert verdict.result == "applied"
    assert set(verdict.held_back) == {"api"}
    assert "hunter2" not in repr(verdict)
    assert (await manager.http("api").get("/json")).json()["server"] == "a"
    assert (await manager.http("free").get("/json")).json()["server"] == "b"
    monkeypatch.setattr(driver, where, original)
    assert (await manager.reload()).held_back == {}
    assert (await manager.http("api").get("/json")).json()["server"] == "b"
