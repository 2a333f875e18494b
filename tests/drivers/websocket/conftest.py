"""A driver, its control in small, and servers to connect to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rewire.drivers.websocket.driver import WebSocketDriver
from rewire.manifest.specs.websocket import WebSocketClientConfig
from tests.fakes.context import FakeControl
from tests.fakes.websocket_server import WebSocketServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Certain:
    """Chance that always says the same."""

    def __init__(self, value: float = 0.999) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


@pytest.fixture
async def peer() -> AsyncIterator[WebSocketServer]:
    """Serve WebSockets on a free port, listening only."""
    async with WebSocketServer() as server:
        yield server


@pytest.fixture
async def other_peer() -> AsyncIterator[WebSocketServer]:
    """Serve beside `peer`, to move a client to."""
    async with WebSocketServer() as server:
        yield server


@pytest.fixture
async def control() -> AsyncIterator[FakeControl]:
    """Give one client its control; it is closed at the end, and nothing may have failed."""
    async with FakeControl(WebSocketDriver(Certain())) as control:
        yield control


@pytest.fixture
def spec_of() -> Callable[..., WebSocketClientConfig]:
    """Return a function that makes a spec for a server, patient enough for a slow machine."""

    def make(server: WebSocketServer | str, **fields: Any) -> WebSocketClientConfig:
        url = server if isinstance(server, str) else server.url
        settings: dict[str, Any] = {"id": "feed", "url": url, "close_timeout": "2s"}
        return WebSocketClientConfig.model_validate(settings | fields)

    return make
