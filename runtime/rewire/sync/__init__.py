"""The same surface for threads: one loop thread owns everything, handles only ask it.

:class:`ClientManager` holds the manager of an event loop that runs in a daemon thread of its
own: one pool, one state, one set of policies for all threads, and no lock in any of them. Its
handles are ``httpx2.Client`` and ``httpx.Client`` objects whose transport crosses over to that
thread; hooks, auth, redirects and the caller's generators run in the caller's own thread.

``loop_thread`` is the way over, ``ferry`` carries a request, ``client`` and ``client_httpx`` are
the handles, ``manager`` is what a program holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.sync.client import HTTPClient
from rewire.sync.manager import ClientManager

if TYPE_CHECKING:
    from rewire.sync.client_httpx import HTTPXClient

__all__ = ["ClientManager", "HTTPClient", "HTTPXClient"]


def __getattr__(name: str) -> Any:
    if name != "HTTPXClient":
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    from rewire.sync.client_httpx import HTTPXClient  # noqa: PLC0415  (the second library is lazy)

    return HTTPXClient
