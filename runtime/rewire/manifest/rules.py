"""Rules between the values of one client: errors between written values, clamps for defaults.

Which rules there are, and how they chain, is :mod:`rewire.policy.clamp`'s; here is where their
values stand in a table. A rule holds between what somebody wrote (anywhere: the client's table or
a layer below it). A default that does not fit a written value gives way to it silently, in the
resolved spec, so that writing one value never obliges anybody to write another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.types import ResolvedText, parse_duration
from rewire.policy import clamp as pure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.manifest.place import KeyPath
    from rewire.manifest.specs.client import ClientConfig

__all__ = ["RULES", "Rule", "broken", "clamp"]

Spec = TypeVar("Spec", bound="ClientConfig")


@dataclass(frozen=True, slots=True)
class Rule:
    """The value at `low` is at most the value at `high`."""

    low: KeyPath
    high: KeyPath


def _rules() -> Iterator[tuple[str, tuple[pure.AtMost, ...]]]:
    for protocol, model in PROTOCOLS.items():
        known = {key for key, _ in _numbers(model.model_construct())}
        rules = (rule for rule in pure.RULES if {rule.low, rule.high} <= known)
        yield protocol, tuple(rules)


def broken(protocol: str, merged: Mapping[str, Any]) -> list[Rule]:
    """Return the rules that written values break; one with an unresolved value is skipped."""
    keys = {key for rule in _PURE.get(protocol, ()) for key in (rule.low, rule.high)}
    values = {key: value for key in keys if (value := _magnitude(_get(merged, key))) is not None}
    ordered = {key: values[key] for key in sorted(values)}
    found = pure.conflicts(ordered, set(ordered), _PURE.get(protocol, ()))
    return [_located(conflict.rule) for conflict in found]


def _located(rule: pure.AtMost) -> Rule:
    return Rule(tuple(rule.low.split(".")), tuple(rule.high.split(".")))


def _get(data: object, key: str) -> object:
    for part in key.split("."):
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _magnitude(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if value == "none":
        return inf
    if isinstance(value, str):
        try:
            return parse_duration(value)
        except PydanticCustomError:
            pass
    if isinstance(value, ResolvedText):
        try:
            return float(value)
        except ValueError:
            return None
    return None


def clamp(spec: Spec, said: Mapping[str, Any] | None = None) -> Spec:
    """Return the spec with every default that does not fit a written value set to that value.

    Written is what stands in `said`; without it, what the spec was made with.
    """
    rules = _PURE.get(spec.protocol, ())
    keys = {key for rule in rules for key in (rule.low, rule.high)}
    values = {key: value for key, value in _numbers(spec) if key in keys}
    if said is None:
        written = {key for key in values if _written(spec, key.split("."))}
    else:
        written = {key for key in values if _get(said, key) is not None}
    _, changes = pure.clamp(values, written, rules)
    for change in changes:
        spec = _with(spec, change.key.split("."), change.after)
    return spec


def _numbers(table: BaseModel, prefix: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number and duration of a spec by key; "none" is infinite."""
    for name in type(table).model_fields:
        value = getattr(table, name, None)
        if isinstance(value, BaseModel):
            yield from _numbers(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield f"{prefix}{name}", float(value)
        elif value is None:
            yield f"{prefix}{name}", inf


def _written(table: BaseModel, path: list[str]) -> bool:
    here: Any = table
    for part in path:
        if part not in here.model_fields_set:
            return False
        here = getattr(here, part)
    return True


def _with(table: Any, path: list[str], value: float) -> Any:
    name, *rest = path
    before = getattr(table, name)
    if rest:
        after = _with(before, rest, value)
    elif isinstance(before, int):
        after = int(value)
    else:
        after = None if value == inf else value
    return table.model_copy(update={name: after})


_PURE = dict(_rules())
RULES: Mapping[str, tuple[Rule, ...]] = {
    protocol: tuple(_located(rule) for rule in rules) for protocol, rules in _PURE.items()
}
