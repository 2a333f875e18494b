"""One attempt: take a view, place the request on it, send it, and count it until it is closed.

This is where the manifest's headers, query and credentials are added: below the caller's
request object, so that no ``repr``, hook or instrumentor of the caller sees a secret.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx2

from rewire.drivers.http import route as routes
from rewire.drivers.http.errors import in_family, translate
from rewire.drivers.http.prepared import with_query
from rewire.errors import ForeignURLError, RewireError
from rewire.ports import EngineRequest, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rewire.drivers.http.prepared import Prepared
    from rewire.ports import ClientContext, EngineResponse, HTTPEngine, Lease

__all__ = ["FROM_MANIFEST", "Transport"]

FROM_MANIFEST = "rewire-from-manifest"
"""Give this to an SDK that insists on a key: the manifest's credential is sent in its place."""

_PLACEHOLDER = FROM_MANIFEST.encode("ascii")

# What httpx2 puts into every request by itself; the manifest is stronger than these.
_DEFAULTS = frozenset(
    (name.lower(), value)
    for name, value in httpx2.AsyncClient(
        transport=httpx2.AsyncBaseTransport(), trust_env=False
    ).headers.raw
)


class ManifestTimeout(dict[str, "float | None"]):
    """The timeouts of a request for which the caller set none: the attempt's view decides."""


class Transport(httpx2.AsyncBaseTransport):
    """What stands where httpx2's own transport would: it owns no connection."""

    def __init__(self, context: ClientContext) -> None:
        self._context = context

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one attempt on the current view."""
        try:
            lease = self._context.lease(f"{request.method} {request.url.path}")
        except RewireError as error:
            raise in_family(error, request) from error
        try:
            return await self._attempt(request, lease)
        except BaseException:
            lease.release()
            raise

    async def _attempt(self, request: httpx2.Request, lease: Lease) -> httpx2.Response:
        prepared: Prepared = lease.view.prepared
        route = routes.stored(request.extensions)
        own = routes.place(request, route, prepared)
        if not own and not prepared.allow_foreign:
            origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            foreign = ForeignURLError(self._context.id, origin)
            raise in_family(foreign, request) from None
        if route is not None and route.stream:
            lease.become_stream()
        engine: HTTPEngine = lease.view.resource
        started = time.perf_counter()
        try:
            with lease.guard():
                response = await engine.request(_wire(request, prepared, own=own))
        except Exception as error:
            raise self._failed(error, request) from error
        seconds = time.perf_counter() - started
        failed = response.status >= 500
        code = f"HTTP{response.status}" if failed else ""
        self._context.observe(Outcome(not failed, seconds, code, code))
        return httpx2.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, lease, request),
            extensions=dict(response.extensions),
        )

    def _failed(self, error: Exception, request: httpx2.Request) -> Exception:
        if isinstance(error, RewireError):
            return in_family(error, request)
        mapped = translate(error, request)
        if mapped is None:
            return error
        unreachable = isinstance(mapped, (httpx2.ConnectError, httpx2.ConnectTimeout))
        name = type(mapped).__name__
        self._context.observe(Outcome(False, None, name, str(mapped) or name, unreachable))
        return mapped


def _wire(request: httpx2.Request, prepared: Prepared, *, own: bool) -> EngineRequest:
    url = request.url
    timeout: Any = request.extensions.get("timeout", prepared.timeout)
    if type(timeout) is ManifestTimeout:
        timeout = prepared.timeout
    target = url.raw_path
    if own and prepared.query:
        target = with_query(target, prepared.query)
    return EngineRequest(
        request.method.encode("ascii"),
        url.raw_scheme,
        url.raw_host,
        url.port,
        target,
        _layered(request.headers.raw, prepared, own=own),
        request.stream,
        timeout,
        {key: value for key, value in request.extensions.items() if key in _PASSED_ON},
    )


_PASSED_ON = frozenset({"sni_hostname", "trace", "target"})


def _layered(
    raw: list[tuple[bytes, bytes]], prepared: Prepared, *, own: bool
) -> list[tuple[bytes, bytes]]:
    """Lay the headers: httpx2's defaults < manifest < the caller's."""
    if not own:
        return [pair for pair in raw if _PLACEHOLDER not in pair[1]]
    headers = [pair for pair in raw if _PLACEHOLDER not in pair[1]]
    for lower, name, value in prepared.headers:
        at = next((i for i, pair in enumerate(headers) if pair[0].lower() == lower), None)
        if at is None:
            headers.append((name, value))
        elif (lower, headers[at][1]) in _DEFAULTS:
            headers[at] = (name, value)
    return headers


class _Body(httpx2.AsyncByteStream):
    """The body of a response; its generation is released when it is closed, not before."""

    __slots__ = ("_closed", "_lease", "_request", "_response")

    def __init__(self, response: EngineResponse, lease: Lease, request: httpx2.Request) -> None:
        self._response = response
        self._lease = lease
        self._request = request
        self._closed = False
        lease.on_cut(response.close)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._response.stream)
        guard = self._lease.guard
        try:
            while True:
                try:
                    with guard():
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    return
                yield chunk
        except RewireError as error:
            raise in_family(error, self._request) from error
        except Exception as error:
            mapped = translate(error, self._request)
            if mapped is None:
                raise
            raise mapped from error

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        try:
            await self._response.close()
        finally:
            self._lease.release()

    def __del__(self) -> None:
        # Abandoned without a close: the generation must not wait for it until the deadline.
        if not self._closed:
            self._lease.release()
