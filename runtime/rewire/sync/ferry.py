"""Carry one request over to the loop thread, and its response back.

The exchange itself is done there by the transport of the event loop's own handle, with every
policy it has. A response that nobody streams crosses once, with its whole body; the bodies that
do not are in ``upload`` and ``download``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rewire.drivers.http import route as routes
from rewire.errors import ManagerClosedError, WrongProcessError
from rewire.sync.crossing import Crossing
from rewire.sync.network import NetworkStream
from rewire.sync.upload import Lent

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from rewire.drivers.http.family import Family
    from rewire.sync.download import Download, Spoilt
    from rewire.sync.loop_thread import LoopThread

__all__ = ["Ferry"]


class Ferry:
    """What stands where the library's own transport would."""

    family: ClassVar[Family]
    download: ClassVar[type[Download]]
    spoilt: ClassVar[type[Spoilt]]

    def __init__(self, client: str, home: LoopThread, transport: Any) -> None:
        self._client = client
        self._home = home
        self._transport = transport

    def refused(self, request: Any) -> Exception:
        """Return the error that says why the loop thread cannot be reached."""
        kind = WrongProcessError if self._home.forked else ManagerClosedError
        return self.family.in_family(kind(self._client), request)

    def handle_request(self, request: Any) -> Any:
        """Send a request under all policies of its client, and wait for the response."""
        crossing = Crossing(self._home, lambda: self.refused(request))

        def exchange() -> Coroutine[Any, Any, Any]:
            return self._exchange(crossing, request)

        plain = isinstance(request.stream, self.family.lib.ByteStream)
        if plain and "trace" not in request.extensions:
            return crossing.run(exchange)
        with Lent(crossing, request, plain=plain):
            return crossing.run(exchange)

    # ── in the loop thread ───────────────────────────────────────────────────────────────────

    async def _exchange(self, crossing: Crossing, request: Any) -> Any:
        response = await self._transport.handle_async_request(request)
        route = routes.stored(request.extensions)
        if route is not None and route.stream:
            response.stream = self.download(crossing, response.stream)
        else:
            response.stream = await self._whole(response.stream)
        stream = response.extensions.get("network_stream")
        if stream is not None:
            response.extensions["network_stream"] = NetworkStream(self._home, stream)
        return response

    async def _whole(self, stream: Any) -> Any:
        """Read a body to its end: it will be read anyhow, and each crossing costs thread switches.

        Hooks run between head and body; so what goes wrong in the body is told when it is read.
        """
        chunks: list[bytes] = []
        failure: Exception | None = None
        try:
            async for chunk in stream:
                chunks.append(chunk)  # noqa: PERF401  (what came before a failure counts)
        except Exception as error:  # noqa: BLE001  (raised where the body is read)
            failure = error
        finally:
            await stream.aclose()
        if failure is None:
            return self.family.lib.ByteStream(b"".join(chunks))
        return self.spoilt(chunks, failure)
