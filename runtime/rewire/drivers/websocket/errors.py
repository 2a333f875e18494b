"""What sending can end with, and the words for why a socket could not be opened or was lost.

::

    RewireError
    └── NotConnectedError        (ConnectionError)  the connection is down, and when_down = "fail"
        └── SendInterruptedError                    it was lost while the message was on its way

Exceptions of websockets, ssl and the socket are translated here and nowhere else. Their texts are
not passed on: one of them could quote a header or a query.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from websockets.exceptions import InvalidHandshake, InvalidStatus

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Failure", "NotConnectedError", "SendInterruptedError", "failure_of"]


class NotConnectedError(RewireError, ConnectionError):
    """Say that nothing could be sent, because there is no connection at the moment."""

    def __init__(self, client: str) -> None:
        super().__init__(client)
        self.client = client

    def __str__(self) -> str:
        return (
            f'the WebSocket of the client "{self.client}" is down; with outbound.when_down = '
            '"wait" a send waits for the next connection'
        )


class SendInterruptedError(NotConnectedError):
    """Say that the connection was lost while a message was being sent: it may have arrived."""

    def __str__(self) -> str:
        return (
            f'the WebSocket of the client "{self.client}" was lost while a message was being '
            "sent; it may or may not have arrived, and is not sent again"
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a socket could not be opened or was lost; ``reason`` is a CamelCase word."""

    reason: str
    detail: str
    status: int | None = None


def failure_of(error: Exception, peer: str) -> Failure:
    """Return what an exception of the opening means; ``peer`` is host and port."""
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        return Failure("HandshakeRefused", f"{peer} answered the handshake with {status}", status)
    for kind, reason, words in _MEANINGS:
        if isinstance(error, kind):
            return Failure(reason, f"{peer} {words(error)}")
    return Failure("ConnectFailed", f"{peer} could not be reached ({type(error).__name__})")


def _tls(error: ssl.SSLError) -> str:
    # verify_message is OpenSSL's own text: "certificate has expired", "unable to get …".
    why = getattr(error, "verify_message", "") or (error.reason or "").lower().replace("_", " ")
    return f"did not agree on TLS: {why or type(error).__name__}"


def _os(error: OSError) -> str:
    # asyncio puts its own words, with the address, in the place of the system's.
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno).lower()
    return error.strerror or "no address answers"


# The most specific first: TimeoutError and SSLError are OSErrors.
_MEANINGS: tuple[tuple[type[Exception], str, Callable[[Any], str]], ...] = (
    (
        InvalidHandshake,
        "HandshakeFailed",
        lambda error: f"did not answer as a WebSocket does ({type(error).__name__})",
    ),
    (TimeoutError, "ConnectTimeout", lambda _: "did not answer in time"),
    (ssl.SSLError, "TLSFailed", _tls),
    (OSError, "ConnectFailed", lambda error: f"could not be reached: {_os(error)}"),
)
