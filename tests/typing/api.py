"""The public surface as type checkers see it; mypy and pyright read this, nobody runs it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, assert_type

import httpx
import httpx2

import rewire
import rewire.sync

if TYPE_CHECKING:
    from rewire.events import Event
    from rewire.plan.plan import Plan


async def use(manager: rewire.ClientManager) -> None:
    """Use everything that is public the way its documentation says."""
    async with rewire.ClientManager("connections.toml", watch=False, clients=["a"]) as entered:
        assert_type(entered, rewire.ClientManager)
    assert_type(rewire.ClientManager.from_env(), rewire.ClientManager)

    client = manager.http("github")
    assert_type(client, rewire.HTTPClient)
    as_httpx2: httpx2.AsyncClient = client
    assert_type(await as_httpx2.get("/zen"), httpx2.Response)
    async with client.stream("GET", "/events") as response:
        assert_type(response, httpx2.Response)

    other = manager.httpx("github")
    assert_type(other, rewire.HTTPXClient)
    as_httpx: httpx.AsyncClient = other
    assert_type(await as_httpx.get("/zen"), httpx.Response)
    async with other.stream("GET", "/events") as streamed:
        assert_type(streamed, httpx.Response)

    prices = manager.websocket("prices")
    assert_type(prices, rewire.WebSocketClient)
    await prices.send("hello")
    assert_type(await prices.recv(), str | bytes)
    async for message in prices:
        assert_type(message, str | bytes)

    assert_type(list(manager), list[str])
    assert_type("github" in manager, bool)
    manager.register(rewire.HTTPClientConfig(id="x", base_url="https://x.example"))
    await manager.unregister("x")

    assert_type(manager.status("github"), rewire.ClientStatus)
    assert_type(manager.statuses(), tuple[rewire.ClientStatus, ...])
    assert_type(manager.manager_status(), rewire.ManagerStatus)
    assert_type(await manager.check("github"), rewire.ClientStatus)
    plan: Plan = await manager.plan()
    assert_type(plan.empty, bool)
    verdict = await manager.reload()
    assert_type(verdict, rewire.Verdict)
    assert_type(verdict.ok, bool)
    events: AsyncIterator[Event] = manager.events()
    async for event in events:
        assert_type(event.number, int)


def use_from_threads(manager: rewire.sync.ClientManager) -> None:
    """Use everything that is public for threads."""
    with rewire.sync.ClientManager("connections.toml", watch=False, clients=["a"]) as entered:
        assert_type(entered, rewire.sync.ClientManager)
    assert_type(rewire.sync.ClientManager.from_env(), rewire.sync.ClientManager)

    client = manager.http("github")
    assert_type(client, rewire.sync.HTTPClient)
    as_httpx2: httpx2.Client = client
    assert_type(as_httpx2.get("/zen"), httpx2.Response)
    with client.stream("GET", "/events") as response:
        assert_type(response, httpx2.Response)

    other = manager.httpx("github")
    assert_type(other, rewire.sync.HTTPXClient)
    as_httpx: httpx.Client = other
    assert_type(as_httpx.get("/zen"), httpx.Response)

    assert_type(list(manager), list[str])
    assert_type("github" in manager, bool)
    assert_type(
        manager.register(rewire.HTTPClientConfig(id="x", base_url="https://x.example")),
        rewire.sync.HTTPClient,
    )
    manager.unregister("x")

    assert_type(manager.status("github"), rewire.ClientStatus)
    assert_type(manager.statuses(), tuple[rewire.ClientStatus, ...])
    assert_type(manager.manager_status(), rewire.ManagerStatus)
    assert_type(manager.check("github"), rewire.ClientStatus)
    assert_type(manager.plan().empty, bool)
    assert_type(manager.reload(), rewire.Verdict)
    for event in manager.events():
        assert_type(event.number, int)


def catch(error: rewire.RewireError) -> str:
    """Tell errors apart by their data."""
    match error:
        case rewire.UnknownClientError():
            return error.suggestion or error.client
        case rewire.DrainCutError():
            return f"{error.client}/{error.generation}"
        case rewire.ManifestError():
            return error.text
        case _:
            return str(error)
