"""Show 8: an OpenAI SDK object lives on ``manager.http("llm")`` through every edit.

What to write, and no more::

    llm = manager.http("llm")     # [http.llm] base_url = "https://api.openai.com/v1"
    sdk = openai.AsyncOpenAI(http_client=llm, base_url=llm.base_url, api_key=rewire.FROM_MANIFEST)

``base_url`` must be given, or the SDK sends to its own default, which is foreign to the client and
refused. It takes the handle's virtual origin as it is; ``/v1`` stands in the manifest, since the
SDK appends ``/chat/completions`` only. The SDK insists on a key: ``FROM_MANIFEST`` is never sent.
Its own timeout, 600 s, is not used: it takes the handle's, which follows the manifest. It retries
twice by itself; ``max_retries=0`` leaves that to others.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import openai
import pytest

import rewire
from tests.fakes.editing import edit, http
from tests.fakes.http_server import FakeServer, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.conftest import Start

PATH = "/prefix/v1/chat/completions"
QUESTION = {"model": "m", "messages": [{"role": "user", "content": "who are you?"}]}


def speak(server: FakeServer) -> None:
    """Let a server answer as a chat API would, with its name."""

    async def complete(request: Request) -> Response:
        asked = json.loads(request.body)
        if asked.get("stream"):
            return Response(200, {"content-type": "text/event-stream"}, words(server.name))
        message = {"role": "assistant", "content": server.name}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        answer = {"id": "1", "object": "chat.completion", "created": 0, "model": "m"}
        body = json.dumps({**answer, "choices": choices}).encode()
        return Response(200, {"content-type": "application/json"}, body)

    server.routes[f"POST {PATH}"] = complete


async def words(name: str) -> AsyncIterator[bytes]:
    """Stream three pieces, as server-sent events."""
    for number in range(3):
        choices = [{"index": 0, "delta": {"content": f"{name}{number} "}, "finish_reason": None}]
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        yield f"data: {json.dumps({**chunk, 'choices': choices})}\n\n".encode()
        await asyncio.sleep(0)
    yield b"data: [DONE]\n\n"


def llm(server: FakeServer, token: str, *more: str) -> str:
    """Return the manifest of one client."""
    return http("llm", f"{server.url}/prefix/v1", f'auth.bearer = "{token}"', *more)


def sdk_of(manager: rewire.ClientManager) -> openai.AsyncOpenAI:
    """Build the SDK as its user would."""
    client = manager.http("llm")
    return openai.AsyncOpenAI(
        http_client=client, base_url=client.base_url, api_key=rewire.FROM_MANIFEST, max_retries=0
    )


async def ask(sdk: openai.AsyncOpenAI) -> str:
    """Return what the server said."""
    answer = await sdk.chat.completions.create(**QUESTION)  # type: ignore[call-overload]
    said: str = answer.choices[0].message.content
    return said


@pytest.fixture(autouse=True)
def spoken(server: FakeServer, other_server: FakeServer) -> None:
    """Make both servers chat APIs."""
    speak(server)
    speak(other_server)


async def test_an_sdk_built_before_an_edit_reaches_the_new_server_after_it(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """With the path under the prefix, the Host and the credentials of the manifest of today."""
    manager, source = await start(llm(server, "one"))
    sdk = sdk_of(manager)
    assert await ask(sdk) == "a"
    await edit(manager, source, llm(other_server, "two", 'headers.x-team = "money"'))
    assert await ask(sdk) == "b"
    (before,), (after,) = server.requests, other_server.requests
    for request, place, token in ((before, server, "one"), (after, other_server, "two")):
        assert (request.method, request.target) == ("POST", PATH)
        assert request.headers["host"] == f"127.0.0.1:{place.port}"
        assert request.headers["authorization"] == f"Bearer {token}"
        assert rewire.FROM_MANIFEST not in repr(request)
        assert request.headers["user-agent"].startswith("AsyncOpenAI/")
    assert after.headers["x-team"] == "money"


async def test_a_credential_edited_in_place_is_used_on_the_same_connection(
    start: Start, server: FakeServer
) -> None:
    """A rotated key costs the SDK nothing."""
    manager, source = await start(llm(server, "one"))
    sdk = sdk_of(manager)
    await ask(sdk)
    await edit(manager, source, llm(server, "two"))
    await ask(sdk)
    sent = [(one.headers["authorization"], one.connection) for one in server.requests]
    assert sent == [("Bearer one", 1), ("Bearer two", 1)]


async def test_a_stream_goes_on_over_an_edit_and_the_next_one_moves(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """What is being streamed ends on its old server, complete."""
    manager, source = await start(llm(server, "one"))
    sdk = sdk_of(manager)

    async def heard(*, edited: bool) -> str:
        said = ""
        stream = await sdk.chat.completions.create(**QUESTION, stream=True)  # type: ignore[call-overload]
        async for chunk in stream:
            said += chunk.choices[0].delta.content
            if edited and said == "a0 ":
                await edit(manager, source, llm(other_server, "two"))
        return said

    assert await heard(edited=True) == "a0 a1 a2 "
    assert await heard(edited=False) == "b0 b1 b2 "
    await server.until(lambda: server.connections_open == 0)


async def test_a_redirect_within_the_origin_keeps_method_body_and_credentials(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A 307 sends the POST again, under the same prefix; to another origin it is refused."""
    manager, _ = await start(llm(server, "one", "follow_redirects = true"))
    sdk = sdk_of(manager)
    server.routes[f"POST {PATH}/moved"] = server.routes[f"POST {PATH}"]

    async def move(request: Request) -> Response:
        return Response(307, {"location": f"{PATH}/moved"})

    server.routes[f"POST {PATH}"] = move
    assert await ask(sdk) == "a"
    first, second = server.requests
    assert (first.target, second.target) == (PATH, f"{PATH}/moved")
    assert first.body == second.body
    assert second.headers["authorization"] == "Bearer one"
    assert second.headers["host"] == f"127.0.0.1:{server.port}"

    async def away(request: Request) -> Response:
        return Response(307, {"location": f"{other_server.url}{PATH}"})

    server.routes[f"POST {PATH}"] = away
    with pytest.raises(openai.APIConnectionError) as caught:
        await ask(sdk)
    assert isinstance(caught.value.__cause__, rewire.ForeignURLError)
    assert other_server.requests == []


