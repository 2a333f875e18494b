"""The second family for threads: an ``httpx.Client``. Loaded when it is first asked for."""

from __future__ import annotations

import httpx
import httpx2

from rewire.drivers.http.client_httpx import TimeoutOfView
from rewire.drivers.http.errors_httpx import HTTPX
from rewire.sync.client import HTTPClient, SyncManaged
from rewire.sync.download import Download, Spoilt
from rewire.sync.ferry import Ferry

__all__ = ["HTTPXClient"]


class _Download(Download, httpx.SyncByteStream):
    pass


class _Spoilt(Spoilt, httpx.SyncByteStream):
    pass


class _Ferry(Ferry, httpx.BaseTransport):
    family = HTTPX
    download = _Download
    spoilt = _Spoilt


class HTTPXClient(SyncManaged, httpx.Client):
    """An ``httpx.Client`` whose connections, target and credentials come from the manifest.

    Get it from ``manager.httpx(id)`` of a :class:`rewire.sync.ClientManager`; see
    :class:`rewire.sync.HTTPClient`.
    """

    family = HTTPX
    ferry = _Ferry
    _timeout_of_view = TimeoutOfView


if httpx is httpx2:  # after alias_httpx() there is one family, and one kind of handle
    HTTPXClient = HTTPClient  # type: ignore[assignment,misc]
