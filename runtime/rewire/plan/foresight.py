"""What a text would change, told from texts alone: nothing is looked up for whoever asks.

A caller of the admin API may send any manifest, so no reference in it is resolved, and what a
live reference stands for is never compared with what a caller wrote: either would tell it. A
value behind a reference is unknown: the same text at the same place is taken as unchanged, another
one as changed. Everything else is compared as `rewire.plan.plan` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr, ValidationError

from rewire.manifest.manifest import Desired
from rewire.manifest.merge import leaves
from rewire.manifest.references import is_reference, spelt
from rewire.manifest.rules import clamp
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.types import Applies, ResolvedText
from rewire.plan.diff import Absent, FieldChange, diff
from rewire.plan.observed import Observed
from rewire.plan.plan import CODE, Change, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.manifest.manifest import Declared
    from rewire.manifest.place import KeyPath
    from rewire.manifest.specs.client import ClientConfig
    from rewire.plan.diff import Class
    from rewire.plan.plan import Action

__all__ = ["as_observed", "foresee"]

# Some value of every type that a reference may stand for; they stand on both sides, unread.
_TEXTS = (
    "x",
    "1s",
    "1",
    "true",
    "50%",
    "1KiB",
    "1/s",
    "404",
    "/x",
    "https://x.invalid",
    "wss://x.invalid",
)
_STAND_INS = tuple(map(ResolvedText, _TEXTS))


def foresee(wanted: Mapping[str, Declared], observed: Mapping[str, Observed]) -> Plan:
    """Return what would happen to the live clients if these declarations were applied."""
    changes = [
        change
        for client in sorted({*wanted, *observed})
        for change in _client(wanted.get(client), observed.get(client))
    ]
    return Plan(tuple(changes))


def as_observed(declared: Mapping[str, Declared]) -> dict[str, Observed]:
    """Return what would be live if these declarations were, to compare two texts."""
    return {
        client: Observed(client, one.protocol, "manifest", _spec(one), declared=one)
        for client, one in declared.items()
    }


def _client(want: Declared | None, live: Observed | None) -> Iterator[Change]:
    if live is not None and live.source == "code":
        yield Change(live.id, live.protocol, "keep", reason=CODE, before=live)
    elif want is not None and live is not None and want.protocol == live.protocol:
        yield _compare(want, live)
    else:
        if live is not None:
            yield Change(live.id, live.protocol, "remove", before=live)
        if want is not None:
            yield Change(want.id, want.protocol, "create", after=_desired(want))


def _compare(want: Declared, live: Observed) -> Change:
    desired = _desired(want)
    old = live.declared
    if old is None:
        return Change(want.id, want.protocol, "keep", reason=CODE, before=live)
    hidden = {*_references(old), *_references(want)}
    before, after = _spec(old), desired.spec
    fields = [one for one in diff(before, after) if not _touches(one.path, hidden)]
    fields += [
        _unknown(path, old, before, want, after)
        for path in sorted(hidden)
        if old.written(path) != want.written(path)
    ]
    action: Action = "keep"
    if fields:
        action = "replace" if any(one.applies == "replace" for one in fields) else "in place"
    return Change(want.id, want.protocol, action, tuple(fields), before=live, after=desired)


# ── references ───────────────────────────────────────────────────────────────────────────────


def _references(declared: Declared) -> Iterator[tuple[str, ...]]:
    """Yield the path of every field that holds a reference; of an array, that of the array."""
    for path, value in leaves(declared.merged):
        items = value if isinstance(value, list) else [value]
        if any(is_reference(item) for item in items):
            yield tuple(map(str, path))


def _touches(path: tuple[str, ...], hidden: set[tuple[str, ...]]) -> bool:
    return any(path == one[: len(path)] or one == path[: len(one)] for one in hidden)


def _unknown(
    path: tuple[str, ...], old: Declared, before: ClientConfig, new: Declared, after: ClientConfig
) -> FieldChange:
    applies = _class(type(after), path)
    return FieldChange(path, _side(old, before, path), _side(new, after, path), applies)


def _side(declared: Declared, spec: ClientConfig, path: KeyPath) -> object:
    written = declared.written(path)
    if written is None:
        return Absent.ABSENT
    if isinstance(written, list):
        return [spelt(item) if is_reference(item) else item for item in written]
    if is_reference(written):
        return SecretStr("")  # shown as it is spelt
    shown: Any = spec.model_dump()
    for part in path:
        shown = shown[part]
    return shown


def _class(model: Any, path: tuple[str, ...]) -> Class:
    """Return how a change of a field is applied: its own mark, or that of the table around it."""
    applies: Class = "replace"
    for part in path:
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            break
        marks = [one.change for one in fields[part].metadata if isinstance(one, Applies)]
        applies = marks[0] if marks else applies
        model = fields[part].annotation
    return applies


# ── specs with stand-ins ─────────────────────────────────────────────────────────────────────


def _desired(declared: Declared) -> Desired:
    return Desired(declared.id, declared.protocol, _spec(declared), declared=declared)


def _spec(declared: Declared) -> ClientConfig:
    """Return the spec of a declaration, with a stand-in for every reference."""
    model = PROTOCOLS[declared.protocol]
    chosen: dict[KeyPath, int] = {}
    while True:
        data = _filled(declared.merged, (), chosen)
        try:
            return clamp(model.model_validate({**data, "id": declared.id}))
        except ValidationError as error:
            if not _next(chosen, error):
                raise


def _next(chosen: dict[KeyPath, int], error: ValidationError) -> bool:
    """Try the next stand-in wherever one did not fit; say whether there was one."""
    moved = False
    for one in error.errors(include_input=False, include_url=False):
        for path, number in chosen.items():
            if tuple(one["loc"][: len(path)]) == path and number + 1 < len(_STAND_INS):
                chosen[path] = number + 1
                moved = True
    return moved


def _filled(value: Any, path: KeyPath, chosen: dict[KeyPath, int]) -> Any:
    if isinstance(value, Mapping):
        return {key: _filled(inner, (*path, key), chosen) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, (*path, index), chosen) for index, inner in enumerate(value)]
    return _STAND_INS[chosen.setdefault(path, 0)] if is_reference(value) else value
