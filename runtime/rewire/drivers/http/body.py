"""The body of a response: what it holds is given back when it is closed, not before (law 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from rewire.drivers.http.family import Family
    from rewire.ports import EngineResponse, Lease

__all__ = ["Body"]


class Body:
    """The body of a response; its generation is released when it is closed, not before."""

    family: ClassVar[Family]

    def __init__(self, response: EngineResponse, lease: Lease, request: Any) -> None:
        self._response = response
        self._lease = lease
        self._request = request
        self._closed = False
        self._afterwards: Callable[[], None] | None = None
        lease.on_cut(response.close)

    def afterwards(self, call: Callable[[], None]) -> None:
        """Call this, too, when the body is closed or abandoned; the newest first."""
        before = self._afterwards

        def both() -> None:
            call()
            if before is not None:
                before()

        self._afterwards = call if before is None else both

    def _give_back(self) -> None:
        self._closed = True
        self._lease.release()
        if self._afterwards is not None:
            self._afterwards()

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
            self._give_back()

    def __del__(self) -> None:
        # Abandoned without a close: the generation must not wait for it until the deadline.
        if not self._closed:
            self._give_back()
