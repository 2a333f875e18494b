"""Which proxy a request goes through: the manifest's, one of the environment's, or none.

The environment is read as httpx2 reads it: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, lower
case first. Nothing here opens a connection (:mod:`rewire.drivers.http.tunnel`), and nothing prints
the user and the password that may stand in a proxy's URL.
"""

from __future__ import annotations

import base64
import ipaddress
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.ports import EngineRequest

__all__ = ["Proxies", "Proxy", "forwarded", "from_environment", "parse_proxy", "proxies_of"]

_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy, and what to tell it."""

    scheme: str
    host: str
    port: int
    username: bytes | None = None
    password: bytes = b""

    @property
    def socks(self) -> bool:
        """Say whether it speaks SOCKS, and not HTTP."""
        return self.scheme.startswith("socks")

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return what proves to an HTTP proxy who asks."""
        if self.username is None:
            return []
        pair = base64.b64encode(self.username + b":" + self.password)
        return [(b"Proxy-Authorization", b"Basic " + pair)]

    def __repr__(self) -> str:
        return f"<Proxy {self.scheme}://{self.host}:{self.port}>"


def parse_proxy(url: str) -> Proxy:
    """Return the proxy that a URL names; raise ValueError, which quotes nothing of it."""
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme not in _PORTS or not host:
        raise ValueError("a proxy is an http://, https:// or socks5:// URL")
    user = None if parts.username is None else unquote_to_bytes(parts.username)
    password = unquote_to_bytes(parts.password or "")
    return Proxy(parts.scheme, host, port or _PORTS[parts.scheme], user, password)


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies by scheme (``all`` for any), and the hosts that are reached without one."""

    by_scheme: Mapping[str, Proxy]
    exceptions: tuple[_Exception, ...] = ()

    def to(self, scheme: str, host: str, port: int) -> Proxy | None:
        """Return the proxy on the way to an origin, or None."""
        proxy = self.by_scheme.get(scheme) or self.by_scheme.get("all")
        if proxy is None or any(one.matches(scheme, host, port) for one in self.exceptions):
            return None
        return proxy

    @property
    def socks(self) -> bool:
        """Say whether any of them speaks SOCKS."""
        return any(proxy.socks for proxy in self.by_scheme.values())


def proxies_of(written: str, environment: Mapping[str, str] | None) -> Proxies | None:
    """Return the proxies that a manifest's ``proxy`` asks for; None: there is none.

    Raises:
        ValueError: a proxy, perhaps of the environment, cannot be used.

    """
    if written == "none":
        return None
    if written == "env":
        return from_environment(environment)
    return Proxies({"all": parse_proxy(written)})


def from_environment(environment: Mapping[str, str] | None) -> Proxies | None:
    """Return the proxies of an environment; None stands for that of this process."""
    said = urllib.request.getproxies() if environment is None else _said(environment)
    by_scheme: dict[str, Proxy] = {}
    for scheme in ("http", "https", "all"):
        if url := said.get(scheme):
            by_scheme[scheme] = parse_proxy(url if "://" in url else f"http://{url}")
    hosts = [host.strip() for host in said.get("no", "").split(",")]
    if not by_scheme or "*" in hosts:
        return None
    parsed = (_exception(host) for host in hosts if host)
    return Proxies(by_scheme, tuple(one for one in parsed if one is not None))


def _said(environment: Mapping[str, str]) -> dict[str, str]:
    said: dict[str, str] = {}
    for scheme in ("http", "https", "all", "no"):
        lower = f"{scheme}_proxy"
        said[scheme] = environment.get(lower, environment.get(lower.upper(), ""))
    if "REQUEST_METHOD" in environment:  # a CGI script's HTTP_PROXY is a header of its caller
        said["http"] = environment.get("http_proxy", "")
    return said


# ── NO_PROXY ─────────────────────────────────────────────────────────────────────────────────

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class _Exception:
    """One entry: a host with its subdomains, only its subdomains, or a network."""

    scheme: str = ""
    host: str = ""
    port: int | None = None
    network: _Network | None = None
    itself: bool = True
    below: bool = True

    def matches(self, scheme: str, host: str, port: int) -> bool:
        if self.scheme not in {"", scheme} or self.port not in {None, port}:
            return False
        if self.network is not None:
            try:
                return ipaddress.ip_address(host) in self.network
            except ValueError:
                return False
        host = host.lower()
        return (self.itself and host == self.host) or (
            self.below and host.endswith(f".{self.host}")
        )


def _exception(entry: str) -> _Exception | None:
    """Return an entry of NO_PROXY; None for one that nobody can read, as curl and httpx2 do."""
    try:
        network = ipaddress.ip_network(entry.strip("[]") if "]:" not in entry else entry, False)
        return _Exception(network=network)
    except ValueError:
        pass
    try:
        parts = urlsplit(entry if "://" in entry else f"all://{entry}")
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return None
    scheme = "" if parts.scheme == "all" else parts.scheme
    if not host or parts.path not in {"", "/"}:
        return None
    if ":" in host or host.replace(".", "").isdigit():
        try:
            return _Exception(scheme, port=port, network=ipaddress.ip_network(host))
        except ValueError:
            return None
    bare = host.removeprefix("*").removeprefix(".")
    exact = "://" in entry and bare == host
    return _Exception(
        scheme, bare, port, itself=bare == host, below=not exact and bare != "localhost"
    )


# ── a request that a proxy forwards ──────────────────────────────────────────────────────────


def forwarded(request: EngineRequest, proxy: Proxy) -> EngineRequest:
    """Return a plain HTTP request as its proxy wants it: RFC 9112 section 3.2.2."""
    host = b"[%b]" % request.host if b":" in request.host else request.host
    authority = host if request.port in {None, 80} else b"%b:%d" % (host, request.port)
    names = {name.lower() for name, _ in request.headers}
    own = [] if b"proxy-authorization" in names else proxy.headers
    return replace(
        request,
        scheme=proxy.scheme.encode("ascii"),
        host=proxy.host.encode("ascii"),
        port=proxy.port,
        target=b"http://" + authority + request.target,
        headers=[*request.headers, *own],
        extensions={
            key: value
            for key, value in request.extensions.items()
            if key not in {"sni_hostname", "target"}
        },
    )
