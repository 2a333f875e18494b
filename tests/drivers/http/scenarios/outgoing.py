"""Requests: methods, URLs, parameters, headers, bodies, files."""

# ruff: noqa: D401, PERF401 -- a docstring says what is shown; a list shows it in order

from __future__ import annotations

import io
from typing import Any

from tests.drivers.http.conformance import Stage, of_httpx2, raised, scenario, told


@scenario
async def every_method(stage: Stage) -> Any:
    """The shorthand methods."""
    client = stage.client
    calls = [client.get, client.options, client.head, client.delete]
    bodied = [client.post, client.put, client.patch]
    answers = [await call("/echo") for call in calls]
    answers += [await call("/echo", content=b"body") for call in bodied]
    answers.append(await client.request("BREW", "/echo", content=b"tea"))
    return [told(answer) for answer in answers]


@of_httpx2
async def the_query_method(stage: Stage) -> Any:
    """RFC 10008, which httpx does not have."""
    return told(await stage.client.query("/echo", json={"q": 1}))


@scenario
async def urls(stage: Stage) -> Any:
    """Relative, rooted, empty, dotted, escaped, absolute, with a fragment."""
    shown = []
    for url in (
        "echo",
        "/echo",
        "",
        "?a=1",
        "/echo?a=1&a=2&b=%20",
        "/a b/ü/%2F",
        "/echo#part",
        "/a/../echo",
        f"{stage.server.url}/echo?x=1",
    ):
        shown.append(told(await stage.client.get(url)))
    return shown


@scenario
async def parameters(stage: Stage) -> Any:
    """Of the call, of the client, and in the URL."""
    client = stage.client
    client.params = {"client": "1", "both": "client"}
    cases: list[Any] = [None, {"call": "x y"}, {"both": "call"}, [("n", "1"), ("n", "2")], {}]
    shown = [told(await client.get("/echo?url=1", params=case)) for case in cases]
    return shown, str(client.params)


@scenario
async def headers(stage: Stage) -> Any:
    """Of the call and of the client; one name twice; none at all."""
    client = stage.client
    client.headers["X-Client"] = "1"
    client.headers["X-Both"] = "client"
    del client.headers["accept-encoding"]
    cases: list[Any] = [
        None,
        {"X-Call": "1", "x-both": "call"},
        [("X-Twice", "a"), ("X-Twice", "b")],
        {"Host": "other.example", "User-Agent": "me"},
        {b"X-Bytes": b"\xff"},
    ]
    return [told(await client.get("/echo", headers=case)) for case in cases]


@scenario
async def bodies(stage: Stage) -> Any:
    """Text, bytes, JSON, forms, nothing."""
    post = stage.client.post
    answers = [
        await post("/echo"),
        await post("/echo", content=b""),
        await post("/echo", content="text ü"),
        await post("/echo", content=b"\x00\xff"),
        await post("/echo", json={"a": [1, None, "ü"]}),
        await post("/echo", data={"a": "1", "b": ["2", "3"]}),
        await post("/echo", content=b"x", headers={"Content-Type": "text/x"}),
    ]
    return [told(answer) for answer in answers]


@scenario
async def a_generator_as_body(stage: Stage) -> Any:
    """It is sent in chunks; an empty one too; with a length if the caller knows it."""
    post = stage.client.post
    known = {"Content-Length": "4"}
    answers = [
        await post("/echo", content=stage.body(b"one", b"", b"two")),
        await post("/echo", content=stage.body()),
        await post("/echo", content=stage.body(b"four"), headers=known),
    ]
    return [told(answer) for answer in answers]


@scenario
async def a_large_generator(stage: Stage) -> Any:
    """Nothing is lost or doubled on the way."""
    chunks = (bytes([number % 256]) * 10_000 for number in range(200))
    return told(await stage.client.post("/length", content=stage.body(*chunks)))


@scenario
async def a_generator_that_fails(stage: Stage) -> Any:
    """The caller's own exception comes back to the caller."""
    stage.wire = False

    def failing() -> Any:
        yield b"one"
        raise ZeroDivisionError("mine")

    async def failing_too() -> Any:
        yield b"one"
        raise ZeroDivisionError("mine")

    body = failing() if stage.sync else failing_too()
    first = await raised(stage, stage.client.post("/echo", content=body))
    return first, told(await stage.client.get("/echo"))


@scenario
async def files(stage: Stage) -> Any:
    """Multipart: bytes, files, names, types, with fields beside them."""
    fixed = {"Content-Type": "multipart/form-data; boundary=edge"}
    cases: list[Any] = [
        {"file": b"content"},
        {"file": ("name.txt", io.BytesIO(b"from a file"), "text/x")},
        [("many", ("1", b"a")), ("many", ("2", b"b"))],
    ]
    post = stage.client.post
    shown = [told(await post("/echo", files=case, headers=fixed)) for case in cases]
    both = await post("/echo", data={"a": "1"}, files={"f": b"x"}, headers=fixed)
    return shown, told(both)


@scenario
async def a_file_as_body(stage: Stage) -> Any:
    """Where the library takes one."""
    call = stage.client.post("/echo", content=io.BytesIO(b"x" * 100_000))
    if not stage.sync:
        return await raised(stage, call)
    return told(await call)


@scenario
async def a_request_built_before(stage: Stage) -> Any:
    """``build_request`` and ``send``, once and again."""
    client = stage.client
    request = client.build_request("POST", "/echo?a=1", content=b"x", headers={"X-A": "1"})
    first = await client.send(request)
    request.headers["X-B"] = "2"
    return told(first), told(await client.send(request))
