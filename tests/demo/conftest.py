"""The demo's upstreams, on ports that are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewire.demo.ledger import Ledger
from rewire.demo.upstreams import NAMES, Upstreams
from tests.fakes.port_row import free_row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
def first_port() -> int:
    """Return the first of seven free ports in a row."""
    return free_row(len(NAMES))


@pytest.fixture
def ledger() -> Ledger:
    """Return an empty ledger."""
    return Ledger()


@pytest.fixture
async def upstreams(ledger: Ledger, first_port: int) -> AsyncIterator[Upstreams]:
    """Serve all seven for one test."""
    async with Upstreams(ledger, first_port) as serving:
        yield serving
