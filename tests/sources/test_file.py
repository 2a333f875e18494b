"""A file is followed by its content: settled, compared, missing or there again."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from contextlib import aclosing
from pathlib import Path

import pytest

from rewire.ports import Snapshot
from rewire.sources.file import FileSource
from tests.sources.following import eventually, following

FULL = b"version = 1\n\n[http.a]\nbase_url = 'http://a'\n"


class Witness(FileSource):
    """Tell what was read: a test acts when a state has been seen, not after a while."""

    def __init__(self, path: Path, **settings: float) -> None:
        super().__init__(path, **settings)  # type: ignore[arg-type]
        self.seen: list[bytes | None] = []

    def read(self) -> Snapshot:
        snapshot = super().read()
        self.seen.append(snapshot.data)
        return snapshot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a manifest that is there."""
    path = tmp_path / "connections.toml"
    path.write_bytes(FULL)
    return path


def replace(path: Path, data: bytes) -> None:
    """Write by atomic rename."""
    fresh = path.with_name("fresh.tmp")
    fresh.write_bytes(data)
    fresh.replace(path)


# ── settling ─────────────────────────────────────────────────────────────────────────────────


async def test_a_half_written_file_is_not_yielded_inside_the_quiet_window(path: Path) -> None:
    """Truncate, then write bit by bit: one yield, of the full content (fault 1)."""
    source = Witness(path, quiet=0.4, max_delay=30.0)
    text = b"version = 1"
    async with following(source) as follower:
        for number in range(2):
            with path.open("wb", buffering=0) as file:
                await eventually(lambda: source.seen[-1] == b"")
                for end in range(1, len(text) + 1):  # in all this takes more than `quiet`
                    file.write(text[end - 1 : end])
                    await eventually(lambda end=end: source.seen[-1] == text[:end])
                file.write(b" # %d" % number)
            assert await follower.data() == text + b" # %d" % number


async def test_a_file_left_empty_is_yielded_as_no_bytes(path: Path) -> None:
    """It is the reconciler that judges an empty manifest, and it must hear of it (fault 2)."""
    async with following(FileSource(path)) as follower:
        path.write_bytes(b"")
        snapshot = await follower.next()
        assert snapshot.data == b""
        assert snapshot.why is None


async def test_quick_edits_coalesce_to_the_last(path: Path) -> None:
    """Two edits inside the quiet window are one yield (fault 10)."""
    source = Witness(path, quiet=0.6)
    async with following(source) as follower:
        replace(path, b"one")
        await eventually(lambda: source.seen[-1] == b"one")
        replace(path, b"two")
        assert await follower.data() == b"two"
        replace(path, b"three")
        assert await follower.data() == b"three"


async def test_content_that_flaps_back_is_not_yielded(path: Path) -> None:
    """A, B, A inside the quiet window is no change (fault 11)."""
    source = Witness(path, quiet=0.6)
    async with following(source) as follower:
        replace(path, b"B")
        await eventually(lambda: source.seen[-1] == b"B")
        replace(path, FULL)
        await eventually(lambda: source.seen[-1] == FULL)
        await eventually(lambda: source.seen[-5:] == [FULL] * 5)  # it has rested
        replace(path, b"C")
        assert await follower.data() == b"C"


async def test_a_file_that_never_rests_is_read_after_max_delay(path: Path) -> None:
    """`settle` ends although every read finds other bytes."""

    class Restless(FileSource):
        count = 0

        def read(self) -> Snapshot:
            self.count += 1
            return Snapshot(self.origin, b"%d" % self.count)

    async with asyncio.timeout(20):
        snapshot = await Restless(path, quiet=0.05, max_delay=0.2).settle()
    assert snapshot.data


async def test_settle_works_while_nobody_follows(path: Path) -> None:
    """`reload()` settles before the loop runs, and when watching is off."""
    source = FileSource(path, quiet=0.01, watch="off")
    snapshot = await source.settle()
    assert snapshot == source.read()
    assert snapshot.data == FULL
    assert len(snapshot.digest) == 64
    assert source.mode == "off"


# ── what is news ─────────────────────────────────────────────────────────────────────────────


async def test_the_first_content_is_yielded_unless_the_caller_has_it(path: Path) -> None:
    """Without `accept` nothing is known, so everything is news."""
    async with following(FileSource(path), known=False) as follower:
        assert await follower.data() == FULL


async def test_content_that_was_accepted_meanwhile_is_not_yielded(path: Path) -> None:
    """What `reload()` has applied is not reconciled a second time."""
    source = Witness(path, quiet=0.6)
    async with following(source) as follower:
        replace(path, b"by reload")
        await eventually(lambda: source.seen[-1] == b"by reload")
        source.accept(FileSource.read(source))
        replace(path, b"by edit")
        assert await follower.data() == b"by edit"


