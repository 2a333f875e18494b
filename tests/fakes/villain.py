"""A server that breaks HTTP in every way that a socket allows, beside one path that is honest.

A *villainy* is bytes, or a coroutine that does what it likes with the connection; `villainies()`
names those of one kind each. What was asked on which connection is in `asked`: a bad answer must
be the last thing that ever happens on its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Self, TypeAlias

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Long: 0123456789\r\n\r\n"
    b"5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: t\r\n\r\n"
)
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
"""What a client that takes surplus bytes for an answer would read."""

PIECE = 64 * 1024


class Peer:
    """One connection, as a villainy sees it."""

    def __init__(self, villain: Villain, writer: asyncio.StreamWriter) -> None:
        self.villain = villain
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write, and wait until the peer has taken it, or has gone."""
        self._writer.write(data)
        await self._writer.drain()
        self.villain.sent += len(data)

    async def drip(self, data: bytes) -> None:
        """Write byte by byte, with a gap after each."""
        for at in range(len(data)):
            await self.send(data[at : at + 1])
            await asyncio.sleep(self.villain.gap)

    async def flood(self, piece: bytes) -> None:
        """Write the same for ever, as fast as it is taken."""
        many = piece * (PIECE // len(piece) + 1)
        while True:
            await self.send(many)

    async def hang(self) -> None:
        """Say nothing more until the peer goes."""
        await asyncio.Event().wait()

    def reset(self) -> None:
        """Cut the connection with an RST."""
        raw = self._writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._writer.transport.abort()

    async def half_close(self) -> None:
        """Send a FIN, and go on listening until the peer goes."""
        self._writer.write_eof()
        await self.hang()


Villainy: TypeAlias = bytes | Callable[[Peer], Awaitable[None]]


class Villain:
    """Serve on 127.0.0.1; `deeds` maps a path to its villainy, `/good` is honest.

    After a deed of bytes the connection stays open, as if all were well.
    """

    def __init__(
        self, deeds: dict[str, Villainy] | None = None, *, tls: ssl.SSLContext | None = None
    ) -> None:
        self.deeds: dict[str, Villainy] = deeds or {}
        self.gap = 0.02
        self.sent = 0
        """How many bytes the peer, or the system between us, has taken."""
        self.asked: list[list[str]] = []
        """What was asked on each connection, in order."""
        self.open = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()

    @property
    def url(self) -> str:
        """Return `http(s)://127.0.0.1:port`."""
        assert self._server is not None
        port = self._server.sockets[0].getsockname()[1]
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"

    def reused(self, path: str) -> list[list[str]]:
        """Return the connections on which something was asked after this path."""
        return [asked for asked in self.asked if path in asked and asked[-1] != path]

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until `reached()`, asked again after everything that happens here."""
        while not reached():
            self._changed.clear()
            await self._changed.wait()

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Cut everything."""
        assert self._server is not None
        self._server.close()
        for task in tuple(self._serving):
            task.cancel()
        if self._serving:
            await asyncio.wait(self._serving)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.open += 1
        try:
            async with asyncio.TaskGroup() as both:
                deeds: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
                doing = both.create_task(self._do(deeds, writer))
                await self._listen(reader, deeds)
                doing.cancel()  # the peer has gone
        except* (ConnectionError, asyncio.IncompleteReadError, _Over):
            pass
        except* asyncio.CancelledError:
            pass
        finally:
            self._serving.discard(task)
            self.open -= 1
            self._changed.set()
            writer.transport.abort()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await writer.wait_closed()

    async def _listen(
        self, reader: asyncio.StreamReader, deeds: asyncio.Queue[tuple[str, str]]
    ) -> None:
        asked: list[str] = []
        self.asked.append(asked)
        while head := await _head(reader):
            method, path = head.split(" ")[:2]
            asked.append(path)
            self._changed.set()
            deeds.put_nowait((method, path))

    async def _do(
        self, deeds: asyncio.Queue[tuple[str, str]], writer: asyncio.StreamWriter
    ) -> None:
        peer = Peer(self, writer)
        while True:
            _, path = await deeds.get()
            deed = GOOD if path == "/good" else self.deeds[path]
            if isinstance(deed, bytes):
                await peer.send(deed)
            else:
                await deed(peer)
                raise _Over


class _Over(Exception):  # noqa: N818  -- not an error: the deed is done, and the connection ends
    pass


async def _head(reader: asyncio.StreamReader) -> str:
    try:
        return (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return ""


# -- what can be done to HTTP --------------------------------------------------------------------


def cut(answer: bytes, at: int, how: str) -> Villainy:
    """Return the deed of ending an answer after so many bytes: "reset", or "half-close"."""

    async def deed(peer: Peer) -> None:
        if at:
            await peer.send(answer[:at])
        if how == "reset":
            peer.reset()
        else:
            await peer.half_close()

    return deed


def dripped(fast: bytes, slow: bytes) -> Villainy:
    """Return the deed of sending one part at once, and the rest byte by byte."""

    async def deed(peer: Peer) -> None:
        if fast:
            await peer.send(fast)
        await peer.drip(slow)

    return deed


def endless(start: bytes, piece: bytes) -> Villainy:
    """Return the deed of never coming to an end."""

    async def deed(peer: Peer) -> None:
        await peer.send(start)
        await peer.flood(piece)

    return deed


def then_reset(answer: bytes) -> Villainy:
    """Return the deed of a whole answer, and an RST."""
    return cut(answer, len(answer), "reset")


async def _hang(peer: Peer) -> None:
    await peer.hang()


async def _endless_hints(peer: Peer) -> None:
    while True:
        await peer.drip(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")


def head(*lines: str) -> bytes:
    """Return the head of a 200 with these lines."""
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode("latin-1")


def _chunks(body: bytes) -> bytes:
    return head("Transfer-Encoding: chunked") + body


def bomb(size: int, coding: str = "gzip") -> bytes:
    """Return an answer whose body says so many zeros, in a thousandth of the bytes.

    The same compressed mebibyte again and again: making it costs nothing.
    """
    bits = {"gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}[coding]
    packer = zlib.compressobj(9, zlib.DEFLATED, bits)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    zeros = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    body = start + zeros * (size >> 20)
    return head(f"Content-Encoding: {coding}", f"Content-Length: {len(body)}") + body


def exactly(size: int) -> bytes:
    """Return a whole answer of so many bytes, its head included."""
    length = size - len(head("Content-Length: 00000000"))
    return head(f"Content-Length: {length:08}") + bytes(length)


REFUSED: dict[str, Villainy] = {
    # the status line
    "garbage": b"\x00\xff\xfe garbage, and no HTTP at all\r\n\r\n",
    "garbage-without-end": endless(b"", b"\xff"),
    "another-protocol": b"220 mail.example ESMTP\r\n\r\n",
    "no-status": b"HTTP/1.1\r\n\r\n",
    "status-of-two-digits": b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
    "status-of-letters": b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n",
    "http-0.9": b"<html>hello</html>\r\n\r\n",
    # the head
    "field-without-colon": head("Content-Length: 0", "nonsense"),
    "field-with-space-before-colon": head("Content-Length : 0"),
    "field-without-name": head(": x", "Content-Length: 0"),
    "field-with-nul": head("X-A: a\x00b", "Content-Length: 0"),
    "endless-headers": endless(head()[:-2], b"X-Field: 0123456789\r\n"),
    "endless-header-line": endless(head()[:-2] + b"X-Field: ", b"0123456789"),
    "endless-status-line": endless(b"HTTP/1.1 200 ", b"OK "),
    "endless-1xx": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless-103": endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"),
    "dripped-1xx": _endless_hints,
    "dripped-head": dripped(b"", GOOD * 100),
    "dripped-header-line": dripped(head()[:-2], b"X-Field: " + b"0123456789" * 100),
    # the length
    "length-and-chunked": head("Content-Length: 4", "Transfer-Encoding: chunked") + b"4\r\n",
    "chunked-and-length": head("Transfer-Encoding: chunked", "Content-Length: 4")
    + b"4\r\ngood\r\n0\r\n\r\n",
    "two-lengths": head("Content-Length: 4", "Content-Length: 5") + b"good!",
    "list-of-lengths": head("Content-Length: 4, 5") + b"good!",
    "negative-length": head("Content-Length: -4") + b"good",
    "length-of-letters": head("Content-Length: four") + b"good",
    "hexadecimal-length": head("Content-Length: 0x4") + b"good",
    "unknown-coding": head("Transfer-Encoding: gzip") + b"good",
    "chunked-twice": head("Transfer-Encoding: chunked, chunked") + b"4\r\ngood\r\n0\r\n\r\n",
    "short-body": cut(head("Content-Length: 100") + b"good", 1 << 20, "half-close"),
    "dripped-body": dripped(head("Content-Length: 4000"), b"good" * 1000),
    "body-that-stops": head("Content-Length: 100") + b"good",
    "enormous-length": head(f"Content-Length: {10**18}") + b"good",
    # chunks
    "chunk-size-of-letters": _chunks(b"xyz\r\nhello\r\n0\r\n\r\n"),
    "negative-chunk": _chunks(b"-5\r\nhello\r\n0\r\n\r\n"),
    "empty-chunk-size": _chunks(b"\r\nhello\r\n0\r\n\r\n"),
    "huge-chunk-size": _chunks(b"F" * 16 + b"\r\nhello"),
    "overlong-chunk-size": _chunks(b"F" * 100 + b"\r\nhello"),
    "chunk-without-crlf": _chunks(b"5\r\nhelloXX0\r\n\r\n"),
    "chunk-longer-than-it-says": _chunks(b"5\r\nhello world\r\n0\r\n\r\n"),
    "endless-chunk-size": endless(_chunks(b""), b"0"),
    "endless-chunk-extension": endless(_chunks(b"5"), b";a=b"),
    "endless-trailers": endless(_chunks(b"5\r\nhello\r\n0\r\n"), b"X-Trailer: 0123456789\r\n"),
    "bad-trailer": _chunks(b"5\r\nhello\r\n0\r\nnonsense\r\n\r\n"),
    "no-last-chunk": cut(_chunks(b"5\r\nhello\r\n"), 1 << 20, "half-close"),
    "dripped-chunks": dripped(_chunks(b""), b"1\r\nx\r\n" * 1000),
    # codings
    "not-gzip": head("Content-Encoding: gzip", "Content-Length: 4") + b"good",
    "gzip-bomb": bomb(1 << 30),
    "deflate-bomb": bomb(1 << 30, "deflate"),
    # the connection
    "no-answer": _hang,
    "close-at-once": cut(b"", 0, "half-close"),
    "reset-at-once": cut(b"", 0, "reset"),
}
"""Each must become an error of the caller's family."""

SURPLUS: dict[str, tuple[str, Villainy]] = {
    "after-length": ("GET", GOOD + EVIL),
    "after-length-a-byte": ("GET", GOOD + b"\n"),
    "after-length-half-a-head": ("GET", GOOD + EVIL[:30]),
    "after-last-chunk": ("GET", CHUNKED + EVIL),
    "after-empty": ("GET", head("Content-Length: 0") + EVIL),
    "after-head": ("HEAD", GOOD + EVIL),
    "body-of-head": ("HEAD", GOOD),
    "after-204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n" + EVIL),
    "after-304": ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n" + EVIL),
    "body-of-304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n" + EVIL),
    "after-1xx": ("GET", b"HTTP/1.1 100 Continue\r\n\r\n" + GOOD + EVIL),
    # The reads of a client are likely to be of a size like this: the answer fills one exactly.
    "after-64-kib": ("GET", exactly(1 << 16) + EVIL),
    "after-64-kib-much": ("GET", exactly(1 << 16) + EVIL * 4000),
    "after-256-kib": ("GET", exactly(1 << 18) + EVIL),
    "after-256-kib-much": ("GET", exactly(1 << 18) + EVIL * 4000),
    "much": ("GET", GOOD + EVIL * 100_000),
}
"""Each is a whole answer with more behind it: answered, and the connection never used again."""

SAFE: dict[str, tuple[bytes, bytes]] = {
    "obs-fold": (head("X-Fold: a", "  b", "Content-Length: 4") + b"good", b"good"),
    "same-length-twice": (head("Content-Length: 4", "Content-Length: 4") + b"good", b"good"),
    "no-reason": (b"HTTP/1.1 200\r\nContent-Length: 4\r\n\r\ngood", b"good"),
    "chunk-extension-and-trailer": (CHUNKED, b"hello world"),
    "a-few-1xx": (b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + GOOD, b"good"),
}
"""Odd, but there is only one way to read it."""
