"""Looking on: statuses, plans, checks and events tell what is, and change nothing."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import TYPE_CHECKING

import pydantic
import pytest

import rewire
from rewire.events import Reconciled
from tests.fakes.editing import edit, http
from tests.sources.following import eventually

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


async def test_a_status_is_a_photograph(start: Start, server: FakeServer) -> None:
    """Frozen, complete as JSON, and read back equal."""
    manager, _ = await start(
        http("api", server.url, 'owner = "me"', 'labels.tier = "1"') + http("b", server.url)
    )
    await manager.http("api").get("/json")
    status = manager.status("api")
    with pytest.raises(pydantic.ValidationError):
        status.state = "error"
    assert rewire.ClientStatus.model_validate_json(status.model_dump_json()) == status
    assert (status.id, status.protocol, status.owner, status.labels) == (
        "api",
        "http",
        "me",
        {"tier": "1"},
    )
    assert (status.origin.file, status.origin.line) == ("connections.toml", 2)
    assert status.response_time.last is not None
    assert (status.success_rate, status.error_rate) == (1.0, 0.0)
    assert status.pool is not None
    assert (status.pool.open, status.pool.idle, status.pool.waiting) == (1, 1, 0)
    assert [one.id for one in manager.statuses()] == ["api", "b"]
    whole = manager.manager_status()
    assert rewire.ManagerStatus.model_validate_json(whole.model_dump_json()) == whole
    assert json.loads(whole.model_dump_json())["clients"][0]["id"] == "api"
    await manager.http("api").get("/json")
    assert status.in_flight == {1: 0}


async def test_the_managers_status_tells_attempted_from_applied(
    start: Start, server: FakeServer
) -> None:
    """A refusal moves the one digest and leaves the other."""
    manager, source = await start(http("api", server.url))
    before = manager.manager_status()
    assert before.last_attempted_digest == before.last_applied_digest
    await edit(manager, source, http("api", server.url, "time_out = 1"))
    after = manager.manager_status()
    assert after.last_applied_digest == before.last_applied_digest
    assert after.last_attempted_digest != before.last_attempted_digest
    assert after.release == before.release
    assert after.last_reload is not None
    assert after.last_reload.result == "refused"
    (diagnostic,) = after.last_reload.diagnostics
    assert (diagnostic["line"], diagnostic["column"]) == (4, 1)


async def test_a_plan_says_what_an_edit_would_do_and_does_nothing(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Of the file as it is now, or of a given text; a refused one raises."""
    manager, source = await start(http("a", server.url) + http("b", server.url))
    await manager.http("a").get("/json")
    assert (await manager.plan()).empty
    text = f"version = 1\n{http('a', other_server.url)}{http('c', server.url)}"
    plan = await manager.plan(text.encode())
    assert [(change.id, change.action) for change in plan.changes] == [
        ("a", "replace"),
        ("b", "remove"),
        ("c", "create"),
    ]
    assert plan.changes[0].forced_by == (("base_url",),)
    assert other_server.connections_opened == 0
    assert list(manager) == ["a", "b"]
    source.text = text
    assert not (await manager.plan()).empty
    with pytest.raises(rewire.ManifestError) as caught:
        await manager.plan(b"nonsense")
    assert caught.value.diagnostics


async def test_a_plan_of_a_missing_source_is_an_error_and_no_plan_to_remove_all(
    start: Start, server: FakeServer
) -> None:
    """A file that is gone says nothing about what should be."""
    manager, source = await start(http("a", server.url))
    source.text = None
    with pytest.raises(rewire.ManifestError, match="no such file"):
        await manager.plan()


async def test_a_check_opens_a_connection_and_tells(start: Start, server: FakeServer) -> None:
    """It succeeds or fails now, whatever was known; a check of a disabled client fails too."""
    manager, source = await start(http("api", server.url))
    status = await manager.check("api")
    assert status.state == "connected"
    assert status.last_check is not None
    assert server.connections_opened == 1
    await server.until(lambda: server.connections_open == 0)
    assert server.requests == []
    await server.stop()
    status = await manager.check("api")
    assert status.state == "error"
    assert status.last_error is not None
    assert status.last_error.code == "ConnectFailed"
    await edit(manager, source, http("api", server.url, "enabled = false"))
    assert (await manager.check("api")).state == "disabled"


async def test_events_come_in_order_to_everybody_who_listens(
    start: Start, server: FakeServer
) -> None:
    """Numbered without a gap; who stops listening is forgotten."""
    manager, source = await start(http("api", server.url))
    quiet = len(manager._host.listeners)
    async with aclosing(manager.events()) as one, aclosing(manager.events()) as two:
        firsts = [asyncio.ensure_future(anext(events)) for events in (one, two)]
        await asyncio.sleep(0)
        await edit(manager, source, http("api", server.url, 'headers.a = "1"'))
        await edit(manager, source, http("api", server.url, 'headers.a = "2"'))
        first, same = await asyncio.gather(*firsts)
        assert first == same
        second = await anext(one)
        assert isinstance(first.happening, Reconciled)
        assert isinstance(second.happening, Reconciled)
        assert (first.happening.release, second.happening.release) == (2, 3)
        assert second.number == first.number + 1
    assert len(manager._host.listeners) == quiet


async def test_an_eager_client_connects_at_the_start(start: Start, server: FakeServer) -> None:
    """And after an edit that declares it; a lazy one does not."""
    manager, source = await start(http("api", server.url, 'connect = "eager"'))
    await server.until(lambda: server.connections_opened == 1)
    await eventually(lambda: manager.status("api").state == "connected")
    text = http("api", server.url, 'connect = "eager"')
    await edit(manager, source, text + http("new", server.url, 'connect = "eager"'))
    await eventually(lambda: manager.status("new").state == "connected")
    assert (await manager.http("new").get("/json")).json()["connection"] == 2


async def test_an_eager_client_whose_peer_is_down_starts_the_manager_all_the_same(
    start: Start, server: FakeServer
) -> None:
    """FAULTS 35: its state says so, and a request that gets through later corrects it."""
    await server.stop()
    manager, _ = await start(http("api", server.url, 'connect = "eager"'))
    await eventually(lambda: manager.status("api").state == "error")
    await server.start()
    assert (await manager.http("api").get("/json")).status_code == 200
    assert manager.status("api").state == "connected"