async def test_equal_bytes_are_no_news(path: Path) -> None:
    """A touch, a rewrite of the same bytes and a neighbour's edit are hints without content."""
    source = Witness(path)
    async with following(source) as follower:
        for act in (path.touch, lambda: replace(path, FULL), lambda: path.write_bytes(FULL)):
            count = len(source.seen)
            act()
            await eventually(lambda count=count: len(source.seen) > count)
        path.with_name("neighbour").write_bytes(b"noise")
        replace(path, b"news")
        assert await follower.data() == b"news"


async def test_a_resync_yields_equal_content_too(path: Path) -> None:
    """At every `resync` everything is read, once, and handed over; nothing is read in between."""
    source = Witness(path, resync=3600)
    async with following(source) as follower:
        await eventually(lambda: len(source.seen) == 2)  # ours, and the one when the watch stood
        source.retune(resync=0.1)
        assert await follower.data() == FULL
        count = len(source.seen)
        for number in range(1, 4):
            assert await follower.data() == FULL
            assert len(source.seen) == count + number


async def test_retune_holds_at_once(path: Path) -> None:
    """A shorter resync does not wait for the end of the longer one."""
    source = FileSource(path, resync=3600, watch="off")
    async with following(source) as follower:
        await asyncio.sleep(0)
        source.retune(resync=0.01, quiet=0.01, max_delay=0.1, jitter=0.0)
        assert await follower.data() == FULL


async def test_without_watching_only_the_resync_finds_an_edit(path: Path) -> None:
    """`watch="off"` starts no thread, and an edit still arrives."""
    source = FileSource(path, watch="off", resync=0.1)
    async with following(source) as follower:
        replace(path, b"edit")
        while await follower.data() != b"edit":
            pass
        assert source.mode == "off"
        assert not [t for t in threading.enumerate() if t.name == "rewire-watch"]


async def test_jitter_delays_the_reading_and_loses_nothing(path: Path) -> None:
    """What is yielded after the random delay is what is there then (fault 58)."""
    async with following(FileSource(path, jitter=0.05)) as follower:
        for number in range(3):
            replace(path, b"%d" % number)
            assert await follower.data() == b"%d" % number


# ── missing, and back ────────────────────────────────────────────────────────────────────────


async def test_a_deleted_file_is_yielded_once_as_missing_and_again_when_it_is_back(
    path: Path,
) -> None:
    """Clients keep serving meanwhile: a missing source is not an empty one (fault 5)."""
    source = Witness(path, poll_interval=0.02)
    async with following(source) as follower:
        for _ in range(3):
            path.unlink()
            snapshot = await follower.next()
            assert (snapshot.data, snapshot.digest) == (None, "")
            assert snapshot.why == "no such file or directory"
            count = len(source.seen)
            await eventually(lambda count=count: len(source.seen) > count + 3)
            path.write_bytes(FULL)
            assert await follower.data() == FULL


async def test_a_file_that_does_not_exist_yet_is_found_when_it_appears(tmp_path: Path) -> None:
    """Not even its folder has to be there."""
    path = tmp_path / "a" / "b" / "connections.toml"
    source = FileSource(path)
    async with following(source) as follower:
        await eventually(lambda: source.mode == "native")
        path.parent.mkdir(parents=True)
        path.write_bytes(FULL)
        assert await follower.data() == FULL


async def test_unreadable_content_is_looked_for_without_a_hint(path: Path) -> None:
    """When descriptors run out no event tells of their return (fault 80)."""

    class Starved(FileSource):
        starved = False

        def read(self) -> Snapshot:
            if self.starved:
                return Snapshot(self.origin, None, why="too many open files")
            return super().read()

    source = Starved(path, poll_interval=0.02)
    async with following(source) as follower:
        source.starved = True
        path.touch()
        assert (await follower.next()).why == "too many open files"
        source.starved = False
        assert await follower.data() == FULL
        assert source.degraded is None


def test_a_manifest_above_the_size_cap_is_missing_with_the_reason(path: Path) -> None:
    """The cap is checked before the first byte is read (fault 21)."""
    os.truncate(path, 33 << 20)
    assert FileSource(path).read().why == "it is larger than 32 MiB"


def test_a_manifest_that_is_no_file_is_missing_with_the_reason(tmp_path: Path) -> None:
    """A directory or a FIFO in the manifest's place neither hangs nor raises."""
    os.mkfifo(tmp_path / "fifo")
    for name in ("", "fifo"):
        assert FileSource(tmp_path / name).read().why == "it is not a regular file"


