"""One generation of a WebSocket client: connect, live, wait, connect again, until it is retired.

A session that is to replace another one starts as a *candidate*: it tries once, keeps what it
receives to itself, and reports nothing; the verdict on it is the warm-up's. Once adopted it is
the client's connection and stays connected. Who succeeds whom is
:mod:`rewire.drivers.websocket.hub`'s business.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, cast

from rewire.drivers.websocket.connection import Connection
from rewire.drivers.websocket.dial import dial
from rewire.drivers.websocket.errors import failure_of
from rewire.policy.backoff import Backoff, failures_after, wait
from rewire.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.drivers.websocket.bell import Bell
    from rewire.drivers.websocket.connection import Hook
    from rewire.drivers.websocket.dial import Socket
    from rewire.drivers.websocket.errors import Failure
    from rewire.drivers.websocket.inbox import Data
    from rewire.manifest.specs.websocket import WebSocketClientConfig
    from rewire.policy.backoff import Chance
    from rewire.ports import ClientContext, View

__all__ = ["Meeting", "Session"]


class Meeting(Protocol):
    """What a session asks of, and tells, the hub where it meets the others."""

    context: ClientContext
    changed: Bell
    hooks: list[Hook]

    @property
    def room(self) -> Bell:
        """Return what rings when a consumer has made room."""

    @property
    def succession(self) -> bool:
        """Say whether a successor is connected and waits for the swap."""

    def full_for(self, session: Session) -> bool:
        """Say whether a session must not read on."""

    def take(self, session: Session, message: Data) -> None:
        """Take in a message that a session has received."""

    def risen(self, session: Session) -> None:
        """Take note that a session's connection is greeted."""

    def look_again(self) -> None:
        """Let everybody who waits for anything of this client look again."""


