"""The status file: whole or not at all, and never in anybody's way."""

from __future__ import annotations

import asyncio
import json
import stat
from typing import TYPE_CHECKING

import pytest

from rewire.events import Event, GenerationRetired, Reconciled
from rewire.status import ManagerStatus
from rewire.telemetry import status_file
from rewire.telemetry.acknowledgement import Acknowledgement
from rewire.telemetry.status_file import write_status

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


def status(release: int) -> ManagerStatus:
    """Make a status."""
    return ManagerStatus(release=release, source="a.toml")


def release_in(path: Path) -> int:
    """Read which release a status file tells of."""
    release: int = json.loads(path.read_text())["release"]
    return release


def names(folder: Path) -> list[str]:
    """List what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


class FakeManager:
    """A manager of which only release and events count."""

    def __init__(self) -> None:
        self.release = 1
        self.queue: asyncio.Queue[Event] = asyncio.Queue()

    def manager_status(self) -> ManagerStatus:
        return status(self.release)

    async def events(self) -> AsyncIterator[Event]:
        while True:
            yield await self.queue.get()
            self.queue.task_done()

    async def reconciled(self, release: int) -> None:
        self.release = release
        self.queue.put_nowait(Event(release, Reconciled("applied", release, "", "", 0.0)))
        await self.queue.join()


def test_the_file_is_replaced_as_a_whole_and_is_its_users_alone(tmp_path: Path) -> None:
    """A reader of the old file keeps the old one; the new one has mode 0600 and leaves no draft."""
    path = tmp_path / "status.json"
    write_status(path, status(1))
    with path.open() as old:
        write_status(path, status(2))
        assert json.load(old)["release"] == 1
    assert release_in(path) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["status.json"]


def test_fault_32_a_full_disk_leaves_the_old_file_intact(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the disk takes no more, the error is told and the old file is there, without a draft."""
    path = tmp_path / "status.json"
    write_status(path, status(1))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(status_file.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_status(path, status(2))
    assert release_in(path) == 1
    assert names(tmp_path) == ["status.json"]


def test_fault_33_what_a_killed_writer_left_is_no_obstacle(tmp_path: Path) -> None:
    """A draft of a killed process is replaced, a link put in its place is not followed."""
    path, victim = tmp_path / "status.json", tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / ".status.json.tmp").symlink_to(victim)
    write_status(path, status(1))
    assert (release_in(path), victim.read_text()) == (1, "mine")
    assert names(tmp_path) == ["status.json", "victim"]


async def test_the_status_is_written_at_once_and_after_every_reconcile(tmp_path: Path) -> None:
    """Other events write nothing."""
    path, manager = tmp_path / "status.json", FakeManager()
    async with Acknowledgement(path).of(manager):
        assert release_in(path) == 1
        await manager.reconciled(2)
        assert release_in(path) == 2
        path.unlink()
        manager.queue.put_nowait(Event(3, GenerationRetired("a", 1, 0)))
        await manager.queue.join()
        assert not path.exists()


async def test_a_status_file_that_cannot_be_written_is_told_once_and_again_when_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Writing fails for good reasons, such as a missing folder; nothing else is disturbed."""
    folder = tmp_path / "missing"
    manager = FakeManager()
    caplog.set_level("INFO", "rewire")
    async with Acknowledgement(folder / "status.json").of(manager):
        await manager.reconciled(2)
        assert caplog.text.count("is not written (FileNotFoundError") == 1
        folder.mkdir()
        await manager.reconciled(3)
        assert caplog.text.count("is written again") == 1
    assert release_in(folder / "status.json") == 3


async def test_without_a_path_nothing_is_written_and_nothing_followed() -> None:
    """`run` without --status-file starts no task for it."""
    before = asyncio.all_tasks()
    acknowledgement = Acknowledgement(None)
    async with acknowledgement.of(FakeManager()):
        assert asyncio.all_tasks() == before
        await acknowledgement.write(FakeManager())
