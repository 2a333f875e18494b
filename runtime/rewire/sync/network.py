"""The connection under a response, for callers that upgrade it: each call crosses over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

    from rewire.sync.loop_thread import LoopThread

__all__ = ["NetworkStream"]


class NetworkStream:
    """What httpcore calls a network stream, over one of the loop thread."""

    def __init__(self, home: LoopThread, stream: Any) -> None:
        self._home = home
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next; nothing at the end."""
        received: bytes = self._home.run(lambda: self._stream.read(max_bytes, timeout))
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send."""
        self._home.run(lambda: self._stream.write(buffer, timeout))

    def close(self) -> None:
        """Close the connection."""
        self._home.run(self._stream.aclose)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        """Return the same connection with TLS on it."""
        args = (ssl_context, server_hostname, timeout)
        return NetworkStream(self._home, self._home.run(lambda: self._stream.start_tls(*args)))

    def get_extra_info(self, info: str) -> Any:
        """Return what is known of the connection: ``socket``, ``ssl_object``, and so on."""
        return self._stream.get_extra_info(info)
