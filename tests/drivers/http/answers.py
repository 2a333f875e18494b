"""What the server of the conformance suite answers, beside the usual endpoints."""

from __future__ import annotations

import gzip
import hashlib
import json

from tests.fakes.http_server import Handler, Hangup, Request, Response

SSE = b": hi\nevent: greet\ndata: one\ndata: two\nid: 7\n\nretry: 10\ndata: {}\n\n"
CHALLENGE = 'Digest realm="here", qop="auth", nonce="0123456789", algorithm=SHA-256'


async def echo(request: Request) -> Response:
    """Say what came, without what differs from connection to connection."""
    body = {
        "method": request.method,
        "target": request.target,
        "headers": list(request.headers.items()),
        "body": request.body.decode("latin-1"),
    }
    link = '</next>; rel="next"'
    headers = {"content-type": "application/json", "link": link}
    return Response(200, headers, json.dumps(body).encode())


async def length(request: Request) -> Response:
    """Digest the body."""
    return Response(body=hashlib.sha256(request.body).hexdigest().encode())


async def text(request: Request) -> Response:
    """Answer text in the charset asked for, or in none."""
    charset = request.query.get("charset")
    kind = "text/plain" + (f"; charset={charset}" if charset else "")
    return Response(200, {"content-type": kind}, "grün €".encode())


async def zipped(request: Request) -> Response:
    """Answer compressed."""
    body = gzip.compress(b"abc" * int(request.query.get("n", "10")), mtime=0)
    return Response(200, {"content-encoding": "gzip"}, body)


async def not_gzip(request: Request) -> Response:
    """Lie about the encoding."""
    return Response(200, {"content-encoding": "gzip"}, b"plain")


async def cookie(request: Request) -> Response:
    """Set a cookie."""
    query = request.query
    return Response(200, {"set-cookie": f"{query['name']}={query['value']}; Path=/"})


async def to(request: Request) -> Response:
    """Redirect, with any status."""
    return Response(int(request.query["status"]), {"location": request.query.get("to", "")})


async def loop(request: Request) -> Response:
    """Redirect to itself."""
    return Response(302, {"location": "/loop"})


async def digest(request: Request) -> Response:
    """Challenge, then be content."""
    if "authorization" not in request.headers:
        return Response(401, {"www-authenticate": CHALLENGE}, b"who?")
    return await length(request)


async def sse(request: Request) -> Response:
    """Send events."""
    return Response(200, {"content-type": "text/event-stream"}, SSE)


async def hangup(request: Request) -> Response:
    """Close without an answer."""
    raise Hangup


async def garbage(request: Request) -> Response:
    """Answer what is no HTTP."""
    raise Hangup(b"this is no HTTP\r\n\r\n")


async def cut(request: Request) -> Response:
    """Answer half a body."""
    status = request.query.get("status", "200")
    raise Hangup(b"HTTP/1.1 %b X\r\ncontent-length: 9\r\n\r\nhalf" % status.encode())


async def cut_chunk(request: Request) -> Response:
    """Answer half a chunk."""
    raise Hangup(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhalf")


def routes() -> dict[str, Handler]:
    """Return the routes, at the root and under `/v1`; everything else is echoed."""
    known: dict[str, Handler] = {
        "/length": length,
        "/text": text,
        "/gzip": zipped,
        "/not-gzip": not_gzip,
        "/cookie": cookie,
        "/to": to,
        "/loop": loop,
        "/digest": digest,
        "/sse": sse,
        "/hangup": hangup,
        "/garbage": garbage,
        "/cut": cut,
        "/cut-chunk": cut_chunk,
    }
    return known | {f"/v1{path}": handler for path, handler in known.items()} | {"*": echo}
