"""Faults of watching as the manager's status tells them, and edits that arrive all the same.

The source's own tests go deeper (tests/sources/test_watch.py); these hold the condition and the
applied edit together (FAULTS 8, 9, 21).
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING

import pytest

import rewire
from rewire.events import SourceChanged
from rewire.ports import Snapshot
from rewire.sources import watch
from rewire.sources.file import FileSource
from tests.control.test_faults_passes import listen
from tests.fakes.editing import http
from tests.sources.following import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.http_server import FakeServer


@pytest.fixture
def path(tmp_path: Path, server: FakeServer) -> Path:
    """Return a manifest of one client."""
    path = tmp_path / "connections.toml"
    path.write_text(f"version = 1\n{http('api', server.url)}")
    return path


async def edited(manager: rewire.ClientManager, path: Path, server: FakeServer) -> None:
    """Edit the file and wait until the edit serves."""
    release = manager.manager_status().release
    text = http("api", server.url, f'headers.x-release = "{release + 1}"')
    path.write_text(f"version = 1\n{text}")
    await eventually(lambda: manager.manager_status().release == release + 1)
    answer = (await manager.http("api").get("/json")).json()
    assert answer["headers"]["x-release"] == str(release + 1)


def degraded(manager: rewire.ClientManager) -> list[tuple[str, str]]:
    """Return reason and message of the Degraded condition, if it is there."""
    conditions = manager.manager_status().conditions
    return [(c.reason, c.message) for c in conditions if c.type == "Degraded" and c.status]


async def test_fault_8_without_inotify_edits_are_polled_for_and_the_status_says_so(
    path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``watch=poll``, the condition WatchDegraded with the reason, and the edit in force."""

    def exhausted(directories: list[str]) -> watch.Notifier:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(watch, "open_notifier", exhausted)
    source = FileSource(path, poll_interval=0.02)
    async with rewire.ClientManager(source) as manager:
        told = listen(manager, SourceChanged)
        await eventually(lambda: source.degraded is not None)
        await edited(manager, path, server)
        assert manager.manager_status().watch == "poll"
        ((reason, message),) = degraded(manager)
        assert reason == "WatchDegraded"
        assert "inotify watch limit reached" in message
        await eventually(lambda: [event.condition for event in told] == ["WatchDegraded"])
        await edited(manager, path, server)


async def test_fault_9_the_condition_ends_when_watching_works_again(
    path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restarted with backoff; both changes are told, and no edit is lost in between."""
    original, tries = watch.open_notifier, []

    def unlucky(directories: list[str]) -> watch.Notifier:
        tries.append(directories)
        if len(tries) < 4:
            raise OSError(24, "too many open files")
        return original(directories)

    monkeypatch.setattr(watch, "open_notifier", unlucky)
    monkeypatch.setattr(watch, "FIRST_RETRY", 0.05)
    source = FileSource(path, poll_interval=0.02)
    async with rewire.ClientManager(source) as manager:
        await edited(manager, path, server)
        await eventually(lambda: manager.manager_status().watch == "native")
        assert degraded(manager) == []
        await edited(manager, path, server)


async def test_fault_9_the_resync_finds_what_a_deaf_watcher_missed(
    path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that overflowed looks like this: no event, and another content."""

    class Deaf:
        def watch(self, debounce: int, step: int, timeout: int, stop: object) -> str:
            stop.wait()  # type: ignore[attr-defined]
            return "stop"

        def close(self) -> None: ...

    monkeypatch.setattr(watch, "open_notifier", lambda directories: Deaf())
    source = FileSource(path, poll_interval=0.02)
    resync = 'reload.resync = "200ms"\n'
    path.write_text(f"version = 1\n{resync}{http('api', server.url)}")
    async with rewire.ClientManager(source) as manager:
        await edited(manager, path, server)


async def test_fault_21_a_manifest_above_the_cap_is_refused_before_it_is_read(
    path: Path, server: FakeServer
) -> None:
    """100 MB: told with the cap, in no time, and the last good serves."""
    async with rewire.ClientManager(path, watch=False) as manager:
        client = manager.http("api")
        await client.get("/json")
        os.truncate(path, 100_000_000)  # sparse: it costs no disk
        source = manager._source
        assert isinstance(source, FileSource)
        begun = time.process_time()
        assert source.read().why == "it is larger than 32 MiB"
        assert time.process_time() - begun < 0.1
        verdict = await manager.reload()
        assert verdict.result == "refused"
        assert "32 MiB" in verdict.text
        assert (await client.get("/json")).json()["connection"] == 1
    with pytest.raises(rewire.ManifestError, match="32 MiB"):
        async with rewire.ClientManager(path):
            pytest.fail("it must not start")


DEEP = {
    "arrays": b"a = " + b"[" * 5_000 + b"]" * 5_000,
    "inline tables": b"a = " + b"{a = " * 5_000 + b"1" + b"}" * 5_000,
    "one dotted key": b".".join([b"a"] * 20_000) + b" = 1",
    "one dotted header": b"[" + b".".join([b"a"] * 20_000) + b"]",
    "a long key": b"a" * 40_000 + b" = 1",
}


@pytest.mark.parametrize("name", DEEP)
async def test_faults_22_and_23_deep_and_long_texts_are_refused_with_a_place(
    path: Path, server: FakeServer, name: str
) -> None:
    """No parser gets to see them: a diagnostic, and never an error of ours."""
    async with rewire.ClientManager(path, watch=False) as manager:
        path.write_bytes(b"version = 1\n" + DEEP[name] + b"\n")
        async with asyncio.timeout(10):
            verdict = await manager.reload()
        assert (verdict.result, verdict.reason) == ("refused", "ManifestInvalid")
        assert "connections.toml:2:" in verdict.text
        assert len(verdict.text) < 5_000
        assert (await manager.http("api").get("/json")).status_code == 200


async def test_fault_22_deep_json_is_refused_in_the_same_way(
    tmp_path: Path, server: FakeServer
) -> None:
    """The other language, the same limits."""

    class Held(FileSource):
        def read(self) -> Snapshot:
            return Snapshot("c.json", b'{"version": 1, "a": ' + b"[" * 5_000 + b"]" * 5_000 + b"}")

    with pytest.raises(rewire.ManifestError, match=r"c\.json:1:"):
        async with rewire.ClientManager(Held(tmp_path / "c.json")):
            pytest.fail("it must not start")


@pytest.mark.parametrize("where", ["document", "comment"])
async def test_fault_27_a_schema_that_is_named_by_url_is_never_fetched(
    tmp_path: Path, server: FakeServer, where: str
) -> None:
    """``$schema`` and ``#:schema`` are for editors."""
    url = f"{server.url}/connections.schema.json"
    if where == "document":
        path = tmp_path / "connections.json"
        path.write_text(
            f'{{"$schema": "{url}", "version": 1, "http": {{"a": {{"base_url": "{server.url}"}}}}}}'
        )
    else:
        path = tmp_path / "connections.toml"
        path.write_text(f"#:schema {url}\nversion = 1\n{http('a', server.url)}")
    async with rewire.ClientManager(path) as manager:
        await manager.reload()
        assert list(manager) == ["a"]
    assert server.connections_opened == 0
