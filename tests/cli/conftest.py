"""A folder with a manifest, a short runtime folder, and runtimes that end with the test."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import Process, Result, environment, rewire

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Place:
    """Where a runtime and the commands that reach it are."""

    folder: Path
    env: dict[str, str]

    @property
    def manifest(self) -> Path:
        return self.folder / "connections.toml"

    def write(self, text: str) -> None:
        """Replace the manifest, as editors do."""
        draft = self.folder / "draft"
        draft.write_text(text)
        draft.replace(self.manifest)

    def start(self, *arguments: object, **env: str) -> Process:
        """Start `rewire run`."""
        return Process("run", *arguments, cwd=self.folder, env={**self.env, **env})

    def ask(self, *arguments: object) -> Result:
        """Run another command in this process, in the same place."""
        before = Path.cwd()
        os.chdir(self.folder)
        try:
            return rewire(*arguments, env={"XDG_RUNTIME_DIR": self.env["XDG_RUNTIME_DIR"]})
        finally:
            os.chdir(before)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Return an empty folder, and a runtime folder whose sockets have short names."""
    with tempfile.TemporaryDirectory(prefix="rw") as runtime:
        yield Place(tmp_path, environment(Path(runtime)))