async def test_a_redirect_answered_before_an_edit_is_followed_after_it(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """The second hop goes to the new server, with its credentials: an attempt is one view."""
    manager, source = await start(llm(server, "one", "follow_redirects = true"))
    sdk = sdk_of(manager)

    async def move(request: Request) -> Response:
        text = llm(other_server, "two", "follow_redirects = true")
        await edit(manager, source, text)
        return Response(307, {"location": PATH})

    server.routes[f"POST {PATH}"] = move
    assert await ask(sdk) == "b"
    assert other_server.requests[0].headers["authorization"] == "Bearer two"
    assert other_server.requests[0].target == PATH


async def test_closing_the_sdk_closes_nothing_of_ours(start: Start, server: FakeServer) -> None:
    """``close()`` and ``async with``: the handle, its pool and other SDKs on it go on."""
    manager, _ = await start(llm(server, "one"))
    sdk, other = sdk_of(manager), sdk_of(manager)
    async with sdk:
        await ask(sdk)
    await sdk.close()
    assert not sdk.is_closed()
    assert await ask(other) == "a"
    assert await ask(sdk) == "a"
    assert (await manager.http("llm").post("chat/completions", json=QUESTION)).status_code == 200
    assert {request.connection for request in server.requests} == {1}
    assert server.connections_closed == 0


async def test_the_sdk_takes_the_timeouts_of_the_manifest_of_today(
    start: Start, server: FakeServer
) -> None:
    """Not its own ten minutes, and not those of the day it was built."""
    manager, source = await start(llm(server, "one", 'timeout.read = "50ms"'))
    sdk, complete = sdk_of(manager), server.routes[f"POST {PATH}"]

    async def ponder(request: Request) -> Response:
        await asyncio.sleep(0.3)
        return await complete(request)

    server.routes[f"POST {PATH}"] = ponder
    with pytest.raises(openai.APITimeoutError):
        await ask(sdk)
    await edit(manager, source, llm(server, "one", 'timeout.read = "20s"'))
    assert await ask(sdk) == "a"


async def test_an_sdk_without_our_base_url_is_refused_and_told_why(
    start: Start, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It sends to its own default, which gets neither the request nor a credential."""
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    manager, _ = await start(llm(server, "one"))
    sdk = openai.AsyncOpenAI(
        http_client=manager.http("llm"), api_key=rewire.FROM_MANIFEST, max_retries=0
    )
    with pytest.raises(openai.APIConnectionError) as caught:
        await ask(sdk)
    assert isinstance(caught.value.__cause__, rewire.ForeignURLError)
    assert server.requests == []


async def test_an_sdk_built_before_the_start_waits_for_it(server: FakeServer) -> None:
    """A program may build its objects first and enter the manager later."""
    from tests.fakes.source import MemorySource

    manager = rewire.ClientManager(MemorySource(f"version = 1\n{llm(server, 'one')}"))
    asking = asyncio.ensure_future(ask(sdk_of(manager)))
    await asyncio.sleep(0)
    async with manager:
        assert await asking == "a"
