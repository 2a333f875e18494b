"""The second family: an ``httpx.AsyncClient`` over the same pool, policies and state.

For libraries that still need httpx (Agno, LiteLLM). Loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import httpx2

from rewire.drivers.http.body import Body
from rewire.drivers.http.client import AsyncManaged, HTTPClient
from rewire.drivers.http.errors_httpx import HTTPX
from rewire.drivers.http.executor import Executor
from rewire.drivers.http.inflation import Inflating
from rewire.drivers.http.wire import ManifestTimeout

if TYPE_CHECKING:
    from rewire.ports import ClientContext

__all__ = ["HTTPXClient", "TimeoutOfView"]


class _HTTPXBody(Body, httpx.AsyncByteStream):
    family = HTTPX


class _HTTPXCompressed(Inflating, httpx.Response):
    family = HTTPX


class _Transport(Executor, httpx.AsyncBaseTransport):
    family = HTTPX
    body = _HTTPXBody
    compressed = _HTTPXCompressed


class TimeoutOfView(httpx.Timeout):
    """A timeout that says, when it is laid into a request, that nobody chose it."""

    def as_dict(self) -> dict[str, float | None]:
        """Return the timeouts, marked as nobody's choice."""
        return ManifestTimeout(super().as_dict())


class HTTPXClient(AsyncManaged, httpx.AsyncClient):
    """An ``httpx.AsyncClient`` whose connections, target and credentials come from the manifest.

    Get it from ``manager.httpx(id)``; see :class:`rewire.HTTPClient`.
    """

    family = HTTPX
    _timeout_of_view = TimeoutOfView

    def __init__(self, context: ClientContext) -> None:
        self._adopt(context, _Transport(context))


if httpx is httpx2:  # after alias_httpx() there is one family, and one kind of handle
    HTTPXClient = HTTPClient  # type: ignore[assignment,misc]
