"""Opening one socket with websockets: no environment, no redirect, no secret in a log."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.protocol import State

from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

    from websockets.typing import Subprotocol

    from rewire.drivers.websocket.prepared import Prepared
    from rewire.manifest.specs.websocket import WebSocketClientConfig

__all__ = ["Socket", "dial"]


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """A logger for websockets, which prints every header and message at DEBUG."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802  (logging's name)
        return level >= logging.WARNING and super().isEnabledFor(level)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        # A traceback ends with an exception's text, which may quote what was sent.
        kwargs.pop("exc_info", None)
        return msg, kwargs


_logger = _Quiet(logging.getLogger("rewire.websocket"), {})


class Socket(ClientConnection):
    """A connection of websockets that says when it is lost."""

    on_lost: Callable[[], None] | None = None

    @property
    def usable(self) -> bool:
        """Say whether a message can be handed to it now."""
        return self.state is State.OPEN

    @property
    def gone(self) -> bool:
        """Say whether nothing more can come in than what has already come."""
        return self.state is State.CLOSED

    def connection_lost(self, exc: Exception | None) -> None:
        """Take note of the end of the TCP connection."""
        super().connection_lost(exc)
        if self.on_lost is not None:
            self.on_lost()

    def cut(self) -> None:
        """End the TCP connection at once."""
        self.transport.abort()


class _Dial(connect):
    """websockets' opening, without its redirects: where to connect is the manifest's to say.

    On its way to another origin websockets drops three headers by name, but no other credential.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


async def dial(prepared: Prepared, spec: WebSocketClientConfig) -> Socket:
    """Open a socket and finish the handshake, within ``open_timeout``."""
    # For ws:// websockets refuses the very word.
    tls: dict[str, Any] = {}
    if prepared.tls is not None:
        tls["ssl"] = prepared.tls()
        if prepared.server_name is not None:
            tls["server_hostname"] = prepared.server_name
    subprotocols = [cast("Subprotocol", plain(name)) for name in spec.subprotocols]
    opening = _Dial(
        prepared.url,
        subprotocols=subprotocols or None,
        additional_headers=list(prepared.headers),
        proxy=None,
        open_timeout=spec.open_timeout,
        # Ours: websockets' own would be a task that nobody owns, and takes a slow reader of ours
        # for a dead peer.
        ping_interval=None,
        close_timeout=spec.close_timeout,
        max_size=spec.max_size,
        logger=_logger,
        create_connection=Socket,
        **tls,
    )
    return cast("Socket", await opening)
