"""What is the caller's own in a request: a body that is drawn, a callback that is told.

The loop gets a stand-in for as long as the request is out; what is behind it runs in the
caller's thread, which waits for the response and has time for it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rewire.sync.loop_thread import Unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from rewire.sync.crossing import Crossing

__all__ = ["Lent"]


class Lent:
    """A request whose body and ``trace`` callback are lent to the loop."""

    def __init__(self, crossing: Crossing, request: Any, *, plain: bool) -> None:
        self._crossing = crossing
        self._request = request
        self._stream = request.stream
        self._upload = None if plain else _Upload(crossing, self._stream)
        self._trace = request.extensions.get("trace")

    def __enter__(self) -> None:
        if self._upload is not None:
            self._request.stream = self._upload
        if self._trace is not None:
            self._request.extensions = {**self._request.extensions, "trace": self._tell}

    async def _tell(self, event: str, info: Any) -> None:
        with suppress(Unreachable):  # closed behind the caller's back: there is nobody to tell
            await self._crossing.errand(self._trace, event, info)

    def __exit__(self, *_: object) -> None:
        if self._trace is not None:
            self._request.extensions = {**self._request.extensions, "trace": self._trace}
        if self._upload is not None:
            self._request.stream = self._stream
            self._upload.close()


class _Upload:
    """The caller's body, as the loop sees it."""

    def __init__(self, crossing: Crossing, stream: Any) -> None:
        self._crossing = crossing
        self._stream = stream
        self._chunks: Iterator[bytes] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (chunk := await self._crossing.errand(self._next)) is not None:
            yield chunk

    def _next(self) -> bytes | None:
        if self._chunks is None:
            self._chunks = iter(self._stream)
        return next(self._chunks, None)

    def close(self) -> None:
        """End the caller's generator in the thread where it ran."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
