"""The WebSocket driver: what ``control`` calls to make, warm, tune, check and close clients."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, cast
from weakref import WeakValueDictionary

from rewire.drivers.websocket.client import WebSocketClient, hub_of
from rewire.drivers.websocket.hub import Hub
from rewire.drivers.websocket.prepared import Prepared, prepare
from rewire.errors import ProbeError
from rewire.status import PoolStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rewire.drivers.websocket.session import Session
    from rewire.manifest.specs.client import ClientConfig
    from rewire.manifest.specs.websocket import WebSocketClientConfig
    from rewire.policy.backoff import Chance
    from rewire.ports import ClientContext, View

__all__ = ["WebSocketDriver"]

# Many servers speak only when spoken to. One that has neither spoken nor closed by now is taken
# at its word; the old socket stays until it has spoken, or until the warm-up's full time is over.
PATIENCE = 1.0


class WebSocketDriver:
    """A :class:`rewire.ports.Driver` for ``[websocket.<id>]``."""

    protocol = "websocket"
    background = True

    def __init__(self, rng: Chance | None = None) -> None:
        self._rng = rng or Random()
        # The handle and the sessions of a client meet in its hub, whichever is made first. They
        # keep it, and it keeps the context: so an entry's key is good as long as the entry is.
        self._hubs: WeakValueDictionary[int, Hub] = WeakValueDictionary()

    def _hub(self, context: ClientContext) -> Hub:
        hub = self._hubs.get(id(context))
        if hub is None:
            hub = self._hubs[id(context)] = Hub(context, self._rng)
        return hub

    def handle(self, context: ClientContext, family: str | None = None) -> WebSocketClient:  # noqa: ARG002
        """Make the handle of a client."""
        return WebSocketClient(self._hub(context))

    def prepare(self, spec: ClientConfig, material: Mapping[str, bytes]) -> Prepared:
        """Work out what each connect needs."""
        return prepare(cast("WebSocketClientConfig", spec), material)

    def open(self, view: View, context: ClientContext) -> Session:
        """Build the session of a generation; it connects by itself, in a task of control's."""
        return self._hub(context).open(view)

    async def warm(self, view: View, context: ClientContext) -> None:
        """Wait until the socket is open and greeted, and the peer has spoken or keeps quiet.

        With ``handover.mode = "gap"`` there is nothing to wait for: the new socket is opened
        when the old one is closed.
        """
        session: Session = view.resource
        if session.held:
            return
        await self._verdict(session, context, lambda: True)
        if not session.candidate:
            return
        patience = min(PATIENCE, session.spec.warmup.timeout / 2)
        try:
            async with asyncio.timeout(patience):
                await session.hub.changed.until(lambda: _heard(session, context))
        except TimeoutError:
            return

    async def check(self, view: View, context: ClientContext) -> float:
        """Return the seconds of a ping's round trip, or of a connect if there is no connection.

        A client that waits to try again, or has stopped trying, tries again now.
        """
        session: Session = view.resource
        connection = session.connection
        if connection is not None and session.usable is not None:
            seconds = await connection.ping()
            if seconds is None:
                raise ProbeError(context.id, "PingTimeout", "the peer did not answer a ping")
            return seconds
        tries = session.tries
        if session.resting_now:
            session.nudge()
            tries += 1
        await self._verdict(session, context, lambda: session.tries >= tries)
        return session.took or 0.0

    async def _verdict(
        self, session: Session, context: ClientContext, counts: Callable[[], bool]
    ) -> None:
        """Wait until a connect that counts has succeeded; raise ProbeError if it has failed."""

        def look() -> bool | None:
            if session.usable is not None:
                return True
            if session.failure is not None and counts():
                raise ProbeError(context.id, session.failure.reason, session.failure.detail)
            if session.ended:
                raise ProbeError(context.id, "Closed", "the client was closed meanwhile")
            return None

        await session.hub.changed.until(look)

    def swapped(self, handle: WebSocketClient, before: View | None, after: View | None) -> None:
        """Let the handle follow a swap, in the same event-loop step."""
        hub_of(handle).swapped(before, after)

    def retune(self, view: View, context: ClientContext) -> None:
        """Apply a new view of the same generation; the connection stays."""
        session: Session = view.resource
        session.retune(view)
        self._hub(context).retune(view)

    def pool(self, resource: Session) -> PoolStatus:
        """Return whether there is a connection, and how many sends wait for it."""
        waiting = _hub_of(resource).outbox.waiting if not resource.ending else 0
        return PoolStatus(open=int(resource.connection is not None), idle=0, waiting=waiting)

    def breaker(self, view: View, context: ClientContext) -> None:
        """Return None: reconnects have a backoff, and no breaker."""

    async def close(self, resource: Session) -> None:
        """Close a session's socket with 1001, and forget the session."""
        try:
            await resource.leave()
        finally:
            _hub_of(resource).discard(resource)


def _hub_of(session: Session) -> Hub:
    return cast("Hub", session.hub)


def _heard(session: Session, context: ClientContext) -> bool | None:
    """Say whether a candidate's peer has spoken; raise if it has closed instead."""
    if session.spoke or session.backlog:
        return True
    if session.failure is not None or session.ended:
        detail = session.failure.detail if session.failure else "the client was closed meanwhile"
        raise ProbeError(context.id, "SessionRefused", detail)
    return None
