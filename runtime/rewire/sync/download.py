"""The body of a response, in the thread of whoever reads it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.sync.crossing import Crossing

__all__ = ["Download", "Spoilt"]


class Download:
    """The body of a streamed response: each chunk is fetched when it is asked for."""

    def __init__(self, crossing: Crossing, stream: Any) -> None:
        self._crossing = crossing
        self._stream = stream
        self._chunks: Any = None
        self._closed = False
        crossing.shut = self._shut

    def __iter__(self) -> Iterator[bytes]:
        self._chunks = aiter(self._stream)
        while (chunk := self._crossing.run(self._next)) is not None:
            yield chunk

    def close(self) -> None:
        """Close the response and give its generation back."""
        if self._closed:
            return
        self._closed = True
        with suppress(RewireError):  # the loop thread has ended and closed it, or is not ours
            self._crossing.run(self._shut_whatever_comes)

    def __del__(self) -> None:
        if not self._closed:
            self._crossing.home.leave(self._shut)

    async def _next(self) -> bytes | None:
        try:
            chunk: bytes = await anext(self._chunks)
        except StopAsyncIteration:
            return None
        return chunk

    async def _shut_whatever_comes(self) -> None:
        home = self._crossing.home
        await (self._shut() if home.closing else asyncio.shield(home.chore(self._shut)))

    async def _shut(self) -> None:
        if self._chunks is not None:
            with suppress(RuntimeError):  # another thread waits for a chunk, and gets its error
                await self._chunks.aclose()
        await self._stream.aclose()


class Spoilt:
    """The body of a response that broke off: what came, and then what went wrong."""

    def __init__(self, chunks: list[bytes], failure: Exception) -> None:
        self._chunks = chunks
        self._failure = failure

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        raise self._failure
