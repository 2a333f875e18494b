"""What each call needs of a spec, worked out once for each view.

Secrets are unwrapped here, for the wire only; nothing in this module prints itself.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2

from rewire.drivers.http.credentials import Credentials, credentials_of
from rewire.drivers.http.policies import Policies, policies_of
from rewire.drivers.http.surroundings import Surroundings, ways_of
from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.drivers.http.ways import Ways
    from rewire.manifest.specs.client import AuthConfig
    from rewire.manifest.specs.http import HTTPClientConfig

__all__ = ["Header", "Origin", "Prepared", "origin_of", "prepare"]

Origin = tuple[str, str, int]
Header = tuple[bytes, bytes, bytes]
"""Lower-case name (to compare), name and value (to send)."""

_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def origin_of(url: httpx2.URL) -> Origin:
    """Return scheme, host and port, with the scheme's own port filled in."""
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0)


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """One spec, ready for the wire."""

    base: httpx2.URL
    origin: Origin
    prefix: bytes
    headers: tuple[Header, ...]
    query: tuple[tuple[str, str], ...]
    timeout: dict[str, float | None]
    policies: Policies
    follow_redirects: bool
    max_redirects: int
    allow_foreign: bool
    ways: Ways
    credentials: Credentials | None


def prepare(
    spec: HTTPClientConfig, material: Mapping[str, bytes], around: Surroundings
) -> Prepared:
    """Derive from a spec what its calls need; raise ClientHeldBackError if something is missing."""
    base = httpx2.URL(plain(spec.base_url))
    query = {name: plain(value) for name, value in spec.query.items()}
    if spec.auth.query is not None:
        query[plain(spec.auth.query.name)] = plain(spec.auth.query.value)
    return Prepared(
        base=base,
        origin=origin_of(base),
        prefix=base.raw_path.rstrip(b"/"),
        headers=_headers(spec),
        query=tuple(query.items()),
        timeout={
            "connect": spec.timeout.connect,
            "read": spec.timeout.read,
            "write": spec.timeout.write,
            "pool": spec.timeout.pool,
        },
        policies=policies_of(spec),
        follow_redirects=spec.follow_redirects,
        max_redirects=spec.max_redirects,
        allow_foreign=spec.allow_foreign,
        ways=ways_of(spec, material, around),
        credentials=credentials_of(spec, around),
    )


def _headers(spec: HTTPClientConfig) -> tuple[Header, ...]:
    pairs = {name.lower(): (name, plain(value)) for name, value in spec.headers.items()}
    for name, value in _credentials(spec.auth):
        pairs[name.lower()] = (name, value)
    if spec.auth.oauth2 is not None:
        pairs.pop("authorization", None)
    return tuple(
        (lower.encode("ascii"), name.encode("ascii"), value.encode("utf-8"))
        for lower, (name, value) in pairs.items()
    )


def _credentials(auth: AuthConfig) -> list[tuple[str, str]]:
    if auth.bearer is not None:
        return [("Authorization", f"Bearer {plain(auth.bearer)}")]
    if auth.basic is not None:
        pair = f"{plain(auth.basic.username)}:{plain(auth.basic.password)}".encode()
        return [("Authorization", f"Basic {base64.b64encode(pair).decode('ascii')}")]
    if auth.header is not None:
        return [(plain(auth.header.name), plain(auth.header.value))]
    return []


def with_query(target: bytes, query: tuple[tuple[str, str], ...]) -> bytes:
    """Return the request target with the manifest's parameters; those already in it win."""
    path, _, present = target.partition(b"?")
    names = {part.partition(b"=")[0] for part in present.split(b"&")} if present else set()
    added = [
        f"{quote(name, safe='')}={quote(value, safe='')}".encode("ascii")
        for name, value in query
        if quote(name, safe="").encode("ascii") not in names
    ]
    parts = ([present] if present else []) + added
    return path + b"?" + b"&".join(parts) if parts else path
