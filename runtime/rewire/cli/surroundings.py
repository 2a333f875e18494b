"""``validate --level environment``: what this shell's variables and files make of a manifest.

The runtime holds back a client for these; here they are diagnostics like any other.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rewire.manifest.merge import leaves
from rewire.manifest.references import Missing
from rewire.manifest.validate import resolve_client
from rewire.sources.reading import FileRefused, read_regular_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.manifest import Declared, Desired, Manifest
    from rewire.manifest.references import Reference

__all__ = ["judge"]

MAX_FILE = 1 << 20


def judge(manifest: Manifest, base: Path) -> Iterator[Diagnostic]:
    """Resolve every client as a runtime started here would; yield why one would be held back."""
    for declared in manifest.clients.values():
        resolved = resolve_client(declared, lambda reference: _look_up(reference, base))
        if isinstance(resolved, tuple):
            yield from resolved
        else:
            yield from _judge_files(declared, resolved, base)


def _judge_files(declared: Declared, desired: Desired, base: Path) -> Iterator[Diagnostic]:
    for name in desired.spec.files():
        content = _read(name, base)
        if isinstance(content, Missing):
            code = "RW305" if content.refused else "RW302"
            path = next((path for path, value in leaves(declared.merged) if value == name), ())
            yield declared.document.source.diagnose(
                code, f'"{name}": {content.reason}', declared.span(path), path=path
            )


def _look_up(reference: Reference, base: Path) -> str | bytes | Missing:
    if reference.scheme == "file":
        return _read(reference.name, base)
    found = os.environ.get(reference.name)
    return Missing("it is not set") if found is None else found


def _read(name: str, base: Path) -> bytes | Missing:
    try:
        return read_regular_file(base / name, max_size=MAX_FILE)
    except FileRefused as refused:
        return Missing(refused.reason, refused=True)
    except OSError as error:
        return Missing(error.strerror or type(error).__name__)
