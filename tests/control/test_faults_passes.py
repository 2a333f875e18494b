"""Faults of timing between edits and passes (FAULTS 10, 11, 12, 15, 17, 55, 57, 58, 83).

What the tests wait for is told by the manager or by a server; a warm-up is held up, where that
is needed, by a peer that accepts a connection and then says nothing.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

import rewire
from rewire.events import GenerationClosed, GenerationRetired, Reconciled
from rewire.ports import Snapshot
from tests.fakes.editing import edit, http
from tests.fakes.http_server import FakeServer
from tests.fakes.source import MemorySource
from tests.sources.following import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import Start


def listen(manager: rewire.ClientManager, kind: type) -> list:  # type: ignore[type-arg]
    """Return a list that fills with the happenings of one kind."""
    heard: list[object] = []

    def note(event: object) -> None:
        if isinstance(event.happening, kind):  # type: ignore[attr-defined]
            heard.append(event.happening)  # type: ignore[attr-defined]

    manager._host.listeners.append(note)
    return heard


@asynccontextmanager
async def silent_peer() -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Serve an HTTPS URL whose handshake never ends, and an event: somebody has begun one."""
    begun = asyncio.Event()
    writers: list[asyncio.StreamWriter] = []

    def accept(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        begun.set()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}", begun
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


async def test_fault_10_two_quick_edits_are_at_most_two_reloads_and_end_at_the_last(
    tmp_path: Path, server: FakeServer
) -> None:
    """On a real file: whatever was seen in between, the last text is in force."""
    path = tmp_path / "connections.toml"
    path.write_text(f"version = 1\n{http('api', server.url)}")
    async with rewire.ClientManager(path) as manager:
        heard = listen(manager, Reconciled)
        for round_ in range(3):
            before = len(heard)
            for name in ("first", "last"):
                text = http("api", server.url, f'headers.x-a = "{name}{round_}"')
                path.write_text(f"version = 1\n{text}")

            def current() -> str | None:
                spec = manager._registry.find("api").live.spec
                return spec.model_dump()["headers"].get("x-a")

            await eventually(lambda: current() == f"last{round_}")  # noqa: B023 - awaited here
            assert (await manager.reload()).result == "unchanged"
            assert 1 <= len(heard) - before <= 2
            answer = (await manager.http("api").get("/json")).json()
            assert answer["headers"]["x-a"] == f"last{round_}"


