"""To which address of a name a connection is made: each has its turn, a little after another.

RFC 8305 ("happy eyeballs"): an address that does not answer, such as one of IPv6 where there is
none, costs a quarter of a second and not the whole timeout.
"""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["first_connected"]

# RFC 8305 section 8: the delay between attempts to connect to the addresses of one name.
NEXT_ADDRESS = 0.25

P = TypeVar("P", bound=asyncio.Protocol)

_Address = tuple[int, str, int]  # family, numeric host, port
_Made = tuple[asyncio.Transport, P]


async def first_connected(
    make: Callable[[], P], host: str, port: int, local_address: str | None
) -> _Made[P]:
    """Connect to whichever address of a host answers first; raise OSError if none does."""
    addresses = await _resolve(host, port)
    if len(addresses) == 1:
        return await _connect(make, addresses[0], local_address)
    # asyncio's own race (happy_eyeballs_delay) loses a socket when it is cancelled.
    started: list[asyncio.Task[_Made[P]]] = []
    winner: _Made[P] | None = None
    try:
        for at, address in enumerate(addresses, start=1):
            started.append(asyncio.ensure_future(_connect(make, address, local_address)))
            winner = await _winner(started, NEXT_ADDRESS if at < len(addresses) else None)
            if winner is not None:
                return winner
        raise OSError("; ".join(dict.fromkeys(str(task.exception()) for task in started)))
    finally:
        for task in started:
            task.cancel()
            task.add_done_callback(lambda task: _drop(task, winner))


async def _resolve(host: str, port: int) -> list[_Address]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if not found:
        raise OSError(f"no address is known for {host}")
    return _interleaved(
        list(dict.fromkeys((int(family), *where[:2]) for family, _, _, _, where in found))
    )


def _interleaved(addresses: list[_Address]) -> list[_Address]:
    """Take turns between the families, the first one's first (RFC 8305 section 4)."""
    own = [address for address in addresses if address[0] == addresses[0][0]]
    other = [address for address in addresses if address[0] != addresses[0][0]]
    mixed = [address for pair in zip(own, other, strict=False) for address in pair]
    return mixed + own[len(other) :] + other[len(own) :]


async def _connect(make: Callable[[], P], address: _Address, local: str | None) -> _Made[P]:
    family, host, port = address
    return await asyncio.get_running_loop().create_connection(
        make, host, port, family=family, local_addr=None if local is None else (local, 0)
    )


async def _winner(started: list[asyncio.Task[_Made[P]]], patience: float | None) -> _Made[P] | None:
    """Wait for the first success; None: all have failed, or it is time for another address."""
    pending = {task for task in started if not task.done()}
    while pending:
        done, pending = await asyncio.wait(
            pending, timeout=patience, return_when=asyncio.FIRST_COMPLETED
        )
        for task in done:
            if task.exception() is None:
                return task.result()
        if patience is not None:
            return None  # one has failed, or all are slow
    return None


def _drop(task: asyncio.Task[_Made[P]], winner: _Made[P] | None) -> None:
    if not task.cancelled() and task.exception() is None and task.result() is not winner:
        task.result()[0].abort()
