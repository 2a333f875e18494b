"""Where one client's sessions and consumers meet: who is current, and how one follows another.

A hub lives as long as its client's id is known, through removals too; sessions come and go.
A swap makes the new session current in one step; closing the old one is a task of its own, the
hand-over, which waits until the new one is open, greeted and has spoken, and, if the messages
are numbered, until nothing that came before its first message is missing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from rewire.drivers.websocket.bell import Bell
from rewire.drivers.websocket.inbox import Inbox
from rewire.drivers.websocket.merge import Merge
from rewire.drivers.websocket.outbox import Outbox
from rewire.drivers.websocket.pointer import number_at
from rewire.drivers.websocket.session import Session
from rewire.errors import ManagerClosedError
from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.drivers.websocket.connection import Connection, Hook
    from rewire.drivers.websocket.dial import Socket
    from rewire.drivers.websocket.inbox import Data, Queue
    from rewire.drivers.websocket.pointer import Number
    from rewire.manifest.specs.websocket import WebSocketClientConfig
    from rewire.policy.backoff import Chance
    from rewire.ports import ClientContext, View

__all__ = ["Hub"]

logger = logging.getLogger("rewire.websocket")


class Hub:
    """The meeting place of one client."""

    def __init__(self, context: ClientContext, rng: Chance) -> None:
        self.context = context
        self.changed = Bell()
        self.hooks: list[Hook] = []
        self.current: Session | None = None
        self.inbox = Inbox(context.id, lambda: self._spec().inbound)
        self.outbox = Outbox(context.id, lambda: self._spec().outbound, self._socket, self.changed)
        self._rng = rng
        self._candidates: set[Session] = set()
        self._retired: set[Session] = set()
        self._handovers = 0
        self._merge: Merge[Data] = Merge()
        self._own_number: Number | None = None
        self._pointer: tuple[str, Number] | None = None
        self._last_spec: WebSocketClientConfig | None = None

    # ── sessions: opened, swapped, ended ─────────────────────────────────────────────────────

    def open(self, view: View) -> Session:
        """Build the session of a generation: current if there is none, else a candidate."""
        candidate = self.current is not None
        held = candidate and _mode(view) == "gap"
        session = Session(self, view, self._rng, candidate=candidate, held=held)
        if candidate:
            self._candidates.add(session)
            return session
        self._note(view)
        self.current = session
        self._merge.forget()
        self._merge.open(session)
        return session

    def swapped(self, before: View | None, after: View | None) -> None:
        """Follow a swap: the new session is current from this step on."""
        old = self.current
        if after is None:
            self._farewell(old)
            return
        self._note(after)
        if old is None or (before is not None and before.number == after.number):
            self.look_again()
            return
        self._succeed(old, cast("Session", after.resource), _mode(after))

    def _succeed(self, old: Session, new: Session, mode: str) -> None:
        self._retire(old)
        self.current = new
        self._candidates.discard(new)
        self._merge.open(new)
        new.adopt()
        backlog, new.backlog = new.backlog, deque()
        for message in backlog:
            self.take(new, message)
        self._handovers += 1
        follow = self._hand_over(old, new, overlap=mode == "overlap")
        self.context.spawn(follow, f"hand over {self.context.id}")
        self.context.spawn(self.outbox.flush(), f"flush {self.context.id}")
        self.look_again()

    def _retire(self, session: Session) -> None:
        session.retire()
        self._retired.add(session)

    def _farewell(self, old: Session | None) -> None:
        """Close for good, and let everybody who waits hear why."""
        self.current = None
        self.outbox.forget()
        if old is not None:
            self._retire(old)
            self.context.spawn(self._see_off(old), f"close {self.context.id}")
        self.look_again()

    async def _hand_over(self, old: Session, new: Session, *, overlap: bool) -> None:
        try:
            if overlap:
                await self._within(new, lambda: self._may_part(old, new))
            try:
                await self._see_off(old)
            finally:
                # With a gap there are never two at once, however quickly edits follow.
                await self.changed.until(lambda: None if self._retired - {new} else True)
                new.begin()
            await self._settle(new)
        finally:
            self._handovers -= 1

    async def _see_off(self, old: Session) -> None:
        try:
            await old.leave()
        finally:
            self._retired.discard(old)
            self._let_go(self._merge.close(old))
            self.look_again()

    async def _settle(self, new: Session) -> None:
        # A feed that lags behind the one before it repeats what is known; one with other numbers
        # does so for ever, and must not be swallowed for ever.
        if self._number() is not None:
            await self._within(new, lambda: not self._merge.behind)
            if self.current is not new:
                return
        if self._merge.settle() and self._number() is not None:
            logger.warning(
                'client "%s": after the hand-over the numbers stayed below the last one before '
                "it; from now on they are taken as they come",
                self.context.id,
            )

    async def _within(self, new: Session, done: Callable[[], bool]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(new.spec.warmup.timeout):
                await self.changed.until(lambda: True if done() else None)

    def _may_part(self, old: Session, new: Session) -> bool:
        if old.usable is None or new.ended:
            return True
        if new.usable is None or not new.spoke:
            return False
        return self._number() is None or self._merge.abreast(new)

    def discard(self, session: Session) -> None:
        """Forget a session that was closed; a candidate that never was adopted, for one."""
        self._candidates.discard(session)
        self._let_go(self._merge.close(session))
        if self.current is session:
            self.current = None
        self.look_again()

    @property
    def succession(self) -> bool:
        """Say whether a successor is connected and waits for the swap."""
        return any(session.usable is not None for session in self._candidates)

    @property
    def room(self) -> Bell:
        """Return what rings when a consumer has made room."""
        return self.inbox.room

    # ── messages ─────────────────────────────────────────────────────────────────────────────

    def take(self, session: Session, message: Data) -> None:
        """Take in a message that a session has received."""
        self._let_go(self._merge.push(session, self._number_of(message), message))
        if self._handovers:
            self.changed.ring()

    def full_for(self, session: Session) -> bool:
        """Say whether a session must not read on."""
        return self.inbox.full or self._merge.held(session) >= self._spec().inbound.max_queue

    def _let_go(self, messages: list[Data]) -> None:
        for message in messages:
            self.inbox.put(message)

    def number_by(self, number: Number | None) -> None:
        """Take a function that says a message's number; None: the manifest's pointer counts."""
        self._own_number = number

    def _number(self) -> Number | None:
        if self._own_number is not None:
            return self._own_number
        written = self._spec().handover.sequence
        if written is None:
            return None
        pointer = plain(written)
        if self._pointer is None or self._pointer[0] != pointer:
            self._pointer = (pointer, number_at(pointer))
        return self._pointer[1]

    def _number_of(self, message: Data) -> int | None:
        number = self._number()
        if number is None:
            return None
        try:
            return number(message)
        except Exception as error:  # noqa: BLE001  (a caller's function may raise anything)
            kind = type(error).__name__
            logger.warning('client "%s": numbering a message failed: %s', self.context.id, kind)
            return None

    async def next_message(self, queue: Queue | None) -> Data:
        """Return the next message of a subscription, or of ``recv()``'s queue."""
        if not self.context.ready:
            await self.context.started()
        return await self.inbox.get(queue, self.awaken)

    # ── what is up ───────────────────────────────────────────────────────────────────────────

    def risen(self, session: Session) -> None:
        """Take note that a session's connection is greeted."""
        if session is self.current and self.outbox.kept:
            self.context.spawn(self.outbox.flush(), f"flush {self.context.id}")
        self.look_again()

    def look_again(self) -> None:
        """Let everybody who waits for anything of this client look again."""
        self.changed.ring()
        self.inbox.wake()

    def _socket(self) -> Socket | None:
        self.awaken()
        return self.current.usable if self.current is not None else None

    def awaken(self) -> None:
        """Build the connection if this is its first use; raise why there can be none."""
        if self.context.closed:
            raise ManagerClosedError(self.context.id)
        view = self.context.view
        if self.current is None:
            _ = view.resource

    async def wait_usable(self) -> None:
        """Wait until a message could be sent."""
        await self.changed.until(self._socket)

    def add_hook(self, hook: Hook) -> None:
        """Run ``hook`` after every connect, and for the present connection."""
        self.hooks.append(hook)
        for session in (self.current, *self._candidates):
            if session is not None and session.usable is not None:
                connection = cast("Connection", session.connection)
                self.context.spawn(connection.catch_up(hook), f"greet {self.context.id}")

    @property
    def connection(self) -> Connection | None:
        """Return the current connection, greeted or not."""
        return self.current.connection if self.current is not None else None

    def _note(self, view: View) -> None:
        self._last_spec = cast("WebSocketClientConfig", view.spec)

    def retune(self, view: View) -> None:
        """Take a new view of the same generation."""
        self._note(view)
        self.look_again()

    def _spec(self) -> WebSocketClientConfig:
        if self._last_spec is None:
            return cast("WebSocketClientConfig", self.context.view.spec)
        return self._last_spec


def _mode(view: View) -> str:
    return cast("WebSocketClientConfig", view.spec).handover.mode
