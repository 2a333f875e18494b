"""Responses: statuses, encodings, streams, events."""

# ruff: noqa: D401 -- a docstring says what is shown

from __future__ import annotations

import pickle
from typing import Any

from tests.drivers.http.conformance import Stage, of_httpx2, raised, scenario, told, told_of


@scenario
async def statuses(stage: Stage) -> Any:
    """Every class of them, and what ``raise_for_status`` says."""
    shown: list[Any] = []
    for status in (200, 201, 204, 206, 304, 400, 404, 418, 429, 500, 503, 599):
        response = await stage.client.get(f"/status/{status}")
        shown.append(told(response))
        try:
            shown.append(response.raise_for_status() is getattr(response, "inner", response))
        except stage.lib.HTTPStatusError as error:
            shown.append((str(error), error.response.status_code, told_of(stage, error)))
    return shown


@scenario
async def encodings(stage: Stage) -> Any:
    """Charsets, compression, and the default that a caller sets."""
    paths = ("/text?charset=utf-8", "/text?charset=latin-1", "/text", "/text?charset=what", "/gzip")
    shown = [told(await stage.client.get(path)) for path in paths]
    response = await stage.client.get("/text")
    response.encoding = "cp1252"
    return shown, response.text, response.default_encoding


@scenario
async def a_stream_by_lines(stage: Stage) -> Any:
    """Chunk by chunk as lines, text, bytes."""
    shown: list[Any] = []
    for way, size in (("lines", ()), ("text", (7,)), ("bytes", (5,)), ("raw", (11,))):
        async with stage.client.stream("GET", "/stream?n=5&gap=0") as response:
            part = [item async for item in getattr(response, f"aiter_{way}")(*size)]
            shown += [part, response.is_closed, response.is_stream_consumed]
            shown += [response.num_bytes_downloaded]
    return shown


@scenario
async def a_stream_of_a_large_body(stage: Stage) -> Any:
    """As compressed it came, and as it is."""
    shown = []
    for way in ("bytes", "raw"):
        async with stage.client.stream("GET", "/gzip?n=300000") as response:
            shown.append(b"".join([item async for item in getattr(response, f"aiter_{way}")()]))
    return shown


@scenario
async def a_stream_that_is_read(stage: Stage) -> Any:
    """``aread`` within ``stream``; and ``send(stream=True)``."""
    client = stage.client
    async with client.stream("POST", "/echo", content=b"x") as response:
        before = response.is_closed
        await response.aread()
        first = (before, told(response))
    response = await client.send(client.build_request("GET", "/echo"), stream=True)
    await response.aread()
    await response.aclose()
    return first, told(response)


@scenario
async def a_stream_that_is_left(stage: Stage) -> Any:
    """Closed half-way; the client goes on."""
    async with stage.client.stream("GET", "/stream?gap=0.001") as response:
        async for line in response.aiter_lines():
            first = line
            break
    closed = response.is_closed
    return first, closed, told(await stage.client.get("/echo"))


@scenario
async def a_stream_used_wrongly(stage: Stage) -> Any:
    """Not read, read twice, read after it was closed, asked for its time too soon."""
    shown: list[Any] = []

    async def drain(response: Any) -> None:
        async for _ in response.aiter_bytes():
            pass

    async with stage.client.stream("GET", "/echo") as response:
        for what in ("text", "content", "elapsed"):
            try:
                getattr(response, what)
            except Exception as error:  # noqa: BLE001  (whatever it is)
                shown.append(told_of(stage, error))
        await drain(response)
        shown.append(await raised(stage, drain(response)))
    async with stage.client.stream("GET", "/echo") as response:
        pass
    shown.append(await raised(stage, drain(response)))
    return shown


@of_httpx2
async def server_sent_events(stage: Stage) -> Any:
    """As events, with type, id and retry."""
    async with stage.client.sse("/sse") as source:
        return [event async for event in source]


@scenario
async def a_pickled_response(stage: Stage) -> Any:
    """It survives a process boundary, with its request."""
    response = await stage.client.get("/echo")
    inner = getattr(response, "inner", response)
    again = pickle.loads(pickle.dumps(inner))  # noqa: S301
    return again.text, again.status_code, str(again.request.url), again.request.method
