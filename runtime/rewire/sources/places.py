"""Which directories must be watched so that no way of changing a file goes unseen.

A watch on a file follows its inode, and is deaf after the first atomic rename. So directories
are watched: for every path the one that holds it, the one that holds each symlink on the way
(also where a *directory* on the way is the symlink, as with git-sync and `..data`), and the one
that holds the final target. While a directory is missing, its nearest existing parent stands in.
`watch` arms what is computed here, and computes it again after every hint.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Coverage", "cover", "places"]

MAX_LINKS = 40  # what Linux allows on one path


@dataclass(frozen=True, slots=True)
class Coverage:
    """Name the directory entries that matter, and the directories that hold them."""

    entries: frozenset[str]
    directories: frozenset[tuple[str, int, int]]
    """Path, device, inode: another directory under the same name needs another watch."""

    @property
    def paths(self) -> list[str]:
        """Return the directories' paths in order."""
        return sorted({path for path, _, _ in self.directories})

    def lost(self, changed: Iterable[str]) -> bool:
        """Say whether a watched directory was itself moved or deleted: its watch is dead then.

        A new directory may get the old one's inode number, so comparing those is not enough.
        """
        return not {path for path, _, _ in self.directories}.isdisjoint(changed)

    def concerns(self, changed: Iterable[str]) -> bool:
        """Say whether a change of these paths may have changed what a read would find."""
        return not self.entries.isdisjoint(changed)


def cover(paths: Iterable[str]) -> Coverage:
    """Look at the file system and return what to watch for these absolute paths."""
    entries = frozenset(place for path in paths for place in places(path))
    directories: set[tuple[str, int, int]] = set()
    for directory in {os.path.dirname(entry) for entry in entries}:
        try:
            found = os.stat(directory)
        except OSError:  # gone since; the next computation differs, and so is armed anew
            continue
        directories.add((directory, found.st_dev, found.st_ino))
    return Coverage(entries, frozenset(directories))


def places(path: str) -> Iterator[str]:
    """Yield every directory entry on the way from an absolute path to its bytes.

    Entries are spelled with real directories, as the events about them are.
    """
    rest = path.split(os.sep)
    here = os.sep
    links = 0
    while rest:
        name = rest.pop(0)
        if name in {"", os.curdir}:
            continue
        if name == os.pardir:
            here = os.path.dirname(here)  # `here` holds no symlink, so this is exact
            continue
        entry = os.path.join(here, name)
        try:
            target = os.readlink(entry)
        except OSError:  # not a symlink, or not there
            if not rest or not os.path.isdir(entry):
                yield entry
                return
            here = entry
            continue
        yield entry
        links += 1
        if links > MAX_LINKS:
            return
        rest = target.split(os.sep) + rest
        if os.path.isabs(target):
            here = os.sep
