"""The admin API on a Unix socket: uvicorn, without its signals, its logs and its settings."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import uvicorn

from rewire.admin.app import make_app

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from rewire.control.manager import ClientManager

__all__ = ["AdminServer"]


class AdminServer(uvicorn.Server):
    """Serve one manager on one listening socket, until ``should_exit`` is set."""

    def __init__(self, manager: ClientManager, listener: socket.socket) -> None:
        super().__init__(
            uvicorn.Config(
                make_app(manager),
                log_config=None,
                log_level="critical",
                access_log=False,
                lifespan="off",
                ws="none",
                http="h11",
                proxy_headers=False,
                server_header=False,
                limit_concurrency=128,
                timeout_graceful_shutdown=1,
            )
        )
        self._listener = listener

    async def run_until_told(self) -> None:
        """Serve; ends soon after ``should_exit`` is set, and closes the socket."""
        await self.serve(sockets=[self._listener])

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they are the command's."""
        yield
