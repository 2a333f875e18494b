"""The HTTP driver: what ``control`` calls to make, warm, tune and close HTTP clients."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
import time
from typing import TYPE_CHECKING, cast

import httpcore2

from rewire.drivers.http.client import HTTPClient, Managed
from rewire.drivers.http.engine import HttpcoreEngine
from rewire.drivers.http.prepared import Prepared, prepare
from rewire.drivers.http.surroundings import Surroundings
from rewire.errors import ProbeError
from rewire.status import BreakerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.drivers.http.client_httpx import HTTPXClient
    from rewire.drivers.http.memory import Memory
    from rewire.manifest.specs.client import ClientConfig
    from rewire.manifest.specs.http import HTTPClientConfig
    from rewire.ports import ClientContext, HTTPEngine, View
    from rewire.status import PoolStatus

__all__ = ["HTTPDriver"]


class HTTPDriver:
    """A :class:`rewire.ports.Driver` for ``[http.<id>]``."""

    protocol = "http"
    background = False

    def __init__(self, around: Surroundings | None = None) -> None:
        self.around = around or Surroundings()

    def handle(self, context: ClientContext, family: str | None = None) -> HTTPClient | HTTPXClient:
        """Make the handle of a client: httpx2's, or that of the family ``httpx``."""
        if family != "httpx":
            return HTTPClient(context)
        # The second library is loaded for those who ask for it.
        from rewire.drivers.http.client_httpx import HTTPXClient  # noqa: PLC0415

        return HTTPXClient(context)

    def prepare(self, spec: ClientConfig, material: Mapping[str, bytes]) -> Prepared:
        """Work out what each call needs."""
        return prepare(cast("HTTPClientConfig", spec), material, self.around)

    def open(self, view: View, context: ClientContext) -> HTTPEngine:  # noqa: ARG002
        """Build an empty pool; the first call connects."""
        spec = cast("HTTPClientConfig", view.spec)
        return HttpcoreEngine(
            ways=view.prepared.ways,
            max_connections=spec.pool.max_connections,
            max_keepalive=spec.pool.max_keepalive,
            keepalive_expiry=spec.pool.keepalive_expiry,
        )

    async def warm(self, view: View, context: ClientContext) -> None:
        """Open one connection, which then goes into the pool."""
        await self._dial(view, context, keep=True)

    async def check(self, view: View, context: ClientContext) -> float:
        """Open one connection, close it, and return the seconds until it was open."""
        started = time.perf_counter()
        await self._dial(view, context, keep=False)
        return time.perf_counter() - started

    async def _dial(self, view: View, context: ClientContext, *, keep: bool) -> None:
        spec = cast("HTTPClientConfig", view.spec)
        scheme, host, port = view.prepared.origin
        engine: HTTPEngine = view.resource
        limit = min(spec.timeout.connect, spec.warmup.timeout)
        try:
            await engine.connect(scheme.encode(), host, port, timeout=limit, keep=keep)
        except httpcore2.ConnectTimeout as error:
            detail = f"{host}:{port} did not answer within {limit:g} s"
            raise ProbeError(context.id, "ConnectTimeout", detail) from error
        except (httpcore2.NetworkError, httpcore2.ProxyError, OSError) as error:
            detail = f"{host}:{port}: {_why(error)}"
            raise ProbeError(context.id, "ConnectFailed", detail) from error

    def swapped(
        self,
        handle: object,
        before: View | None,  # noqa: ARG002
        after: View | None,
    ) -> None:
        """Let those who wait under a limit see the new one; each attempt asks for the view."""
        if after is not None and isinstance(handle, Managed):
            handle.retuned(after)

    def retune(self, view: View, context: ClientContext) -> None:
        """Apply changed pool limits to the living pool."""
        pool = cast("HTTPClientConfig", view.spec).pool
        engine: HTTPEngine = view.resource
        engine.retune(
            max_connections=pool.max_connections,
            max_keepalive=pool.max_keepalive,
            keepalive_expiry=pool.keepalive_expiry,
        )
        context.spawn(engine.trim(), f"trim {context.id}")

    def pool(self, resource: HTTPEngine) -> PoolStatus:
        """Return how many connections the pool holds."""
        return resource.pool()

    def breaker(self, view: View, context: ClientContext) -> BreakerStatus | None:
        """Return the state of the breaker for the view's endpoint, once it has been asked."""
        memory: Memory | None = context.memory.get("http")
        breaker = memory.breakers.get(view.prepared.origin) if memory is not None else None
        if breaker is None or view.prepared.policies.breaker is None:
            return None
        left = breaker.until - time.monotonic()
        return BreakerStatus(
            endpoint="{}://{}:{}".format(*view.prepared.origin),
            state=breaker.state,
            seconds=round(max(0.0, left), 3) if breaker.state == "open" else None,
        )

    async def close(self, resource: HTTPEngine) -> None:
        """Close the pool."""
        await asyncio.shield(resource.aclose())


def _why(error: BaseException) -> str:
    """Return what the system says of a connection that failed, in its own few words."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"certificate verify failed: {cause.verify_message}"
        if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno:
            known = cause.errno in errno.errorcode
            return os.strerror(cause.errno) if known else str(cause.strerror)
        cause = cause.__cause__ or cause.__context__
    return str(error) or type(error).__name__