def test_the_origin_is_what_the_user_wrote(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages name the file as the user does; a later chdir changes nothing."""
    monkeypatch.chdir(path.parent)
    source = FileSource("connections.toml")
    monkeypatch.chdir("/")
    assert source.origin == "connections.toml"
    assert source.read().data == FULL


# ── the files that the manifest names ────────────────────────────────────────────────────────


@pytest.mark.parametrize("watch", ["auto", "poll"])
async def test_a_rotated_secret_is_seen_though_size_and_times_are_equal(
    path: Path, tmp_path: Path, watch: str
) -> None:
    """It is the bytes that are compared (fault 29)."""
    secret = tmp_path / "secrets" / "token"
    secret.parent.mkdir()
    secret.write_bytes(b"aaaa")
    source = Witness(path, watch=watch, poll_interval=0.02)  # type: ignore[arg-type]
    async with following(source) as follower:
        await eventually(lambda: source.mode != "off")
        source.watch_also([str(secret)])
        await eventually(lambda: source._others[str(secret)] is not None)
        for value in (b"bbbb", b"cccc", b"dddd"):
            before = secret.stat()
            secret.write_bytes(value)
            os.utime(secret, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert await follower.data() == FULL


async def test_a_change_between_reading_a_secret_and_watching_it_is_seen(
    path: Path, tmp_path: Path
) -> None:
    """What the caller says it has read is what a look is compared with."""
    secret = tmp_path / "token"
    secret.write_bytes(b"new")
    source = FileSource(path)
    async with following(source) as follower:
        source.watch_also([str(secret)], seen={str(secret): b"new"})
        source.watch_also([str(secret)], seen={str(secret): b"old"})
        assert await follower.data() == FULL


async def test_a_secret_is_missed_and_found_again(path: Path, tmp_path: Path) -> None:
    """A file that is named before it exists is watched as well."""
    secret = tmp_path / "mount" / "token"
    source = FileSource(path)
    async with following(source) as follower:
        source.watch_also([str(secret)], seen={str(secret): None})
        secret.parent.mkdir()
        secret.write_bytes(b"here")
        assert await follower.data() == FULL
        secret.unlink()
        assert await follower.data() == FULL


async def test_a_file_that_is_no_longer_named_is_no_longer_watched(
    path: Path, tmp_path: Path
) -> None:
    """Each call of `watch_also` stands for the whole set."""
    secret = tmp_path / "token"
    secret.write_bytes(b"a")
    source = FileSource(path)
    async with following(source) as follower:
        source.watch_also([str(secret)], seen={str(secret): b"a"})
        source.watch_also([])
        secret.write_bytes(b"b")
        replace(path, b"edit")
        assert await follower.data() == b"edit"


async def test_what_must_not_be_read_does_not_stop_the_source(path: Path, tmp_path: Path) -> None:
    """A FIFO, an endless device or the process's environment among the named files (fault 26)."""
    os.mkfifo(tmp_path / "fifo")
    source = FileSource(path)
    async with following(source) as follower:
        source.watch_also([f"{tmp_path}/fifo", "/dev/zero", "/proc/self/environ", "a\0b"])
        replace(path, b"edit")
        assert await follower.data() == b"edit"


async def test_saying_the_same_again_costs_nothing(path: Path, tmp_path: Path) -> None:
    """The manager states files and times after every pass; equal ones wake nobody."""
    secret = tmp_path / "token"
    source = Witness(path)
    source.watch_also([str(secret)], seen={str(secret): None})
    async with following(source):
        await eventually(lambda: len(source.seen) == 2)
        source.watch_also([str(secret)], seen={str(secret): None})
        source.watch_also([str(secret)])
        source.retune(quiet=0.1, resync=60.0)
        source.accept(source.read())
        assert source._hint is not None
        assert not source._hint.is_set()


# ── what it costs, and what is left ──────────────────────────────────────────────────────────


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors in /proc")
@pytest.mark.parametrize("watch", ["auto", "poll"])
async def test_nothing_is_left_behind(path: Path, tmp_path: Path, watch: str) -> None:
    """Cancelled or closed: no task, no thread and no descriptor stays."""

    def held() -> tuple[int, int, int]:
        descriptors = len(list(Path("/proc/self/fd").iterdir()))
        natives = len(list(Path("/proc/self/task").iterdir()))
        return descriptors, natives, len(threading.enumerate())

    source = FileSource(path, watch=watch, poll_interval=0.02)  # type: ignore[arg-type]
    async with following(source):  # the first time imports watchfiles
        await eventually(lambda: source.mode != "off")
    before = held()
    for number in range(10):
        async with following(source) as follower:
            if number % 2:
                source.watch_also([str(tmp_path / "x" / "y")])
                replace(path, b"%d" % number)
                await follower.next()
        assert source.mode == "off"
    source.accept(Snapshot(source.origin, None))
    async with aclosing(source.changes()) as changes:
        await anext(changes)  # closed while it is suspended at a yield
    await eventually(lambda: held() <= before)
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_importing_the_source_does_not_import_watchfiles() -> None:
    """A check that watches nothing does not pay for it."""
    code = "import sys, rewire.sources.file; sys.exit('watchfiles' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": sys.path[0]})
