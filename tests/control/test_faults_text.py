"""Faults of the text: emptied, vanished, broken, reformatted, renamed (FAULTS 2, 5, 13, 14, 16)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import rewire
from rewire.events import GenerationRetired, Reconciled, SourceChanged
from tests.fakes.editing import edit, http
from tests.sources.following import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


@pytest.mark.parametrize("text", ["", "\n", "version = 1\n", "# nothing\nversion = 1\n"])
async def test_fault_2_an_emptied_manifest_removes_nobody(
    start: Start, server: FakeServer, text: str
) -> None:
    """Zero bytes, blanks, or a head alone: refused, with the number of clients in the message."""
    manager, source = await start("".join(http(name, server.url) for name in "abc"))
    await manager.http("a").get("/json")
    source.text = text
    verdict = await manager.reload()
    assert (verdict.result, verdict.reason) == ("refused", "ManifestUnsafe")
    assert "would remove all 3 clients" in verdict.text
    assert "reload.allow_empty = true" in verdict.text
    assert (await manager.http("a").get("/json")).json()["connection"] == 1
    assert len(manager) == 3


@pytest.mark.parametrize("text", ["", "version = 1\nreload.allow_empty = true\n"])
async def test_fault_2_an_emptied_manifest_removes_all_where_it_was_permitted(
    start: Start, server: FakeServer, text: str
) -> None:
    """Zero bytes say nothing, so for them ``allow_empty`` of the release in force counts."""
    manager, source = await start(f"reload.allow_empty = true\n{http('a', server.url)}")
    client = manager.http("a")
    await client.get("/json")
    source.text = text
    assert (await manager.reload()).result == "applied"
    assert list(manager) == []
    with pytest.raises(rewire.ClientRemovedError):
        await client.get("/json")
    await server.until(lambda: server.connections_open == 0)


async def test_fault_5_a_deleted_file_changes_nothing_and_a_new_one_is_applied(
    tmp_path: Path, server: FakeServer, other_server: FakeServer
) -> None:
    """Clients keep serving; the condition says SourceMissing until the file is back."""
    path = tmp_path / "connections.toml"
    path.write_text(f"version = 1\n{http('api', server.url)}")
    async with rewire.ClientManager(path) as manager:
        client = manager.http("api")
        heard: list[object] = []
        manager._host.listeners.append(lambda event: heard.append(event.happening))
        for url, name in ((other_server.url, "b"), (server.url, "a")):
            served = (await client.get("/json")).json()
            path.unlink()
            await eventually(lambda: _reason(manager) == "SourceMissing")
            assert (await client.get("/json")).json()["connection"] == served["connection"]
            assert (await manager.reload()).reason == "SourceMissing"
            path.write_text(f"version = 1\n{http('api', url)}")
            await eventually(lambda: _reason(manager) == "Applied")
            assert (await client.get("/json")).json()["server"] == name
        told = [event.condition for event in heard if isinstance(event, SourceChanged)]
        assert told == ["SourceMissing", "SourceFound"] * 2


def _reason(manager: rewire.ClientManager) -> str:
    (condition,) = [c for c in manager.manager_status().conditions if c.type == "Reconciled"]
    return condition.reason


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ("[http.api\n", "connections.toml:2:"),
        ('[http.api]\nbase_url = "ftp://x"\n', "connections.toml:3:12"),
        ('[http.api]\nbase_url = "http://x"\ntime_out = "5s"\n', "connections.toml:4:1"),
        ('[http.api]\nbase_url = "http://x"\n[websocket.api]\nurl = "ws://x"\n', ":4:"),
    ],
)
async def test_fault_13_a_broken_manifest_is_told_by_place_and_the_fix_is_applied(
    start: Start, server: FakeServer, other_server: FakeServer, broken: str, place: str
) -> None:
    """The last good serves on its sockets; any number of bad ones in a row stops nothing."""
    manager, source = await start(http("api", server.url))
    client = manager.http("api")
    await client.get("/json")
    for _ in range(3):
        verdict = await edit(manager, source, broken)
        assert (verdict.result, verdict.reason, verdict.release) == (
            "refused",
            "ManifestInvalid",
            1,
        )
        assert place in verdict.text
        assert (await client.get("/json")).json()["connection"] == 1
    verdict = await edit(manager, source, http("api", other_server.url))
    assert (verdict.result, verdict.release) == ("applied", 2)
    assert (await client.get("/json")).json()["server"] == "b"


async def test_fault_13_the_fix_may_be_the_old_text(start: Start, server: FakeServer) -> None:
    """Taking the mistake back is told as being back, and changes nothing."""
    manager, source = await start(http("api", server.url))
    await edit(manager, source, "nonsense")
    verdict = await edit(manager, source, http("api", server.url))
    assert (verdict.result, verdict.reason, verdict.release) == ("unchanged", "BackToAccepted", 1)
    assert _reason(manager) == "BackToAccepted"


async def test_fault_13_the_same_mistake_is_told_once(start: Start, server: FakeServer) -> None:
    """A reload or a resync of the same broken text is no news."""
    manager, source = await start(http("api", server.url))
    heard: list[object] = []
    manager._host.listeners.append(lambda event: heard.append(event.happening))
    for _ in range(3):
        await edit(manager, source, "nonsense")
    await edit(manager, source, "other nonsense")
    results = [event.result for event in heard if isinstance(event, Reconciled)]
    assert results == ["refused", "refused"]


async def test_fault_14_equal_values_in_another_form_change_nothing_but_the_release(
    start: Start, server: FakeServer
) -> None:
    """Int for float, 1m for 60s, a default written out, a comment, another order of keys."""
    forms = [
        ('timeout.read = "60s"', "pool = { max_connections = 10 }"),
        ('timeout.read = "1m"', "pool.max_connections = 0xA  # ten"),
        ("pool.max_connections = 10", 'timeout.read = "60000ms"', "enabled = true"),
        ("pool.max_connections = 1_0", 'timeout.read = "0.5m30.0s"', "pool.max_keepalive = 10"),
        ("pool.max_connections = 10", "timeout.read = '60.0s'", 'connect = "lazy"'),
    ]
    manager, source = await start(http("api", server.url, *forms[0]))
    await manager.http("api").get("/json")
    for release, form in enumerate(forms[1:], 2):
        verdict = await edit(manager, source, http("api", server.url, *form))
        assert (verdict.result, verdict.release) == ("applied", release), verdict.text
        assert verdict.plan is not None
        assert verdict.plan.empty, verdict.plan
        assert manager.status("api").observed_release == release
    assert (await manager.http("api").get("/json")).json()["connection"] == 1
    assert (server.connections_opened, server.connections_closed) == (1, 0)


async def test_fault_16_a_rename_is_a_removal_and_a_creation(
    start: Start, server: FakeServer
) -> None:
    """The plan shows both; the old handle raises at once, and hangs on nothing."""
    manager, source = await start(http("old", server.url))
    old = manager.http("old")
    async with old.stream("GET", "/stream?n=3&gap=0") as response:
        verdict = await edit(manager, source, http("new", server.url))
        assert verdict.plan is not None
        assert [(change.id, change.action) for change in verdict.plan.changes] == [
            ("new", "create"),
            ("old", "remove"),
        ]
        with pytest.raises(rewire.ClientRemovedError):
            await old.get("/json")
        assert len([line async for line in response.aiter_lines()]) == 3
    assert (await manager.http("new").get("/json")).status_code == 200


async def test_a_client_that_changes_its_protocol_is_another_client(
    start: Start, server: FakeServer
) -> None:
    """The id moves to the other table; the old handle says where it went."""
    manager, source = await start(http("keep", server.url) + http("api", server.url))
    client = manager.http("api")
    moved = f'[websocket.api]\nurl = "ws://127.0.0.1:{server.port}"\nconnect = "lazy"\n'
    verdict = await edit(manager, source, http("keep", server.url) + moved)
    assert verdict.result == "applied", verdict.text
    with pytest.raises(rewire.ClientRemovedError):
        await client.get("/json")
    with pytest.raises(rewire.WrongProtocolError, match=r"manager\.websocket"):
        manager.http("api")
    await edit(manager, source, http("keep", server.url) + http("api", server.url))
    assert manager.http("api") is client
    assert (await client.get("/json")).status_code == 200


async def test_what_is_refused_retires_nothing(start: Start, server: FakeServer) -> None:
    """FAULTS 3: no drain is started for a removal that was not permitted."""
    names = "abcdefgh"
    manager, source = await start("".join(http(name, server.url) for name in names))
    for name in names:
        await manager.http(name).get("/json")
    heard: list[object] = []
    manager._host.listeners.append(lambda event: heard.append(event.happening))
    verdict = await edit(manager, source, "".join(http(name, server.url) for name in names[:3]))
    assert verdict.reason == "ManifestUnsafe"
    assert "remove 5 of 8 clients" in verdict.text
    assert not [event for event in heard if isinstance(event, GenerationRetired)]
    answers = [(await manager.http(name).get("/json")).json()["connection"] for name in names]
    assert answers == list(range(1, 9))
