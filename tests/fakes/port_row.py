"""Free loopback ports in a row, below those that the system hands out by itself."""

from __future__ import annotations

import random
import socket
from contextlib import ExitStack

FROM, TO = 20_000, 32_000


def free_row(length: int) -> int:
    """Return the first of so many ports in a row on which nothing listens."""
    while True:
        first = random.randrange(FROM, TO)
        with ExitStack() as stack:
            try:
                for port in range(first, first + length):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return first
