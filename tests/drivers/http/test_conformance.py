"""A managed handle behaves as a bare client of its library, in an event loop and in threads.

Each scenario is run twice: through a bare client, and through a handle of a client whose manifest
has a base URL and nothing else. What the caller sees and what the server sees must be equal.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from difflib import unified_diff
from typing import Any

import httpx
import httpx2
import pytest

import rewire
import rewire.sync
from tests.drivers.http.answers import routes
from tests.drivers.http.conformance import HTTPX2_ONLY, SCENARIOS, Scenario, Stage, normal
from tests.drivers.http.scenarios import journeys, outgoing
from tests.fakes.source import MemorySource
from tests.fakes.threaded import ThreadedServer

# No policy may show: what is compared is the client, not what a declared policy adds to it.
MANIFEST = """
version = 1

[http.api]
base_url = "{url}"
allow_foreign = true
retry.enabled = false
breaker.enabled = false
concurrency.enabled = false
"""

KINDS = {
    "httpx2": (httpx2, False),
    "httpx": (httpx, False),
    "httpx2 sync": (httpx2, True),
    "httpx sync": (httpx, True),
}

CASES = [
    pytest.param(kind, "", one, id=f"{kind}: {one.__name__}")
    for kind, (lib, _) in KINDS.items()
    for one in SCENARIOS
    if lib is httpx2 or one not in HTTPX2_ONLY
]
CASES += [
    pytest.param(kind, "/v1", one, id=f"{kind}: {one.__name__} under a path")
    for kind in KINDS
    for one in (
        outgoing.urls,
        outgoing.a_request_built_before,
        journeys.cookies,
        journeys.redirects,
        journeys.redirects_to,
        journeys.digest_auth,
        journeys.a_flow_of_the_callers_own,
        journeys.hooks,
    )
]


@pytest.fixture(scope="module")
def threaded() -> Iterator[ThreadedServer]:
    """Serve for all scenarios; a synchronous client blocks the test's own thread."""
    with ThreadedServer(routes=routes()) as server:
        yield server


@asynccontextmanager
async def bare(lib: Any, url: str, *, sync: bool) -> AsyncIterator[Any]:
    """Make a client as the library's users do."""
    options = {"base_url": url, "trust_env": False}
    if sync:
        with lib.Client(**options) as client:
            yield client
    else:
        async with lib.AsyncClient(**options) as client:
            yield client


@asynccontextmanager
async def managed(lib: Any, url: str, *, sync: bool) -> AsyncIterator[Any]:
    """Take a handle from a manager."""
    source = MemorySource(MANIFEST.format(url=url))
    async with AsyncExitStack() as stack:
        manager: Any
        if sync:
            manager = stack.enter_context(rewire.sync.ClientManager(source, watch=False))
        else:
            manager = await stack.enter_async_context(rewire.ClientManager(source, watch=False))
        yield manager.http("api") if lib is httpx2 else manager.httpx("api")


@pytest.mark.parametrize(("kind", "prefix", "one"), CASES)
async def test_a_managed_handle_behaves_as_a_bare_client(
    threaded: ThreadedServer, kind: str, prefix: str, one: Scenario
) -> None:
    """The caller sees the same, and so does the server."""
    lib, sync = KINDS[kind]
    shown: list[str] = []
    for make in (bare, managed):
        threaded.requests.clear()
        async with make(lib, threaded.url + prefix, sync=sync) as client:
            stage = Stage(lib, client, threaded, sync)
            shown.append(normal({"caller": await one(stage), "server": stage.seen()}))
    first, second = (text.splitlines() for text in shown)
    if difference := list(unified_diff(first, second, "bare", "managed", lineterm="", n=9)):
        pytest.fail("\n".join(difference), pytrace=False)
