"""Every exception that rewire raises, in one tree.

::

    RewireError
    ├── ManifestError                    the manifest was refused; carries every diagnostic
    ├── UnknownClientError               (KeyError)      no such id; says "did you mean"
    ├── WrongProtocolError               (TypeError)     right id, wrong accessor
    ├── ClientRemovedError                               the id was taken out of the manifest
    ├── ClientDisabledError                              ``enabled = false``
    ├── ClientHeldBackError                              declared, but not applicable yet
    ├── WrongLoopError                   (RuntimeError)  used from another event loop
    │   └── WrongProcessError                            used in a fork of its process
    ├── ManagerClosedError               (RuntimeError)  used after the manager has ended
    ├── DuplicateClientError             (ValueError)    ``register`` of an id that is taken
    ├── ForeignURLError                                  neither the client's origin nor an endpoint
    ├── DrainCutError                                    cut off by a drain deadline
    ├── DeadlineExceededError                            the total or the attempt took too long
    ├── CircuitOpenError                                 the breaker is open: nothing was sent
    ├── ConcurrencyLimitError                            too many calls, and a full queue
    ├── RateLimitedError                                 over the rate, no time to wait
    ├── TokenError                                       no OAuth2 token could be had
    ├── ProbeError                                       a connection could not be opened
    ├── QueueFullError                                   a bounded queue overflowed
    ├── FileRefused                                      (in rewire.sources.reading)
    └── MissingExtraError                (ImportError)   names the extra to install

An error carries data and builds its message when asked; drivers subclass these together with
the exceptions of the library whose handle they give out, so that callers can catch either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "CircuitOpenError",
    "ClientDisabledError",
    "ClientHeldBackError",
    "ClientRemovedError",
    "ConcurrencyLimitError",
    "DeadlineExceededError",
    "DrainCutError",
    "DuplicateClientError",
    "ForeignURLError",
    "ManagerClosedError",
    "ManifestError",
    "MissingExtraError",
    "ProbeError",
    "QueueFullError",
    "RateLimitedError",
    "RewireError",
    "TokenError",
    "UnknownClientError",
    "WrongLoopError",
    "WrongProcessError",
    "WrongProtocolError",
]


class RewireError(Exception):
    """Be the root of everything that rewire raises."""

    def __init__(self, *data: object) -> None:
        # A subclass may stand in another library's family, whose constructor takes one message;
        # ours is built in __str__ out of the data, and ``args`` keeps the data for pickling.
        super().__init__("")
        self.args = data


class ManifestError(RewireError):
    """Say that a manifest was refused; ``diagnostics`` holds every reason, ``text`` shows them."""

    def __init__(self, diagnostics: Sequence[object], text: str) -> None:
        super().__init__(tuple(diagnostics), text)
        self.diagnostics = tuple(diagnostics)
        self.text = text

    def __str__(self) -> str:
        return self.text


class UnknownClientError(RewireError, KeyError):
    """Say that no client has this id."""

    def __init__(self, client: str, suggestion: str | None = None) -> None:
        super().__init__(client, suggestion)
        self.client = client
        self.suggestion = suggestion

    def __str__(self) -> str:
        hint = f'; did you mean "{self.suggestion}"?' if self.suggestion else ""
        return f'no client is declared under the id "{self.client}"{hint}'


class WrongProtocolError(RewireError, TypeError):
    """Say that the client exists under another protocol, and by which accessor to get it."""

    def __init__(self, client: str, asked: str, actual: str, where: str | None = None) -> None:
        super().__init__(client, asked, actual, where)
        self.client = client
        self.asked = asked
        self.actual = actual
        self.where = where

    def __str__(self) -> str:
        declared = f" (declared at {self.where})" if self.where else ""
        return (
            f'"{self.client}" is not a client of protocol {self.asked} but of {self.actual}'
            f'{declared}; use manager.{self.actual}("{self.client}")'
        )


class ClientRemovedError(RewireError):
    """Say that the client was removed from the manifest while a handle to it is still held."""

    def __init__(self, client: str) -> None:
        super().__init__(client)
        self.client = client

    def __str__(self) -> str:
        return (
            f'the client "{self.client}" was removed; its handle works again as soon as the id '
            "is declared again under the same protocol"
        )


class ClientDisabledError(RewireError):
    """Say that the client is declared with ``enabled = false``."""

    def __init__(self, client: str) -> None:
        super().__init__(client)
        self.client = client

    def __str__(self) -> str:
        return f'the client "{self.client}" is disabled; set enabled = true in its table'


class ClientHeldBackError(RewireError):
    """Say that the client is declared, but the world has not let any spec of it go live yet."""

    def __init__(self, client: str, reason: str, message: str) -> None:
        super().__init__(client, reason, message)
        self.client = client
        self.reason = reason
        self.message = message

    def __str__(self) -> str:
        return f'the client "{self.client}" is held back ({self.reason}): {self.message}'


class WrongLoopError(RewireError, RuntimeError):
    """Say that a handle, or the manager (``client`` None), was used from another event loop."""

    def __init__(self, client: str | None = None) -> None:
        super().__init__(client)
        self.client = client

    def __str__(self) -> str:
        who = f'the client "{self.client}"' if self.client is not None else "the manager"
        return (
            f"{who} belongs to the event loop in which the manager was started, and was used from "
            "another one; start a manager in each loop"
        )


class WrongProcessError(WrongLoopError):
    """Say that a handle was used in a fork of the process in which its manager was started."""

    def __str__(self) -> str:
        who = f'the client "{self.client}"' if self.client is not None else "the manager"
        return (
            f"{who} belongs to the process in which the manager was started, and was used in a "
            "fork of it; start a manager in each process"
        )


class ManagerClosedError(RewireError, RuntimeError):
    """Say that the manager has ended, and its clients with it."""

    def __init__(self, client: str) -> None:
        super().__init__(client)
        self.client = client

    def __str__(self) -> str:
        return f'the manager of the client "{self.client}" has been closed'


class DuplicateClientError(RewireError, ValueError):
    """Say that ``register`` was given an id that is already taken."""

    def __init__(self, client: str, origin: str) -> None:
        super().__init__(client, origin)
        self.client = client
        self.origin = origin

    def __str__(self) -> str:
        return f'the id "{self.client}" is already taken by a client from {self.origin}'


class ForeignURLError(RewireError):
    """Say that a URL is neither the client's virtual origin nor one of its endpoints."""

    def __init__(self, client: str, origin: str) -> None:
        super().__init__(client, origin)
        self.client = client
        self.origin = origin

    def __str__(self) -> str:
        return (
            f'the client "{self.client}" does not send to {self.origin}, which is not its '
            "base_url; set allow_foreign = true to permit it (no credentials are sent there)"
        )


