"""The second family: an ``httpx.AsyncClient`` over the same pool, policies and state.

For libraries that still need httpx (Agno, LiteLLM). Loaded when it is first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from rewire.drivers.http.client import Managed
from rewire.drivers.http.errors_httpx import HTTPX
from rewire.drivers.http.transport import Attempts, Body, ManifestTimeout

if TYPE_CHECKING:
    from rewire.ports import ClientContext

__all__ = ["HTTPXClient"]


class _HTTPXBody(Body, httpx.AsyncByteStream):
    family = HTTPX


class _Transport(Attempts, httpx.AsyncBaseTransport):
    family = HTTPX
    body = _HTTPXBody


class _TimeoutOfView(httpx.Timeout):
    """A timeout that says, when it is laid into a request, that nobody chose it."""

    def as_dict(self) -> dict[str, float | None]:
        return ManifestTimeout(super().as_dict())


class HTTPXClient(Managed, httpx.AsyncClient):
    """An ``httpx.AsyncClient`` whose connections, target and credentials come from the manifest.

    Get it from ``manager.httpx(id)``; see :class:`rewire.HTTPClient`.
    """

    family = HTTPX
    _timeout_of_view = _TimeoutOfView

    def __init__(self, context: ClientContext) -> None:
        self._adopt(context, _Transport(context))
