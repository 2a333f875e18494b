"""Faults of using a client elsewhere: another loop, thread or process (FAULTS 59, 60)."""

from __future__ import annotations

import asyncio
import os
import threading
import traceback
from typing import TYPE_CHECKING

import pytest

import rewire
from tests.fakes.editing import http
from tests.fakes.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer


PATIENCE = 10.0  # a call that hangs ends its test, and does not keep the suite from ending


def in_another_loop(ask: Callable[[], object]) -> BaseException | None:
    """Run a coroutine function in the loop of another thread; return what it raised."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(ask())  # type: ignore[arg-type]
        except Exception as error:  # noqa: BLE001 - the test judges it
            caught.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return caught[0] if caught else None


async def test_fault_60_another_loop_gets_a_typed_error_and_disturbs_nobody(
    start: Start, server: FakeServer
) -> None:
    """It names the client; the pool of the right loop stays as it was."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")
    await client.get("/json")

    async def ask() -> None:
        async with asyncio.timeout(10):
            await client.get("/json")

    error = await asyncio.to_thread(in_another_loop, ask)
    assert isinstance(error, rewire.WrongLoopError)
    assert isinstance(error, RuntimeError)
    assert '"api" belongs to the event loop' in str(error)
    assert (await client.get("/json")).json()["connection"] == 1
    assert manager.status("api").in_flight == {1: 0}
    assert len(server.requests) == 2


@pytest.mark.parametrize("what", ["reload", "check", "aclose", "unregister", "register"])
async def test_fault_60_the_manager_itself_is_told_the_same(
    start: Start, server: FakeServer, what: str
) -> None:
    """Its tasks live in one loop; a call from another one raises, and does not hang."""
    manager, _ = await start(http("api", server.url))
    config = rewire.HTTPClientConfig(id="mine", base_url=server.url)
    if what == "unregister":
        manager.register(config)

    async def ask() -> None:
        async with asyncio.timeout(PATIENCE / 2):
            if what == "register":
                manager.register(config)
            else:
                arguments = {"check": ("api",), "unregister": ("mine",)}.get(what, ())
                await getattr(manager, what)(*arguments)

    error = await asyncio.to_thread(in_another_loop, ask)
    assert isinstance(error, rewire.WrongLoopError)
    assert (await manager.http("api").get("/json")).status_code == 200


def test_fault_60_a_request_that_waited_in_one_loop_for_a_start_in_another() -> None:
    """It waited for a start; when that comes elsewhere it is told, and does not wait on."""
    manager = rewire.ClientManager(
        MemorySource(f"version = 1\n{http('api', 'http://127.0.0.1:9')}")
    )
    waiting, started, ended = threading.Event(), threading.Event(), threading.Event()
    caught: list[BaseException | None] = []

    async def ask() -> None:
        asyncio.get_running_loop().call_later(0.01, waiting.set)
        async with asyncio.timeout(10):
            await manager.http("api").get("/json")

    async def own() -> None:
        waiting.wait()
        async with manager:
            started.set()
            await asyncio.to_thread(ended.wait)

    other = threading.Thread(target=lambda: caught.append(in_another_loop(ask)))
    owner = threading.Thread(target=lambda: asyncio.run(own()))
    other.start()
    owner.start()
    other.join()
    ended.set()
    owner.join()
    assert isinstance(caught[0], rewire.WrongLoopError)


def test_fault_60_each_loop_may_have_a_manager_of_its_own(free_port: Callable[[], int]) -> None:
    """One process, two loops, two managers on one text: they know nothing of each other."""
    port = free_port()
    text = f"version = 1\n{http('api', f'http://127.0.0.1:{port}')}"

    async def live() -> int:
        from tests.fakes.http_server import FakeServer

        async with FakeServer(), rewire.ClientManager(MemorySource(text)) as manager:
            return len(manager)

    assert [asyncio.run(live()) for _ in range(2)] == [1, 1]


async def test_fault_59_a_forked_child_gets_a_typed_error_and_the_parent_keeps_its_sockets(
    start: Start, server: FakeServer
) -> None:
    """The child shares the descriptors: a byte of it on our connection would be garbage for us."""
    manager, _ = await start(http("api", server.url))
    client = manager.http("api")
    first = (await client.get("/json")).json()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            try:
                asyncio.run(client.get("/json"))
                said = "no error"
            except BaseException as error:  # noqa: BLE001 - told to the parent
                said = type(error).__name__ + ": " + str(error)
                if not isinstance(error, rewire.WrongLoopError):
                    said += traceback.format_exc()
            os.write(writer, said.encode())
        finally:
            os._exit(0)
    os.close(writer)
    said = await asyncio.to_thread(_read_to_the_end, reader)
    os.waitpid(child, 0)
    assert said.startswith(("WrongLoopError: ", "WrongProcessError: ")), said
    assert len(server.requests) == 1
    assert (await client.get("/json")).json()["connection"] == first["connection"]


def _read_to_the_end(descriptor: int) -> str:
    with os.fdopen(descriptor, "rb") as pipe:
        return pipe.read().decode()


async def test_fault_59_a_child_makes_a_manager_of_its_own(
    start: Start, server: FakeServer
) -> None:
    """That is the way: the same text, a new manager, new connections."""
    text = http("api", server.url)
    manager, _ = await start(text)
    await manager.http("api").get("/json")

    async def live() -> int:
        async with rewire.ClientManager(MemorySource(f"version = 1\n{text}")) as own:
            return (await own.http("api").get("/json")).status_code

    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        code = 1
        try:
            code = 0 if asyncio.run(live()) == 200 else 2
        finally:
            os._exit(code)
    _, status = await asyncio.to_thread(os.waitpid, child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert {request.connection for request in server.requests} == {1, 2}
    assert (await manager.http("api").get("/json")).json()["connection"] == 1
