"""A deadline that travels: it narrows every call that is made inside a block.

``with rewire.deadline("2s"):`` bounds the calls of that task and of the tasks it starts. Nested
blocks can only narrow; no call gets longer than its own ``timeout.total`` by it.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from typing import TYPE_CHECKING

from rewire.manifest.specs.types import parse_duration
from rewire.policy.deadline import narrow

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["current", "deadline"]

_deadline: ContextVar[float] = ContextVar("rewire_deadline", default=inf)


@contextmanager
def deadline(duration: str | float) -> Iterator[None]:
    """Bound every call inside the block; ``duration`` is seconds, or a text such as ``"2s"``.

    A call that is cut short by it raises :class:`rewire.DeadlineExceededError`.

    >>> with deadline("2s"):
    ...     pass
    """
    seconds = parse_duration(duration) if isinstance(duration, str) else float(duration)
    token = _deadline.set(narrow(_deadline.get(), time.monotonic(), seconds))
    try:
        yield
    finally:
        _deadline.reset(token)


def current() -> float:
    """Return the moment of the monotonic clock by which a call here must be over."""
    return _deadline.get()
