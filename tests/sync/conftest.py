"""Servers and managers for tests that block their own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

import rewire.sync
from tests.fakes.source import MemorySource
from tests.fakes.threaded import ThreadedServer

Begin = Callable[..., tuple[rewire.sync.ClientManager, MemorySource]]


@pytest.fixture
def here() -> Iterator[ThreadedServer]:
    """Serve on a free port for one test."""
    with ThreadedServer("a") as server:
        yield server


@pytest.fixture
def there() -> Iterator[ThreadedServer]:
    """Serve beside `here`, to move a client to."""
    with ThreadedServer("b") as server:
        yield server


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Return a function that starts a manager on a text in memory and ends it after the test."""
    before = set(threading.enumerate())
    with ExitStack() as stack:

        def enter(text: str, **options: Any) -> tuple[rewire.sync.ClientManager, MemorySource]:
            source = MemorySource(f"version = 1\n{text}")
            return stack.enter_context(rewire.sync.ClientManager(source, **options)), source

        yield enter
    left = {thread for thread in set(threading.enumerate()) - before if thread.name == "rewire"}
    assert left == set()


def edit(manager: rewire.sync.ClientManager, source: MemorySource, text: str) -> rewire.Verdict:
    """Write a manifest and return the verdict on it."""
    source.text = f"version = 1\n{text}"
    return manager.reload()


def in_thread(work: Callable[[], Any]) -> Callable[[], Any]:
    """Start work in a thread of its own; return what waits for it and returns what it returned."""
    outcome: list[Any] = []

    def run() -> None:
        try:
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is told)
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join() -> Any:
        thread.join(20)
        assert not thread.is_alive()
        return outcome[0]

    return join
