"""When native watching fails, is deaf or dies, polling goes on, says so, and is left again."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import pytest

from rewire.sources import watch
from rewire.sources.file import FileSource
from tests.sources.following import eventually, following


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a manifest that is there."""
    path = tmp_path / "connections.toml"
    path.write_bytes(b"0")
    return path


class Deaf:
    """Hear nothing, until it is told to stop or to die."""

    def __init__(self, death: BaseException | None = None) -> None:
        self.death = death

    def watch(self, debounce: int, step: int, timeout: int, stop: threading.Event) -> str:
        if self.death:
            raise self.death
        stop.wait()
        return "stop"

    def close(self) -> None:
        pass


def exhausted(directories: list[str]) -> watch.Notifier:
    """Fail as inotify does at its limit."""
    raise OSError(errno.ENOSPC, "OS file watch limit reached")


async def test_without_native_watching_edits_are_polled_for_and_the_status_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No inotify, or its limit reached (faults 8 and 9)."""
    monkeypatch.setattr(watch, "open_notifier", exhausted)
    source = FileSource(path, poll_interval=0.02)
    async with following(source) as follower:
        for number in range(1, 4):
            path.write_bytes(b"%d" % number)
            assert await follower.data() == b"%d" % number
        assert source.mode == "poll"
        assert source.degraded == "[Errno 28] OS file watch limit reached"
    assert (source.mode, source.degraded) == ("off", None)


async def test_native_watching_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the limit is lifted the polling ends, and the condition with it (fault 9)."""
    original, tries = watch.open_notifier, []

    def limited(directories: list[str]) -> watch.Notifier:
        tries.append(directories)
        return exhausted(directories) if len(tries) < 4 else original(directories)

    monkeypatch.setattr(watch, "open_notifier", limited)
    monkeypatch.setattr(watch, "FIRST_RETRY", 0.01)
    source = FileSource(path, poll_interval=0.02)
    async with following(source) as follower:
        await eventually(lambda: len(tries) >= 4)
        await eventually(lambda: source.mode == "native")
        assert source.degraded is None
        path.write_bytes(b"1")
        assert await follower.data() == b"1"


class Panic(BaseException):
    """Be no Exception, as a panic in Rust is none."""


@pytest.mark.parametrize("death", [RuntimeError("inotify went away"), Panic("panicked")])
async def test_a_watcher_that_dies_is_started_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, death: BaseException
) -> None:
    """Whatever kills it, no edit is lost (fault 9)."""
    original = watch.open_notifier
    lives: list[watch.Notifier] = []

    def mortal(directories: list[str]) -> watch.Notifier:
        lives.append(Deaf(death) if len(lives) < 2 else original(directories))
        return lives[-1]

    monkeypatch.setattr(watch, "open_notifier", mortal)
    monkeypatch.setattr(watch, "FIRST_RETRY", 0.05)
    source = FileSource(path, poll_interval=0.02)
    async with following(source) as follower:
        for number in range(1, 4):
            path.write_bytes(b"%d" % number)
            assert await follower.data() == b"%d" % number
        await eventually(lambda: len(lives) == 3 and source.mode == "native")


async def test_an_edit_that_only_the_resync_found_ends_the_trust_in_the_watcher(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that overflowed or a mount that reports nothing shows in just this way (fault 9)."""
    monkeypatch.setattr(watch, "open_notifier", lambda directories: Deaf())
    source = FileSource(path, poll_interval=0.02, resync=0.3)
    async with following(source) as follower:
        await eventually(lambda: source.mode == "native")
        while await follower.data() != b"0":
            pass
        path.write_bytes(b"1")
        while await follower.data() != b"1":
            pass
        await eventually(lambda: source.mode == "poll")
        assert source.degraded == "an edit was found that the watcher did not report"


async def test_a_mount_that_reports_nothing_is_polled_from_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On NFS nobody has to wait for the first resync (fault 8)."""
    monkeypatch.setattr(watch, "deaf_mount", lambda directories: f"{directories[0]} is on nfs4")
    source = FileSource(path, poll_interval=0.02)
    async with following(source) as follower:
        path.write_bytes(b"1")
        assert await follower.data() == b"1"
        assert source.mode == "poll"
        assert source.degraded == f"{path.parent} is on nfs4"


async def test_a_directory_that_vanishes_while_the_watch_is_armed_is_no_failure(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to watch is computed again, at once."""
    original, tries = watch.open_notifier, []

    def racing(directories: list[str]) -> watch.Notifier:
        tries.append(directories)
        if len(tries) == 1:
            raise FileNotFoundError(directories[0])
        return original(directories)

    monkeypatch.setattr(watch, "open_notifier", racing)
    source = FileSource(path)
    async with following(source) as follower:
        path.write_bytes(b"1")
        assert await follower.data() == b"1"
        assert (source.mode, source.degraded) == ("native", None)


def test_a_system_without_native_watching_is_an_error_not_a_hidden_poll(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Watchfiles polls by itself where inotify is missing, without a word; we would rather say."""
    from watchfiles import _rust_notify

    real = _rust_notify.RustNotify

    def polling(directories: list[str], *rest: bool | int) -> object:
        return real(directories, False, True, 1000, False, False)

    monkeypatch.setattr(_rust_notify, "RustNotify", polling)
    with pytest.raises(OSError, match="no native file watching"):
        watch.open_notifier([str(tmp_path)])


def test_the_thread_ends_when_nobody_listens_any_more(path: Path) -> None:
    """An event loop that is closed without closing the source leaves no thread for ever."""

    def closed_loop() -> None:
        raise RuntimeError("Event loop is closed")

    watcher = watch.Watcher([str(path)], closed_loop, native=False, poll_interval=0.01)
    watcher._thread.join(20)
    assert not watcher._thread.is_alive()
