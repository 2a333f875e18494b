"""The fields of a change as a person may see them: in the form of a manifest, secrets masked.

A reference is shown as it was written where the text is known, without its default.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from rewire.manifest.credentials import looks_like_credential
from rewire.manifest.place import dotted
from rewire.manifest.references import is_reference, spelt
from rewire.plan.diff import Absent

if TYPE_CHECKING:
    from rewire.manifest.manifest import Declared
    from rewire.manifest.place import KeyPath
    from rewire.plan.diff import FieldChange
    from rewire.plan.plan import Change

__all__ = ["Line", "declared_by", "describe", "plainly"]

_SECRET = "(secret)"  # noqa: S105 - what is shown instead of one


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a change, ready to be shown."""

    path: str
    before: str
    after: str
    forces: bool
    secret: bool
    written: KeyPath | None
    reference: str  # whose value has changed, if that is what happened

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what two clients have in common if their change has one cause."""
        return self.path, self.before, self.after

    def __str__(self) -> str:
        return f"{self.path} {self.before} → {self.after}"


def declared_by(change: Change) -> Declared | None:
    """Return the text that a change comes from: the new one, else that of what is live."""
    if change.after is not None and change.after.declared is not None:
        return change.after.declared
    return change.before.declared if change.before is not None else None


def describe(change: Change, one: FieldChange) -> Line:
    """Return one field of a change, ready to be shown."""
    new = change.after.declared if change.after is not None else None
    old = change.before.declared if change.before is not None else None
    before, secret_before = _side(one.before, one.path, old)
    after, secret_after = _side(one.after, one.path, new)
    same = before == after and not one.contents
    reference = before if same and before.startswith("${") else ""
    if one.contents:
        after = f"{after} (its content changed)"
    elif same:
        after = "(secret, changed)" if after == _SECRET else f"{after} (changed)"
    written = new.written_at(one.path) if new is not None else None
    if written is None and old is not None:
        written = old.written_at(one.path)
    return Line(
        dotted(one.path),
        before,
        after,
        forces=one.applies == "replace",
        secret=secret_before or secret_after,
        written=written,
        reference=reference,
    )


def _side(value: object, path: tuple[str, ...], declared: Declared | None) -> tuple[str, bool]:
    """Return one side of a change as a person may see it, and whether it is a secret."""
    secret = isinstance(value, SecretStr) or (
        isinstance(value, str) and looks_like_credential(path, value)
    )
    if secret:
        written = declared.written(path) if declared is not None else None
        known = isinstance(written, str) and is_reference(written)
        return (spelt(str(written)) if known else _SECRET), True
    return _shown(value), False


def _shown(value: object) -> str:
    if isinstance(value, Absent):
        return value.value
    if isinstance(value, SecretStr):
        return _SECRET
    if isinstance(value, dict):
        present = {key: inner for key, inner in value.items() if inner is not None}
        pairs = (f"{dotted((key,))} = {_shown(inner)}" for key, inner in present.items())
        return f"{{ {', '.join(pairs)} }}" if present else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, str):
        # A query is where tokens travel.
        address, mark, _ = value.partition("?") if "://" in value else (value, "", "")
        return json.dumps(f"{address}?…" if mark else value, ensure_ascii=False)
    return json.dumps(value)


def plainly(value: object) -> Any:
    """Return a side of a change that is no secret, as JSON data."""
    if isinstance(value, Absent):
        return None
    if isinstance(value, dict):
        return {key: plainly(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [plainly(inner) for inner in value]
    if isinstance(value, SecretStr) or (isinstance(value, str) and "://" in value):
        return _shown(value).strip('"')
    return value
