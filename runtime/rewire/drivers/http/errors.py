"""Exceptions in httpx2's family: what a caller of an httpx2 handle can already catch.

Each is also the :mod:`rewire.errors` class of its kind, so that ``except rewire.RewireError``
catches it too. The engine's exceptions are mapped here, at the border, and nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore2
import httpx2

from rewire import errors

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_family", "translate"]

# httpx2 named its exceptions after httpcore's; the most specific one is found along the MRO.
_ENGINE = {
    getattr(httpcore2, name): getattr(httpx2, name)
    for name in (
        "TimeoutException",
        "ConnectTimeout",
        "ReadTimeout",
        "WriteTimeout",
        "PoolTimeout",
        "NetworkError",
        "ConnectError",
        "ReadError",
        "WriteError",
        "ProxyError",
        "UnsupportedProtocol",
        "ProtocolError",
        "LocalProtocolError",
        "RemoteProtocolError",
    )
}


def translate(error: Exception, request: httpx2.Request) -> httpx2.RequestError | None:
    """Return the httpx2 exception for one of the engine's, or None for anything else."""
    for kind in type(error).__mro__:
        if kind in _ENGINE:
            mapped: httpx2.RequestError = _ENGINE[kind](str(error), request=request)
            return mapped
    return None


class _Refused(httpx2.ConnectError):
    """The call never left: there is no view to send it with."""


class HTTPClientRemovedError(errors.ClientRemovedError, _Refused):
    """A ClientRemovedError that is also an ``httpx2.ConnectError``."""


class HTTPClientDisabledError(errors.ClientDisabledError, _Refused):
    """A ClientDisabledError that is also an ``httpx2.ConnectError``."""


class HTTPClientHeldBackError(errors.ClientHeldBackError, _Refused):
    """A ClientHeldBackError that is also an ``httpx2.ConnectError``."""


class HTTPManagerClosedError(errors.ManagerClosedError, _Refused):
    """A ManagerClosedError that is also an ``httpx2.ConnectError``."""


class HTTPForeignURLError(errors.ForeignURLError, httpx2.UnsupportedProtocol):
    """A ForeignURLError that is also an ``httpx2.UnsupportedProtocol``."""


class HTTPDrainCutError(errors.DrainCutError, httpx2.ReadError):
    """A DrainCutError that is also an ``httpx2.ReadError``."""


_FAMILY: dict[type[errors.RewireError], Callable[..., httpx2.RequestError]] = {
    errors.ClientRemovedError: HTTPClientRemovedError,
    errors.ClientDisabledError: HTTPClientDisabledError,
    errors.ClientHeldBackError: HTTPClientHeldBackError,
    errors.ManagerClosedError: HTTPManagerClosedError,
    errors.ForeignURLError: HTTPForeignURLError,
    errors.DrainCutError: HTTPDrainCutError,
}


def in_family(error: errors.RewireError, request: httpx2.Request) -> Exception:
    """Return the twin of a rewire error that httpx2's users can catch, or the error itself."""
    twin = _FAMILY.get(type(error))
    if twin is None:
        return error
    made = twin(*error.args)
    made.request = request
    return made