class DrainCutError(RewireError):
    """Say that a retired generation reached its drain deadline while this call was in flight."""

    def __init__(self, client: str, generation: int, seconds: float) -> None:
        super().__init__(client, generation, seconds)
        self.client = client
        self.generation = generation
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f'cut off: generation {self.generation} of the client "{self.client}" was replaced '
            f"and its drain ended after {self.seconds:.3g} s; see drain.timeout and "
            "drain.stream_timeout"
        )


class DeadlineExceededError(RewireError):
    """Say that a call (``total``) or one of its attempts (``attempt``) took too long."""

    def __init__(self, client: str, scope: str, seconds: float) -> None:
        super().__init__(client, scope, seconds)
        self.client = client
        self.scope = scope
        self.seconds = seconds

    def __str__(self) -> str:
        return f'the client "{self.client}" gave up after {self.seconds:g} s (timeout.{self.scope})'


class CircuitOpenError(RewireError):
    """Say that a breaker is open; ``seconds`` until it lets a probe through."""

    def __init__(self, client: str, origin: str, seconds: float) -> None:
        super().__init__(client, origin, seconds)
        self.client = client
        self.origin = origin
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f'the breaker of the client "{self.client}" for {self.origin} is open: too many calls '
            f"failed; it is tried again in {self.seconds:.3g} s"
        )


class ConcurrencyLimitError(RewireError):
    """Say that as many calls are under way as may be; ``waited`` seconds in the queue."""

    def __init__(self, client: str, limit: int, waited: float) -> None:
        super().__init__(client, limit, waited)
        self.client = client
        self.limit = limit
        self.waited = waited

    def __str__(self) -> str:
        why = f"none ended within {self.waited:g} s" if self.waited else "the queue is full"
        return (
            f'{self.limit} calls of the client "{self.client}" are under way and {why}; see '
            "concurrency.max, concurrency.queue and concurrency.queue_timeout"
        )


class RateLimitedError(RewireError):
    """Say that a call is over the declared rate and would have to wait too long."""

    def __init__(self, client: str, seconds: float) -> None:
        super().__init__(client, seconds)
        self.client = client
        self.seconds = seconds

    def __str__(self) -> str:
        return (
            f'the client "{self.client}" is over its rate_limit: the next call could go in '
            f"{self.seconds:.3g} s"
        )


class TokenError(RewireError):
    """Say that no OAuth2 token could be had; nothing was sent. ``reason`` is a CamelCase word."""

    def __init__(self, client: str, reason: str, detail: str) -> None:
        super().__init__(client, reason, detail)
        self.client = client
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f'no token for the client "{self.client}": {self.detail}'


class ProbeError(RewireError):
    """Say that a connection could not be opened; ``reason`` is a CamelCase word."""

    def __init__(self, client: str, reason: str, detail: str) -> None:
        super().__init__(client, reason, detail)
        self.client = client
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f'no connection of the client "{self.client}" could be opened: {self.detail}'


class QueueFullError(RewireError):
    """Say that a bounded queue of a client is full; ``direction`` is inbound or outbound."""

    def __init__(self, client: str, direction: str, limit: int) -> None:
        super().__init__(client, direction, limit)
        self.client = client
        self.direction = direction
        self.limit = limit

    def __str__(self) -> str:
        return f'the {self.direction} queue of the client "{self.client}" is full ({self.limit})'


class MissingExtraError(RewireError, ImportError):
    """Say which extra has to be installed for a feature."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(feature, extra)
        self.feature = feature
        self.extra = extra

    def __str__(self) -> str:
        return f"{self.feature} needs an extra: pip install 'rewire[{self.extra}]'"
