"""The body of a response, in the thread of whoever reads it."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rewire.errors import RewireError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.sync.crossing import Crossing
    from rewire.sync.loop_thread import LoopThread

__all__ = ["Download", "Spoilt"]


class Download:
    """The body of a streamed response: each chunk is fetched when it is asked for."""

    def __init__(self, crossing: Crossing, stream: Any) -> None:
        self._crossing = crossing
        self._source = _Source(stream, crossing.home)
        self._closed = False
        crossing.shut = self._source.shut

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self._crossing.run(self._source.next)) is not None:
            yield chunk

    def close(self) -> None:
        """Close the response and give its generation back."""
        if self._closed:
            return
        self._closed = True
        with suppress(RewireError):  # the loop thread has ended and closed it, or is not ours
            self._crossing.run(self._source.shut_whatever_comes)

    def __del__(self) -> None:
        if not self._closed:
            self._crossing.home.leave(self._source.shut)


class _Source:
    """What the loop thread holds of an open body.

    The loop thread's own reference keeps it alive when the caller's part is collected, in whatever
    thread: what a stream gives back when it dies must be given back in the loop.
    """

    def __init__(self, stream: Any, home: LoopThread) -> None:
        self._stream = stream
        self._home = home
        self._chunks: Any = None
        home.open.add(self)

    async def next(self) -> bytes | None:
        """Return the next chunk, or None after the last."""
        if self._chunks is None:
            self._chunks = aiter(self._stream)
        try:
            chunk: bytes = await anext(self._chunks)
        except StopAsyncIteration:
            return None
        return chunk

    async def shut(self) -> None:
        """Close it, and give everything back."""
        try:
            if self._chunks is not None:
                with suppress(RuntimeError):  # another thread waits for a chunk: it gets an error
                    await self._chunks.aclose()
            await self._stream.aclose()
        finally:
            self._home.open.discard(self)

    async def shut_whatever_comes(self) -> None:
        """Close it, even if the caller is interrupted meanwhile."""
        await (self.shut() if self._home.closing else asyncio.shield(self._home.chore(self.shut)))


class Spoilt:
    """The body of a response that broke off: what came, and then what went wrong."""

    def __init__(self, chunks: list[bytes], failure: Exception) -> None:
        self._chunks = chunks
        self._failure = failure

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks
        raise self._failure
