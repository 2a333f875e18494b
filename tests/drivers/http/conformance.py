"""One stage for four kinds of client, so that a scenario is written once and run on each.

A scenario is an asynchronous function of a :class:`Stage`. On a synchronous client the stage
turns each call into one that can be awaited, and hooks and bodies into plain ones. What a
scenario returns is compared between a bare client and a managed handle, and so is what the
server saw of it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.fakes.threaded import ThreadedServer

Scenario = Callable[["Stage"], Awaitable[Any]]

SCENARIOS: list[Scenario] = []
HTTPX2_ONLY: set[Scenario] = set()

_MADE_UP = re.compile(r"\b(cnonce|response)=\S+")
_CALLS = {"request", "get", "options", "head", "post", "put", "patch", "delete", "query", "send"}
_READS = {"aread": "read", "aclose": "close"}


def scenario(function: Scenario) -> Scenario:
    """Run this scenario on every kind of client."""
    SCENARIOS.append(function)
    return function


def of_httpx2(function: Scenario) -> Scenario:
    """Run this one where the client is httpx2's: httpx has no such method."""
    HTTPX2_ONLY.add(function)
    return scenario(function)


@dataclass
class Stage:
    """What a scenario gets: a library, a client of it, and a server."""

    lib: Any
    raw: Any
    server: ThreadedServer
    sync: bool
    wire: bool = True
    """Whether what the server saw can be compared; not if a request was left half-way."""

    @property
    def client(self) -> Any:
        """Return the client, with methods that can be awaited."""
        return Awaited(self.raw) if self.sync else self.raw

    def body(self, *chunks: bytes) -> Any:
        """Return a generator that can be the body of a request."""
        if self.sync:
            return (chunk for chunk in chunks)

        async def draw() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        return draw()

    def hook(self, call: Callable[..., Any]) -> Any:
        """Return a callback of the kind that the client calls."""
        if self.sync:
            return call

        async def hook(*args: Any) -> Any:
            return call(*args)

        return hook

    def seen(self) -> list[tuple[str, str, list[tuple[str, str]], bytes]]:
        """Return what came to the server."""
        if not self.wire:
            return []
        return [
            (request.method, request.target, list(request.headers.items()), request.body)
            for request in self.server.requests
        ]


class Awaited:
    """A synchronous client or response, with the asynchronous names."""

    def __init__(self, inner: Any) -> None:
        object.__setattr__(self, "inner", inner)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.inner, name, value)

    def __getattr__(self, name: str) -> Any:
        is_response = hasattr(self.inner, "status_code")
        if name in (_READS if is_response else _CALLS):
            call = getattr(self.inner, _READS.get(name, name))

            async def later(*args: Any, **options: Any) -> Any:
                result = call(*args, **options)
                return Awaited(result) if hasattr(result, "status_code") else result

            return later
        if name.startswith("aiter_"):
            return lambda *args: _each(getattr(self.inner, name[1:])(*args))
        if name in {"stream", "sse"}:
            return lambda *args, **options: _within(getattr(self.inner, name)(*args, **options))
        return getattr(self.inner, name)

    def __aiter__(self) -> AsyncIterator[Any]:
        return _each(iter(self.inner))


async def _each(items: Iterator[Any]) -> AsyncIterator[Any]:
    for item in items:
        yield item


@asynccontextmanager
async def _within(context: Any) -> AsyncIterator[Any]:
    with context as inner:
        yield Awaited(inner)


def told(response: Any) -> dict[str, Any]:
    """Return what a response says, without what differs by nature."""
    headers = [pair for pair in response.headers.multi_items() if pair[0] != "x-connection"]
    said = {
        name: getattr(response, name)
        for name in (
            "status_code",
            "reason_phrase",
            "http_version",
            "encoding",
            "charset_encoding",
            "is_success",
            "is_redirect",
            "is_error",
            "is_closed",
            "is_stream_consumed",
            "has_redirect_location",
            "links",
            "num_bytes_downloaded",
        )
    }
    after = response.next_request
    return said | {
        "url": str(response.url),
        "headers": headers,
        "text": response.text,
        "cookies": dict(response.cookies),
        "history": [(past.status_code, str(past.url)) for past in response.history],
        "next": None if after is None else (after.method, str(after.url), after.headers.raw),
        "request": (response.request.method, str(response.request.url)),
        "sent": response.request.headers.multi_items(),
        "took time": response.elapsed.total_seconds() > 0,
    }


async def raised(stage: Stage, call: Awaitable[Any]) -> dict[str, Any]:
    """Return what a call raises, as a caller of the library would tell it."""
    try:
        result = await asyncio.wait_for(call, 20)
    except Exception as error:  # noqa: BLE001  (whatever it is)
        return told_of(stage, error)
    return {"nothing": str(result)}


def told_of(stage: Stage, error: BaseException) -> dict[str, Any]:
    """Return an exception's type, as far as it is the library's, and its request."""
    kinds = [kind for kind in type(error).__mro__ if _public(stage.lib, kind)]
    request = getattr(error, "_request", None)
    return {
        "kind": kinds[0].__name__ if kinds else type(error).__name__,
        "request": None if request is None else (request.method, str(request.url)),
    }


def normal(shown: Any) -> str:
    """Return what was shown as text, without what a digest's client makes up."""
    return _MADE_UP.sub(r"\1=…", json.dumps(shown, indent=1, default=repr))


def _public(lib: Any, kind: type) -> bool:
    return getattr(lib, kind.__name__, None) is kind
