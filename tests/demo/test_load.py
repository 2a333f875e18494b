"""The load through a real manager: it serves, and what goes wrong it lays at the right door."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from rewire.control.manager import ClientManager
from rewire.demo import upstreams as module
from rewire.demo.file import bundled, move_ports
from rewire.demo.load import CLIENTS, Load
from rewire.demo.scene import totals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from rewire.demo.ledger import Ledger
    from rewire.demo.upstreams import Upstreams


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for what is slow on purpose."""
    monkeypatch.setattr(module, "SLOW_ANSWERS", (0.01,))
    monkeypatch.setattr(module, "EVENT_INTERVAL", 0.01)


@pytest.fixture
def manifest(tmp_path: Path, first_port: int) -> Path:
    """Write the demo's manifest for the ports of this test."""
    path = tmp_path / "connections.toml"
    path.write_text(move_ports(bundled(), first_port), "utf-8")
    return path


@pytest.fixture
async def manager(manifest: Path, upstreams: Upstreams) -> AsyncIterator[ClientManager]:
    """Start a manager that changes only when told to."""
    async with ClientManager(manifest, watch=False, env={}) as running:
        yield running


@pytest.fixture
async def load(manager: ClientManager, ledger: Ledger) -> AsyncIterator[Load]:
    """Send through every client for as long as the test takes."""
    running = Load(manager, ledger)
    running.start()
    yield running
    await running.stop()


async def until(reached: Callable[[], bool]) -> None:
    """Wait until something is so; the test's own timeout ends it otherwise."""
    while not reached():  # noqa: ASYNC110  (it is about counts, which have no event)
        await asyncio.sleep(0.005)


async def rewrite(manager: ClientManager, manifest: Path, old: str, new: str) -> str:
    """Edit the manifest, and return the reconcile's result."""
    text = manifest.read_text("utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new, 1), "utf-8")
    return (await manager.reload()).result


async def test_every_client_is_served_and_at_the_end_nothing_is_open(
    load: Load, ledger: Ledger
) -> None:
    """Requests, streams and messages, and the ledger is empty when the load has stopped."""
    await until(lambda: all(load.tallies[client].counts["served"] for client in CLIENTS))
    await load.stop()
    assert not totals(load.tallies)["lost"]
    assert not totals(load.tallies)["refused"]
    assert len(ledger) == 0


async def test_an_edit_moves_the_traffic_and_loses_nothing(
    load: Load, manager: ClientManager, manifest: Path, first_port: int
) -> None:
    """Requests by base_url, messages by url."""
    await until(lambda: load.tallies["catalog"].newest == "blue")
    await until(lambda: load.tallies["prices"].newest == "feed-a")
    for old in (f'"http://127.0.0.1:{first_port}"', f'"ws://127.0.0.1:{first_port + 5}"'):
        port = int(old.rpartition(":")[2].strip('"'))
        new = old.replace(str(port), str(port + 1))
        assert await rewrite(manager, manifest, old, new) == "applied"
    await until(lambda: load.tallies["catalog"].newest == "green")
    await until(lambda: load.tallies["prices"].newest == "feed-b")
    assert not totals(load.tallies)["lost"]


async def test_what_the_file_refuses_is_not_lost(
    load: Load, manager: ClientManager, manifest: Path
) -> None:
    """With a wrong token, or a client switched off: refused, and served again when mended."""
    before = manifest.read_text("utf-8")
    await until(lambda: load.tallies["accounts"].counts["served"] > 0)
    await rewrite(manager, manifest, "demo-token", "wrong")
    await rewrite(manager, manifest, "[websocket.prices]", "[websocket.prices]\nenabled = false")
    await until(lambda: load.tallies["accounts"].refusals["401"] > 0)
    await until(lambda: load.tallies["prices"].counts["refused"] > 0)
    manifest.write_text(before, "utf-8")
    assert (await manager.reload()).result == "applied"
    served = {client: load.tallies[client].counts["served"] for client in ("accounts", "prices")}
    await until(lambda: all(load.tallies[name].counts["served"] > n for name, n in served.items()))
    assert not totals(load.tallies)["lost"]


async def test_a_timeout_of_the_file_is_its_own_doing(
    load: Load, manager: ClientManager, manifest: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upstream was still at work, and the ledger says so."""
    monkeypatch.setattr(module, "SLOW_ANSWERS", (0.5,))
    await rewrite(manager, manifest, 'timeout.read = "10s"', 'timeout.read = "50ms"')
    await until(lambda: load.tallies["reports"].refusals["ReadTimeout"] > 0)
    assert not totals(load.tallies)["lost"]


async def test_a_failure_that_nobody_owns_up_to_is_lost(load: Load, upstreams: Upstreams) -> None:
    """The count is not blind: a server that dies under the load shows."""
    await until(lambda: load.tallies["catalog"].counts["served"] > 0)
    await upstreams._servers["blue"].stop()
    await until(lambda: load.tallies["catalog"].counts["lost"] > 0)
    assert load.tallies["catalog"].losses


async def test_a_stream_that_is_cut_is_lost(
    load: Load, upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader that has not seen the last event says so."""
    monkeypatch.setattr(module, "EVENT_INTERVAL", 30.0)
    await until(lambda: upstreams._servers["events"]._serving != set())
    await upstreams._servers["events"].stop()
    await until(lambda: load.tallies["news"].counts["lost"] > 0)


async def test_a_stream_that_ends_early_is_lost_however_politely(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that the transport calls clean is none without the last event."""
    monkeypatch.setattr(module, "_event", lambda number, _: f"id: {number}\n\n".encode())
    await until(lambda: load.tallies["news"].counts["lost"] > 0)
    assert list(load.tallies["news"].losses) == ["stream ended after 16 events"]


async def test_a_client_that_comes_later_is_used_when_it_comes(
    upstreams: Upstreams, ledger: Ledger, manifest: Path
) -> None:
    """The load waits for what the file does not declare."""
    whole = manifest.read_text("utf-8")
    start, end = whole.index("[http.catalog]"), whole.index("# The same server")
    manifest.write_text(whole[:start] + whole[end:], "utf-8")
    async with ClientManager(manifest, watch=False, env={}) as manager:
        load = Load(manager, ledger)
        load.start()
        manifest.write_text(whole, "utf-8")
        await manager.reload()
        await until(lambda: load.tallies["catalog"].counts["served"] > 0)
        await load.stop()
