"""How a connection to an origin is made: through which proxy, with which TLS, for which HTTP.

The pool asks here whenever it needs a connection; a warm-up opens one ahead in the same way, and
the pool's next connection to that address is the one that was opened.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import httpcore2

from rewire.drivers.http.network import Backend, Stream, dial
from rewire.drivers.http.proxies import forwarded
from rewire.drivers.http.tunnel import dial_through
from rewire.drivers.tls import Trust

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

    from rewire.drivers.http.proxies import Proxies, Proxy
    from rewire.ports import EngineRequest

__all__ = ["Pool", "Ways"]

_PORTS = {b"http": 80, b"https": 443}


@dataclass(frozen=True, slots=True)
class Ways:
    """What a client says of its connections; ``server_name`` is that of its own origin."""

    trust: Trust = field(default_factory=Trust)
    server_name: str | None = None
    proxies: Proxies | None = None
    http2: bool = False

    def proxy(self, scheme: bytes, host: str, port: int | None) -> Proxy | None:
        """Return the proxy on the way to an origin; to the proxy itself nothing is on the way."""
        if self.proxies is None:
            return None
        known = port or _PORTS.get(scheme, 0)
        proxy = self.proxies.to(scheme.decode("ascii"), host, known)
        itself = proxy is not None and (proxy.host, proxy.port) == (host, known)
        return None if itself else proxy

    def forwarded(self, request: EngineRequest) -> EngineRequest:
        """Return a request as it goes on the wire: a plain one to an HTTP proxy is told whole."""
        if self.proxies is None or request.scheme != b"http":
            return request
        proxy = self.proxy(b"http", request.host.decode("ascii"), request.port)
        return request if proxy is None or proxy.socks else forwarded(request, proxy)

    def tls(self) -> ssl.SSLContext:
        """Return the context for an origin, with what it may negotiate."""
        context = self.trust.context()
        context.set_alpn_protocols(["h2", "http/1.1"] if self.http2 else ["http/1.1"])
        return context

    def tls_to_proxy(self) -> ssl.SSLContext:
        """Return the context for a proxy, which is shown no certificate of the client's."""
        return replace(self.trust, cert=None, key=None, http2=False).context()

    def through(self, backend: Backend, origin: tuple[bytes, str, int]) -> Backend | Via:
        """Return what dials an origin."""
        scheme, host, port = origin
        proxy = self.proxy(scheme, host, port)
        if proxy is None or (scheme == b"http" and not proxy.socks):
            return backend
        return Via(backend, proxy, self)

    async def open(
        self, scheme: bytes, host: str, port: int, timeout: float
    ) -> tuple[Stream, str, int]:
        """Open one connection to an origin, TLS included; return it and where it leads first."""
        proxy = self.proxy(scheme, host, port)
        if proxy is not None and not proxy.socks and scheme == b"http":
            stream = await dial(proxy.host, proxy.port, timeout)
            if proxy.scheme == "https":
                await stream.start_tls(self.tls_to_proxy(), proxy.host, timeout)
            return stream, proxy.host, proxy.port
        if proxy is None:
            stream = await dial(host, port, timeout)
        else:
            stream = await dial_through(proxy, self.tls_to_proxy, host, port, timeout)
        if scheme == b"https":
            await stream.start_tls(self.tls(), self.server_name or host, timeout)
        return stream, host, port


class Via(httpcore2.AsyncNetworkBackend):
    """Dial through a proxy, but take a connection that was opened ahead first."""

    def __init__(self, backend: Backend, proxy: Proxy, ways: Ways) -> None:
        self._backend = backend
        self._proxy = proxy
        self._ways = ways

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002  (httpcore's signature)
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> Stream:
        """Open a connection that leads to a peer, or take a parked one."""
        stream = self._backend.take(host, port)
        if stream is None:
            ways = self._ways
            stream = await dial_through(self._proxy, ways.tls_to_proxy, host, port, timeout)
        stream.expect_head()
        return stream

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._backend.sleep(seconds)


class Pool(httpcore2.AsyncConnectionPool):
    """httpcore2's pool, which asks how each of its connections is to be made."""

    def __init__(self, ways: Ways, backend: Backend, **limits: Any) -> None:
        super().__init__(network_backend=backend, http2=ways.http2, **limits)
        self._ways = ways
        self._backend = backend

    def create_connection(self, origin: httpcore2.Origin) -> Any:
        """Make a connection that connects at its first request."""
        host = origin.host.decode("ascii")
        secure, ways = origin.scheme == b"https", self._ways
        to_proxy = secure and self._is_proxy(host, origin.port)
        context = (ways.tls_to_proxy() if to_proxy else ways.tls()) if secure else None
        return httpcore2.AsyncHTTPConnection(
            origin=origin,
            ssl_context=context,
            keepalive_expiry=self._keepalive_expiry,
            http2=ways.http2 and not to_proxy,
            network_backend=ways.through(self._backend, (origin.scheme, host, origin.port)),
        )

    def _is_proxy(self, host: str, port: int) -> bool:
        proxies = self._ways.proxies
        return proxies is not None and any(
            (proxy.host, proxy.port) == (host, port) for proxy in proxies.by_scheme.values()
        )
