"""Where a runtime and the command line meet: a Unix socket named after the manifest.

Its folder belongs to this user alone (0700), and so does the socket (0600): whoever can open it
may command the runtime, so there is no token. A lock file beside the socket says whether its
owner lives; the kernel drops the lock with the process, however that ends, so a stale socket is
known for sure and replaced.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import tempfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import IO

__all__ = ["AlreadyRunningError", "Rendezvous", "UnsafeFolderError", "demand_own", "socket_path"]

LONGEST = 103  # bytes of sun_path on macOS without its final NUL; Linux has four more
BACKLOG = 64


class AlreadyRunningError(RewireError):
    """Say that another process runs this manifest already."""

    def __init__(self, manifest: str, process: int | None) -> None:
        super().__init__(manifest, process)
        self.manifest = manifest
        self.process = process

    def __str__(self) -> str:
        who = f"process {self.process}" if self.process else "another process"
        return f"{self.manifest} is run by {who} already"


class UnsafeFolderError(RewireError):
    """Say that the folder of the sockets may not be trusted."""

    def __init__(self, folder: str, reason: str) -> None:
        super().__init__(folder, reason)
        self.folder = folder
        self.reason = reason

    def __str__(self) -> str:
        return f"the folder {self.folder} is not safe for a socket: {self.reason}"


def socket_path(
    manifest: str | os.PathLike[str], environment: Mapping[str, str] | None = None
) -> Path:
    """Return where the runtime of a manifest listens, whether or not there is one.

    The same file has the same socket, by whatever links and relative paths it is reached.
    """
    variables = os.environ if environment is None else environment
    real = os.fsencode(Path(manifest).resolve())
    name = f"{sha256(real).hexdigest()[:16]}.sock"
    paths = [folder / name for folder in _folders(variables)]
    # A path that does not fit into sun_path cannot be bound; /tmp always fits.
    return next((path for path in paths if len(os.fsencode(path)) <= LONGEST), paths[-1])


def _folders(variables: Mapping[str, str]) -> Iterator[Path]:
    runtime = variables.get("XDG_RUNTIME_DIR", "")
    # The specification wants a relative one ignored; containers often set one that is not there.
    if runtime.startswith("/") and Path(runtime).is_dir():
        yield Path(runtime) / "rewire"
    own = f"rewire-{os.getuid()}"
    yield Path(tempfile.gettempdir()) / own
    yield Path("/tmp") / own  # noqa: S108 -- its owner and mode are checked before use


class Rendezvous:
    """The socket of one running manifest; ``with`` claims it and gives it up."""

    def __init__(self, manifest: str, path: Path | None = None) -> None:
        self.manifest = manifest
        self.path = path or socket_path(manifest)
        self._lock: IO[str] | None = None
        self._listener: socket.socket | None = None

    def __enter__(self) -> socket.socket:
        """Claim the manifest and return the listening socket.

        Raises AlreadyRunningError, UnsafeFolderError, or the OSError of the file system.
        """
        with contextlib.suppress(FileExistsError):
            self.path.parent.mkdir(mode=0o700)
        demand_own(self.path.parent)
        self._lock = self._claim()
        try:
            self._listener = self._listen()
        except BaseException:
            self.close()
            raise
        return self._listener

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the manifest up; any further time does nothing."""
        if self._lock is None:
            return
        # The lock file stays: to unlink it could take it away from under the next owner.
        self.path.unlink(missing_ok=True)
        if self._listener is not None:
            self._listener.close()
        self._lock.close()
        self._lock = None

    def _claim(self) -> IO[str]:
        path = self.path.with_suffix(".lock")
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.fdopen(os.open(path, flags, 0o600), "r+", encoding="ascii")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            written = lock.read(20).strip()
            lock.close()
            raise AlreadyRunningError(
                self.manifest, int(written) if written.isdecimal() else None
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return lock

    def _listen(self) -> socket.socket:
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listener.bind(str(self.path))
            # Nobody can connect between bind and here: it does not listen, and the folder is 0700.
            self.path.chmod(0o600)
            listener.listen(BACKLOG)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
        return listener


def demand_own(folder: Path) -> None:
    """Raise UnsafeFolderError unless a folder is this user's alone: /tmp is anybody's."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeFolderError(str(folder), "it is not a folder")
    if found.st_uid != os.getuid():
        raise UnsafeFolderError(str(folder), "it belongs to another user")
    if found.st_mode & 0o077:
        raise UnsafeFolderError(str(folder), "others have access to it; its mode must be 0700")
