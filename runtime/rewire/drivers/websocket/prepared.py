"""What each connect needs of a spec, worked out once for each view.

Secrets are unwrapped here, for the wire only; nothing in this module prints itself.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from rewire.drivers.tls import trust_of
from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from rewire.manifest.specs.client import AuthConfig
    from rewire.manifest.specs.websocket import WebSocketClientConfig

__all__ = ["Prepared", "prepare"]

_PORTS = {"ws": 80, "wss": 443}


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """One spec, ready for the wire; ``peer`` (host and port) may be shown, the rest may not."""

    url: str
    peer: str
    headers: tuple[tuple[str, str], ...]
    greetings: tuple[str, ...]
    tls: Callable[[], ssl.SSLContext] | None
    server_name: str | None


def prepare(spec: WebSocketClientConfig, material: Mapping[str, bytes]) -> Prepared:
    """Derive from a spec what its connects need."""
    url = _url(plain(spec.url), spec.auth)
    parts = urlsplit(url)
    trust, name = trust_of(spec, material), spec.tls.server_name
    return Prepared(
        url=url,
        peer=f"{parts.hostname}:{parts.port or _PORTS[parts.scheme]}",
        headers=_headers(spec),
        greetings=tuple(plain(message) for message in spec.on_connect),
        tls=trust.context if parts.scheme == "wss" else None,
        server_name=plain(name) if name is not None else None,
    )


def _url(url: str, auth: AuthConfig) -> str:
    if auth.query is None:
        return url
    pair = f"{quote(plain(auth.query.name), safe='')}={quote(plain(auth.query.value), safe='')}"
    return f"{url}{'&' if '?' in url else '?'}{pair}"


def _headers(spec: WebSocketClientConfig) -> tuple[tuple[str, str], ...]:
    pairs = {name.lower(): (name, plain(value)) for name, value in spec.headers.items()}
    for name, value in _credentials(spec.auth):
        pairs[name.lower()] = (name, value)
    # UTF-8 on the wire, as over HTTP; websockets encodes header values as ISO 8859-1.
    return tuple((name, value.encode().decode("latin-1")) for name, value in pairs.values())


def _credentials(auth: AuthConfig) -> list[tuple[str, str]]:
    if auth.bearer is not None:
        return [("Authorization", f"Bearer {plain(auth.bearer)}")]
    if auth.basic is not None:
        pair = f"{plain(auth.basic.username)}:{plain(auth.basic.password)}".encode()
        return [("Authorization", f"Basic {base64.b64encode(pair).decode('ascii')}")]
    if auth.header is not None:
        return [(plain(auth.header.name), plain(auth.header.value))]
    return []
