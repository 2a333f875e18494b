"""Files that a manifest names are read only if reading them ends, and tells nothing it must not."""

from __future__ import annotations

import asyncio
import os
import pickle
import threading
from pathlib import Path

import pytest

from rewire.errors import RewireError
from rewire.sources.reading import FileRefused, read_off_loop, read_regular_file, world_readable
from tests.sources.following import eventually


def refusal(path: str | Path, max_size: int = 1 << 20) -> str:
    """Return why a file is refused."""
    with pytest.raises(FileRefused) as caught:
        read_regular_file(path, max_size=max_size)
    return caught.value.reason


def test_a_regular_file_is_read_through_symlinks_and_by_absolute_path(tmp_path: Path) -> None:
    """Mounted Kubernetes Secrets are both."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "token").write_bytes(b"s3cret\n")
    (tmp_path / "token").symlink_to("..data/token")
    assert read_regular_file(tmp_path / "token", max_size=7) == b"s3cret\n"
    (tmp_path / "empty").touch()
    assert read_regular_file(tmp_path / "empty", max_size=0) == b""


def test_what_is_no_regular_file_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    """A FIFO without a writer would block for ever (fault 26)."""
    os.mkfifo(tmp_path / "fifo")
    assert refusal(tmp_path / "fifo") == "it is not a regular file"
    assert refusal(tmp_path) == "it is not a regular file"


def test_a_fifo_that_took_the_files_place_is_refused_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at a path and its opening it may become something else (fault 26)."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").touch()
    regular = (tmp_path / "file").stat()
    with monkeypatch.context() as patch:
        patch.setattr(os, "stat", lambda path, **_: regular)
        reason = refusal(tmp_path / "fifo")
    assert reason == "it is not a regular file"


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/tty", "/proc/self/environ", "/sys/kernel/x", "/proc"]
)
def test_the_kernels_trees_are_refused_also_behind_a_symlink(tmp_path: Path, path: str) -> None:
    """`/proc/self/environ` counts as regular, ends, and tells every secret (fault 26)."""
    (tmp_path / "link").symlink_to(path)
    root = f"it lies under /{path.split('/')[1]}"
    assert refusal(path) == refusal(tmp_path / "link") == root


def test_a_tree_whose_name_only_begins_like_the_kernels_is_fine(tmp_path: Path) -> None:
    """`/devel/token` is not in `/dev`."""
    (tmp_path / "devel").mkdir()
    (tmp_path / "devel" / "token").write_bytes(b"x")
    data = read_regular_file(
        tmp_path / "devel" / "token", max_size=1, outside=(str(tmp_path / "dev"),)
    )
    assert data == b"x"


def test_a_file_above_the_cap_is_refused_before_and_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The size is checked by fstat, and again by what comes: a file may grow under the reader."""
    path = tmp_path / "ca.pem"
    path.write_bytes(b"x" * 1025)
    assert refusal(path, 1024) == "it is larger than 1 KiB"
    assert refusal(path, 1000) == "it is larger than 1000 bytes"
    assert len(read_regular_file(path, max_size=1025)) == 1025
    small = path.stat()
    path.write_bytes(b"x" * 5000)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fstat", lambda descriptor: small)
        patch.setattr(os, "stat", lambda path, **_: small)
        data = read_regular_file(path, max_size=8192)
        reason = refusal(path, 2048)
    assert len(data) == 5000
    assert reason == "it is larger than 2 KiB"


def test_a_path_with_a_nul_is_refused() -> None:
    """Python raises ValueError for it, which nobody expects of a file."""
    assert refusal("a\0b") == "the path holds a NUL character"


def test_a_missing_file_is_the_systems_own_error(tmp_path: Path) -> None:
    """Whether that is a fault, the caller knows."""
    with pytest.raises(FileNotFoundError):
        read_regular_file(tmp_path / "none", max_size=1)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts descriptors in /proc")
def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    """Neither after a success nor after a refusal."""
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    before = len(list(Path("/proc/self/fd").iterdir()))
    read_regular_file(path, max_size=5)
    refusal(path, 4)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_refusal_is_one_of_ours_tells_why_and_pickles() -> None:
    """It carries data, and builds its message when asked."""
    error = pickle.loads(pickle.dumps(FileRefused("/a", "it is not a regular file")))  # noqa: S301
    assert isinstance(error, RewireError)
    assert str(error) == 'the file "/a" is not read: it is not a regular file'


def test_a_file_that_everybody_may_read_is_told(tmp_path: Path) -> None:
    """Through a symlink it is the target that counts (fault 31)."""
    path = tmp_path / "token"
    path.touch()
    (tmp_path / "link").symlink_to(path)
    for mode, expected in ((0o600, False), (0o640, False), (0o644, True)):
        path.chmod(mode)
        assert world_readable(path) is world_readable(tmp_path / "link") is expected


async def test_work_off_the_loop_returns_or_raises_what_the_work_did() -> None:
    """The loop's thread does not run it."""
    assert await read_off_loop(threading.current_thread) is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        await read_off_loop(lambda: 1 // 0)


async def test_a_cancelled_wait_does_not_disturb_the_work() -> None:
    """The thread ends by itself, silently."""
    begun, go = threading.Event(), threading.Event()
    threads: list[threading.Thread] = []

    def work() -> None:
        threads.append(threading.current_thread())
        begun.set()
        go.wait()

    task = asyncio.create_task(read_off_loop(work))
    await eventually(begun.is_set)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    threads[0].join(20)
    assert not threads[0].is_alive()


async def test_where_no_thread_is_to_be_had_the_work_is_done_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A short stall of the loop is better than a source that stops."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert await read_off_loop(lambda: 42) == 42
