"""Durations, sizes, percentages, numbers and booleans, and how a person would write them.

The patterns run in linear time and are read alike by Python, ECMAScript and Rust; Python's ``$``
lets a line break through, hence `fullmatch`.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from rewire.manifest.specs.marks import ResolvedText, expected, written_as

__all__ = [
    "DURATION_PATTERN",
    "PERCENT_PATTERN",
    "POSITIVE_DURATION_PATTERN",
    "SIZE_PATTERN",
    "Duration",
    "Flag",
    "Integer",
    "Number",
    "Percent",
    "PositiveDuration",
    "Size",
    "format_duration",
    "format_size",
    "parse_duration",
    "parse_size",
]

# ── durations ────────────────────────────────────────────────────────────────────────────────

_UNIT = "(ms|s|m|h|d)"
_PART = rf"[0-9]{{1,9}}(\.[0-9]{{1,9}})?{_UNIT}"
_ZERO = rf"0{{1,9}}(\.0{{1,9}})?{_UNIT}"
_POSITIVE = (
    r"(0{0,8}[1-9][0-9]{0,8}(\.[0-9]{1,9})?|0{1,9}\.0{0,8}[1-9][0-9]{0,8})" + _UNIT
)  # at least one digit is not 0
DURATION_PATTERN = rf"^({_PART})+$"
POSITIVE_DURATION_PATTERN = rf"^({_ZERO})*{_POSITIVE}({_PART})*$"
_DURATION = re.compile(DURATION_PATTERN)
_POSITIVE_DURATION = re.compile(POSITIVE_DURATION_PATTERN)
_DURATION_PART = re.compile(r"([0-9.]+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_WANTED = 'a duration with a unit, such as "250ms", "30s" or "5m"'


def parse_duration(value: object) -> float:
    """Return the seconds that ``"250ms"``, ``"30s"`` or ``"1m30s"`` stands for."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise expected(_DURATION_WANTED, "string")
    parts = _DURATION_PART.findall(value)
    seconds = math.fsum(float(number) * _SECONDS[unit] for number, unit in parts)
    return round(seconds, 9)  # "0.1s" and "100ms" are the same duration


def _parse_positive_duration(value: object) -> float:
    if not isinstance(value, str) or not _POSITIVE_DURATION.fullmatch(value):
        longer = isinstance(value, str) and _DURATION.fullmatch(value)
        raise expected('a duration longer than "0s"' if longer else _DURATION_WANTED, "string")
    return parse_duration(value) or 1e-9


def format_duration(seconds: float) -> str:
    """Return the shortest way a person would write this many seconds; it parses to the same."""
    units = ("ms",) if 0 < seconds < 1 else ("d", "h", "m", "s") if seconds else ("s",)
    for unit in units:
        count = seconds / _SECONDS[unit]
        whole = count.is_integer() or unit in {"ms", "s"}
        if whole and count < 1e9 and parse_duration(text := f"{_digits(count)}{unit}") == seconds:
            return text
    days, rest = divmod(seconds, _SECONDS["d"])
    return f"{days:.0f}d{_digits(rest)}s" if days else f"{_digits(seconds)}s"


def _digits(count: float) -> str:
    short = f"{count:.9g}"
    if "e" in short or float(short) != count:
        short = f"{count:.9f}"
    return short.rstrip("0").rstrip(".") if "." in short else short


_WRITTEN_DURATION = PlainSerializer(format_duration, return_type=str, when_used="always")

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    _WRITTEN_DURATION,
    written_as(DURATION_PATTERN, "250ms", "30s"),
]
PositiveDuration = Annotated[
    float,
    BeforeValidator(_parse_positive_duration),
    _WRITTEN_DURATION,
    written_as(POSITIVE_DURATION_PATTERN, "250ms", "30s"),
]
"""A duration where none at all would mean "always too late" or "without a pause"."""


# ── sizes and percentages ────────────────────────────────────────────────────────────────────

SIZE_PATTERN = r"^([1-9][0-9]{0,11})(B|KiB|MiB|GiB)$"
_SIZE = re.compile(SIZE_PATTERN)
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def parse_size(value: object) -> int:
    """Return the bytes that ``"64KiB"`` or ``"1MiB"`` stands for."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise expected('a size with a unit, such as "64KiB" or "1MiB"', "string")
    return int(match[1]) * _BYTES[match[2]]


def format_size(size: int) -> str:
    """Return a size in the largest unit that divides it."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str, when_used="always"),
    written_as(SIZE_PATTERN, "64KiB", "1MiB"),
]

PERCENT_PATTERN = r"^(100|[0-9]{1,2})%$"
_PERCENT = re.compile(PERCENT_PATTERN)


def parse_percent(value: object) -> float:
    """Return the ratio (0..1) that ``"50%"`` stands for."""
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise expected('a percentage from "0%" to "100%"', "string")
    return int(value[:-1]) / 100


Percent = Annotated[
    float,
    BeforeValidator(parse_percent),
    PlainSerializer(lambda ratio: f"{ratio * 100:g}%", return_type=str, when_used="always"),
    written_as(PERCENT_PATTERN, "50%"),
]


# ── numbers and booleans: typed in the text, strings only when they came out of ${…} ─────────

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")


def _integer(value: object) -> int:
    if isinstance(value, ResolvedText) and _INTEGER.fullmatch(value):
        value = int(value)
    # JSON Schema calls 100.0 an integer, and so does a person who compares the two.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise expected("an integer", "integer")
    return value


# Without a schema of their own, so that the bounds of a field (`ge`, `le`) stand in the schema.
Integer = Annotated[int, BeforeValidator(_integer)]


def _number(value: object) -> float:
    if isinstance(value, ResolvedText) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise expected("a number", "number")
    return float(value)


Number = Annotated[float, BeforeValidator(_number)]


def _flag(value: object) -> bool:
    if isinstance(value, ResolvedText) and value in {"true", "false"}:
        return value == "true"
    if not isinstance(value, bool):
        raise expected("true or false", "boolean")
    return value


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
