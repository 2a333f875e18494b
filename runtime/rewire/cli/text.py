"""Manifests as files that the command line was given: read, capped, or a failure that says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.cli.terminal import Failure
from rewire.manifest.source import MAX_SIZE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEFAULT_MANIFEST", "read_bytes"]

DEFAULT_MANIFEST = "connections.toml"


def read_bytes(path: Path, *, exit_code: int = 2) -> bytes:
    """Return the bytes of a manifest: one more than is allowed is enough to refuse it."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_SIZE + 1)
    except OSError as error:
        raise Failure(
            f"{path}: {error.strerror}", "name an existing manifest", exit_code=exit_code
        ) from error
