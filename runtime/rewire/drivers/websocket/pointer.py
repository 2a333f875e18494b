"""Where a message keeps its number: a JSON pointer (RFC 6901), followed into each message."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Number", "number_at"]

if TYPE_CHECKING:
    Number = Callable[[str | bytes], int | None]


def number_at(pointer: str) -> Number:
    """Return a function from a message to the integer at ``pointer``, or to None."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]

    def number(message: str | bytes) -> int | None:
        try:
            value: Any = json.loads(message)
            for step in steps:
                value = value[_index(step)] if isinstance(value, list) else value[step]
        except (ValueError, LookupError, TypeError, RecursionError):
            return None
        return value if type(value) is int else None

    return number


def _index(step: str) -> int:
    if not (step.isascii() and step.isdigit()):
        msg = "RFC 6901 counts array elements from 0, in ASCII digits"
        raise ValueError(msg)
    return int(step)
