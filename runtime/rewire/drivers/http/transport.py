"""One attempt: take a view, place the request on it, send it, and count it until it is closed.

This is where the manifest's headers, query and credentials are added: below the caller's
request object, so that no ``repr``, hook or instrumentor of the caller sees a secret.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

import httpx2

from rewire.drivers.http import route as routes
from rewire.drivers.http.errors import HTTPX2
from rewire.drivers.http.prepared import with_query
from rewire.errors import ForeignURLError, RewireError
from rewire.ports import EngineRequest, Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection

    from rewire.drivers.http.family import Family
    from rewire.drivers.http.prepared import Prepared
    from rewire.ports import ClientContext, EngineResponse, HTTPEngine, Lease

__all__ = ["FROM_MANIFEST", "Transport"]

FROM_MANIFEST = "rewire-from-manifest"
"""Give this to an SDK that insists on a key: the manifest's credential is sent in its place."""

_PLACEHOLDER = FROM_MANIFEST.encode("ascii")


class ManifestTimeout(dict[str, "float | None"]):
    """The timeouts of a request for which the caller set none: the attempt's view decides."""


class Attempts:
    """What stands where the library's own transport would: it owns no connection."""

    family: ClassVar[Family]
    body: ClassVar[type[Body]]

    def __init__(self, context: ClientContext) -> None:
        self._context = context

    async def handle_async_request(self, request: Any) -> Any:
        """Send one attempt on the current view."""
        try:
            lease = self._context.lease(f"{request.method} {request.url.path}")
        except RewireError as error:
            raise self.family.in_family(error, request) from error
        try:
            return await self._attempt(request, lease)
        except BaseException:
            lease.release()
            raise

    async def _attempt(self, request: Any, lease: Lease) -> Any:
        prepared: Prepared = lease.view.prepared
        route = routes.stored(request.extensions)
        own = routes.place(request, route, prepared)
        if not own and not prepared.allow_foreign:
            origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            foreign = ForeignURLError(self._context.id, origin)
            raise self.family.in_family(foreign, request) from None
        if route is not None and route.stream:
            lease.become_stream()
        engine: HTTPEngine = lease.view.resource
        wire = wired(request, prepared, self.family.defaults, own=own)
        started = time.perf_counter()
        try:
            with lease.guard():
                response = await engine.request(wire)
        except Exception as error:
            raise self._failed(error, request) from error
        seconds = time.perf_counter() - started
        failed = response.status >= 500
        code = f"HTTP{response.status}" if failed else ""
        self._context.observe(Outcome(not failed, seconds, code, code))
        return self.family.lib.Response(
            response.status,
            headers=response.headers,
            stream=self.body(response, lease, request),
            extensions=dict(response.extensions),
        )

    def _failed(self, error: Exception, request: Any) -> Exception:
        if isinstance(error, RewireError):
            return self.family.in_family(error, request)
        mapped: Exception | None = self.family.translate(error, request)
        if mapped is None:
            return error
        name = type(mapped).__name__
        unreachable = self.family.unreachable(mapped)
        self._context.observe(Outcome(False, None, name, str(mapped) or name, unreachable))
        return mapped


def wired(
    request: Any, prepared: Prepared, defaults: Collection[tuple[bytes, bytes]], *, own: bool
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
    if own:
        _lay(headers, prepared, defaults)
    return EngineRequest(
        request.method.encode("ascii"),
        url.raw_scheme,
        url.raw_host,
        url.port,
        target,
        headers,
        request.stream,
        timeout,
        {key: value for key, value in request.extensions.items() if key in _PASSED_ON},
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


class Body:
    """The body of a response; its generation is released when it is closed, not before."""

    family: ClassVar[Family]

    def __init__(self, response: EngineResponse, lease: Lease, request: Any) -> None:
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
            raise self.family.in_family(error, self._request) from error
        except Exception as error:
            mapped = self.family.translate(error, self._request)
            if mapped is None:
                raise
            raise mapped from error

    async def aclose(self) -> None:
        """Close the response and give its generation back."""
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


class _HTTPX2Body(Body, httpx2.AsyncByteStream):
    family = HTTPX2


class Transport(Attempts, httpx2.AsyncBaseTransport):
    """The transport of an httpx2 handle."""

    family = HTTPX2
    body = _HTTPX2Body
