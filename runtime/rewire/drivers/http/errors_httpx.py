"""Exceptions in httpx's family: what a caller of an httpx handle can already catch.

Each is also the :mod:`rewire.errors` class of its kind, so that ``except rewire.RewireError``
catches it too.
"""

from __future__ import annotations

import httpx

from rewire import errors
from rewire.drivers.http.family import Family

__all__ = ["HTTPX"]


class _Refused(httpx.ConnectError):
    """The call never left: there is no view to send it with."""


class HTTPXClientRemovedError(errors.ClientRemovedError, _Refused):
    """A ClientRemovedError that is also an ``httpx.ConnectError``."""


class HTTPXClientDisabledError(errors.ClientDisabledError, _Refused):
    """A ClientDisabledError that is also an ``httpx.ConnectError``."""


class HTTPXClientHeldBackError(errors.ClientHeldBackError, _Refused):
    """A ClientHeldBackError that is also an ``httpx.ConnectError``."""


class HTTPXManagerClosedError(errors.ManagerClosedError, _Refused):
    """A ManagerClosedError that is also an ``httpx.ConnectError``."""


class HTTPXTokenError(errors.TokenError, _Refused):
    """A TokenError that is also an ``httpx.ConnectError``."""


class HTTPXForeignURLError(errors.ForeignURLError, httpx.UnsupportedProtocol):
    """A ForeignURLError that is also an ``httpx.UnsupportedProtocol``."""


class HTTPXDrainCutError(errors.DrainCutError, httpx.ReadError):
    """A DrainCutError that is also an ``httpx.ReadError``."""


class HTTPXDeadlineExceededError(errors.DeadlineExceededError, httpx.TimeoutException):
    """A DeadlineExceededError that is also an ``httpx.TimeoutException``."""


class HTTPXCircuitOpenError(errors.CircuitOpenError, httpx.ConnectError):
    """A CircuitOpenError that is also an ``httpx.ConnectError``."""


class HTTPXConcurrencyLimitError(errors.ConcurrencyLimitError, httpx.PoolTimeout):
    """A ConcurrencyLimitError that is also an ``httpx.PoolTimeout``."""


class HTTPXRateLimitedError(errors.RateLimitedError, httpx.PoolTimeout):
    """A RateLimitedError that is also an ``httpx.PoolTimeout``."""


HTTPX = Family(
    httpx,
    {
        errors.ClientRemovedError: HTTPXClientRemovedError,
        errors.ClientDisabledError: HTTPXClientDisabledError,
        errors.ClientHeldBackError: HTTPXClientHeldBackError,
        errors.ManagerClosedError: HTTPXManagerClosedError,
        errors.TokenError: HTTPXTokenError,
        errors.ForeignURLError: HTTPXForeignURLError,
        errors.DrainCutError: HTTPXDrainCutError,
        errors.DeadlineExceededError: HTTPXDeadlineExceededError,
        errors.CircuitOpenError: HTTPXCircuitOpenError,
        errors.ConcurrencyLimitError: HTTPXConcurrencyLimitError,
        errors.RateLimitedError: HTTPXRateLimitedError,
    },
)
