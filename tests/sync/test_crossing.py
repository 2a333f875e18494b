"""The way over to the loop thread: who runs where, and what is left behind."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

import rewire
import rewire.sync
from rewire.drivers.http.body import Body
from rewire.sync.loop_thread import LoopThread, Unreachable
from tests.fakes.editing import http
from tests.fakes.http_server import Hangup, Request, Response
from tests.fakes.source import MemorySource
from tests.sync.conftest import edit, in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.threaded import ThreadedServer
    from tests.sync.conftest import Begin


PATIENT = 'timeout = { total = "none", attempt = "none" }'  # nothing but the test ends a call


@pytest.fixture(params=["http", "httpx"])
def family(request: pytest.FixtureRequest) -> str:
    """Name the accessor of each family."""
    name: str = request.param
    return name


# ── bodies ───────────────────────────────────────────────────────────────────────────────────


def test_what_is_the_callers_own_runs_in_the_callers_thread(
    begin: Begin, here: ThreadedServer, family: str
) -> None:
    """Generators, hooks, auth and traces: never in the loop thread."""
    manager, _ = begin(http("api", here.url))
    client = getattr(manager, family)("api")
    ran: dict[str, threading.Thread] = {}

    def note(what: str) -> None:
        ran[what] = threading.current_thread()

    def body() -> Iterator[bytes]:
        try:
            note("body")
            yield b"x"
            yield b"y"
        finally:
            note("end of body")

    def sign(request: Any) -> Any:
        note("auth")
        return request

    client.event_hooks = {
        "request": [lambda request: note("request hook")],
        "response": [lambda response: note("response hook")],
    }
    extensions = {"trace": lambda name, info: note("trace")}
    response = client.post("/upload", content=body(), auth=sign, extensions=extensions)
    assert response.json()["length"] == 2
    assert set(ran.values()) == {threading.current_thread()}
    assert len(ran) == 6
    assert response.request.extensions["trace"] is extensions["trace"]


def test_a_body_given_up_is_ended_in_the_callers_thread(
    begin: Begin, here: ThreadedServer, family: str
) -> None:
    """A generator that the server did not want to the end is closed where it ran.

    httpx keeps it with the request, for its owner to end.
    """
    manager, _ = begin(http("api", here.url, "retry.enabled = false"))
    client = getattr(manager, family)("api")
    ended: list[threading.Thread] = []
    drawn = threading.Event()

    def body() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
                drawn.set()
        finally:
            ended.append(threading.current_thread())

    def stop() -> None:
        drawn.wait()
        here.wait(lambda: here.in_flight == 1)
        here.run(here.stop())

    stopped = in_thread(stop)
    lib = httpx2 if family == "http" else httpx
    with pytest.raises(lib.TransportError) as caught:
        client.post("/upload", content=body())
    stopped()
    assert caught.value.request.method == "POST"
    assert ended == ([threading.current_thread()] if family == "http" else [])


def test_a_body_may_be_made_of_other_calls(begin: Begin, here: ThreadedServer) -> None:
    """The caller's generator uses the same handle while its own request is out."""
    manager, _ = begin(http("api", here.url))
    client = manager.http("api")

    def body() -> Iterator[bytes]:
        with client.stream("GET", "/stream?n=3&gap=0") as response:
            yield from response.iter_bytes()

    assert client.post("/upload", content=body()).json()["length"] == len("a 0\na 1\na 2\n")


def test_a_stream_may_be_read_by_another_thread(begin: Begin, here: ThreadedServer) -> None:
    """And closed by a third: who waits for a chunk gets an error and does not hang."""
    manager, _ = begin(http("api", here.url))
    client = manager.http("api")
    response = client.send(client.build_request("GET", "/stream?n=3&gap=0"), stream=True)
    assert len(in_thread(lambda: list(response.iter_lines()))()) == 3
    stuck = client.send(client.build_request("GET", "/stream?gap=20"), stream=True)
    reading = in_thread(lambda: list(stuck.iter_lines()))
    here.wait(lambda: here.in_flight == 1)
    stuck.close()
    assert isinstance(reading(), Exception | list)
    here.wait(lambda: here.in_flight == 0)
    assert manager.status("api").in_flight == {1: 0}


@pytest.mark.parametrize("begun", [True, False])
def test_a_response_that_is_dropped_gives_its_generation_back(
    begin: Begin,
    here: ThreadedServer,
    there: ThreadedServer,
    monkeypatch: pytest.MonkeyPatch,
    begun: bool,
) -> None:
    """Nobody closed it; the collector does, the loop thread gives back, and the drain ends."""
    threads: list[str] = []
    give_back = Body._give_back

    def noted(self: Body) -> None:
        threads.append(threading.current_thread().name)
        give_back(self)

    monkeypatch.setattr(Body, "_give_back", noted)
    manager, source = begin(http("api", here.url))
    client = manager.http("api")
    response = client.send(client.build_request("GET", "/stream"), stream=True)
    lines = response.iter_lines() if begun else None
    if lines is not None:
        next(lines)
    edit(manager, source, http("api", there.url))
    assert manager.status("api").in_flight[1] == 1
    del response, lines
    gc.collect()
    here.wait(lambda: here.connections_open == 0)
    while len(manager.status("api").in_flight) > 1:
        time.sleep(0.01)
    assert threads == ["rewire"]


