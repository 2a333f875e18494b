"""The WebSocket handle: it stays valid across every edit, reconnect and removal.

It holds no connection; what it is asked for is done by its client's hub, on the connection of
the moment. Closing it does nothing: a borrower cannot close what it borrowed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import TypeVar

    from rewire.drivers.websocket.connection import Hook
    from rewire.drivers.websocket.hub import Hub
    from rewire.drivers.websocket.inbox import Data

    HookT = TypeVar("HookT", bound=Hook)

__all__ = ["Subscription", "WebSocketClient", "hub_of"]


class Subscription:
    """One consumer with a queue of its own; it gets every message from now on.

    Make it with ``client.subscribe()`` or ``async for``. It ends when it is closed, or when
    nobody holds it any more; a reconnect or an edit does not end it.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._queue = hub.inbox.join()

    async def recv(self) -> Data:
        """Return the next message.

        Raises:
            QueueFullError: messages were refused at this place (``overflow = "error"``); what
                came after them follows.
            ClientRemovedError: the client is gone, and everything received has been read.

        """
        return await self._hub.next_message(self._queue)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Data:
        return await self.recv()

    def close(self) -> None:
        """Stop; what is not read yet goes to ``recv()``, if this was the last subscription."""
        self._hub.inbox.leave(self._queue)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_queue"):
            self.close()

    def __repr__(self) -> str:
        return f"<Subscription of {self._hub.context.id!r}, {len(self._queue.items)} unread>"


class WebSocketClient:
    """A WebSocket that is connected, and stays so, as the manifest declares it.

    Get it from ``manager.websocket(id)``; it is the same object each time and good for ever.

    Every subscription (each ``async for``, each ``subscribe()``) gets every message. While there
    is none, messages rest, up to ``inbound.max_queue``, for ``recv()`` or for the first
    subscription; with ``overflow = "block"`` the socket is not read any further then, and the
    peer feels it.

    >>> async with rewire.ClientManager("connections.toml") as manager:  # doctest: +SKIP
    ...     async for message in manager.websocket("prices"):
    ...         print(message)
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @property
    def id(self) -> str:
        """Return the client's id."""
        return self._hub.context.id

    # ── sending and receiving ────────────────────────────────────────────────────────────────

    async def send(self, message: str | bytes) -> None:
        """Send a message: a string as text, bytes as binary.

        Return when it has been handed to the socket; while the connection is down, do what
        ``outbound.when_down`` says. A message is handed to one socket at most, and nobody can
        know whether the peer has read it when that socket breaks: at-most-once.

        Raises:
            NotConnectedError: the connection is down, and ``when_down = "fail"``.
            SendInterruptedError: it was lost while the message was on its way.
            QueueFullError: ``outbound.max_queue`` sends are waiting already.
            ClientRemovedError: the client is gone.

        """
        outgoing = _checked(message)
        await self._started()
        await self._hub.outbox.send(outgoing)

    async def recv(self) -> str | bytes:
        """Return the next message that nobody has read.

        Beside an open subscription it returns the next message that comes; to miss none of
        several, use ``subscribe()``. Cancelling it loses nothing.

        Raises:
            QueueFullError: messages were refused at this place (``overflow = "error"``).
            ClientRemovedError: the client is gone, and everything received has been read.

        """
        return await self._hub.next_message(None)

    def subscribe(self) -> Subscription:
        """Return a consumer of its own that gets every message from now on."""
        return Subscription(self._hub)

    def __aiter__(self) -> Subscription:
        return self.subscribe()

    # ── what code may add ────────────────────────────────────────────────────────────────────

    def on_connect(self, callback: HookT) -> HookT:
        """Register what is to be done after every connect; use it as a decorator.

        It is awaited with a :class:`Connected`, to subscribe again for instance, after the
        manifest's ``on_connect`` messages and before anybody else sends, within
        ``open_timeout``. If there is a connection already, it is run for that one too. If it
        raises, the connection counts as failed.
        """
        self._hub.add_hook(callback)
        return callback

    def sequence(self, number: Callable[[str | bytes], int | None] | None) -> None:
        """Say how to find a message's number, in place of the manifest's ``handover.sequence``."""
        self._hub.number_by(number)

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    @property
    def connected(self) -> bool:
        """Say whether a message could be sent now."""
        current = self._hub.current
        return current is not None and current.usable is not None

    @property
    def latency(self) -> float | None:
        """Return the seconds of the last ping's round trip; None before the first one."""
        connection = self._hub.connection
        return connection.latency if connection is not None else None

    async def wait_connected(self) -> None:
        """Wait until a message could be sent."""
        await self._started()
        await self._hub.wait_usable()

    async def _started(self) -> None:
        if not self._hub.context.ready:
            await self._hub.context.started()

    # ── a borrower cannot close what it borrowed ─────────────────────────────────────────────

    async def aclose(self) -> None:
        """Do nothing: only the manager ends a client."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        return None

    def __repr__(self) -> str:
        try:
            number = self._hub.context.view.number
        except RewireError as error:
            return f"<WebSocketClient {self.id!r}, {type(error).__name__}>"
        state = "connected" if self.connected else "not connected"
        return f"<WebSocketClient {self.id!r} {state}, generation {number}>"


def hub_of(client: WebSocketClient) -> Hub:
    """Return the hub behind a handle: for the driver, not for callers."""
    return client._hub  # noqa: SLF001


def _checked(message: object) -> str | bytes:
    # A buffer is copied: it may be written to before a message that waits is sent.
    if isinstance(message, bytearray | memoryview):
        return bytes(message)
    if not isinstance(message, str | bytes):
        msg = f"a message is str or bytes, not {type(message).__name__}"
        raise TypeError(msg)
    return message
