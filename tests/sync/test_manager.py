"""The manager for threads: one loop thread, and everything that a manager does."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import httpx2
import pytest

import rewire
import rewire.sync
from tests.fakes.editing import http
from tests.fakes.source import MemorySource
from tests.sync.conftest import edit, in_thread

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.threaded import ThreadedServer
    from tests.sync.conftest import Begin


def test_a_handle_is_a_client_of_its_library(begin: Begin, here: ThreadedServer) -> None:
    """httpx2.Client and httpx.Client, the same object each time, over one pool."""
    manager, _ = begin(http("api", here.url))
    one, two = manager.http("api"), manager.httpx("api")
    assert isinstance(one, httpx2.Client)
    assert isinstance(two, httpx.Client)
    assert manager.http("api") is one is manager["api"]
    assert manager.httpx("api") is two
    numbers = [client.get("/json").json()["connection"] for client in (one, two, one)]
    assert numbers == [1, 1, 1]


def test_edits_are_swapped_in_underneath(
    begin: Begin, here: ThreadedServer, there: ThreadedServer
) -> None:
    """The handle stays, the target moves, what the caller set is kept."""
    manager, source = begin(http("api", here.url, 'headers.x-v = "1"'))
    client = manager.http("api")
    client.headers["x-mine"] = "1"
    assert client.get("/json").json()["headers"]["x-v"] == "1"
    verdict = edit(manager, source, http("api", there.url, 'headers.x-v = "2"'))
    assert verdict.result == "applied"
    answer = client.get("https://api.rewire.invalid/json").json()
    assert answer["server"] == "b"
    assert (answer["headers"]["x-v"], answer["headers"]["x-mine"]) == ("2", "1")
    assert manager.status("api").generation == 2


def test_a_file_is_watched_in_the_loop_thread(tmp_path: Path, here: ThreadedServer) -> None:
    """An edit of the file reaches the threads without a call of anybody's."""
    path = tmp_path / "connections.toml"
    path.write_text("version = 1\n" + http("api", here.url))
    with rewire.sync.ClientManager(path) as manager:
        path.write_text("version = 1\n" + http("api", here.url, 'headers.x-v = "2"'))
        while manager.manager_status().release < 2:
            time.sleep(0.01)
        assert manager.http("api").get("/json").json()["headers"]["x-v"] == "2"


def test_a_borrower_cannot_close_what_it_borrowed(begin: Begin, here: ThreadedServer) -> None:
    """``close`` and ``with`` do nothing, any number of times."""
    manager, _ = begin(http("api", here.url))
    for client in (manager.http("api"), manager.httpx("api")):
        with client, client:
            pass
        client.close()
        client.close()
        assert not client.is_closed
        assert client.get("/json").status_code == 200
        with pytest.raises(AttributeError, match="read-only"):
            client.base_url = "http://elsewhere"


def test_the_surface_is_that_of_the_other_manager(begin: Begin, here: ThreadedServer) -> None:
    """Ids, statuses, check, plan, register and unregister."""
    manager, source = begin(http("api", here.url) + http("b", here.url))
    assert (list(manager), len(manager), "api" in manager) == (["api", "b"], 2, True)
    assert [status.id for status in manager.statuses()] == ["api", "b"]
    assert manager.manager_status().release == 1
    assert manager.check("api").state == "connected"
    extra = manager.register(rewire.HTTPClientConfig(id="x", base_url=here.url))
    assert extra.get("/json").status_code == 200
    assert extra is manager.http("x")
    manager.unregister("x")
    with pytest.raises(rewire.ClientRemovedError):
        extra.get("/json")
    source.text = "version = 1\n" + http("api", here.url)
    assert [change.action for change in manager.plan().changes if change.id == "b"] == ["remove"]
    assert repr(manager).startswith("<sync.ClientManager")


def test_what_is_not_offered_says_so(begin: Begin, here: ThreadedServer) -> None:
    """A WebSocket needs an event loop; the other errors of looking up are the usual ones."""
    feed = '[websocket.feed]\nurl = "ws://127.0.0.1:9"\nconnect = "lazy"\n'
    manager, _ = begin(http("api", here.url) + feed)
    with pytest.raises(TypeError, match=r"no handle for threads; use rewire\.ClientManager"):
        manager.websocket("feed")
    with pytest.raises(rewire.WrongProtocolError):
        manager["feed"]
    with pytest.raises(rewire.UnknownClientError, match='did you mean "api"'):
        manager.http("apii")
    with pytest.raises(TypeError, match="no handle for threads"):
        manager.register(rewire.WebSocketClientConfig(id="y", url="ws://127.0.0.1:9"))


