"""Exceptions in httpx2's family: what a caller of an httpx2 handle can already catch.

Each is also the :mod:`rewire.errors` class of its kind, so that ``except rewire.RewireError``
catches it too.
"""

from __future__ import annotations

import httpx2

from rewire import errors
from rewire.drivers.http.family import Family

__all__ = ["HTTPX2"]


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


class HTTPTokenError(errors.TokenError, _Refused):
    """A TokenError that is also an ``httpx2.ConnectError``."""


class HTTPForeignURLError(errors.ForeignURLError, httpx2.UnsupportedProtocol):
    """A ForeignURLError that is also an ``httpx2.UnsupportedProtocol``."""


class HTTPDrainCutError(errors.DrainCutError, httpx2.ReadError):
    """A DrainCutError that is also an ``httpx2.ReadError``."""


class HTTPDeadlineExceededError(errors.DeadlineExceededError, httpx2.TimeoutException):
    """A DeadlineExceededError that is also an ``httpx2.TimeoutException``."""


class HTTPCircuitOpenError(errors.CircuitOpenError, httpx2.ConnectError):
    """A CircuitOpenError that is also an ``httpx2.ConnectError``."""


class HTTPConcurrencyLimitError(errors.ConcurrencyLimitError, httpx2.PoolTimeout):
    """A ConcurrencyLimitError that is also an ``httpx2.PoolTimeout``."""


class HTTPRateLimitedError(errors.RateLimitedError, httpx2.PoolTimeout):
    """A RateLimitedError that is also an ``httpx2.PoolTimeout``."""


HTTPX2 = Family(
    httpx2,
    {
        errors.ClientRemovedError: HTTPClientRemovedError,
        errors.ClientDisabledError: HTTPClientDisabledError,
        errors.ClientHeldBackError: HTTPClientHeldBackError,
        errors.ManagerClosedError: HTTPManagerClosedError,
        errors.TokenError: HTTPTokenError,
        errors.ForeignURLError: HTTPForeignURLError,
        errors.DrainCutError: HTTPDrainCutError,
        errors.DeadlineExceededError: HTTPDeadlineExceededError,
        errors.CircuitOpenError: HTTPCircuitOpenError,
        errors.ConcurrencyLimitError: HTTPConcurrencyLimitError,
        errors.RateLimitedError: HTTPRateLimitedError,
    },
)
