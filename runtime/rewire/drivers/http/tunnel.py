"""A connection to a peer through a proxy: HTTP's CONNECT, or SOCKS version 5.

What comes out is a :class:`Stream` like any other, so that whatever is above it (TLS, the pool,
a warm-up) need not know of the proxy. httpcore2's own proxy connections cannot be opened ahead.
"""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Any

import h11
import httpcore2

from rewire.drivers.http.network import dial

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from rewire.drivers.http.network import Stream
    from rewire.drivers.http.proxies import Proxy

__all__ = ["dial_through", "has_socks"]

_REPLIES = {
    1: "general failure",
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    6: "TTL expired",
    7: "command not supported",
    8: "address type not supported",
}


def has_socks() -> bool:
    """Say whether the library of the extra ``socks`` is there."""
    try:
        import_module("socksio")
    except ImportError:
        return False
    return True


async def dial_through(
    proxy: Proxy,
    tls: Callable[[], ssl.SSLContext],
    host: str,
    port: int,
    timeout: float | None = None,
) -> Stream:
    """Open a connection to a peer; all of it within one timeout, and whatever fails aborts it."""
    try:
        async with asyncio.timeout(timeout):
            stream = await dial(proxy.host, proxy.port)
            try:
                if proxy.scheme == "https":
                    await stream.start_tls(tls(), proxy.host)
                open_up = _through_socks if proxy.socks else _through_http
                await open_up(stream, proxy, host, port)
            except BaseException:
                stream.abort()
                raise
    except TimeoutError as error:
        raise httpcore2.ConnectTimeout(f"the proxy {proxy.host}:{proxy.port} is late") from error
    except (httpcore2.ReadError, httpcore2.WriteError) as error:
        raise httpcore2.ProxyError("the proxy broke the connection off") from error
    return stream


async def _through_http(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    name = f"[{host}]" if ":" in host else host
    target = f"{name}:{port}".encode("ascii")
    protocol = h11.Connection(our_role=h11.CLIENT)
    request = h11.Request(
        method=b"CONNECT", target=target, headers=[(b"Host", target), *proxy.headers]
    )
    await stream.write((protocol.send(request) or b"") + (protocol.send(h11.EndOfMessage()) or b""))
    answer = await _answer(stream, protocol)
    if not 200 <= answer.status_code <= 299:
        reason = bytes(answer.reason).decode("ascii", "replace")
        raise httpcore2.ProxyError(f"the proxy answered {answer.status_code} {reason}".rstrip())
    if protocol.trailing_data[0]:
        raise httpcore2.ProxyError("the proxy said more than its answer")


async def _answer(stream: Stream, protocol: h11.Connection) -> h11.Response:
    try:
        while True:
            event = protocol.next_event()
            if event is h11.NEED_DATA:
                protocol.receive_data(await stream.read(4096))
            elif isinstance(event, h11.Response):
                return event
            elif not isinstance(event, h11.InformationalResponse):
                raise httpcore2.ProxyError("the proxy hung up without an answer")
    except h11.RemoteProtocolError as error:
        raise httpcore2.ProxyError("the proxy does not speak HTTP") from error


async def _through_socks(stream: Stream, proxy: Proxy, host: str, port: int) -> None:
    """RFC 1928, and RFC 1929 for a user; the proxy looks the host's name up."""
    socks: Any = import_module("socksio.socks5")
    protocol = socks.SOCKS5Connection()
    methods = socks.SOCKS5AuthMethod
    method = methods.NO_AUTH_REQUIRED if proxy.username is None else methods.USERNAME_PASSWORD
    protocol.send(socks.SOCKS5AuthMethodsRequest([method]))
    version, chosen = await _exchange(stream, protocol, 2)
    if version != 5 or bytes([chosen]) != method.value:
        raise httpcore2.ProxyError("the proxy does not accept this kind of login")
    protocol.receive_data(bytes([version, chosen]))
    if proxy.username is not None:
        protocol.send(socks.SOCKS5UsernamePasswordRequest(proxy.username, proxy.password))
        answer = await _exchange(stream, protocol, 2)
        if answer[1] != 0:
            raise httpcore2.ProxyError("the proxy refused the user or the password")
        protocol.receive_data(answer)
    command = socks.SOCKS5Command.CONNECT
    protocol.send(socks.SOCKS5CommandRequest.from_address(command, (host.encode("ascii"), port)))
    head = await _exchange(stream, protocol, 5)
    if head[1] != 0:
        raise httpcore2.ProxyError(f"the proxy could not connect: {_REPLIES.get(head[1], 'why?')}")
    # The address that follows says from where the proxy connects, which nobody needs.
    size = {1: 4, 4: 16}.get(head[3], 1 + head[4])
    await _exactly(stream, size - 1 + 2)


async def _exchange(stream: Stream, protocol: Any, size: int) -> bytes:
    await stream.write(protocol.data_to_send())
    return await _exactly(stream, size)


async def _exactly(stream: Stream, size: int) -> bytes:
    """Read so many bytes, and not one that belongs to what comes through the proxy."""
    data = b""
    while len(data) < size:
        more = await stream.read(size - len(data))
        if not more:
            raise httpcore2.ProxyError("the proxy hung up without an answer")
        data += more
    return data
