"""Timeouts, extensions, and everything that goes wrong."""

# ruff: noqa: D401, PERF401 -- a docstring says what is shown; a list shows it in order

from __future__ import annotations

from typing import Any

from tests.drivers.http.conformance import Stage, raised, scenario, told, told_of


@scenario
async def timeouts(stage: Stage) -> Any:
    """Of the call, of the client, by extension; none."""
    stage.wire = False
    client, slow = stage.client, "/slow?s=5"
    shown = [await raised(stage, client.get(slow, timeout=0.3))]
    by_hand = {"timeout": {"read": 0.3}}
    shown.append(await raised(stage, client.get(slow, extensions=by_hand)))
    client.timeout = stage.lib.Timeout(5, read=0.3)
    shown.append(await raised(stage, client.get(slow)))
    shown.append(str(client.timeout))
    fast = await client.get("/slow?s=0.1", timeout=None)
    shown.append((fast.status_code, fast.request.extensions["timeout"]))
    return shown


@scenario
async def a_stream_that_stalls(stage: Stage) -> Any:
    """The read timeout bounds the gap, in the middle of a body too."""
    shown: list[Any] = []

    async def read() -> None:
        async with stage.client.stream("GET", "/stream?n=2&gap=5", timeout=0.3) as response:
            async for line in response.aiter_lines():
                shown.append(line)

    shown.append(await raised(stage, read()))
    return shown


@scenario
async def extensions(stage: Stage) -> Any:
    """``target`` goes on the wire, ``trace`` is told what happens, the response has its own."""
    events: list[str] = []

    def trace(event: str, info: Any) -> None:
        events.append(event)

    given = {"trace": stage.hook(trace), "target": b"/echo?by=target"}
    answer = await stage.client.get("/other", extensions=given)
    async with stage.client.stream(
        "GET", "/stream?n=2&gap=0", extensions={"trace": stage.hook(trace)}
    ) as response:
        lines = [line async for line in response.aiter_lines()]
    own = ("http_version", "reason_phrase")
    seen = {name: answer.extensions[name] for name in own}
    network = answer.extensions["network_stream"].get_extra_info("server_addr")
    return told(answer), lines, seen, network, sorted(set(events))


@scenario
async def connection_errors(stage: Stage) -> Any:
    """A port where nobody listens, a hang-up, garbage, a body cut off."""
    stage.wire = False
    client, shown = stage.client, []
    for url in ("http://127.0.0.1:9/", "/hangup", "/garbage", "/cut", "/cut-chunk"):
        shown.append(await raised(stage, client.get(url)))

    async def read() -> None:
        async with client.stream("GET", "/cut") as response:
            async for part in response.aiter_bytes():
                shown.append(part)

    return shown, await raised(stage, read()), told(await client.get("/echo"))


@scenario
async def wrong_requests(stage: Stage) -> Any:
    """What is refused before anything is sent."""
    client, shown = stage.client, []
    shown.append(await raised(stage, client.get("ftp://127.0.0.1/")))
    shown.append(await raised(stage, client.get("/echo", headers={"X-A": "a\nb"})))
    shown.append(await raised(stage, client.get("/echo", headers={"X A": "a"})))
    for build in (
        lambda: client.build_request("GET", "http://["),
        lambda: client.build_request("GET", "/echo", content=7),
        lambda: client.build_request("GET", "/echo", headers={"X-A": 7}),
        lambda: client.build_request("GET", "/" + "x" * 70_000),
    ):
        try:
            shown.append(build().method)
        except Exception as error:  # noqa: BLE001  (whatever it is)
            shown.append(told_of(stage, error))
    return shown


@scenario
async def the_wrong_kind_of_body(stage: Stage) -> Any:
    """A generator of the other colour."""

    async def asynchronous() -> Any:
        yield b"x"

    other = asynchronous() if stage.sync else iter([b"x"])
    return await raised(stage, stage.client.post("/echo", content=other))


@scenario
async def broken_compression(stage: Stage) -> Any:
    """A body that is not what its header says."""
    return await raised(stage, stage.client.get("/not-gzip"))


@scenario
async def the_clients_own_attributes(stage: Stage) -> Any:
    """What is set can be read again."""
    client = stage.raw
    client.headers = {"X-Only": "1"}
    client.cookies = {"a": "b"}
    client.params = {"q": "1"}
    client.event_hooks = {"request": [print]}
    return (
        client.headers.raw,
        dict(client.cookies),
        str(client.params),
        client.event_hooks,
        client.auth,
        client.trust_env,
        client.is_closed,
        client.follow_redirects,
        client.max_redirects,
    )
