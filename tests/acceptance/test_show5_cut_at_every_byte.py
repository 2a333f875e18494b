"""Show 5: a manifest cut at every byte offset removes nothing that somebody did not mean.

Inside the quiet window a cut is never applied: here through the real file source. Left so, it is
refused or applied as that text deserves; the oracle below says which, from the text alone. The
clients carry no traffic: what is shown is what the manager makes of texts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import rewire
from rewire.events import GenerationRetired, Reconciled
from rewire.manifest.manifest import Manifest
from rewire.manifest.validate import read
from rewire.ports import Snapshot
from rewire.sources.file import FileSource
from tests.fakes.source import MemorySource
from tests.sources.following import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.manifest.specs.client import ClientConfig

HEAD = "version = 1  # geprüft: «ja», 確認\n"
RELOAD = '\n[reload]\nmax_deletes = "25%"\nquiet = "500ms"\n'
CLIENTS = """
[defaults.http]
timeout.connect = "2s"
headers = { accept = "application/json" }

[http.catalog]
base_url = "http://127.0.0.1:9801"

[http.accounts]
description = "Konten der Kunden · accounts"
base_url = "http://127.0.0.1:9801/v1"
auth.bearer = "${TOKEN}"
pool.max_connections = 100

[http.reports]
base_url = "http://127.0.0.1:9803"
timeout.read = "10s"

[http.payments]
base_url = "http://127.0.0.1:9804"
labels = { tier = "flaky", team = "money" }

[http.news]
base_url = "http://127.0.0.1:9805"
drain.stream_timeout = "5m"

[http.held]
base_url = "http://127.0.0.1:9805"
auth.basic = { username = "u", password = "${UNSET}" }

[http.mail]
base_url = "http://127.0.0.1:9806"
query.lang = "de"

[http.search]
base_url = "http://127.0.0.1:9807"
enabled = false

[http.images]
base_url = "http://127.0.0.1:9808"
headers.x-size = "large"

[http.maps]
base_url = "http://127.0.0.1:9809"
connect = "lazy"
"""
WHOLE = (HEAD + RELOAD + CLIENTS).encode()
ALL = {"catalog", "accounts", "reports", "payments", "news", "mail", "search", "images", "maps"}
HELD = {"held"}
LIVE = len(ALL)


class ByteSource(MemorySource):
    """Hold bytes, which may end in the middle of a character."""

    data = WHOLE

    def read(self) -> Snapshot:
        return Snapshot(self.origin, self.data)


def picture(manager: rewire.ClientManager) -> dict[str, ClientConfig | None]:
    """Return the resolved spec of every client that is in force."""
    slots = {slot.id: slot for slot in manager._registry}
    return {name: slot.desired.spec for name, slot in slots.items() if slot.desired is not None}


def deserved(data: bytes) -> set[str] | str:
    """Return the ids that a text leaves in force, or why it must be refused."""
    if not data.strip():
        return "ManifestUnsafe"
    manifest = read("connections.toml", data)
    if not isinstance(manifest, Manifest):
        return "ManifestInvalid"
    left = ALL & set(manifest.clients)
    return "ManifestUnsafe" if LIVE - len(left) > 0.25 * LIVE else left


async def cut_and_restore(manager: rewire.ClientManager, source: ByteSource, cut: bytes) -> str:
    """Leave the text cut, judge what came of it, and restore it; return how the cut ended."""
    whole, before = source.data, picture(manager)
    source.data = cut
    verdict, due = await manager.reload(), deserved(cut)
    if isinstance(due, str):
        assert (verdict.result, verdict.reason) == ("refused", due), cut[-40:]
        assert picture(manager) == before
    else:
        assert verdict.result == "applied", cut[-40:]
        assert set(picture(manager)) == due
    ended = verdict.reason
    source.data = whole
    verdict = await manager.reload()
    assert verdict.result in {"applied", "unchanged"}
    assert set(verdict.held_back) == HELD
    assert picture(manager) == before
    return ended


async def test_a_text_cut_anywhere_and_left_so_does_what_it_deserves() -> None:
    """Never an exception, never more than ``max_deletes`` removed; the whole restores all."""
    source = ByteSource("")
    async with rewire.ClientManager(source, env={"TOKEN": "t"}) as manager:
        assert set(picture(manager)) == ALL
        heard: list[object] = []
        manager._host.listeners.append(lambda event: heard.append(event.happening))
        handles = {name: manager.http(name) for name in ALL | HELD}
        outcomes = {
            await cut_and_restore(manager, source, WHOLE[:offset]) for offset in range(len(WHOLE))
        }
        assert outcomes == {"ManifestInvalid", "ManifestUnsafe", "Applied"}
        assert {name: manager.http(name) for name in handles} == handles
        assert not [event for event in heard if isinstance(event, GenerationRetired)]


async def test_a_cut_that_loses_the_reload_table_loses_no_protection() -> None:
    """Where ``[reload]`` stands last, a cut takes it away; the share that was in force holds."""
    source = ByteSource("")
    source.data = text = (HEAD + CLIENTS + RELOAD).encode()
    async with rewire.ClientManager(source, env={"TOKEN": "t"}) as manager:
        for offset in [at for at, byte in enumerate(text) if byte == ord("[")]:
            await cut_and_restore(manager, source, text[:offset])


async def test_a_cut_inside_the_quiet_window_is_never_applied(tmp_path: Path) -> None:
    """The file was read in its cut state, and nothing came of it but the whole."""
    path, seen = tmp_path / "connections.toml", [WHOLE]

    class Witness(FileSource):
        def read(self) -> Snapshot:
            snapshot = super().read()
            seen.append(snapshot.data)
            return snapshot

    path.write_bytes(WHOLE)
    async with rewire.ClientManager(Witness(path), env={"TOKEN": "t"}) as manager:
        heard: list[Reconciled] = []
        manager._host.listeners.append(
            lambda event: (
                heard.append(event.happening) if isinstance(event.happening, Reconciled) else None
            )
        )
        offsets = [0, 9, 300, WHOLE.index(b"[http.images]"), len(WHOLE) - 5]
        for number, offset in enumerate(offsets):
            path.write_bytes(WHOLE[:offset])
            await eventually(lambda: seen[-1] == WHOLE[:offset])  # noqa: B023 - awaited here
            path.write_bytes(WHOLE.replace(b'lang = "de"', b'lang = "%d"' % number))
            await eventually(lambda: len(heard) > number)  # noqa: B023 - awaited here
            spec = picture(manager)["mail"]
            assert spec is not None
            assert spec.model_dump()["query"] == {"lang": str(number)}
        assert [one.result for one in heard] == ["applied"] * len(offsets)


@pytest.mark.parametrize("removed", [2, 3])
async def test_at_a_table_boundary_the_share_decides(removed: int) -> None:
    """FAULTS 3: valid but shorter, two of nine clients may go, three may not."""
    source = ByteSource("")
    async with rewire.ClientManager(source, env={"TOKEN": "t"}) as manager:
        names = ["images", "maps"] if removed == 2 else ["search", "images", "maps"]
        source.data = WHOLE[: WHOLE.index(f"[http.{names[0]}]".encode())]
        verdict = await manager.reload()
        if removed == 2:
            assert verdict.result == "applied"
            assert set(picture(manager)) == ALL - set(names)
        else:
            assert verdict.reason == "ManifestUnsafe"
            assert "remove 3 of 9 clients" in verdict.text
            assert all(name in verdict.text for name in names)
            assert set(picture(manager)) == ALL
