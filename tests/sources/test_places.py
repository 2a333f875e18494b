"""What is watched: every directory entry that decides which bytes a path leads to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rewire.sources.mounts import deaf_mount, filesystem
from rewire.sources.places import cover, places


def named(root: Path, path: str) -> list[str]:
    """Return the places as they look from `root`."""
    return [os.path.relpath(place, root) for place in places(str(root / path))]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a folder whose own path holds no symlink."""
    return tmp_path.resolve()


def test_a_plain_file_is_one_entry_of_its_directory(root: Path) -> None:
    """Whether it exists or not."""
    assert named(root, "file") == ["file"]
    (root / "file").touch()
    assert named(root, "file") == ["file"]
    assert cover([str(root / "file")]).paths == [str(root)]


def test_every_symlink_on_the_way_is_an_entry(root: Path) -> None:
    """The file's, the directory's, and one inside another's target."""
    (root / "real" / "2026").mkdir(parents=True)
    (root / "real" / "2026" / "file").touch()
    (root / "real" / "now").symlink_to("2026")
    (root / "current").symlink_to(root / "real")
    (root / "file").symlink_to("current/now/file")
    assert named(root, "file") == ["file", "current", "real/now", "real/2026/file"]


def test_a_missing_directory_is_represented_by_its_nearest_parent(root: Path) -> None:
    """Its appearance is then seen there."""
    assert named(root, "a/b/file") == ["a"]
    (root / "dangling").symlink_to("gone/file")
    assert named(root, "dangling") == ["dangling", "gone"]


def test_a_circle_of_symlinks_ends(root: Path) -> None:
    """As it does for the kernel."""
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    assert set(named(root, "a/file")) == {"a", "b"}


def test_another_directory_under_the_same_name_is_another_coverage(root: Path) -> None:
    """The old watch follows the old directory."""
    (root / "conf").mkdir()
    before = cover([str(root / "conf" / "file")])
    assert cover([str(root / "conf" / "file")]) == before
    (root / "other").mkdir()
    (root / "conf").rename(root / "old")
    (root / "other").rename(root / "conf")
    assert cover([str(root / "conf" / "file")]) != before


def test_only_entries_that_matter_concern_a_coverage(root: Path) -> None:
    """A log file beside the manifest wakes nobody; the directory's own end does."""
    coverage = cover([str(root / "file")])
    assert coverage.concerns([str(root / "file"), str(root / "log")])
    assert not coverage.concerns([str(root / "log")])
    assert coverage.lost([str(root)])
    assert not coverage.lost([str(root / "log")])


MOUNTINFO = r"""
22 1 0:20 / / rw,relatime - overlay overlay rw
31 22 0:35 / /srv rw - ext4 /dev/sda1 rw
32 22 0:36 / /srv/app\040data rw shared:7 master:1 - nfs4 server:/export rw
33 22 0:37 / /home/me rw - fuse.sshfs me@host: rw
34 22 0:38 / /mnt rw - ext4 /dev/sdb1 rw
35 22 0:39 / /mnt rw - cifs //host/share rw
"""


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("/etc", "overlay"),
        ("/srv", "ext4"),
        ("/srvx", "overlay"),
        ("/srv/app data/conf", "nfs4"),
        ("/home/me", "fuse.sshfs"),
        ("/mnt/x", "cifs"),
    ],
)
def test_the_innermost_and_latest_mount_holds_a_directory(directory: str, kind: str) -> None:
    """As proc(5) describes the table; a mount point ends at a slash, and blanks are escaped."""
    assert filesystem(directory, MOUNTINFO) == kind


def test_a_mount_that_does_not_report_foreign_changes_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Overlay and local disks are watched; network and FUSE mounts are not trusted (fault 8)."""
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTINFO)
    monkeypatch.setattr("rewire.sources.mounts.MOUNTS", str(table))
    assert deaf_mount(["/etc", "/srv"]) is None
    assert deaf_mount(["/etc", "/home/me"]) == (
        "/home/me is on fuse.sshfs, which does not report changes made elsewhere"
    )
    table.unlink()
    assert deaf_mount(["/home/me"]) is None
