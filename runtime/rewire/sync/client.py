"""The HTTP handle of a thread: an ``httpx2.Client`` that stays valid across every edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

import httpx2

from rewire.drivers.http.client import Managed, TimeoutOfView
from rewire.drivers.http.errors import HTTPX2
from rewire.errors import ManagerClosedError, WrongProcessError
from rewire.sync.download import Download, Spoilt
from rewire.sync.ferry import Ferry

if TYPE_CHECKING:
    from types import TracebackType

    from rewire.sync.loop_thread import LoopThread

__all__ = ["HTTPClient", "SyncManaged"]


class SyncManaged(Managed):
    """A handle of threads, over a handle of the loop thread."""

    ferry: ClassVar[type[Any]]
    _home: LoopThread

    def __init__(self, borrowed: Any, home: LoopThread) -> None:
        self._home = home
        context = borrowed._context  # noqa: SLF001  (one handle of the same client to another)
        transport = borrowed._transport  # noqa: SLF001  (see above)
        self._adopt(context, self.ferry(context.id, home, transport))

    def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        """Send a request; a relative URL or the virtual origin goes where the manifest says."""
        if not self._home.entered.is_set():
            self._home.entered.wait()
        if self._home.ended or self._home.forked:
            kind = WrongProcessError if self._home.forked else ManagerClosedError
            raise self.family.in_family(kind(self._context.id), request)
        self._set_out(request, stream=stream)
        library: Any = super()
        return library.send(request, stream=stream, **options)

    def close(self) -> None:
        """Do nothing: only the manager ends a client."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


class _Download(Download, httpx2.SyncByteStream):
    pass


class _Spoilt(Spoilt, httpx2.SyncByteStream):
    pass


class _Ferry(Ferry, httpx2.BaseTransport):
    family = HTTPX2
    download = _Download
    spoilt = _Spoilt


class HTTPClient(SyncManaged, httpx2.Client):
    """An ``httpx2.Client`` whose connections, target and credentials come from the manifest.

    Get it from ``manager.http(id)`` of a :class:`rewire.sync.ClientManager`; it is the same
    object each time, good for ever, and may be used by any number of threads at once. All else
    is as in :class:`rewire.HTTPClient`.

    >>> with rewire.sync.ClientManager("connections.toml") as manager:  # doctest: +SKIP
    ...     response = manager.http("github").get("/zen")
    """

    family = HTTPX2
    ferry = _Ferry
    _timeout_of_view = TimeoutOfView
