"""What becomes of a call at a limit, and how limits and their waiters work together.

Limits count and hold no waiters: the shell has those in a line, first come, first served.

`ask` says `admit` (the call holds what it asked for), `wait` (it is counted as waiting: join
the line) or `refuse`. Whatever may set waiters free (`release`, `retune`, time) returns how many:
the shell wakes so many from the front, and each of them then holds what it waited for. A waiter
that gives up calls `leave`, one that was woken and cannot use it any more `release`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["Admission"]

Admission: TypeAlias = Literal["admit", "wait", "refuse"]
