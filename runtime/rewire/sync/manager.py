"""The manager for threads: the manager of an event loop, in a thread of its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar

from rewire.control.manager import ClientManager as LoopManager
from rewire.sync.client import HTTPClient
from rewire.sync.loop_thread import LoopThread, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import TracebackType

    import httpx2

    from rewire.control.verdict import Verdict
    from rewire.events import Event
    from rewire.manifest.specs.client import ClientConfig
    from rewire.plan.plan import Plan
    from rewire.ports import Source
    from rewire.status import ClientStatus, ManagerStatus
    from rewire.sync.client_httpx import HTTPXClient
    from rewire.sync.loop_thread import Work

__all__ = ["ClientManager"]

T = TypeVar("T")


class ClientManager:
    """Own the connections of a program of threads, as its manifest declares them.

    The arguments are those of :class:`rewire.ClientManager`. Entering it starts one daemon thread,
    in which everything happens; any thread may use the manager and its handles. Leaving it
    drains and closes everything, and ends the thread.

    >>> with rewire.sync.ClientManager("connections.toml") as manager:  # doctest: +SKIP
    ...     zen = manager.http("github").get("/zen")

    """

    def __init__(
        self,
        manifest: str | os.PathLike[str] | Source | None,
        *,
        watch: bool = True,
        clients: Collection[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._manager = LoopManager(manifest, watch=watch, clients=clients, env=env)
        self._home = LoopThread()
        self._handles: dict[Any, Any] = {}

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, **options: Any) -> Self:
        """Make a manager for the manifest that ``REWIRE_MANIFEST`` names (connections.toml)."""
        variables = os.environ if env is None else env
        return cls(variables.get("REWIRE_MANIFEST", "connections.toml"), env=env, **options)

    # ── start and end ────────────────────────────────────────────────────────────────────────

    def __enter__(self) -> Self:
        if self._home.entered.is_set():
            msg = "a manager is entered once; make a new one"
            raise RuntimeError(msg)
        self._home.start()
        try:
            self._home.run(self._manager.__aenter__)
        except BaseException:
            self._home.stop()
            raise
        self._home.entered.set()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every client: new calls are refused, those in flight may finish by the deadline.

        In a fork of the process that started the manager, this does nothing.
        """
        try:
            if self._home.running:
                self._home.run(self._manager.aclose)
        except Unreachable:
            pass  # another thread was first
        finally:
            self._home.stop()

    # ── clients ──────────────────────────────────────────────────────────────────────────────

    def http(self, client: str) -> HTTPClient:
        """Return the ``httpx2.Client`` of an HTTP client: the same object each time."""
        return self._handle(self._manager.http(client), HTTPClient)

    def httpx(self, client: str) -> HTTPXClient:
        """Return an ``httpx.Client`` of an HTTP client: the same object each time.

        It has the same pool, policies and state as ``http(client)``; headers, cookies and what
        else the caller sets are its own. After ``httpx2.alias_httpx()`` both are one handle.
        """
        from rewire.sync.client_httpx import HTTPXClient  # noqa: PLC0415  (lazy)

        return self._handle(self._manager.httpx(client), HTTPXClient)

    def _handle(self, borrowed: Any, kind: Callable[[Any, LoopThread], T]) -> T:
        handle: T | None = self._handles.get(borrowed)
        if handle is None:
            # Two threads may ask at once: the first to come is the one for ever.
            handle = self._handles.setdefault(borrowed, kind(borrowed, self._home))
        return handle

    def websocket(self, client: str) -> NoReturn:
        """Raise TypeError: a WebSocket handle needs an event loop; use ``rewire.ClientManager``."""
        msg = (
            f'the WebSocket client "{client}" has no handle for threads; use rewire.ClientManager '
            "in an event loop"
        )
        raise TypeError(msg)

    def __getitem__(self, client: str) -> HTTPClient:
        return self.http(client)

    def __contains__(self, client: object) -> bool:
        return client in self._manager

    def __iter__(self) -> Iterator[str]:
        return iter(self._manager)

    def __len__(self) -> int:
        return len(self._manager)

    def auth(self, name: str, auth: httpx2.Auth) -> None:
        """Register the auth that a manifest names (``auth.custom``); its flow runs in the loop."""
        self._ask(lambda: self._manager.auth(name, auth))

    def register(self, config: ClientConfig) -> HTTPClient:
        """Declare a client from code and return its handle; the manifest never touches it."""
        if config.protocol != "http":
            self.websocket(config.id)
        self._ask(lambda: self._manager.register(config))
        return self.http(config.id)

    def unregister(self, client: str) -> None:
        """Take a client that was registered from code out again; its calls in flight finish."""
        self._run(lambda: self._manager.unregister(client))

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def status(self, client: str) -> ClientStatus:
        """Return what is known about one client."""
        return self._ask(lambda: self._manager.status(client))

    def statuses(self) -> tuple[ClientStatus, ...]:
        """Return what is known about every client, in order of id."""
        return self._ask(self._manager.statuses)

    def manager_status(self) -> ManagerStatus:
        """Return what is known about the manager and all its clients."""
        return self._ask(self._manager.manager_status)

    def check(self, client: str) -> ClientStatus:
        """Open a connection of a client now, and return its status after that."""
        return self._run(lambda: self._manager.check(client))

    # ── changing ─────────────────────────────────────────────────────────────────────────────

    def reload(self) -> Verdict:
        """Read the manifest now, apply it, and return the verdict; a refusal does not raise."""
        return self._run(self._manager.reload)

    def plan(self, text: bytes | None = None) -> Plan:
        """Return what the manifest, or ``text`` in its place, would change, and change nothing.

        Raises:
            ManifestError: the text is refused.

        """
        return self._run(lambda: self._manager.plan(text))

    def events(self) -> Iterator[Event]:
        """Yield what happens from now on, in order of ``number``, until the manager ends."""
        self._home.entered.wait()
        arriving = self._manager.events()
        try:
            while True:
                yield self._home.run(lambda: _next(arriving))
        except Unreachable:
            return
        finally:
            self._home.leave(lambda: _end(arriving))

    # ── the crossing ─────────────────────────────────────────────────────────────────────────

    def _run(self, work: Work[T]) -> T:
        try:
            return self._home.run(work)
        except Unreachable:
            msg = "the manager is not running in this process: it is not entered, or has ended"
            raise RuntimeError(msg) from None

    def _ask(self, question: Callable[[], T]) -> T:
        """Ask in the loop thread, between two steps of the loop; without a loop, right here."""
        if not self._home.running or self._home.here:
            return question()

        async def ask() -> T:
            return question()

        return self._run(ask)

    def __repr__(self) -> str:
        return repr(self._manager).replace("<ClientManager", "<sync.ClientManager", 1)


async def _next(arriving: Any) -> Event:
    event: Event = await anext(arriving)
    return event


async def _end(arriving: Any) -> None:
    await arriving.aclose()
