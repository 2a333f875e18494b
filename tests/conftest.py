"""What every test gets: no leaked tasks, free ports, and real servers to talk to.

The leak check is autouse. An asynchronous test after which a task that it started is still
pending fails and names those tasks: code that owns tasks must end them.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
import trustme

from rewire import ClientManager
from tests.fakes.http_server import FakeServer
from tests.fakes.source import MemorySource

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Start = Callable[..., Awaitable[tuple[ClientManager, MemorySource]]]

# For a task that was told to end and is on its way out; waited for only if there is one.
GRACE = 0.1


@pytest.fixture(autouse=True)
def no_task_left_behind(request: pytest.FixtureRequest) -> None:
    """Fail an asynchronous test that leaves a task behind; a synchronous one gets no loop."""
    if pytest_asyncio.is_async_test(request.node):
        request.getfixturevalue("_task_ledger")


@pytest.fixture
async def _task_ledger() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=GRACE)
    if left:
        names = "; ".join(sorted(map(repr, left)))
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=GRACE)
        pytest.fail(f"tasks left behind: {names}", pytrace=False)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return a function that finds a loopback port on which nothing listens."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            return port

    return find


@pytest.fixture
async def server() -> AsyncIterator[FakeServer]:
    """Serve on a free port for one test."""
    async with FakeServer("a") as fake:
        yield fake


@pytest.fixture
async def other_server() -> AsyncIterator[FakeServer]:
    """Serve beside `server`, to move a client to."""
    async with FakeServer("b") as fake:
        yield fake


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """Return a certificate authority that nobody trusts by default."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file with that authority's certificate, for `tls.ca`."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """Return a context for a server on 127.0.0.1 or localhost."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


@pytest.fixture
async def tls_server(server_tls: ssl.SSLContext) -> AsyncIterator[FakeServer]:
    """Serve HTTPS with a certificate of `authority`."""
    async with FakeServer("tls", tls=server_tls) as fake:
        yield fake


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a function that starts a manager on a text in memory and ends it after the test."""
    async with AsyncExitStack() as stack:

        async def begin(text: str, **options: Any) -> tuple[ClientManager, MemorySource]:
            source = MemorySource(f"version = 1\n{text}")
            manager = ClientManager(source, **options)
            await stack.enter_async_context(manager)
            return manager, source

        yield begin
