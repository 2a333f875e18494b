"""The world's part of a manifest: environment variables, secret files, certificate files.

Everything that a pass needs is read first, in one go and off the event loop; then the pure core
resolves with what was read. What is missing holds back the client that asked for it, and no other.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.manifest.references import Missing
from rewire.manifest.validate import resolve_client
from rewire.sources.reading import FileRefused, read_off_loop, read_regular_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.manifest import Declared, Desired, Manifest
    from rewire.manifest.references import Reference
    from rewire.manifest.specs.client import ClientConfig

__all__ = ["Environment", "Held"]

MAX_FILE = 1 << 20
_REASONS = {"RW301": "SecretMissing", "RW302": "SecretMissing", "RW305": "FileRefused"}


@dataclass(frozen=True, slots=True)
class Held:
    """Why a client is held back; ``reason`` is a CamelCase word."""

    reason: str
    message: str


class Environment:
    """Look up what a manifest refers to; relative paths start at the manifest's folder."""

    def __init__(self, variables: Mapping[str, str], base: Path) -> None:
        self._variables = variables
        self._base = base
        self.seen: dict[str, bytes | None] = {}
        """What the newest pass read, by path; None for what could not be read."""

    async def resolve(self, manifest: Manifest, chosen: Iterable[str]) -> dict[str, Desired | Held]:
        """Resolve the chosen clients, each on its own."""
        contents = await read_off_loop(lambda: self._read_all(manifest.needs.files))
        world = _World(self._variables, contents, self._path)
        outcome: dict[str, Desired | Held] = {}
        for client in chosen:
            outcome[client] = self._client(manifest.clients[client], world)
        files = {
            name
            for one in outcome.values()
            if not isinstance(one, Held)
            for name in one.spec.files()
        }
        material = await read_off_loop(lambda: self._read_all(files)) if files else {}
        self.seen = {
            path: None if isinstance(content, Missing) else content
            for path, content in (contents | material).items()
        }
        for client, one in outcome.items():
            if not isinstance(one, Held) and one.spec.files():
                outcome[client] = self._with_material(one, material)
        return outcome

    def _client(self, declared: Declared, world: _World) -> Desired | Held:
        resolved = resolve_client(declared, world.lookup)
        if isinstance(resolved, tuple):
            return _held(resolved)
        return resolved

    def _with_material(
        self, desired: Desired, contents: Mapping[str, bytes | Missing]
    ) -> Desired | Held:
        found: dict[str, bytes] = {}
        for name in desired.spec.files():
            content = contents[self._path(name)]
            if isinstance(content, Missing):
                return Held("FileMissing", f'"{name}": {content.reason}')
            found[name] = content
        return desired.with_material(found)

    def material(self, spec: ClientConfig) -> dict[str, bytes]:
        """Return the contents of the files that a spec names; raise what reading them raises."""
        return {
            name: read_regular_file(self._path(name), max_size=MAX_FILE) for name in spec.files()
        }

    def _path(self, name: str) -> str:
        return os.path.normpath(self._base / name)

    def _read_all(self, names: Iterable[str]) -> dict[str, bytes | Missing]:
        contents: dict[str, bytes | Missing] = {}
        for path in sorted({self._path(name) for name in names}):
            try:
                contents[path] = read_regular_file(path, max_size=MAX_FILE)
            except FileRefused as refused:
                contents[path] = Missing(refused.reason, refused=True)
            except OSError as error:
                contents[path] = Missing(error.strerror or type(error).__name__)
        return contents


class _World:
    """What was read, as the pure core asks for it."""

    def __init__(
        self,
        variables: Mapping[str, str],
        contents: Mapping[str, bytes | Missing],
        path: Callable[[str], str],
    ) -> None:
        self._variables = variables
        self._contents = contents
        self._path = path

    def lookup(self, reference: Reference) -> str | bytes | Missing:
        if reference.scheme == "file":
            return self._contents[self._path(reference.name)]
        found = self._variables.get(reference.name)
        return Missing("it is not set") if found is None else found


def _held(problems: tuple[Diagnostic, ...]) -> Held:
    first = problems[0]
    reason = _REASONS.get(first.code, "ManifestInvalid")
    return Held(reason, "; ".join(problem.message for problem in problems))