def test_a_refused_manifest_is_raised_and_leaves_no_thread() -> None:
    """``with`` raises ManifestError with every diagnostic."""
    manager = rewire.sync.ClientManager(MemorySource("version = 1\n[http.api]\nnonsense = 1\n"))
    with pytest.raises(rewire.ManifestError) as caught, manager:
        pass
    assert len(caught.value.diagnostics) == 2
    assert "rewire" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(RuntimeError, match="entered once"), manager:
        pass


def test_a_call_before_the_start_waits_for_it(here: ThreadedServer) -> None:
    """Handles can be had at once; requests are sent when the manager runs."""
    manager = rewire.sync.ClientManager(MemorySource("version = 1\n" + http("api", here.url)))
    client = manager.http("api")
    answer = in_thread(lambda: client.get("/json").json())
    with manager:
        assert answer()["server"] == "a"


def test_after_the_end_a_call_is_refused_in_its_family(here: ThreadedServer) -> None:
    """And everything that only looks still answers."""
    source = MemorySource("version = 1\n" + http("api", here.url))
    with rewire.sync.ClientManager(source) as manager:
        one, two = manager.http("api"), manager.httpx("api")
        one.get("/json")
    manager.close()
    for client, lib in ((one, httpx2), (two, httpx)):
        assert client.is_closed
        with pytest.raises(rewire.ManagerClosedError) as caught:
            client.get("/json")
        assert isinstance(caught.value, lib.ConnectError)
        assert str(caught.value.request.url) == "https://api.rewire.invalid/json"
    assert manager.status("api").generation == 1
    with pytest.raises(RuntimeError, match="not running"):
        manager.reload()
    here.wait(lambda: here.connections_open == 0)


def test_the_end_waits_for_calls_in_flight(here: ThreadedServer) -> None:
    """Leaving drains: who was answered half-way gets the rest."""
    source = MemorySource("version = 1\n" + http("api", here.url))
    with rewire.sync.ClientManager(source) as manager:
        client = manager.http("api")
        slow = in_thread(lambda: client.get("/slow?s=0.3"))
        stream = client.send(client.build_request("GET", "/stream?n=20&gap=0.01"), stream=True)
        here.wait(lambda: here.in_flight == 2)
        lines = in_thread(lambda: list(stream.iter_lines()))
    assert slow().status_code == 200
    assert len(lines()) == 20


def test_a_drains_deadline_cuts_a_thread_that_waits(here: ThreadedServer) -> None:
    """A stream without end is cut by name, and nobody waits for ever."""
    drain = 'drain = { timeout = "300ms", stream_timeout = "300ms" }'
    source = MemorySource("version = 1\n" + http("api", here.url, drain))
    with rewire.sync.ClientManager(source) as manager:
        client = manager.http("api")
        stream = client.send(client.build_request("GET", "/stream?gap=60"), stream=True)
        lines = stream.iter_lines()
        next(lines)
        cut = in_thread(lambda: next(lines))
    error = cut()
    assert isinstance(error, rewire.DrainCutError)
    assert isinstance(error, httpx2.ReadError)


def test_events_end_with_the_manager(here: ThreadedServer) -> None:
    """The iterator stops; it does not hang and does not raise."""
    source = MemorySource("version = 1\n" + http("api", here.url))
    with rewire.sync.ClientManager(source) as manager:
        events = manager.events()
        numbers = in_thread(lambda: [event.number for event in events])
        for _ in range(3):
            edit(manager, source, http("api", here.url, f"max_redirects = {len(source.text) % 50}"))
    seen = numbers()
    assert seen == sorted(seen)


def test_any_number_of_threads_use_one_handle(begin: Begin, here: ThreadedServer) -> None:
    """Each gets its own answer, over no more connections than the manifest says."""
    manager, _ = begin(http("api", here.url, "pool.max_connections = 4"))

    def ask(number: int) -> bool:
        client = manager.http("api") if number % 2 else manager.httpx("api")
        return client.get("/json", params={"n": number}).json()["path"] == f"/json?n={number}"

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(400)))
    assert here.connections_opened <= 4
    assert manager.status("api").in_flight == {1: 0}
