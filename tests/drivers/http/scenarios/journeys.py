"""Calls of several requests: cookies, redirects, auth, hooks."""

# ruff: noqa: D401 -- a docstring says what is shown

from __future__ import annotations

from typing import Any

from tests.drivers.http.conformance import Stage, raised, scenario, told, told_of


@scenario
async def cookies(stage: Stage) -> Any:
    """Kept, sent again, deleted; set by the caller."""
    client = stage.client
    set_by = told(await client.get("/cookie?name=server&value=1"))
    client.cookies.set("mine", "2")
    both = told(await client.get("/echo"))
    client.cookies.set("narrow", "3", path="/else")
    narrow = told(await client.get("/echo"))
    gone = told(await client.get("/cookie?name=server&value=;Max-Age=0"))
    return set_by, both, narrow, gone, told(await client.get("/echo")), sorted(client.cookies)


@scenario
async def redirects(stage: Stage) -> Any:
    """Of every kind, followed and not, with methods, bodies and history."""
    client, shown = stage.client, []
    for status in (301, 302, 303, 307, 308):
        for method in ("GET", "HEAD", "POST"):
            url = f"/to?status={status}&to=/echo?x=1"
            content = b"body" if method == "POST" else None
            followed = await client.request(method, url, content=content, follow_redirects=True)
            left = await client.request(method, url, content=content)
            shown.append((told(followed), told(left)))
    return shown


@scenario
async def redirects_to(stage: Stage) -> Any:
    """A relative place, an absolute one, nowhere, an invalid one; the next request by hand."""
    client, shown = stage.client, []
    client.follow_redirects = True
    for to in ("echo", "/a/../echo", "?status=200", f"{stage.server.url}/echo", "http://[", ""):
        call = client.get("/to", params={"status": "302", "to": to})
        try:
            shown.append(told(await call))
        except Exception as error:  # noqa: BLE001  (whatever it is)
            shown.append(told_of(stage, error))
    first = await client.get("/to?status=302&to=/echo", follow_redirects=False)
    return shown, told(await client.send(first.next_request))


@scenario
async def redirects_elsewhere(stage: Stage) -> Any:
    """Another origin gets no Authorization; cookies stay where they belong."""
    client = stage.client
    elsewhere = stage.server.url.replace("127.0.0.1", "localhost")
    client.cookies.set("c", "1", domain="127.0.0.1")
    answer = await client.get(
        "/to", params={"status": "302", "to": f"{elsewhere}/echo"}, auth=("u", "p"),
        headers={"X-Own": "1"}, follow_redirects=True,
    )  # fmt: skip
    return told(answer)


@scenario
async def redirects_without_end(stage: Stage) -> Any:
    """As many as the client allows."""
    client = stage.client
    client.follow_redirects = True
    client.max_redirects = 3
    return await raised(stage, client.get("/loop"))


@scenario
async def a_redirected_generator(stage: Stage) -> Any:
    """It is used up: an error, not a silent empty body."""
    stage.wire = False
    call = stage.client.post(
        "/to?status=307&to=/echo", content=stage.body(b"x"), follow_redirects=True
    )
    return await raised(stage, call)


@scenario
async def basic_auth(stage: Stage) -> Any:
    """Of the call, of the client, in the URL, and none."""
    client = stage.client
    netloc = stage.server.url.removeprefix("http://")
    shown = [told(await client.get("/echo", auth=("user", "pass")))]
    shown.append(told(await client.get(f"http://me:secret@{netloc}/echo")))
    client.auth = stage.lib.BasicAuth("always", "here")
    shown.append(told(await client.get("/echo")))
    shown.append(told(await client.get("/echo", auth=None)))
    return shown


@scenario
async def digest_auth(stage: Stage) -> Any:
    """A challenge, an answer, and the next request without a challenge."""
    auth = stage.lib.DigestAuth("user", "pass")
    client = stage.client
    first = await client.get("/digest", auth=auth)
    return told(first), told(await client.get("/digest?again", auth=auth))


@scenario
async def a_flow_of_the_callers_own(stage: Stage) -> Any:
    """Requests of its own in between, and the body of the response."""
    lib = stage.lib

    class Login(lib.Auth):  # type: ignore[misc,name-defined]
        requires_request_body = True
        requires_response_body = True

        def auth_flow(self, request: Any) -> Any:
            token = yield lib.Request("POST", f"{stage.server.url}/echo", content=b"login")
            request.headers["X-Token"] = str(len(token.text))
            request.headers["X-Body"] = request.content.decode()
            answer = yield request
            if answer.status_code == 200:
                request.headers["X-Again"] = "1"
                yield request

    signed = await stage.client.post("/echo", content=b"abc", auth=Login())
    plain = await stage.client.get("/echo", auth=_mark)
    return told(signed), told(plain)


def _mark(request: Any) -> Any:
    request.headers["X-Function"] = str(request.url)
    return request


@scenario
async def hooks(stage: Stage) -> Any:
    """Called in order, at each redirect, before the body is read; what they change is sent."""
    client, seen = stage.client, []

    def before(request: Any) -> None:
        seen.append(("request", request.method, str(request.url)))
        request.headers["X-Hook"] = "1"

    def after(response: Any) -> None:
        seen.append(("response", response.status_code, response.is_stream_consumed))

    client.event_hooks = {"request": [stage.hook(before)], "response": [stage.hook(after)]}
    answer = await client.get("/to?status=302&to=/echo", follow_redirects=True)
    async with client.stream("GET", "/echo") as response:
        await response.aread()
    return seen, told(answer)


@scenario
async def a_hook_that_raises(stage: Stage) -> Any:
    """The response is closed, the caller gets the hook's exception, the client goes on."""
    client = stage.client

    def refuse(response: Any) -> None:
        response.raise_for_status()

    client.event_hooks = {"response": [stage.hook(refuse)]}
    shown = [await raised(stage, client.get("/status/404"))]
    shown.append(await raised(stage, client.get("/cut?status=404")))
    return shown, told(await client.get("/echo"))


@scenario
async def a_hook_that_reads(stage: Stage) -> Any:
    """A hook may read the body; the caller has it all the same."""
    client, seen = stage.client, []

    def read(response: Any) -> None:
        seen.append(response.read())

    async def read_later(response: Any) -> None:
        seen.append(await response.aread())

    client.event_hooks = {"response": [read if stage.sync else read_later]}
    return told(await client.get("/echo")), seen
