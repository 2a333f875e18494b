"""Which file systems do not tell about changes that were made elsewhere.

On a network mount, or one that a hypervisor shares, the kernel reports only what this machine
wrote; the edit that matters comes from another. A watcher there is not broken but deaf, so it
is not even tried: `watch` polls instead and says why.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["deaf_mount", "filesystem"]

MOUNTS = "/proc/self/mountinfo"  # Linux; elsewhere there is no such file and nothing is known
DEAF = frozenset(
    {
        *("9p", "prl_fs", "vboxsf", "virtiofs"),  # shared by a hypervisor
        *("afs", "beegfs", "ceph", "cifs", "gpfs", "lustre", "nfs", "nfs4", "smb3", "smbfs"),
    }
)
_ESCAPE = re.compile(r"\\([0-7]{3})")


def deaf_mount(directories: Iterable[str]) -> str | None:
    """Say why one of these directories cannot be watched, or return None if all can."""
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            table = file.read()
    except OSError:
        return None
    for directory in directories:
        kind = filesystem(directory, table)
        if kind in DEAF or kind.startswith("fuse."):
            return f"{directory} is on {kind}, which does not report changes made elsewhere"
    return None


def filesystem(directory: str, table: str) -> str:
    """Return the type of the file system that holds `directory`, by a mountinfo table."""
    best, kind = "", ""
    for line in table.splitlines():
        mount, _, source = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5:  # proc(5): the fifth field is the mount point
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = point in {os.sep, directory} or directory.startswith(point + os.sep)
        # A later line of the same length is mounted over the earlier one.
        if inside and len(point) >= len(best):
            best, kind = point, source.split(" ")[0]
    return kind
