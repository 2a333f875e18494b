"""The background load: what a program does all day, through handles that it got once.

Each client has a few workers that send, read to the end, count, and pause for a moment. Nothing
in here knows when the file changes: that is the point of the demonstration.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx2

from rewire.demo.ledger import HEADER
from rewire.demo.tally import Tally, blame, judge

if TYPE_CHECKING:
    from rewire.control.manager import ClientManager
    from rewire.demo.ledger import Ledger
    from rewire.demo.tally import Column

__all__ = ["CLIENTS", "Load"]

# id: method, path, workers, seconds between two requests of one worker
_CALLS: dict[str, tuple[str, str, int, float]] = {
    "catalog": ("GET", "/products", 2, 0.1),
    "accounts": ("GET", "/account", 1, 0.2),
    "reports": ("GET", "/report", 3, 0.2),
    "payments": ("POST", "/charge", 1, 0.2),
}
_STREAM, _STREAM_PATH, _STREAM_READERS = "news", "/events", 2
_FEED = "prices"

CLIENTS = (*_CALLS, _STREAM, _FEED)
"""The ids that the demo's manifest declares, in its order."""

PATIENCE = 5.0
"""How long requests that are under way at the end may take to finish."""

AFTER_A_FAILURE = 0.5


class Load:
    """Requests through every client, from ``start`` to ``stop``."""

    def __init__(self, manager: ClientManager, ledger: Ledger) -> None:
        self.tallies = {client: Tally() for client in CLIENTS}
        self._manager = manager
        self._ledger = ledger
        self._stopping = asyncio.Event()
        self._senders: list[asyncio.Task[None]] = []
        self._readers: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start every worker."""
        for client, (method, path, workers, pause) in _CALLS.items():
            for _ in range(workers):
                work = self._send_on(client, method, path, pause)
                self._senders.append(asyncio.create_task(work, name=f"demo load {client}"))
        reading = [self._read_streams() for _ in range(_STREAM_READERS)]
        for readers in (*reading, self._read_feed()):
            self._readers.append(asyncio.create_task(readers, name="demo reader"))

    async def stop(self) -> None:
        """Send nothing new, wait for what is under way; streams are left, as a reader leaves."""
        self._stopping.set()
        for reader in self._readers:
            reader.cancel()
        if self._senders:
            _, late = await asyncio.wait(self._senders, timeout=PATIENCE)
            for sender in late:
                sender.cancel()
        for task in (*self._senders, *self._readers):
            with suppress(asyncio.CancelledError):
                await task

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _handle(self, client: str) -> Any:
        """Return the handle as soon as the manifest declares the client."""
        while client not in self._manager:
            await self._pause(AFTER_A_FAILURE)
            if self._stopping.is_set():
                raise asyncio.CancelledError
        return self._manager[client]

    # ── requests ─────────────────────────────────────────────────────────────────────────────

    async def _send_on(self, client: str, method: str, path: str, pause: float) -> None:
        handle = await self._handle(client)
        while not self._stopping.is_set():
            column = await self._send(handle, self.tallies[client], method, path)
            await self._pause(AFTER_A_FAILURE if column in {"refused", "lost"} else pause)

    async def _send(
        self, handle: httpx2.AsyncClient, tally: Tally, method: str, path: str
    ) -> Column:
        number = self._ledger.open()
        column: Column
        try:
            response = await handle.request(method, path, headers={HEADER: number})
        except asyncio.CancelledError:
            self._ledger.settle(number)
            tally.add("lost", "no answer before the end")
            raise
        except Exception as error:  # noqa: BLE001  (whatever it is, it is counted)
            column, word = self._failure(error, number)
        else:
            column = judge(response.status_code, self._ledger.settle(number))
            word = _server(response) if column == "served" else str(response.status_code)
        tally.add(column, word)
        return column

    def _failure(self, error: Exception, number: str) -> tuple[Column, str]:
        timeout = isinstance(error, httpx2.TimeoutException)
        column = blame(error, self._ledger.settle(number), timeout=timeout)
        return column, type(error).__name__

    # ── streams ──────────────────────────────────────────────────────────────────────────────

    async def _read_streams(self) -> None:
        handle, tally = await self._handle(_STREAM), self.tallies[_STREAM]
        while not self._stopping.is_set():
            number = self._ledger.open()
            try:
                column, word = await self._read_stream(handle, number)
            except asyncio.CancelledError:
                self._ledger.settle(number)
                raise
            except Exception as error:  # noqa: BLE001  (whatever it is, it is counted)
                column, word = self._failure(error, number)
            tally.add(column, word)
            await self._pause(0 if column == "served" else AFTER_A_FAILURE)

    async def _read_stream(self, handle: httpx2.AsyncClient, number: str) -> tuple[Column, str]:
        headers = {HEADER: number, "accept": "text/event-stream"}
        events, complete = 0, False
        async with handle.stream("GET", _STREAM_PATH, headers=headers) as response:
            async for line in response.aiter_lines():
                events += line.startswith("id:")
                complete = complete or line == "event: last"
        column = judge(response.status_code, self._ledger.settle(number))
        if column != "served":
            return column, str(response.status_code)
        if not complete:
            return "lost", f"stream ended after {events} events"
        return column, f"{events} events"

    # ── messages ─────────────────────────────────────────────────────────────────────────────

    async def _read_feed(self) -> None:
        handle, tally = await self._handle(_FEED), self.tallies[_FEED]
        while not self._stopping.is_set():
            try:
                async for text in handle:
                    message = json.loads(text)
                    tally.message(message["seq"], message["server"])
            except Exception as error:  # noqa: BLE001  (whatever it is, it is counted)
                column, word = self._failure(error, self._ledger.open())
                tally.add(column, word)
                if column == "refused":
                    tally.start_over()
            await self._pause(AFTER_A_FAILURE)


def _server(response: httpx2.Response) -> str:
    try:
        return str(response.json()["server"])
    except (ValueError, LookupError, TypeError):
        return str(response.status_code)
