"""The transport of an httpx2 handle: the executor, in httpx2's types."""

from __future__ import annotations

import httpx2

from rewire.drivers.http.body import Body
from rewire.drivers.http.errors import HTTPX2
from rewire.drivers.http.executor import Executor
from rewire.drivers.http.inflation import Inflating
from rewire.drivers.http.wire import FROM_MANIFEST

__all__ = ["FROM_MANIFEST", "Transport"]


class _HTTPX2Body(Body, httpx2.AsyncByteStream):
    family = HTTPX2


class _HTTPX2Compressed(Inflating, httpx2.Response):
    family = HTTPX2


class Transport(Executor, httpx2.AsyncBaseTransport):
    """The transport of an httpx2 handle."""

    family = HTTPX2
    body = _HTTPX2Body
    compressed = _HTTPX2Compressed
