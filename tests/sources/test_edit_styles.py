"""Whatever way a file is changed in, each change is seen, and seen once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rewire.sources.file import FileSource
from tests.sources.following import following


def text(number: int) -> bytes:
    """Return what the file holds after an edit."""
    return b"version = 1\n" + b"# edit\n" * number


class InPlace:
    """Open the file and write into it, as `echo >` does."""

    def __init__(self, root: Path) -> None:
        self.path = root / "connections.toml"
        self.path.write_bytes(text(0))

    def edit(self, number: int) -> None:
        self.path.write_bytes(text(number))


class AtomicRename(InPlace):
    """Write a temporary file and rename it over the old one, as careful programs do."""

    def edit(self, number: int) -> None:
        fresh = self.path.with_suffix(".tmp")
        fresh.write_bytes(text(number))
        fresh.replace(self.path)


class UnlinkAndCreate(InPlace):
    """Delete the file and create another, as `git checkout` does."""

    def edit(self, number: int) -> None:
        self.path.unlink()
        self.path.write_bytes(text(number))


class BackupRename(InPlace):
    """Rename the old file to a backup and write a new one, as Vim and Emacs do."""

    def edit(self, number: int) -> None:
        self.path.replace(f"{self.path}~")
        self.path.write_bytes(text(number))


class DataSwap:
    """Swap the symlink `..data` between directories, as the kubelet does for a ConfigMap."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "connections.toml"
        self.edit(0)
        self.path.symlink_to("..data/connections.toml")

    def edit(self, number: int) -> None:
        data = self.root / "..data"
        old = self.root / data.readlink() if data.is_symlink() else None
        fresh = self.root / f"..2026_{number}"
        fresh.mkdir()
        (fresh / "connections.toml").write_bytes(text(number))
        link = self.root / "..data_tmp"
        link.symlink_to(fresh.name)
        link.replace(data)
        if old:
            shutil.rmtree(old)


class TargetElsewhere:
    """Edit the file that a symlink points to, in another directory."""

    def __init__(self, root: Path) -> None:
        (root / "here").mkdir()
        (root / "elsewhere").mkdir()
        self.path = root / "here" / "connections.toml"
        self.target = root / "elsewhere" / "real.toml"
        self.target.write_bytes(text(0))
        self.path.symlink_to("../elsewhere/real.toml")

    def edit(self, number: int) -> None:
        if number % 2:
            self.target.write_bytes(text(number))
        else:
            fresh = self.target.with_suffix(".tmp")
            fresh.write_bytes(text(number))
            fresh.replace(self.target)


class SwapThenEdit(DataSwap):
    """Swap the symlink one time, and the next time edit the file that it leads to by now."""

    def edit(self, number: int) -> None:
        if number % 2:
            fresh = self.root / f"..2026_{number}"
            fresh.mkdir()
            (fresh / "connections.toml").write_bytes(text(number))
            link = self.root / "..data_tmp"
            link.symlink_to(fresh.name)
            link.replace(self.root / "..data")
        elif number:
            self.path.write_bytes(text(number))
        else:
            super().edit(number)


class DirectorySwap:
    """Swap the symlink that is the file's directory, as git-sync does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "current" / "connections.toml"
        self.edit(0)

    def edit(self, number: int) -> None:
        current = self.root / "current"
        old = current.resolve() if current.is_symlink() else None
        fresh = self.root / "worktrees" / f"rev-{number}"
        fresh.mkdir(parents=True)
        (fresh / "connections.toml").write_bytes(text(number))
        link = self.root / "current.tmp"
        link.symlink_to(fresh)
        link.replace(current)
        if old:
            shutil.rmtree(old)


class DirectoryRename:
    """Move the directory away and another one into its place, as a deployment script does."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.path = root / "conf" / "connections.toml"
        self.path.parent.mkdir()
        self.path.write_bytes(text(0))

    def edit(self, number: int) -> None:
        fresh = self.root / f"fresh-{number}"
        fresh.mkdir()
        (fresh / "connections.toml").write_bytes(text(number))
        self.path.parent.rename(self.root / f"old-{number}")
        fresh.rename(self.path.parent)


class DirectoryRecreated(DirectoryRename):
    """Delete the directory with all that is in it and make it again."""

    def edit(self, number: int) -> None:
        shutil.rmtree(self.path.parent)
        self.path.parent.mkdir()
        self.path.write_bytes(text(number))


STYLES = [
    InPlace,
    AtomicRename,
    UnlinkAndCreate,
    BackupRename,
    DataSwap,
    SwapThenEdit,
    TargetElsewhere,
    DirectorySwap,
    DirectoryRename,
    DirectoryRecreated,
]


@pytest.mark.parametrize("mode", ["native", "poll"])
@pytest.mark.parametrize("style", STYLES)
async def test_each_of_five_edits_in_a_row_is_yielded_once(
    style: type[InPlace], mode: str, tmp_path: Path
) -> None:
    """Every style is seen the second time and every time after too (faults 4 to 8)."""
    file = style(tmp_path)
    source = FileSource(
        file.path, watch="poll" if mode == "poll" else "auto", poll_interval=0.02, quiet=0.05
    )
    async with following(source) as follower:
        # A change yielded twice would stand in the place of the next one; the sixth is for that.
        for number in range(1, 7):
            file.edit(number)
            assert await follower.data() == text(number)
        assert source.mode == mode
        assert source.degraded is None
    assert follower.yielded.empty()


async def test_an_edit_is_seen_where_the_path_folds_back_through_a_symlink(tmp_path: Path) -> None:
    """In `link/../x`, `..` is the parent of the link's target, as for the kernel."""
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    file = AtomicRename(tmp_path / "real")
    async with following(FileSource(f"{tmp_path}/link/../connections.toml")) as follower:
        file.edit(1)
        assert await follower.data() == text(1)
