"""Read files that somebody else named, without being hung, flooded or led astray by them.

A manifest may point anywhere, so a path is a claim: it may be a FIFO that never answers, a
device that never ends, or `/proc/self/environ`, which ends and tells all. Only regular files
up to a given size are read. Symlinks and absolute paths are fine: mounted Kubernetes Secrets
are both. What a file says, and whether it had to be there, is for the caller to judge; a file
that is missing or may not be read raises the plain `OSError`.
"""

from __future__ import annotations

import asyncio
import os
import stat
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FileRefused", "read_off_loop", "read_regular_file", "world_readable"]

KERNEL_ROOTS = ("/proc", "/sys", "/dev")

_T = TypeVar("_T")


class FileRefused(RewireError):  # noqa: N818 -- a verdict on the file, not a failed operation
    """Say that a file is there, and is of a kind or a size that is not read."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f'the file "{self.path}" is not read: {self.reason}'


def read_regular_file(
    path: str | os.PathLike[str],
    *,
    max_size: int,
    outside: tuple[str, ...] = KERNEL_ROOTS,
) -> bytes:
    """Return the bytes of a regular file of at most `max_size` bytes.

    `outside` names the trees in which the file may not lie, after symlinks. Raises
    `FileRefused` for a file of the wrong kind, place or size, and `OSError` for one that is
    missing or may not be read.
    """
    name = os.fsdecode(path)
    try:
        real = os.path.realpath(name)
        for root in outside:
            if os.path.commonpath((real, root)) == root:
                raise FileRefused(name, f"it lies under {root}")
        # Merely opening a device can act on it, so its kind is looked at before, and again after.
        _demand_regular(name, os.stat(name), max_size)
        # A FIFO put there in between would block an open without O_NONBLOCK for ever.
        descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except ValueError as error:
        raise FileRefused(name, "the path holds a NUL character") from error
    try:
        size = _demand_regular(name, os.fstat(descriptor), max_size)
        return _drain(descriptor, name, size, max_size)
    finally:
        os.close(descriptor)


def _demand_regular(name: str, found: os.stat_result, max_size: int) -> int:
    if not stat.S_ISREG(found.st_mode):
        raise FileRefused(name, "it is not a regular file")
    if found.st_size > max_size:
        raise FileRefused(name, f"it is larger than {_size(max_size)}")
    return found.st_size


def _drain(descriptor: int, name: str, size: int, max_size: int) -> bytes:
    """Read to the end, which a growing file may have moved since its size was taken."""
    chunks: list[bytes] = []
    total = 0
    while chunk := os.read(descriptor, size + 1):
        chunks.append(chunk)
        total += len(chunk)
        if total > max_size:
            raise FileRefused(name, f"it is larger than {_size(max_size)}")
    return b"".join(chunks)


def _size(count: int) -> str:
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit} {name}"
    return f"{count} bytes"


def world_readable(path: str | os.PathLike[str]) -> bool:
    """Say whether every user of the machine may read the file that `path` leads to."""
    return bool(os.stat(path).st_mode & stat.S_IROTH)


async def read_off_loop(work: Callable[[], _T]) -> _T:
    """Run a blocking function in a thread of its own and await what it returns.

    The loop's executor would not do: the application may have filled it with work of its own,
    and a read that hangs on a dead network mount would keep the process from ending. A daemon
    thread costs about 0.1 ms and is gone when the function returns.
    """
    outcome: Future[_T] = Future()
    outcome.set_running_or_notify_cancel()  # from here on a cancelled waiter cannot cancel it

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 -- it is the waiter's to handle
            outcome.set_exception(error)

    try:
        Thread(target=run, name="rewire-read", daemon=True).start()
    except RuntimeError:  # no thread to be had: a short stall is better than to read nothing
        run()
    return await asyncio.wrap_future(outcome)