def test_an_upgraded_connection_can_be_used(begin: Begin, here: ThreadedServer) -> None:
    """After a 101 the connection is the caller's, as ``network_stream``."""

    async def upgrade(request: Request) -> Response:
        head = b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
        raise Hangup(head + b"hello")

    here.routes["/upgrade"] = upgrade
    manager, _ = begin(http("api", here.url))
    wanted = {"connection": "upgrade", "upgrade": "x"}
    with manager.http("api").stream("GET", "/upgrade", headers=wanted) as response:
        network = response.extensions["network_stream"]
        assert response.status_code == 101
        assert network.get_extra_info("server_addr") == ("127.0.0.1", here.port)
        assert network.read(100, timeout=5) == b"hello"
        network.close()


# ── interruptions ────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def ctrl_c() -> Iterator[Any]:
    """Return a function that presses Ctrl-C for the main thread, once a condition holds."""
    if threading.current_thread() is not threading.main_thread():
        pytest.skip("Ctrl-C comes to the main thread, which the tests have not got")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    main = threading.get_ident()

    def press(when: Any) -> Any:
        def run() -> None:
            when()
            signal.pthread_kill(main, signal.SIGINT)

        return in_thread(run)

    yield press
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_cancels_the_request(begin: Begin, here: ThreadedServer, ctrl_c: Any) -> None:
    """KeyboardInterrupt comes at once; the connection is closed, nothing is left in flight."""
    manager, _ = begin(http("api", here.url, PATIENT))
    client = manager.http("api")
    pressed = ctrl_c(lambda: here.wait(lambda: here.in_flight == 1))
    with pytest.raises(KeyboardInterrupt):
        client.get("/slow?s=60")
    pressed()
    here.wait(lambda: here.in_flight == 0)
    assert manager.status("api").in_flight == {1: 0}
    assert client.get("/json").status_code == 200


def test_ctrl_c_in_a_stream_or_a_body_cancels_it(
    begin: Begin, here: ThreadedServer, ctrl_c: Any
) -> None:
    """While a chunk is waited for, and while the caller's own generator runs."""
    manager, _ = begin(http("api", here.url, PATIENT))
    client = manager.http("api")
    reading = threading.Event()
    pressed = ctrl_c(reading.wait)

    def read() -> None:
        with client.stream("GET", "/stream?gap=60") as response:
            for _ in response.iter_lines():
                reading.set()

    with pytest.raises(KeyboardInterrupt):
        read()
    pressed()
    here.wait(lambda: here.in_flight == 0)

    def body() -> Iterator[bytes]:
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client.post("/upload", content=body())
    here.wait(lambda: here.in_flight == 0)
    assert manager.status("api").in_flight == {1: 0}


def test_context_variables_cross_over(here: ThreadedServer) -> None:
    """The loop's part of a call sees the caller's context: spans, request ids."""
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    home = LoopThread()
    home.start()

    async def look() -> str:
        return name.get()

    def ask(mine: str) -> str:
        name.set(mine)
        return home.run(look)

    try:
        one, two = in_thread(lambda: ask("one")), in_thread(lambda: ask("two"))
        assert (one(), two(), home.run(look)) == ("one", "two", "nobody")
    finally:
        home.stop()


# ── the ends of the thread ───────────────────────────────────────────────────────────────────


def test_a_call_from_the_loop_thread_itself_is_refused() -> None:
    """It would wait for itself for ever."""
    home = LoopThread()
    home.start()

    async def nothing() -> None: ...

    async def again() -> None:
        home.run(nothing)

    try:
        with pytest.raises(RuntimeError, match="wait for itself"):
            home.run(again)
    finally:
        home.stop()


def test_whoever_waits_when_the_thread_ends_is_woken_up() -> None:
    """A call under way is cancelled, one that comes too late is refused; none hangs."""
    home = LoopThread()
    home.start()
    waiting = threading.Event()

    async def for_ever() -> None:
        waiting.set()
        await asyncio.Event().wait()

    caller = in_thread(lambda: home.run(for_ever))
    waiting.wait()
    home.stop()
    assert isinstance(caller(), Unreachable)
    with pytest.raises(Unreachable):
        home.run(for_ever)
    home.stop()


def test_many_threads_survive_the_end(here: ThreadedServer) -> None:
    """Each call ends in an answer or in ManagerClosedError, whenever the manager is left."""
    source = MemorySource("version = 1\n" + http("api", here.url))

    def ask_on(client: httpx2.Client) -> BaseException:
        while True:
            try:
                client.get("/json")
            except Exception as error:  # noqa: BLE001  (whatever it is)
                return error

    with rewire.sync.ClientManager(source) as manager:
        client = manager.http("api")
        callers = [in_thread(lambda: ask_on(client)) for _ in range(8)]
        here.wait(lambda: len(here.requests) > 50)
    ends = [caller() for caller in callers]
    assert {type(end).__name__ for end in ends} == {"HTTPManagerClosedError"}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_fork_is_told_and_harms_nobody(begin: Begin, here: ThreadedServer) -> None:
    """In the child a call raises, and leaving the manager does nothing; the parent goes on."""
    manager, _ = begin(http("api", here.url))
    client = manager.http("api")
    stream = client.send(client.build_request("GET", "/stream?n=5&gap=0.05"), stream=True)
    lines = stream.iter_lines()
    next(lines)
    child = os.fork()
    if child == 0:
        os._exit(_in_the_child(manager, client, lines))
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(list(lines)) == 4
    assert client.get("/json").status_code == 200


def _in_the_child(manager: Any, client: httpx2.Client, lines: Iterator[str]) -> int:
    failures = 0
    for call in (lambda: client.get("/json"), lambda: next(lines)):
        try:
            call()
        except rewire.WrongProcessError as error:
            failures += "fork" not in str(error)
        else:
            failures += 1
    manager.close()
    return failures + (manager.status("api").id != "api")
