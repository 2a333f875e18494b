"""What the world holds back: one client alone, told by name, tried again until it goes."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import httpx2
import pytest

import rewire
from rewire.events import Reconciled, StateChanged
from tests.fakes.editing import edit, http
from tests.sources.following import eventually

if TYPE_CHECKING:
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


async def test_a_client_without_its_secret_is_held_back_alone(
    start: Start, server: FakeServer
) -> None:
    """FAULTS 28: the others go live, the status names the reason, the handle raises it."""
    held = http("held", server.url, 'auth.bearer = "${TOKEN}"')
    manager, _ = await start(http("api", server.url) + held, env={})
    assert (await manager.http("api").get("/json")).status_code == 200
    with pytest.raises(rewire.ClientHeldBackError, match=r"SecretMissing.*TOKEN") as caught:
        await manager.http("held").get("/json")
    assert isinstance(caught.value, httpx2.ConnectError)
    (condition,) = [c for c in manager.status("held").conditions if c.type == "Reconciled"]
    assert (condition.status, condition.reason) == (False, "SecretMissing")
    assert "TOKEN" in condition.message
    last = manager.manager_status().last_reload
    assert last is not None
    assert (last.result, last.held_back) == ("applied", ("held",))


async def test_what_is_held_back_is_tried_again_until_the_world_gives_in(
    start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody edits the file; the variable appears, and the client is live."""
    monkeypatch.setattr("rewire.control.loop.RETRY_FIRST", 0.01)
    env: dict[str, str] = {}
    held = http("held", server.url, 'auth.bearer = "${TOKEN}"')
    manager, _ = await start(http("api", server.url) + held, env=env)
    async with aclosing(manager.events()) as events:
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        env["TOKEN"] = "t0ken"
        happening = (await waiting).happening
    assert isinstance(happening, Reconciled | StateChanged)
    answer = (await manager.http("held").get("/json")).json()
    assert answer["headers"]["authorization"] == "Bearer t0ken"
    assert manager.manager_status().release == 2


async def test_what_is_held_back_is_tried_again_also_while_the_text_is_broken(
    start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake in the file does not keep the accepted release from becoming whole."""
    monkeypatch.setattr("rewire.control.loop.RETRY_FIRST", 0.01)
    env: dict[str, str] = {}
    held = http("held", server.url, 'auth.bearer = "${TOKEN}"')
    manager, source = await start(http("api", server.url) + held, env=env)
    assert (await edit(manager, source, "nonsense")).result == "refused"
    env["TOKEN"] = "t0ken"
    await eventually(lambda: manager.status("held").state != "error")
    assert (await manager.http("held").get("/json")).status_code == 200
    last = manager.manager_status()
    (condition,) = [c for c in last.conditions if c.type == "Reconciled"]
    assert (condition.status, condition.reason) == (False, "ManifestInvalid")


async def test_a_client_that_loses_its_secret_keeps_its_view(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """FAULTS 28: the rest of the edit is applied, this client serves as before."""
    env = {"TOKEN": "one"}
    texts = [
        http("api", url, 'auth.bearer = "${TOKEN}"') + http("free", url)
        for url in (server.url, other_server.url)
    ]
    manager, source = await start(texts[0], env=env)
    del env["TOKEN"]
    verdict = await edit(manager, source, texts[1])
    assert (verdict.result, set(verdict.held_back), verdict.ok) == ("applied", {"api"}, False)
    answer = (await manager.http("api").get("/json")).json()
    assert (answer["server"], answer["headers"]["authorization"]) == ("a", "Bearer one")
    assert (await manager.http("free").get("/json")).json()["server"] == "b"
