"""A request as it goes on the wire: what the manifest adds, below the caller's request object.

No ``repr``, hook or instrumentor of the caller sees the manifest's headers, query or credentials.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.drivers.http.prepared import with_query
from rewire.ports import EngineRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from rewire.drivers.http.prepared import Prepared

__all__ = ["FROM_MANIFEST", "ManifestTimeout", "Outgoing", "wired"]

FROM_MANIFEST = "rewire-from-manifest"
"""Give this to an SDK that insists on a key: the manifest's credential is sent in its place."""

_PLACEHOLDER = FROM_MANIFEST.encode("ascii")


class ManifestTimeout(dict[str, "float | None"]):
    """The timeouts of a request for which the caller set none: the attempt's view decides."""


def wired(
    request: Any,
    body: Any,
    prepared: Prepared,
    defaults: Collection[tuple[bytes, bytes]],
    *,
    own: bool,
) -> EngineRequest:
    """Return a request as it goes on the wire, with what the manifest adds to it."""
    url = request.url
    timeout: Any = request.extensions.get("timeout", prepared.timeout)
    if type(timeout) is ManifestTimeout:
        timeout = prepared.timeout
    target = url.raw_path
    if own and prepared.query:
        target = with_query(target, prepared.query)
    headers = [pair for pair in request.headers.raw if _PLACEHOLDER not in pair[1]]
    extensions = {key: value for key, value in request.extensions.items() if key in _PASSED_ON}
    if own:
        _lay(headers, prepared, defaults)
        if prepared.ways.server_name is not None:
            extensions.setdefault("sni_hostname", prepared.ways.server_name)
    return EngineRequest(
        request.method.encode("ascii"),
        url.raw_scheme,
        url.raw_host,
        url.port,
        target,
        headers,
        body,
        timeout,
        extensions,
    )


_PASSED_ON = frozenset({"sni_hostname", "trace", "target"})


def _lay(
    headers: list[tuple[bytes, bytes]],
    prepared: Prepared,
    defaults: Collection[tuple[bytes, bytes]],
) -> None:
    """Lay the headers: the library's defaults < manifest < the caller's."""
    for lower, name, value in prepared.headers:
        at = next((i for i, pair in enumerate(headers) if pair[0].lower() == lower), None)
        if at is None:
            headers.append((name, value))
        elif (lower, headers[at][1]) in defaults:
            headers[at] = (name, value)


class Outgoing:
    """The body of a request, which remembers whether anything was taken out of it."""

    __slots__ = ("stream", "touched")

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.touched = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.touched = True
        async for chunk in self.stream:
            yield chunk
