"""Two specs of one client, field by field, and how each change is applied.

Specs are compared as they run (5.0 and 5 are equal, `"60s"` and `"1m"` too), and shown as a
manifest would say them. A nested field inherits the class of the table around it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, SecretStr

from rewire.manifest.specs.types import Applies, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.manifest.specs.client import ClientConfig

__all__ = ["Absent", "FieldChange", "contents", "diff"]

Class = Literal["in place", "replace"]


class Absent(Enum):
    """The side of a change on which there is no value."""

    ABSENT = "(absent)"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, in the form of a manifest; secrets are still `SecretStr`.

    A literal header may hold a secret too, so neither side is in the repr.
    `contents`: the value is the name of a file, and what is in the file has changed.
    """

    path: tuple[str, ...]
    before: object = field(repr=False)
    after: object = field(repr=False)
    applies: Class
    contents: bool = False


def diff(old: ClientConfig, new: ClientConfig) -> tuple[FieldChange, ...]:
    """Return what changes from one spec to another of the same protocol."""
    if old == new:
        return ()
    return tuple(_tables(old, new, (), "replace", old.model_dump(), new.model_dump()))


def contents(
    old: Mapping[str, bytes], new: Mapping[str, bytes], spec: ClientConfig
) -> tuple[FieldChange, ...]:
    """Return the files that a spec names whose content is not what it was."""
    changed = [name for name in spec.files() if name in old and old[name] != new.get(name)]
    return tuple(
        FieldChange(path, value, value, "replace", contents=True)
        for name in changed
        for path, value in _leaves(spec.model_dump(), ())
        if isinstance(value, str | SecretStr) and plain(value) == name
    )


def _tables(
    old: BaseModel,
    new: BaseModel,
    path: tuple[str, ...],
    inherited: Class,
    old_shown: Mapping[str, Any],
    new_shown: Mapping[str, Any],
) -> Iterator[FieldChange]:
    for name, info in type(new).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        marks = [one.change for one in info.metadata if isinstance(one, Applies)]
        applies = marks[0] if marks else inherited
        here, sides = (*path, name), (old_shown[name], new_shown[name])
        if isinstance(before, BaseModel) and isinstance(after, BaseModel):
            yield from _tables(before, after, here, applies, *sides)
        elif isinstance(before, dict) and isinstance(after, dict):
            yield from _entries(here, applies, *sides)
        else:
            left, right = (ABSENT if side is None else side for side in sides)
            yield FieldChange(here, left, right, applies)


def _entries(
    path: tuple[str, ...], applies: Class, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[FieldChange]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if before != after:
            yield FieldChange((*path, key), before, after, applies)


def _leaves(
    shown: Mapping[str, Any], path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    for key, value in shown.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value
