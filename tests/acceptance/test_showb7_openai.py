"""An OpenAI SDK on the other handles: httpx's, and those of threads, through an edit."""

from __future__ import annotations

import openai
import pytest

import rewire
import rewire.sync
from tests.acceptance.test_show8_openai import QUESTION, ask, llm, speak
from tests.conftest import Start
from tests.fakes.editing import edit
from tests.fakes.http_server import FakeServer
from tests.fakes.source import MemorySource
from tests.fakes.threaded import ThreadedServer


async def test_the_sdk_takes_the_httpx_handle(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """Built before an edit, it reaches the new server after it."""
    speak(server)
    speak(other_server)
    manager, source = await start(llm(server, "one"))
    client = manager.httpx("llm")
    sdk = openai.AsyncOpenAI(
        http_client=client, base_url=str(client.base_url), api_key=rewire.FROM_MANIFEST
    )
    assert await ask(sdk) == "a"
    await edit(manager, source, llm(other_server, "two"))
    assert await ask(sdk) == "b"
    await sdk.close()
    assert await ask(sdk) == "b"
    assert other_server.requests[0].headers["authorization"] == "Bearer two"


@pytest.mark.parametrize("family", ["http", "httpx"])
def test_the_synchronous_sdk_takes_the_handles_of_threads(family: str) -> None:
    """Questions and streams, through an edit, and a close that closes nothing."""
    with ThreadedServer("a") as one, ThreadedServer("b") as two:
        speak(one)
        speak(two)
        source = MemorySource(f"version = 1\n{llm(one, 'one')}")
        with rewire.sync.ClientManager(source) as manager:
            client = getattr(manager, family)("llm")
            sdk = openai.OpenAI(
                http_client=client, base_url=str(client.base_url), api_key=rewire.FROM_MANIFEST
            )

            def said() -> str | None:
                return sdk.chat.completions.create(**QUESTION).choices[0].message.content

            assert said() == "a"
            stream = sdk.chat.completions.create(**QUESTION, stream=True)
            pieces = [next(stream).choices[0].delta.content]
            source.text = f"version = 1\n{llm(two, 'two')}"
            manager.reload()
            pieces += [piece.choices[0].delta.content for piece in stream]
            assert pieces == ["a0 ", "a1 ", "a2 "]
            assert said() == "b"
            sdk.close()
            assert said() == "b"
            assert two.requests[0].headers["authorization"] == "Bearer two"
