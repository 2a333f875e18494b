"""What a checked manifest is: its settings, and one declaration for each client.

A `Declared` is what the text says of a client, with its references unresolved; a `Desired` is
what is to be live: a resolved spec, and the contents of the files that it names. Comparing two
`Desired` is how a plan is made; neither prints a secret.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from rewire.manifest.merge import Layer, layered, leaves, origin
from rewire.manifest.references import Needs
from rewire.status import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.document import Document
    from rewire.manifest.place import KeyPath, Position, Span
    from rewire.manifest.specs.client import ClientConfig
    from rewire.manifest.specs.reload import ReloadConfig

__all__ = ["Declared", "Desired", "Manifest"]


# No slots: cached_property needs the instance's dictionary.
@dataclass(frozen=True, eq=False)
class Declared:
    """One client as the text declares it."""

    id: str
    protocol: str
    layers: tuple[Layer, ...] = field(repr=False)
    document: Document = field(repr=False)

    @property
    def path(self) -> KeyPath:
        """Return where its own table stands in the document."""
        return (self.protocol, self.id)

    @property
    def file(self) -> str:
        """Return the name of the manifest."""
        return self.document.source.name

    @cached_property
    def merged(self) -> Mapping[str, Any]:
        """Return all its layers in one; references unresolved."""
        return layered(self.layers)

    @cached_property
    def said(self) -> Mapping[str, Any]:
        """Return what somebody wrote: all its layers but the built-in policies."""
        return layered([layer for layer in self.layers if not layer.built_in])

    @cached_property
    def position(self) -> Position:
        """Return the line and column of the declaration; the text is scanned on first use."""
        span = self.document.value_span(self.path) or self.document.nearest(self.path)
        return self.document.source.position(span.start)

    @cached_property
    def origins(self) -> Mapping[KeyPath, KeyPath]:
        """Return, for every leaf, the path in the document that it came from."""
        found = ((path, self.written_at(path)) for path, _ in leaves(self.merged))
        return {path: where for path, where in found if where is not None}

    def written_at(self, path: KeyPath) -> KeyPath | None:
        """Return the path in the document at which a value was written, if anybody wrote it."""
        return origin(self.layers, path)

    def span(self, path: KeyPath) -> Span:
        """Return where a value is written, or the table that should have it."""
        return self.document.nearest(self.written_at(path) or (*self.path, *path))

    def written(self, path: KeyPath) -> object:
        """Return a value as it was written, or None if nobody wrote it."""
        here: Any = self.merged
        for part in path:
            try:
                here = here[part]
            except (KeyError, IndexError, TypeError):
                return None
        return here


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest whose text is in order; `clients` in order of declaration."""

    name: str
    reload: ReloadConfig
    clients: Mapping[str, Declared]
    warnings: tuple[Diagnostic, ...] = ()
    needs: Needs = field(default_factory=Needs)


@dataclass(frozen=True, slots=True)
class Desired:
    """One client as it is to be: a resolved spec, and the contents of the files it names."""

    id: str
    protocol: str
    spec: ClientConfig
    material: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    origin: Origin = field(default_factory=lambda: Origin(file="code"))
    source: Literal["manifest", "code"] = "manifest"
    declared: Declared | None = field(default=None, repr=False, compare=False)

    def with_material(self, material: Mapping[str, bytes]) -> Desired:
        """Return the same with the contents of its files."""
        return replace(self, material=material)
