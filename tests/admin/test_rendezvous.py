"""Where a runtime and the command line meet."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.admin import rendezvous
from rewire.admin.rendezvous import (
    AlreadyRunningError,
    Rendezvous,
    UnsafeFolderError,
    demand_own,
    socket_path,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Claims the manifest in another process, says so, and waits to be ended.
OWNER = """
import sys
from pathlib import Path
from rewire.admin.rendezvous import Rendezvous
with Rendezvous("a.toml", Path(sys.argv[1])):
    print("claimed", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder with a short name: a socket's path is short."""
    with tempfile.TemporaryDirectory(prefix="rw") as name:
        yield Path(name)


@pytest.fixture
def path(folder: Path) -> Path:
    """Return where a socket may be."""
    return folder / "rewire" / "a.sock"


def modes(path: Path) -> tuple[int, int]:
    """Return the modes of a socket and its folder."""
    return stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)


def test_the_socket_and_its_folder_are_their_users_alone(path: Path) -> None:
    """Mode 0600 in 0700, whatever the umask; it takes connections, and is gone afterwards."""
    umask = os.umask(0)
    try:
        with Rendezvous("a.toml", path), socket.socket(socket.AF_UNIX) as client:
            assert modes(path) == (0o600, 0o700)
            client.connect(str(path))
    finally:
        os.umask(umask)
    assert not path.exists()


def test_the_same_file_has_the_same_socket_by_whatever_way_it_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links and relative paths lead to it; another file has another one."""
    manifest, other = tmp_path / "a.toml", tmp_path / "b.toml"
    manifest.touch()
    other.touch()
    (tmp_path / "link.toml").symlink_to(manifest)
    monkeypatch.chdir(tmp_path)
    ways = [manifest, "a.toml", "link.toml", "../" + tmp_path.name + "/a.toml"]
    assert len({socket_path(way) for way in ways}) == 1
    assert socket_path(other) != socket_path(manifest)


def test_the_users_runtime_folder_is_preferred_if_it_is_there_and_short(folder: Path) -> None:
    """A missing, relative or long XDG_RUNTIME_DIR gives way to a folder of the user in /tmp."""
    own = f"rewire-{os.getuid()}"
    long = folder / ("x" * 90)
    long.mkdir()
    for value, expected in [
        (str(folder), folder / "rewire"),
        (str(folder / "missing"), Path(tempfile.gettempdir()) / own),
        ("relative", Path(tempfile.gettempdir()) / own),
        (str(long), Path(tempfile.gettempdir()) / own),
        ("", Path(tempfile.gettempdir()) / own),
    ]:
        found = socket_path("a.toml", {"XDG_RUNTIME_DIR": value})
        assert found.parent == expected
        assert len(os.fsencode(found)) <= 103


def test_a_temporary_folder_with_a_long_name_gives_way_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The path always fits into the 104 bytes that a socket's address has."""
    monkeypatch.setattr(rendezvous.tempfile, "gettempdir", lambda: str(tmp_path / ("x" * 99)))
    assert socket_path("a.toml", {}).parent == Path("/tmp") / f"rewire-{os.getuid()}"


def test_a_living_owner_is_named_and_keeps_its_socket(path: Path) -> None:
    """The second runtime of a manifest is refused, and the first one goes on."""
    with Rendezvous("a.toml", path), socket.socket(socket.AF_UNIX) as client:
        with (
            pytest.raises(AlreadyRunningError, match=f"a.toml is run by process {os.getpid()} al"),
            Rendezvous("a.toml", path),
        ):
            pass
        client.connect(str(path))


def test_a_killed_owners_socket_is_replaced(path: Path) -> None:
    """However a process ends, the next one takes over."""
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"claimed\n"
        with pytest.raises(AlreadyRunningError) as refused, Rendezvous("a.toml", path):
            pass
        assert refused.value.process == owner.pid
        owner.kill()
        owner.wait()
    assert path.is_socket()
    with Rendezvous("a.toml", path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_manifest_may_be_claimed_again_after_it_was_given_up(path: Path) -> None:
    """Closing twice is closing once."""
    first = Rendezvous("a.toml", path)
    with first:
        pass
    with Rendezvous("a.toml", path):
        first.close()
        assert path.exists()


def test_a_folder_that_others_can_reach_is_not_used(path: Path) -> None:
    """In /tmp anybody may have made the folder first."""
    path.parent.mkdir(mode=0o700)
    path.parent.chmod(0o750)
    with pytest.raises(UnsafeFolderError, match="its mode must be 0700"), Rendezvous("a", path):
        pass


def test_a_link_is_no_folder_and_another_users_folder_is_not_ours(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link in place of the folder could lead anywhere."""
    (folder / "link").symlink_to(folder)
    with pytest.raises(UnsafeFolderError, match="not a folder"):
        demand_own(folder / "link")
    monkeypatch.setattr(rendezvous.os, "getuid", lambda: os.geteuid() + 1)
    with pytest.raises(UnsafeFolderError, match="another user"):
        demand_own(folder)
