"""The status as a file: the acknowledgement that a file-based configuration has nowhere else.

A reader sees the old file or the new one, never a part: the new one is written beside it, synced,
and renamed. If that fails, the old file stays and nothing else happens.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rewire.status import ManagerStatus

__all__ = ["write_status"]


def write_status(path: str | os.PathLike[str], status: ManagerStatus) -> None:
    """Replace the file at ``path`` by ``status`` as JSON, readable by this user alone.

    Blocks until it is on the disk; raises ``OSError``, and then the old file is as it was.
    """
    target = Path(path).absolute()
    # One name, always: what a killed process left behind is replaced, never read, never piles up.
    draft = target.with_name(f".{target.name}.tmp")
    try:
        draft.unlink(missing_ok=True)
        _write_synced(draft, status.model_dump_json(indent=2).encode() + b"\n")
        draft.replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _write_synced(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    # A rename is on the disk when its directory is; not every file system lets one be synced.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
