"""Layers of a client's table, weakest first, merged into one, with the origin of every value.

Tables merge, key by key; arrays and everything else are replaced whole, and so is `auth`: half
a credential of one layer and half of another would be no credential at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rewire.manifest.place import KeyPath

__all__ = ["Layer", "layered", "leaves", "merge", "origin"]

_WHOLE = frozenset({"auth"})


@dataclass(frozen=True, slots=True)
class Layer:
    """One table that contributes to a client, and where it stands in the document."""

    path: KeyPath
    data: Mapping[str, Any] = field(repr=False)
    built_in: bool = False
    """A built-in policy: nobody wrote it, so it gives way like a default."""


def merge(weaker: Mapping[str, Any], stronger: Mapping[str, Any]) -> dict[str, Any]:
    """Return a client's table out of two layers of it."""
    return _merge(weaker, stronger, _WHOLE)


def _merge(
    weaker: Mapping[str, Any], stronger: Mapping[str, Any], whole: frozenset[str]
) -> dict[str, Any]:
    merged = dict(weaker)
    for key, value in stronger.items():
        old = merged.get(key)
        if key not in whole and isinstance(old, Mapping) and isinstance(value, Mapping):
            merged[key] = _merge(old, value, frozenset())
        else:
            merged[key] = value
    return merged


def layered(layers: Sequence[Layer]) -> Mapping[str, Any]:
    """Merge layers, weakest first."""
    merged: Mapping[str, Any] = {}
    for layer in layers:
        merged = merge(merged, layer.data) if merged else layer.data
    return merged


def origin(layers: Sequence[Layer], path: KeyPath) -> KeyPath | None:
    """Return the path in the document at which a value of the merged table was written.

    For what nobody wrote, the answer is None. A table that several layers share belongs to the
    strongest of them.
    """
    for layer in reversed(layers):
        present, hides = _reach(layer.data, path)
        if present:
            return (*layer.path, *path)
        if hides:
            return None
    return None


def _reach(data: Mapping[str, Any], path: KeyPath) -> tuple[bool, bool]:
    """Tell whether a layer has a path, and if not, whether it hides it from weaker layers."""
    here: Any = data
    for depth, part in enumerate(path):
        if isinstance(here, Mapping):
            if part not in here:
                return False, depth > 0 and path[0] in _WHOLE
            here = here[str(part)]
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            return False, True
    return True, False


def leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, object]]:
    """Yield every value that is not a table, with its path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value
