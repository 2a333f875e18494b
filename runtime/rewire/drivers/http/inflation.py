"""How far a compressed body may grow while it is read as a whole.

A mebibyte of gzip can say a gibibyte of zeros. Who reads a body as a stream holds a piece of it at
a time, and is not bounded here; who reads all of it at once gets an error instead of a full memory.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from rewire.drivers.http.family import Family

__all__ = ["Inflating"]

# Below this nobody minds; JSON and HTML shrink to a tenth, tables of zeros to a thousandth.
HARMLESS = 64 * 1024 * 1024
GROWTH = 100


class Inflating:
    """What makes a response of either library one that grows so far only; goes before its class."""

    family: ClassVar[Family]
    num_bytes_downloaded: int
    request: Any
    _whole = False

    def read(self) -> bytes:
        """Read and return the content, if it is not too much."""
        self._whole = True
        library: Any = super()
        content: bytes = library.read()
        return content

    async def aread(self) -> bytes:
        """Read and return the content, if it is not too much."""
        self._whole = True
        library: Any = super()
        content: bytes = await library.aread()
        return content

    def iter_bytes(self, chunk_size: int | None = None) -> Generator[bytes, None, None]:
        """Iterate over the decoded content."""
        library: Any = super()
        size = 0
        for part in library.iter_bytes(chunk_size):
            size += len(part)
            self._weigh(size)
            yield part

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncGenerator[bytes, None]:
        """Iterate over the decoded content."""
        library: Any = super()
        parts = library.aiter_bytes(chunk_size)
        try:
            size = 0
            async for part in parts:
                size += len(part)
                self._weigh(size)
                yield part
        finally:
            await parts.aclose()

    def _weigh(self, size: int) -> None:
        if self._whole and size > HARMLESS and size > GROWTH * self.num_bytes_downloaded:
            message = (
                f"{self.num_bytes_downloaded} bytes of compressed body grew to more than {size}; "
                "read it as a stream, if that is meant"
            )
            raise self.family.lib.DecodingError(message, request=self.request)
