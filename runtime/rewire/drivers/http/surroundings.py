"""What HTTP clients need of the program around them: registered auths, and an environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from rewire.drivers.http.proxies import Proxies, proxies_of
from rewire.drivers.http.tunnel import has_socks
from rewire.drivers.http.ways import Ways
from rewire.drivers.tls import trust_of
from rewire.errors import ClientHeldBackError, MissingExtraError
from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from rewire.manifest.specs.http import HTTPClientConfig

__all__ = ["Surroundings", "ways_of"]


@dataclass(slots=True)
class Surroundings:
    """What one manager's HTTP clients share; ``environment`` None: that of this process."""

    auths: dict[str, httpx2.Auth] = field(default_factory=dict)
    environment: Mapping[str, str] | None = None


def ways_of(spec: HTTPClientConfig, material: Mapping[str, bytes], around: Surroundings) -> Ways:
    """Return how a client connects.

    Raises:
        ClientHeldBackError: a certificate, a proxy or a missing library does not let it.

    """
    if spec.http2 and not _has_http2():
        raise ClientHeldBackError(
            spec.id, "MissingExtra", str(MissingExtraError("http2 = true", "http2"))
        )
    return Ways(
        trust_of(spec, material, http2=spec.http2),
        plain(spec.tls.server_name) if spec.tls.server_name is not None else None,
        _proxies(spec, around),
        spec.http2,
    )


def _proxies(spec: HTTPClientConfig, around: Surroundings) -> Proxies | None:
    try:
        proxies = proxies_of(plain(spec.proxy), around.environment)
    except ValueError as error:
        raise ClientHeldBackError(spec.id, "ProxyRefused", str(error)) from None
    if proxies is not None and proxies.socks and not has_socks():
        raise ClientHeldBackError(
            spec.id, "MissingExtra", str(MissingExtraError("a SOCKS proxy", "socks"))
        )
    return proxies


def _has_http2() -> bool:
    try:
        import_module("h2")
    except ImportError:
        return False
    return True
