"""Two value types that only policies need: a duration or "none", and a rate."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer

from rewire.manifest.specs.marks import expected, written_as
from rewire.manifest.specs.quantities import DURATION_PATTERN, format_duration, parse_duration

__all__ = ["LIMIT_PATTERN", "RATE_PATTERN", "Limit", "Rate", "format_rate", "parse_rate"]

LIMIT_PATTERN = rf"{DURATION_PATTERN}|^none$"
_DURATION = re.compile(DURATION_PATTERN)


def _limit(value: object) -> float | None:
    if value == "none":
        return None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise expected('a duration with a unit, such as "10s", or "none"', "string")
    return parse_duration(value)


def _format_limit(seconds: float | None) -> str:
    return "none" if seconds is None else format_duration(seconds)


Limit = Annotated[
    float | None,
    BeforeValidator(_limit),
    PlainSerializer(_format_limit, return_type=str, when_used="always"),
    written_as(LIMIT_PATTERN, "10s", "none"),
]
"""A duration, or "none" for no limit."""

RATE_PATTERN = r"^[1-9][0-9]{0,8}/(s|m|h)$"
_RATE = re.compile(RATE_PATTERN)
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


def parse_rate(value: object) -> float:
    """Return the calls a second that ``"50/s"`` or ``"600/m"`` stands for."""
    if not isinstance(value, str) or not _RATE.fullmatch(value):
        raise expected('a rate such as "50/s" or "600/m"', "string")
    count, _, unit = value.partition("/")
    return int(count) / _SECONDS[unit]


def format_rate(rate: float) -> str:
    """Return a rate in the shortest unit in which it is a whole number."""
    for unit, seconds in _SECONDS.items():
        count = round(rate * seconds, 6)
        if count >= 1 and count.is_integer():
            return f"{count:.0f}/{unit}"
    return f"{rate:g}/s"


Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    PlainSerializer(format_rate, return_type=str, when_used="always"),
    written_as(RATE_PATTERN, "50/s", "600/m"),
]
