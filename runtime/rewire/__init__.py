"""rewire: a declarative connectivity runtime.

A manifest says which outbound connections a program should have; a :class:`ClientManager` makes
the program agree with it, and keeps it so while the file changes.

Names are loaded when they are first used, so that ``rewire validate`` imports no HTTP library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rewire.errors import (
    CircuitOpenError,
    ClientDisabledError,
    ClientHeldBackError,
    ClientRemovedError,
    ConcurrencyLimitError,
    DeadlineExceededError,
    DrainCutError,
    DuplicateClientError,
    ForeignURLError,
    ManagerClosedError,
    ManifestError,
    MissingExtraError,
    ProbeError,
    QueueFullError,
    RateLimitedError,
    RewireError,
    UnknownClientError,
    WrongLoopError,
    WrongProcessError,
    WrongProtocolError,
)

if TYPE_CHECKING:
    from rewire.control.manager import ClientManager
    from rewire.control.verdict import Verdict
    from rewire.drivers.deadline import deadline
    from rewire.drivers.http.client import HTTPClient
    from rewire.drivers.http.client_httpx import HTTPXClient
    from rewire.drivers.http.wire import FROM_MANIFEST
    from rewire.drivers.websocket.client import WebSocketClient
    from rewire.drivers.websocket.errors import NotConnectedError, SendInterruptedError
    from rewire.manifest.specs.client import ClientConfig
    from rewire.manifest.specs.http import HTTPClientConfig
    from rewire.manifest.specs.websocket import WebSocketClientConfig
    from rewire.status import ClientStatus, ConnectionState, ManagerStatus

__version__ = "0.1.0"

__all__ = [
    "FROM_MANIFEST",
    "CircuitOpenError",
    "ClientConfig",
    "ClientDisabledError",
    "ClientHeldBackError",
    "ClientManager",
    "ClientRemovedError",
    "ClientStatus",
    "ConcurrencyLimitError",
    "ConnectionState",
    "DeadlineExceededError",
    "DrainCutError",
    "DuplicateClientError",
    "ForeignURLError",
    "HTTPClient",
    "HTTPClientConfig",
    "HTTPXClient",
    "ManagerClosedError",
    "ManagerStatus",
    "ManifestError",
    "MissingExtraError",
    "NotConnectedError",
    "ProbeError",
    "QueueFullError",
    "RateLimitedError",
    "RewireError",
    "SendInterruptedError",
    "UnknownClientError",
    "Verdict",
    "WebSocketClient",
    "WebSocketClientConfig",
    "WrongLoopError",
    "WrongProcessError",
    "WrongProtocolError",
    "__version__",
    "deadline",
]

_WHERE = {
    "FROM_MANIFEST": "rewire.drivers.http.wire",
    "deadline": "rewire.drivers.deadline",
    "ClientConfig": "rewire.manifest.specs.client",
    "ClientManager": "rewire.control.manager",
    "ClientStatus": "rewire.status",
    "ConnectionState": "rewire.status",
    "HTTPClient": "rewire.drivers.http.client",
    "HTTPXClient": "rewire.drivers.http.client_httpx",
    "HTTPClientConfig": "rewire.manifest.specs.http",
    "ManagerStatus": "rewire.status",
    "NotConnectedError": "rewire.drivers.websocket.errors",
    "SendInterruptedError": "rewire.drivers.websocket.errors",
    "Verdict": "rewire.control.verdict",
    "WebSocketClient": "rewire.drivers.websocket.client",
    "WebSocketClientConfig": "rewire.manifest.specs.websocket",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
