"""Rules between the values of one client: an error between written ones, a clamp for a default.

A rule holds between what somebody wrote, wherever that was. A built-in default that does not fit
a written value gives way to it, so that writing one value never obliges anybody to write another;
`describe` says so. Rules chain: `connect` is at most `attempt`, that at most `total`, so a
written `total` of 3 s takes both defaults down with it, and is named as the cause of both.

Values come as numbers by key path (seconds for durations, infinity for "none"; a key that is
absent or unresolved has no rules). Where they stand in which table is :mod:`rewire.manifest`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, TypeAlias

from rewire.policy.backoff import Backoff, ceiling

__all__ = ["RULES", "AtMost", "Clamp", "Conflict", "Show", "clamp", "conflicts", "idle_attempts"]

Show: TypeAlias = Callable[[str, float], str]
"""How a value is written in the manifest, given its key path: `("timeout.total", 5.0)` → "5s"."""


@dataclass(frozen=True, slots=True)
class AtMost:
    """The value at `low` is at most the one at `high`; if `strict`, less."""

    low: str
    high: str
    strict: bool = False


RULES: Final[tuple[AtMost, ...]] = (
    AtMost("timeout.attempt", "timeout.total"),
    AtMost("timeout.connect", "timeout.attempt"),
    AtMost("retry.backoff.initial", "retry.backoff.max"),
    AtMost("hedge.delay", "timeout.attempt", strict=True),
    AtMost("health.timeout", "health.interval"),
    AtMost("pool.max_keepalive", "pool.max_connections"),
    AtMost("breaker.open_for", "breaker.open_max"),
    AtMost("outlier.base_ejection_time", "outlier.max_ejection_time"),
    AtMost("reconnect.initial", "reconnect.max"),
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two written values that cannot both hold."""

    rule: AtMost
    low: float
    high: float

    def wording(self, show: Show) -> str:
        """Say it in one line, as `timeout.attempt (10s) is more than timeout.total (5s)`."""
        relation = "is not less than" if self.rule.strict else "is more than"
        low, high = show(self.rule.low, self.low), show(self.rule.high, self.high)
        return f"{self.rule.low} ({low}) {relation} {self.rule.high} ({high})"


@dataclass(frozen=True, slots=True)
class Clamp:
    """A default that has given way to the written value of `cause`."""

    key: str
    before: float
    after: float
    cause: str

    def wording(self, show: Show) -> str:
        """Say it in one line, as `attempt 10s → 5s, clamped to timeout.total`."""
        name = self.key.rpartition(".")[2]
        before, after = show(self.key, self.before), show(self.key, self.after)
        return f"{name} {before} → {after}, clamped to {self.cause}"


def conflicts(
    values: Mapping[str, float],
    written: Container[str],
    rules: Sequence[AtMost] = RULES,
) -> tuple[Conflict, ...]:
    """Return every pair of written values that breaks a rule, or several in a chain."""
    found = []
    for low in values:
        if low in written and values[low] < inf:
            for high, strict in _above(low, rules):
                rule = AtMost(low, high, strict)
                if high in written and high in values and not _holds(rule, values):
                    found.append(Conflict(rule, values[low], values[high]))
    return tuple(found)


def clamp(
    values: Mapping[str, float],
    written: Container[str],
    rules: Sequence[AtMost] = RULES,
) -> tuple[dict[str, float], tuple[Clamp, ...]]:
    """Return the values with every default fitted to the written ones, and what was changed.

    Where written values are in conflict, the result is of no use.
    """
    fitted, changes = dict(values), []
    for key, value in values.items():
        if key in written:
            continue
        fit, cause = _lifted(key, value, values, written, rules)
        fit, cause = _lowered(key, fit, cause, values, written, rules)
        if cause and fit != value:
            fitted[key] = fit
            changes.append(Clamp(key, value, fit, cause))
    return fitted, tuple(changes)


def _lifted(
    key: str,
    value: float,
    values: Mapping[str, float],
    written: Container[str],
    rules: Sequence[AtMost],
) -> tuple[float, str]:
    cause = ""
    for low, strict in _below(key, rules):
        bound = values.get(low, inf)
        # "none" below a bound is no bound of its own: nothing has to be raised to infinity.
        if low in written and bound < inf and (value <= bound if strict else value < bound):
            value, cause = bound * _ROOM if strict else bound, low
    return value, cause


def _lowered(
    key: str,
    value: float,
    cause: str,
    values: Mapping[str, float],
    written: Container[str],
    rules: Sequence[AtMost],
) -> tuple[float, str]:
    for high, strict in _above(key, rules):
        bound = values.get(high, inf)
        if high in written and (value >= bound if strict else value > bound):
            value, cause = bound / _ROOM if strict else bound, high
    return value, cause


# "Less than" gives no value to clamp to; half of it leaves the other half for its purpose.
_ROOM: Final = 2


def _holds(rule: AtMost, values: Mapping[str, float]) -> bool:
    low, high = values[rule.low], values[rule.high]
    return low < high if rule.strict else low <= high


def _above(key: str, rules: Sequence[AtMost]) -> Iterator[tuple[str, bool]]:
    """Walk to everything that `key` may not exceed; with whether it must stay below it."""
    for rule in rules:
        if rule.low == key:
            yield rule.high, rule.strict
            for high, strict in _above(rule.high, rules):
                yield high, strict or rule.strict


def _below(key: str, rules: Sequence[AtMost]) -> Iterator[tuple[str, bool]]:
    for rule in rules:
        if rule.high == key:
            yield rule.low, rule.strict
            for low, strict in _below(rule.low, rules):
                yield low, strict or rule.strict


def idle_attempts(backoff: Backoff, max_attempts: int, total: float) -> int:
    """Return how many attempts could never begin before `total`, even if each failed at once."""
    begins, fewest = 0.0, 1
    least = {"full": 0.0, "equal": 0.5, "none": 1.0}[backoff.jitter]
    for failures in range(1, max_attempts):
        begins += least * ceiling(backoff, failures)
        if begins >= total:
            break
        fewest += 1
    return max_attempts - fewest
