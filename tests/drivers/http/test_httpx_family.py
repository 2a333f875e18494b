"""The second family: an httpx client over the same pool, policies and state."""

from __future__ import annotations

import asyncio
import inspect
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

import rewire
from rewire.drivers.http.errors import HTTPX2
from rewire.drivers.http.errors_httpx import HTTPX
from tests.fakes.editing import edit, http

if TYPE_CHECKING:
    from rewire.drivers.http.family import Family
    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer

FAMILIES = {"httpx2": HTTPX2, "httpx": HTTPX}
TWINS = [
    pytest.param(family, kind, twin, id=f"{name}-{kind.__name__}")
    for name, family in FAMILIES.items()
    for kind, twin in family._twins.items()
]


async def test_each_family_has_one_handle_for_ever(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """It is an httpx.AsyncClient, the same each time, and follows every edit."""
    manager, source = await start(http("api", server.url))
    client = manager.httpx("api")
    assert isinstance(client, httpx.AsyncClient)
    assert isinstance(client, rewire.HTTPXClient)
    assert client is not manager.http("api")
    await edit(manager, source, http("api", other_server.url))
    assert manager.httpx("api") is client
    assert (await client.get("/json")).json()["server"] == "b"


async def test_both_families_share_pool_and_state(start: Start, server: FakeServer) -> None:
    """One connection serves both; one generation counts both; one status tells of both."""
    manager, _ = await start(http("api", server.url))
    one, two = manager.http("api"), manager.httpx("api")
    numbers = [(await client.get("/json")).json()["connection"] for client in (one, two, one)]
    assert numbers == [1, 1, 1]
    async with two.stream("GET", "/stream"), one.stream("GET", "/stream"):
        assert manager.status("api").in_flight == {1: 2}
    assert manager.status("api").in_flight == {1: 0}


async def test_what_the_caller_sets_is_the_handles_own(start: Start, server: FakeServer) -> None:
    """Headers, cookies, params, auth and timeout of one family do not show in the other."""
    manager, source = await start(http("api", server.url))
    one, two = manager.http("api"), manager.httpx("api")
    two.headers["x-mine"] = "1"
    two.cookies.set("c", "1")
    two.params = {"p": "1"}
    two.timeout = 7.0
    await edit(manager, source, http("api", f"{server.url}/"))
    theirs = (await one.get("/json")).json()
    ours = (await two.get("/json")).json()
    assert (ours["headers"]["x-mine"], ours["headers"]["cookie"]) == ("1", "c=1")
    assert ours["path"] == "/json?p=1"
    assert two.timeout == httpx.Timeout(7.0)
    assert not {"x-mine", "cookie"} & set(theirs["headers"])
    assert theirs["path"] == "/json"
    assert one.timeout != httpx2.Timeout(7.0)


async def test_the_manifest_is_laid_over_the_librarys_defaults(
    start: Start, server: FakeServer
) -> None:
    """Headers, query and credentials are those of the manifest, and nobody sees the secret."""
    lines = ('auth.bearer = "t0ken"', 'query.q = "1"', 'headers = { user-agent = "manifest" }')
    manager, _ = await start(http("api", server.url, *lines))
    response = await manager.httpx("api").get("/json")
    sent = server.requests[0]
    assert sent.headers["authorization"] == "Bearer t0ken"
    assert sent.headers["user-agent"] == "manifest"
    assert sent.query == {"q": "1"}
    assert "t0ken" not in repr(response.request.headers) + str(response.url)


async def test_errors_of_the_engine_are_httpx_errors(start: Start, server: FakeServer) -> None:
    """With their request; and nothing of httpx2's comes through."""
    manager, _ = await start(http("api", server.url, "retry.enabled = false"))
    client = manager.httpx("api")
    with pytest.raises(httpx.ReadTimeout) as slow:
        await client.get("/slow?s=5", timeout=0.05)
    assert slow.value.request.url.path == "/slow"
    await server.stop()
    with pytest.raises(httpx.ConnectError) as refused:
        await client.get("/json")
    assert refused.value.request.url.path == "/json"
    assert not isinstance(refused.value, httpx2.HTTPError)


async def test_a_cut_stream_is_an_httpx_error(
    start: Start, server: FakeServer, other_server: FakeServer
) -> None:
    """A drain's end is a ReadError in the family of the handle that reads."""
    lines = ('drain.timeout = "50ms"', 'drain.stream_timeout = "50ms"')
    manager, source = await start(http("api", server.url, *lines))
    async with manager.httpx("api").stream("GET", "/stream?gap=0.01") as response:
        await edit(manager, source, http("api", other_server.url, *lines))
        with pytest.raises(httpx.ReadError) as caught:
            async for _ in response.aiter_bytes():
                pass
    assert isinstance(caught.value, rewire.DrainCutError)
    assert caught.value.request.url.path == "/stream"


@pytest.mark.parametrize(("family", "kind", "twin"), TWINS)
def test_every_error_of_ours_has_a_twin_that_is_both(
    family: Family, kind: type[rewire.RewireError], twin: Any
) -> None:
    """Law 11: the family's and ours, carries its request, survives a process boundary."""
    assert issubclass(twin, kind)
    assert issubclass(twin, family.lib.TransportError)
    request = family.lib.Request("GET", "https://api.example/x")
    made: Any = family.in_family(kind(*_sample(kind)), request)
    assert type(made) is twin
    assert made.request is request
    again = pickle.loads(pickle.dumps(made))  # noqa: S301
    assert type(again) is twin
    assert (str(again), again.args) == (str(made), made.args)
    assert str(again) == str(kind(*_sample(kind)))
    assert (again.request.method, again.request.url) == ("GET", request.url)
    for caught_as in (rewire.RewireError, kind, family.lib.HTTPError):
        with pytest.raises(caught_as):
            raise again


def _sample(kind: type[rewire.RewireError]) -> list[object]:
    """Return arguments that fit the constructor of an error."""
    by_type: dict[str, object] = {"str": "word", "int": 3, "float": 1.5}
    parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
    return [by_type[str(parameter.annotation)] for parameter in parameters]


def test_both_families_have_the_same_twins() -> None:
    """What an httpx2 user can catch, an httpx user can catch under the same name."""
    assert set(HTTPX2._twins) == set(HTTPX._twins)
    for kind, twin in HTTPX2._twins.items():
        theirs: Any = HTTPX._twins[kind]
        bases = [base.__name__ for base in twin.__mro__ if base.__module__ == "httpx2"]
        assert bases == [base.__name__ for base in theirs.__mro__ if base.__module__ == "httpx"]


async def test_errors_of_ours_come_in_the_handles_family(start: Start, server: FakeServer) -> None:
    """Removed, foreign: an httpx handle raises what an httpx user catches."""
    manager, source = await start(http("api", server.url))
    client = manager.httpx("api")
    with pytest.raises(rewire.ForeignURLError) as foreign:
        await client.get("http://127.0.0.1:9/")
    assert isinstance(foreign.value, httpx.UnsupportedProtocol)
    await edit(manager, source, http("other", server.url))
    with pytest.raises(rewire.ClientRemovedError) as removed:
        await client.get("/json")
    assert isinstance(removed.value, httpx.ConnectError)
    assert removed.value.request.method == "GET"


async def test_another_protocol_has_no_httpx_handle(start: Start, server: FakeServer) -> None:
    """The errors of looking a client up are those of ``http``."""
    manager, _ = await start(http("api", server.url))
    with pytest.raises(rewire.UnknownClientError, match='did you mean "api"'):
        manager.httpx("apii")


async def test_a_handle_is_not_closed_by_its_borrower(start: Start, server: FakeServer) -> None:
    """As with httpx2's."""
    manager, _ = await start(http("api", server.url))
    client = manager.httpx("api")
    async with client, client:
        pass
    await client.aclose()
    assert not client.is_closed
    assert (await asyncio.gather(*(client.get("/json") for _ in range(5))))[4].status_code == 200


def run(code: str) -> str:
    """Run code in a fresh interpreter: what is imported there is the point."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    return done.stdout.strip()


PROLOGUE = """
import sys, rewire
manager = rewire.ClientManager(None)
manager.register(rewire.HTTPClientConfig(id="api", base_url="http://127.0.0.1:9"))
"""


def test_httpx_is_imported_by_those_who_ask_for_it() -> None:
    """A program that uses httpx2 alone does not pay for httpx."""
    code = (
        f"{PROLOGUE}\nmanager.http('api'); print('httpx' in sys.modules, 'httpcore' in sys.modules)"
    )
    assert run(code) == "False False"


def test_after_alias_httpx_there_is_one_handle() -> None:
    """``httpx`` is httpx2 then, so both accessors give the same object, in threads too."""
    code = f"""
import httpx2
httpx2.alias_httpx()
{PROLOGUE}
import httpx, rewire.sync
one = manager.httpx("api")
print(one is manager.http("api"), httpx.AsyncClient in type(one).mro())
threads = rewire.sync.ClientManager(None)
config = rewire.HTTPClientConfig(id="api", base_url="http://127.0.0.1:9")
one = threads.register(config)
print(one is threads.httpx("api"), type(one) is rewire.sync.HTTPXClient)
"""
    assert run(code) == "True True\nTrue True"