class Session:
    """The connection of one generation, and its loop."""

    def __init__(
        self, hub: Meeting, view: View, rng: Chance, *, candidate: bool, held: bool
    ) -> None:
        self.hub = hub
        self.view = view
        self.candidate = candidate
        self.held = held
        self.ending = False
        self.connection: Connection | None = None
        self.failure: Failure | None = None
        self.backlog: deque[Data] = deque()
        self.failures = 0
        self.tries = 0
        self.took: float | None = None
        self.resting: float | None = None
        self.resting_now = False
        self._rng = rng
        self._nudged = False
        self._risen_at: float | None = None
        self._task: Any = self.context.spawn(self._run(), f"websocket {self.context.id}")

    @property
    def context(self) -> ClientContext:
        """Return what control gave for this client."""
        return self.hub.context

    @property
    def spec(self) -> WebSocketClientConfig:
        """Return the spec of the session's newest view."""
        return cast("WebSocketClientConfig", self.view.spec)

    @property
    def ended(self) -> bool:
        """Say whether nothing will come from this session any more."""
        return bool(self._task.done())

    @property
    def usable(self) -> Socket | None:
        """Return the socket, if it is greeted and open."""
        connection = self.connection
        if connection is None or not connection.up or not connection.socket.usable:
            return None
        return connection.socket

    @property
    def spoke(self) -> bool:
        """Say whether the present connection has brought a message."""
        return self.connection is not None and self.connection.spoke

    @property
    def must_wait(self) -> bool:
        """Say whether no more may be read until somebody has made room."""
        if self.candidate:
            return len(self.backlog) >= self.spec.inbound.max_queue
        return self.hub.full_for(self)

    # ── what others tell it ──────────────────────────────────────────────────────────────────

    def retune(self, view: View) -> None:
        """Take a new view of the same generation: it counts from the next connect on."""
        self.view = view
        self.nudge()

    def nudge(self) -> None:
        """Try again now, if it waits to try again."""
        self._nudged = True
        self.hub.changed.ring()

    def adopt(self) -> None:
        """Become the client's connection."""
        self.candidate = False
        if self.usable is not None:
            self._report_success()
        elif self.failure is not None:
            self._report(self.failure)
        else:
            self.context.opening()
        self.hub.changed.ring()

    def retire(self) -> None:
        """Stay connected for a while, but never connect again; report nothing any more."""
        self.ending = True
        self.hub.changed.ring()

    def begin(self) -> None:
        """Connect: the session before it is gone."""
        self.held = False
        self.hub.changed.ring()

    async def leave(self) -> None:
        """Close with 1001, never to connect again; return when all it received is passed on."""
        self.retire()
        if self.connection is not None:
            await self.connection.close()
        elif not self.ended:
            self._task.cancel()
        if not self.ended:
            await asyncio.wait({self._task})

    # ── what its connection asks and tells ───────────────────────────────────────────────────

    @property
    def hooks(self) -> Sequence[Hook]:
        """Return what is to be done after every connect."""
        return self.hub.hooks

    @property
    def room(self) -> Bell:
        """Return what rings when somebody has made room."""
        return self.hub.room

    def take(self, message: Data) -> None:
        """Keep a message while this is a candidate, else pass it on."""
        if self.candidate:
            self.backlog.append(message)
        else:
            self.hub.take(self, message)

    def spoken(self) -> None:
        """Take note of the first message."""
        self.hub.changed.ring()

    def fallen(self) -> None:
        """Take note that the socket is gone."""
        self.hub.look_again()

    def risen(self) -> None:
        """Take note that the connection is greeted and can be used."""
        loop = asyncio.get_running_loop()
        self._risen_at = loop.time()
        self.failure = None
        self._nudged = False
        if not self.candidate and not self.ending:
            self._report_success()
        self.hub.risen(self)

    def pinged(self, seconds: float) -> None:
        """Take note of the time of a ping's round trip."""
        if not self.candidate and not self.ending:
            self.context.observe(Outcome(ok=True, seconds=seconds))

    def _report_success(self) -> None:
        self.context.observe(Outcome(ok=True, seconds=self.took))

    def _report(self, failure: Failure) -> None:
        code = f"HTTP{failure.status}" if failure.status else failure.reason
        self.context.observe(Outcome(ok=False, code=code, message=failure.detail, connection=True))

    # ── the loop ─────────────────────────────────────────────────────────────────────────────

    async def _run(self) -> None:
        try:
            await self.hub.changed.until(lambda: None if self.held else True)
            while not self.ending:
                await self._connect_and_live()
                await self._rest()
        finally:
            if self.connection is not None:
                self.connection.socket.cut()
            self.connection = None
            self.hub.look_again()

    async def _connect_and_live(self) -> None:
        loop = asyncio.get_running_loop()
        if not self.candidate:
            self.context.opening()
        self.tries += 1
        started, self._risen_at = loop.time(), None
        self._nudged = False
        try:
            socket = await dial(self.view.prepared, self.spec)
        except Exception as error:  # noqa: BLE001  (whatever the network does, the loop goes on)
            self._failed(failure_of(error, self.view.prepared.peer), None)
            return
        self.took = loop.time() - started
        self.connection = Connection(self, socket)
        failure = await self.connection.live()
        self.connection = None
        self._failed(failure, self._uptime(loop.time()))

    def _uptime(self, now: float) -> float | None:
        return now - self._risen_at if self._risen_at is not None else None

    def _failed(self, failure: Failure, uptime: float | None) -> None:
        self.failures = failures_after(self.failures, uptime, self.spec.reconnect.stable_after)
        self.failure = failure
        if not self.candidate and not self.ending:
            if uptime is None:
                self._report(failure)
            else:
                self.context.observe(Outcome(ok=False, code=failure.reason, message=failure.detail))
                self.context.lost(failure.detail)
        self.hub.look_again()

    async def _rest(self) -> None:
        """Wait until it is time to try again: after a while, a nudge, or the warm-up's verdict."""
        if self.candidate:
            await self.hub.changed.until(lambda: True if self._free else None)
        failure, settings = self.failure, self.spec.reconnect
        fatal = failure is not None and failure.status in settings.fatal_statuses
        backoff = Backoff(settings.initial, settings.max, settings.multiplier, settings.jitter)
        self.resting = None if fatal else wait(backoff, self.failures, self._rng)
        self.resting_now = True
        self.hub.changed.ring()
        with suppress(TimeoutError):
            async with asyncio.timeout(self.resting):
                await self.hub.changed.until(lambda: True if self._nudged or self.ending else None)
        self.resting_now = False
        # A server that permits one session alone ends ours when our successor arrives: to come
        # back now would end that one in turn.
        await self.hub.changed.until(
            lambda: True if self.ending or not self.hub.succession else None
        )

    @property
    def _free(self) -> bool:
        return not self.candidate or self.ending

    def __repr__(self) -> str:
        place = "candidate" if self.candidate else "ending" if self.ending else "current"
        state = "up" if self.usable is not None else "down"
        return f"<Session {self.context.id}/{self.view.number} {place}, {state}>"
