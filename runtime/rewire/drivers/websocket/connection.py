"""One open socket from its handshake to its end: greeted, read, pinged, and counted in flight.

It knows nothing of the connections before and after it; those are
:mod:`rewire.drivers.websocket.session`'s business.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from websockets.exceptions import ConnectionClosed

from rewire.drivers.websocket.errors import Failure, SendInterruptedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from rewire.drivers.websocket.bell import Bell
    from rewire.drivers.websocket.dial import Socket
    from rewire.drivers.websocket.inbox import Data
    from rewire.manifest.specs.websocket import WebSocketClientConfig
    from rewire.ports import ClientContext, View

__all__ = ["Connected", "Connection", "Hook", "Owner"]

GOING_AWAY = 1001


class Connected:
    """What an ``on_connect`` callback is given: the new connection, before anybody else has it."""

    def __init__(self, client: str, generation: int, socket: Socket) -> None:
        self.client = client
        self.generation = generation
        self._socket = socket

    @property
    def subprotocol(self) -> str | None:
        """Return the subprotocol that the peer chose."""
        return self._socket.subprotocol

    async def send(self, message: str | bytes) -> None:
        """Send a message over this very connection."""
        try:
            await self._socket.send(message)
        except ConnectionClosed as error:
            raise SendInterruptedError(self.client) from error

    def __repr__(self) -> str:
        return f"<Connected {self.client!r}, generation {self.generation}>"


if TYPE_CHECKING:
    Hook = Callable[[Connected], Awaitable[None]]


class Owner(Protocol):
    """What a connection asks of, and tells, the session that it belongs to."""

    view: View

    @property
    def context(self) -> ClientContext:
        """Return what control gave for this client."""

    @property
    def spec(self) -> WebSocketClientConfig:
        """Return the spec of the newest view."""

    @property
    def hooks(self) -> Sequence[Hook]:
        """Return what is to be done after every connect."""

    @property
    def must_wait(self) -> bool:
        """Say whether no more may be read until somebody has made room."""

    @property
    def room(self) -> Bell:
        """Return what rings when somebody has made room."""

    def take(self, message: Data) -> None:
        """Take in a message."""

    def spoken(self) -> None:
        """Take note of the first message."""

    def risen(self) -> None:
        """Take note that the connection is greeted."""

    def pinged(self, seconds: float) -> None:
        """Take note of the time of a ping's round trip."""

    def fallen(self) -> None:
        """Take note that the socket is gone."""


class Connection:
    """The life of one socket; ``up`` once it is greeted, ``spoke`` once the peer said anything."""

    def __init__(self, owner: Owner, socket: Socket) -> None:
        self.owner = owner
        self.socket = socket
        self.up = False
        self.latency: float | None = None
        self.trouble: Failure | None = None
        self._heard = 0
        self._lease = owner.context.lease_of(owner.view, "websocket")
        self._lease.become_stream()
        self._lease.on_cut(self._cut)
        socket.on_lost = self._lost

    async def live(self) -> Failure:
        """Greet, then read until the socket ends; return why it did."""
        context = self.owner.context
        tending = context.spawn(self._tend(), f"tend {context.id}")
        try:
            await self._read()
        finally:
            tending.cancel()
            self.socket.cut()
            self._lease.release()
        return self.trouble or self._ending()

    async def close(self, code: int = GOING_AWAY) -> None:
        """Close with the closing handshake, within ``close_timeout``."""
        try:
            await self.socket.close(code)
        except BaseException:
            self.socket.cut()
            raise

    @property
    def spoke(self) -> bool:
        """Say whether the peer has sent a message."""
        return self._heard > 0

    def _lost(self) -> None:
        self.up = False
        self.owner.fallen()

    async def _cut(self) -> None:
        self.socket.cut()

    def _ending(self) -> Failure:
        code = self.socket.close_code
        if code is None or code == 1006:  # RFC 6455 7.4.1: no close frame came
            return Failure("ConnectionLost", f"the connection to {self._peer} broke off")
        return Failure("ConnectionClosed", f"{self._peer} closed the connection with code {code}")

    @property
    def _peer(self) -> str:
        return str(self.owner.view.prepared.peer)

    # ── reading ──────────────────────────────────────────────────────────────────────────────

    async def _read(self) -> None:
        owner, socket = self.owner, self.socket
        try:
            while True:
                if owner.must_wait:
                    await owner.room.until(self._may_read)
                message = await socket.recv()
                self._heard += 1
                if self._heard == 1:
                    owner.spoken()
                owner.take(message)
        except ConnectionClosed:
            return

    def _may_read(self) -> bool | None:
        # What has come in before the end is delivered, room or no room.
        return True if self.socket.gone or not self.owner.must_wait else None

    # ── greeting and pinging ─────────────────────────────────────────────────────────────────

    async def _tend(self) -> None:
        try:
            async with asyncio.timeout(self.owner.spec.open_timeout):
                await self.greet()
            self.up = True
            self.owner.risen()
            await self._ping_on()
        except Exception as error:  # noqa: BLE001  (a caller's hook may raise anything)
            self._greeting_failed(error)

    async def greet(self) -> None:
        """Send what has to be sent after every connect."""
        for message in self.owner.view.prepared.greetings:
            await self.socket.send(message)
        for hook in tuple(self.owner.hooks):
            await hook(self._connected())

    async def catch_up(self, hook: Hook) -> None:
        """Run a hook that was registered after this connection had been greeted."""
        try:
            async with asyncio.timeout(self.owner.spec.open_timeout):
                await hook(self._connected())
        except Exception as error:  # noqa: BLE001  (a caller's hook may raise anything)
            self._greeting_failed(error)

    def _connected(self) -> Connected:
        return Connected(self.owner.context.id, self.owner.view.number, self.socket)

    def _greeting_failed(self, error: Exception) -> None:
        if not self.socket.usable:
            return
        kind = type(error).__name__
        self._fail("GreetingFailed", f"what is sent to {self._peer} at first failed: {kind}")

    def _fail(self, reason: str, detail: str) -> None:
        self.trouble = Failure(reason, detail)
        self.socket.cut()

    async def _ping_on(self) -> None:
        spec = self.owner.spec
        if not spec.ping_interval:
            return
        while True:
            self.latency = await self.ping()
            if self.latency is None:
                self._fail("PingTimeout", f"{self._peer} did not answer a ping")
                return
            self.owner.pinged(self.latency)
            await asyncio.sleep(spec.ping_interval)

    async def ping(self) -> float | None:
        """Return the seconds of one round trip; None if no pong came within ``ping_timeout``."""
        limit = self.owner.spec.ping_timeout
        while True:
            heard = self._heard
            pong: asyncio.Future[float] | None = None
            try:
                async with asyncio.timeout(limit):
                    pong = asyncio.ensure_future(await self.socket.ping())
                    return await asyncio.shield(pong)
            except TimeoutError:
                if pong is not None and pong.done():
                    return pong.result()  # it came while our own event loop stood still
                # Nor is it the peer's fault when a slow reader of ours has stopped the stream:
                # the pong may stand in the part that we have not read.
                if self._heard == heard and not self.owner.must_wait:
                    return None
