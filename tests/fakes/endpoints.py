"""The endpoints that every `FakeServer` has, so that most tests need no handler of their own.

/json                  who answered, what came: {"server", "connection", "path", "headers"}
/slow?s=0.5            the same, after `s` seconds
/stream?n=10&gap=0.05  `n` chunks with `gap` seconds between; without `n` until the server stops
/upload                {"length", "sha256"} of the body
/status/503            that status, for any number
/redirect?to=URL       302 to the URL or path
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from typing import TYPE_CHECKING

from tests.fakes.http_server import Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.fakes.http_server import FakeServer, Handler

STATUSES = range(200, 600)


def endpoints(server: FakeServer) -> dict[str, Handler]:
    """Return the routes of one server."""

    async def whoami(request: Request) -> Response:
        return _json(
            {
                "server": server.name,
                "connection": request.connection,
                "method": request.method,
                "path": request.target,
                "headers": request.headers,
            }
        )

    async def slow(request: Request) -> Response:
        await asyncio.sleep(float(request.query.get("s", "0.1")))
        return await whoami(request)

    async def stream(request: Request) -> Response:
        limit = request.query.get("n")
        gap = float(request.query.get("gap", "0.01"))
        numbers = itertools.count() if limit is None else iter(range(int(limit)))
        return Response(body=_chunks(server.name, numbers, gap))

    routes: dict[str, Handler] = {
        "/json": whoami,
        "/slow": slow,
        "/stream": stream,
        "/upload": _upload,
        "/redirect": _redirect,
    }
    return routes | {f"/status/{status}": _status for status in STATUSES}


async def _chunks(name: str, numbers: Iterator[int], gap: float) -> AsyncIterator[bytes]:
    for number in numbers:
        yield f"{name} {number}\n".encode()
        await asyncio.sleep(gap)


async def _upload(request: Request) -> Response:
    return _json({"length": len(request.body), "sha256": hashlib.sha256(request.body).hexdigest()})


async def _redirect(request: Request) -> Response:
    return Response(302, {"location": request.query["to"]})


async def _status(request: Request) -> Response:
    return Response(int(request.path.rpartition("/")[2]))


def _json(value: object) -> Response:
    return Response(200, {"content-type": "application/json"}, json.dumps(value).encode())
