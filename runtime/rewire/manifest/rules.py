"""Rules between the values of one client: errors between written values, clamps for defaults.

A rule holds between what somebody wrote (anywhere: the client's table or a layer below it). A
built-in default that does not fit a written value gives way to it silently, in the resolved
spec, so that writing one value never obliges anybody to write another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic_core import PydanticCustomError

from rewire.manifest.specs.types import ResolvedText, parse_duration

if TYPE_CHECKING:
    from pydantic import BaseModel

    from rewire.manifest.place import KeyPath
    from rewire.manifest.specs.client import ClientConfig

__all__ = ["RULES", "AtMost", "broken", "clamp"]

Spec = TypeVar("Spec", bound="ClientConfig")


@dataclass(frozen=True, slots=True)
class AtMost:
    """The value at `low` is at most the value at `high`."""

    low: tuple[str, str]
    high: tuple[str, str]


RULES: Mapping[str, tuple[AtMost, ...]] = {
    "http": (AtMost(("pool", "max_keepalive"), ("pool", "max_connections")),),
    "websocket": (AtMost(("reconnect", "initial"), ("reconnect", "max")),),
}


def broken(protocol: str, merged: Mapping[str, Any]) -> list[AtMost]:
    """Return the rules that written values break; one with an unresolved value is skipped."""
    found: list[AtMost] = []
    for rule in RULES.get(protocol, ()):
        low, high = _magnitude(_get(merged, rule.low)), _magnitude(_get(merged, rule.high))
        if low is not None and high is not None and low > high:
            found.append(rule)
    return found


def _get(data: object, path: KeyPath) -> object:
    for part in path:
        data = data.get(part) if isinstance(data, Mapping) else None
    return data


def _magnitude(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
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


def clamp(spec: Spec) -> Spec:
    """Return the spec with every default that does not fit a written value set to that value."""
    for rule in RULES.get(spec.protocol, ()):
        low, high = _value(spec, rule.low), _value(spec, rule.high)
        if low <= high:
            continue
        if not _written(spec, rule.low):
            spec = _with(spec, rule.low, high)
        elif not _written(spec, rule.high):
            spec = _with(spec, rule.high, low)
    return spec


def _value(spec: BaseModel, path: tuple[str, str]) -> Any:
    table, key = path
    return getattr(getattr(spec, table), key)


def _written(spec: BaseModel, path: tuple[str, str]) -> bool:
    table, key = path
    return table in spec.model_fields_set and key in getattr(spec, table).model_fields_set


def _with(spec: Spec, path: tuple[str, str], value: float) -> Spec:
    table, key = path
    inner: BaseModel = getattr(spec, table)
    return spec.model_copy(update={table: inner.model_copy(update={key: value})})
