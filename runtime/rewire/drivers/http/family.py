"""One client library's types and exceptions: httpx2's, or httpx's, which share one interface.

The transport, the route and the handle are written once, against that interface; what differs
is gathered here. The engine's exceptions are mapped to the family's at this border, and nowhere
else. An exception of rewire has a twin in each family, so that a caller can catch either.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rewire.errors import RewireError

__all__ = ["Family", "httpx_is_httpx2"]

# Both libraries named their exceptions after httpcore's.
_NAMES = (
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


def httpx_is_httpx2() -> bool:
    """Say whether ``httpx2.alias_httpx()`` has made one family of the two."""
    return sys.modules.get("httpx") is httpx2


class Family:
    """The types of one library, by their common names, in ``lib``."""

    def __init__(
        self, lib: Any, twins: Mapping[type[RewireError], Callable[..., Exception]]
    ) -> None:
        self.lib = lib
        self._twins = twins
        self._mapped = {getattr(httpcore2, name): getattr(lib, name) for name in _NAMES}
        client = lib.AsyncClient(transport=lib.AsyncBaseTransport(), trust_env=False)
        self.defaults = frozenset((name.lower(), value) for name, value in client.headers.raw)
        """What the library puts into every request by itself; the manifest is stronger."""

    def translate(self, error: Exception, request: Any) -> Any:
        """Return the family's exception for one of the engine's, or None for anything else."""
        for kind in type(error).__mro__:
            if kind in self._mapped:
                return self._mapped[kind](str(error), request=request)
        return None

    def in_family(self, error: RewireError, request: Any) -> Exception:
        """Return the twin of a rewire error that the family's users catch, or the error itself."""
        twin = self._twins.get(type(error))
        if twin is None:
            return error
        made = twin(*error.args)
        made.request = request  # type: ignore[attr-defined]  # every twin is a RequestError
        return made

    def unreachable(self, error: Exception) -> bool:
        """Say whether an exception of the family means that there is no connection."""
        return isinstance(error, (self.lib.ConnectError, self.lib.ConnectTimeout))