async def test_fault_11_a_flap_that_was_never_applied_touches_nothing(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A, B, A while B warms: B is given up, and A's pool is the one that it was."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("api", server.url))
        retired = listen(manager, GenerationRetired)
        client = manager.http("api")
        await client.get("/json")
        source.put(f"version = 1\n{http('api', hole)}")
        await begun.wait()
        verdict = await edit(manager, source, http("api", server.url))
        assert verdict.result == "unchanged"
        assert (await client.get("/json")).json()["connection"] == 1
        assert retired == []
        assert manager.status("api").generation == 1


async def test_fault_12_an_edit_during_a_warm_up_takes_over_at_once(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Who waited for the older text gets the newer verdict; nothing waits for the older's peer."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("api", server.url))
        await manager.http("api").get("/json")
        source.text = f"version = 1\n{http('api', hole)}"
        older = asyncio.ensure_future(manager.reload())
        await begun.wait()
        newer = await edit(manager, source, http("api", other_server.url))
        assert newer.result == "applied"
        assert await older == newer
        assert (await manager.http("api").get("/json")).json()["server"] == "b"


async def test_fault_12_what_both_texts_want_is_built_and_warmed_once(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A pass that was overtaken hands on what it had warmed."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("api", server.url) + http("slow", server.url))
        for name in ("api", "slow"):
            await manager.http(name).get("/json")
        source.text = f"version = 1\n{http('api', other_server.url)}{http('slow', hole)}"
        older = asyncio.ensure_future(manager.reload())
        await begun.wait()
        await other_server.until(lambda: other_server.connections_opened == 1)
        await edit(manager, source, http("api", other_server.url) + http("slow", server.url))
        assert (await older).result == "applied"
        answer = (await manager.http("api").get("/json")).json()
        assert (answer["server"], answer["connection"]) == ("b", 1)
        assert other_server.connections_opened == 1
        assert manager.status("api").generation == 2


async def test_fault_12_what_was_warmed_for_a_text_that_is_gone_is_closed(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A spare that the newer text does not want leaves no socket behind."""
    async with silent_peer() as (hole, begun):
        manager, source = await start(http("api", server.url) + http("slow", server.url))
        for name in ("api", "slow"):
            await manager.http(name).get("/json")
        source.put(f"version = 1\n{http('api', other_server.url)}{http('slow', hole)}")
        await begun.wait()
        await other_server.until(lambda: other_server.connections_opened == 1)
        await edit(manager, source, http("api", server.url) + http("slow", server.url))
        await other_server.until(lambda: other_server.connections_open == 0)
        assert (await manager.http("api").get("/json")).json()["connection"] == 1


async def test_fault_15_sixty_resyncs_with_secrets_replace_nothing(
    tmp_path: Path, server: FakeServer
) -> None:
    """Resolved specs are compared with resolved ones; nothing is said, and nothing is touched."""
    token = tmp_path / "token"
    token.write_text("from-file\n")
    lines = ('auth.bearer = "${TOKEN}"', f'headers.x-file = "${{file:{token}}}"')
    source = MemorySource(f"version = 1\n{http('api', server.url, *lines)}")
    async with rewire.ClientManager(source, env={"TOKEN": "t0ken"}) as manager:
        heard = listen(manager, Reconciled)
        passes = 0
        unit = manager._reconciler.reconcile_once

        async def counted(snapshot: object, *rest: object, **more: object) -> object:
            nonlocal passes
            verdict = await unit(snapshot, *rest, **more)
            passes += 1
            return verdict

        manager._reconciler.reconcile_once = counted
        await manager.http("api").get("/json")
        for number in range(1, 61):
            source.put(source.text)
            await eventually(lambda: passes == number)  # noqa: B023 - awaited here
        answer = (await manager.http("api").get("/json")).json()
        assert answer["connection"] == 1
        assert answer["headers"]["authorization"] == "Bearer t0ken"
        assert answer["headers"]["x-file"] == "from-file"
        assert manager.status("api").generation == 1
        assert manager.manager_status().release == 1
        assert heard == []


async def test_fault_29_a_rotated_variable_changes_its_client_at_the_next_resync(
    start: Start, server: FakeServer
) -> None:
    """Level-triggered: the text is equal, what it resolves to is not."""
    env = {"TOKEN": "one"}
    text = http("api", server.url, 'auth.bearer = "${TOKEN}"') + http("free", server.url)
    manager, _ = await start(text, env=env)
    await manager.http("api").get("/json")
    env["TOKEN"] = "two"
    verdict = await manager.reload()
    assert (verdict.result, verdict.release) == ("applied", 2)
    assert verdict.plan is not None
    assert [(c.id, c.action) for c in verdict.plan.changed] == [("api", "in place")]
    answer = (await manager.http("api").get("/json")).json()
    assert (answer["headers"]["authorization"], answer["connection"]) == ("Bearer two", 1)


CLIENTS = 40


async def test_fault_17_a_changed_default_is_warmed_in_bounds_and_swapped_together(
    start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch, ca_file: Path
) -> None:
    """Built ones only; at most so many handshakes at once; the old ones close spread out."""
    text = "".join(http(f"c-{number}", server.url) for number in range(CLIENTS))
    idle = "".join(http(f"idle-{number}", server.url) for number in range(5))
    manager, source = await start(text + idle)
    for number in range(CLIENTS):
        await manager.http(f"c-{number}").get("/json")
    driver = manager._registry.drivers["http"]
    warm, now, most = driver.warm, 0, 0
    swapped: list[int] = []

    async def counted(view: object, context: object) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        # Nobody is swapped while anybody still warms.
        swapped.append(sum(one.generation == 2 for one in manager.statuses()))
        await warm(view, context)
        now -= 1

    monkeypatch.setattr(driver, "warm", counted)
    lingers: list[float] = []
    retire = type(manager._retirement).retire

    def note(self: object, *args: object) -> None:
        retire(self, *args)
        lingers.extend(job.linger for job in self._jobs[args[0].id, "http"])  # type: ignore[attr-defined]

    monkeypatch.setattr(type(manager._retirement), "retire", note)
    verdict = await edit(manager, source, f'defaults.http.tls.ca = "{ca_file}"\n{text}{idle}')
    assert verdict.result == "applied"
    assert verdict.plan is not None
    assert {c.action for c in verdict.plan.changed} == {"replace"}
    assert len(swapped) == CLIENTS
    assert set(swapped) == {0}
    assert 1 < most <= 16
    assert server.connections_opened == 2 * CLIENTS
    assert len(set(lingers)) == CLIENTS
    numbers = {(await manager.http(f"c-{n}").get("/json")).json()["connection"] for n in range(40)}
    assert numbers == set(range(CLIENTS + 1, 2 * CLIENTS + 1))
    await server.until(lambda: server.connections_open == CLIENTS)


async def test_fault_17_a_client_that_is_spread_still_serves_what_is_in_flight(
    start: Start, server: FakeServer, ca_file: Path
) -> None:
    """The end of the manager does not wait for a spread, and cuts no request for it."""
    text = "".join(http(f"c-{number}", server.url) for number in range(CLIENTS))
    manager, source = await start(text)
    for number in range(CLIENTS):
        await manager.http(f"c-{number}").get("/json")
    closed = listen(manager, GenerationClosed)
    answering = asyncio.ensure_future(manager.http("c-0").get("/slow?s=0.2"))
    await server.until(lambda: server.in_flight == 1)
    await edit(manager, source, f'defaults.http.tls.ca = "{ca_file}"\n{text}')
    assert (await answering).status_code == 200
    await manager.aclose()
    assert len(closed) == 2 * CLIENTS
    await server.until(lambda: server.connections_open == 0)


async def test_fault_55_an_unrelated_client_is_not_restarted(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Not its pool, nor a stream on it, nor a warm-up that another needs."""
    manager, source = await start(http("api", server.url) + http("other", server.url))
    client = manager.http("api")
    await manager.http("other").get("/json")
    async with client.stream("GET", "/stream?gap=0.001") as response:
        lines = response.aiter_lines()
        for number in range(5):
            url = (other_server, server)[number % 2].url
            await edit(manager, source, http("api", server.url) + http("other", url))
            await manager.http("other").get("/json")
            assert await anext(lines) == f"a {number}"
        assert manager.status("api").generation == 1
        assert manager.status("api").in_flight == {1: 1}
        assert manager.status("other").generation == 6


async def test_fault_57_a_storm_of_edits_is_coalesced(start: Start, server: FakeServer) -> None:
    """A hundred snapshots at once are two passes at most; all who asked get the last verdict."""
    manager, source = await start(http("api", server.url))
    heard = listen(manager, Reconciled)
    waiting = []
    for number in range(100):
        text = http("api", server.url, f'headers.x-a = "{number}"')
        waiting.append(
            manager._loop.submit(Snapshot(source.origin, f"version = 1\n{text}".encode()))
        )
    verdicts = await asyncio.gather(*waiting)
    assert len(heard) <= 2
    assert {verdict.release for verdict in verdicts} == {heard[-1].release}
    answer = (await manager.http("api").get("/json")).json()
    assert answer["headers"]["x-a"] == "99"


async def test_fault_57_a_storm_on_a_file_is_at_most_one_pass_for_each_quiet_time(
    tmp_path: Path, server: FakeServer
) -> None:
    """A file that is rewritten without rest is read when it rests, or after ``max_delay``."""
    path = tmp_path / "connections.toml"
    settings = 'reload = { quiet = "200ms", max_delay = "60s" }\n'
    text = f"version = 1\n{settings}{http('api', server.url)}"
    path.write_text(text)
    async with rewire.ClientManager(path) as manager:
        heard = listen(manager, Reconciled)
        for number in range(50):
            path.write_text(f'{text}headers.x-a = "{number}"\n')
            await asyncio.sleep(0.002)
        await eventually(lambda: len(heard) > 0)
        assert len(heard) == 1
        answer = (await manager.http("api").get("/json")).json()
        assert answer["headers"]["x-a"] == "49"


async def test_fault_58_two_managers_on_one_file_converge(
    tmp_path: Path, server: FakeServer, other_server: FakeServer
) -> None:
    """Each by itself; neither locks nor writes anything."""
    path = tmp_path / "connections.toml"
    path.write_text(f"version = 1\n{http('api', server.url)}")
    async with rewire.ClientManager(path) as one, rewire.ClientManager(path) as two:
        path.write_text(f"version = 1\n{http('api', other_server.url)}")
        for manager in (one, two):
            await eventually(lambda: manager.manager_status().release == 2)  # noqa: B023
            assert (await manager.http("api").get("/json")).json()["server"] == "b"
    assert [entry.name for entry in tmp_path.iterdir()] == ["connections.toml"]


class Backwards(datetime):
    """A wall clock that goes back a year each time it is asked."""

    years = 0

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        cls.years += 1
        return datetime(2050, 1, 1, tzinfo=UTC) - timedelta(days=365 * cls.years)


async def test_fault_83_order_comes_from_numbers_and_not_from_clocks(
    start: Start, server: FakeServer, other_server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Events, releases and generations count up while the wall clock runs backwards."""
    monkeypatch.setattr("rewire.control.vitals.datetime", Backwards)
    monkeypatch.setattr("rewire.control.reconciler.datetime", Backwards)
    manager, source = await start(http("api", server.url) + http("keep", server.url))
    numbers: list[int] = []
    generations: list[int] = []

    def note(event: object) -> None:
        numbers.append(event.number)  # type: ignore[attr-defined]
        if isinstance(event.happening, GenerationRetired):  # type: ignore[attr-defined]
            generations.append(event.happening.generation)  # type: ignore[attr-defined]

    manager._host.listeners.append(note)
    client, texts = manager.http("api"), (http("api", server.url), http("api", other_server.url))
    for number in range(1, 7):
        await client.get("/json")
        text = texts[number % 2] if number != 3 else ""  # once removed, and then added again
        verdict = await edit(manager, source, text + http("keep", server.url))
        assert verdict.release == number + 1
        if number == 3:
            await edit(manager, source, texts[0] + http("keep", server.url))
            assert manager.manager_status().release == 5
            break
    await client.get("/json")
    assert generations == [1, 2, 3]
    assert manager.status("api").generation == 4
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert Backwards.years > 4
