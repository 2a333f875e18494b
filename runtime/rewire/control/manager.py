"""The manager: what a program holds. Everything else in this package serves it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Self

from rewire.control.environment import Environment
from rewire.control.host import Host
from rewire.control.loop import Loop
from rewire.control.reconciler import Reconciler
from rewire.control.registry import Registry
from rewire.control.retirement import Retirement
from rewire.drivers.http.driver import HTTPDriver
from rewire.drivers.http.family import httpx_is_httpx2
from rewire.drivers.http.surroundings import Surroundings
from rewire.drivers.websocket.driver import WebSocketDriver
from rewire.errors import (
    DuplicateClientError,
    ManagerClosedError,
    ManifestError,
    ProbeError,
    RewireError,
)
from rewire.manifest.manifest import Desired, Manifest
from rewire.manifest.render import render
from rewire.manifest.rules import clamp
from rewire.manifest.validate import read
from rewire.plan.foresight import foresee
from rewire.plan.plan import plan as make_plan
from rewire.ports import Outcome, Snapshot
from rewire.sources.file import FileSource
from rewire.status import Condition, LastReload, ManagerStatus, Origin
from rewire.telemetry.logging import log_event

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection, Iterator, Mapping
    from types import TracebackType
    from typing import Any

    import httpx2

    from rewire.control.verdict import Verdict
    from rewire.drivers.http.client import HTTPClient
    from rewire.drivers.http.client_httpx import HTTPXClient
    from rewire.drivers.websocket.client import WebSocketClient
    from rewire.events import Event
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.specs.client import ClientConfig
    from rewire.plan.plan import Plan
    from rewire.ports import Source
    from rewire.status import ClientStatus

__all__ = ["ClientManager"]


class ClientManager:
    """Own the connections of a program, as its manifest declares them.

    Args:
        manifest: the path of a TOML or JSON file, or any :class:`rewire.ports.Source`. None: no
            manifest, only clients that are registered from code.
        watch: apply edits of the file while the program runs (the default); ``reload()`` works
            either way.
        clients: only these ids of the manifest; None for all.
        env: where ``${NAME}`` is looked up; the process's environment by default.

    Entering it validates, applies, and starts to watch; it raises :class:`ManifestError` with
    every diagnostic if the manifest is refused. Leaving it drains and closes everything.

    >>> async with ClientManager("connections.toml") as manager:  # doctest: +SKIP
    ...     zen = await manager.http("github").get("/zen")

    """

    def __init__(
        self,
        manifest: str | os.PathLike[str] | Source | None,
        *,
        watch: bool = True,
        clients: Collection[str] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._host = Host()
        self._host.listeners.append(log_event)
        self._around = Surroundings(environment=env)
        drivers = (HTTPDriver(self._around), WebSocketDriver())
        self._registry = Registry({driver.protocol: driver for driver in drivers}, self._host)
        self._retirement = Retirement(self._host)
        self._source = _source(manifest)
        self._watch = watch
        base = Path(self._source.origin).resolve().parent if self._source else Path.cwd()
        self._reconciler = Reconciler(
            self._host,
            self._registry,
            self._retirement,
            Environment(os.environ if env is None else env, base),
            clients,
        )
        self._loop: Loop | None = None
        self._parsed = self._parse()

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None, **options: Any) -> Self:
        """Make a manager for the manifest that ``REWIRE_MANIFEST`` names (connections.toml)."""
        variables = os.environ if env is None else env
        return cls(variables.get("REWIRE_MANIFEST", "connections.toml"), env=env, **options)

    def _parse(self) -> Manifest | None:
        """Declare what the text declares, so that handles can be had before the start."""
        if self._source is None:
            return None
        snapshot = self._source.read()
        manifest = read(snapshot.origin, snapshot.data) if snapshot.data is not None else ()
        if not isinstance(manifest, Manifest):
            return None  # __aenter__ reads again, and raises with every diagnostic
        for client in self._reconciler.chosen(manifest):
            self._registry.declare(client, manifest.clients[client].protocol)
        return manifest

    # ── start and end ────────────────────────────────────────────────────────────────────────

    async def __aenter__(self) -> Self:
        if self._host.running or self._host.closed:
            msg = "a manager is entered once; make a new one"
            raise RuntimeError(msg)
        self._host.adopt_loop()
        try:
            await self._start()
        except BaseException:
            await self._end()
            raise
        return self

    async def _start(self) -> None:
        if self._source is not None:
            snapshot = self._source.read()
            verdict = await self._reconciler.reconcile_once(snapshot)
            if verdict.result == "refused":
                raise ManifestError(verdict.diagnostics, verdict.text)
            self._source.accept(snapshot)
            self._loop = Loop(self._host, self._reconciler, self._source)
            self._loop.start(watch=self._watch)
        self._host.open()
        for slot in self._registry:
            self._reconciler.wake(slot)

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End every client: new calls are refused, those in flight may finish by the deadline."""
        self._host.demand_here()
        if not self._host.closed:
            await self._end()

    async def _end(self) -> None:
        self._host.close()
        try:
            if self._loop is not None:
                await self._loop.stop()
            await self._reconciler.end()
        except BaseException:
            # Whoever cancels the end wants it now: what is in flight is cut, and all is closed.
            await self._reconciler.end(hurry=True)
            raise
        finally:
            await self._host.end()

    # ── clients ──────────────────────────────────────────────────────────────────────────────

    def http(self, client: str) -> HTTPClient:
        """Return the ``httpx2.AsyncClient`` of an HTTP client: the same object each time."""
        handle: HTTPClient = self._registry.handle(client, "http")
        return handle

    def httpx(self, client: str) -> HTTPXClient:
        """Return an ``httpx.AsyncClient`` of an HTTP client: the same object each time.

        It has the same pool, policies and state as ``http(client)``; headers, cookies and what
        else the caller sets are its own. After ``httpx2.alias_httpx()`` both are one handle.
        """
        family = None if httpx_is_httpx2() else "httpx"
        handle: HTTPXClient = self._registry.handle(client, "http", family)
        return handle

    def websocket(self, client: str) -> WebSocketClient:
        """Return the handle of a WebSocket client: the same object each time."""
        handle: WebSocketClient = self._registry.handle(client, "websocket")
        return handle

    def __getitem__(self, client: str) -> Any:
        return self._registry.find(client).handle

    def __contains__(self, client: object) -> bool:
        return client in self._registry

    def __iter__(self) -> Iterator[str]:
        return iter([slot.id for slot in self._registry])

    def __len__(self) -> int:
        return len(self._registry)

    def auth(self, name: str, auth: httpx2.Auth) -> None:
        """Register the auth that a manifest names: ``auth.custom = "name"``.

        It may be done before the start or after it; clients that wait for the name are applied
        then. A second one under a name is used from the next attempt on. Its flow runs at each
        attempt, with the real URL and all headers of the request.
        """
        self._host.demand_here()
        self._around.auths[name] = auth
        if self._loop is not None and not self._host.closed:
            self._loop.retry()

    def register(self, config: ClientConfig) -> Any:
        """Declare a client from code and return its handle; the manifest never touches it.

        Raises:
            ClientHeldBackError: something that it needs is missing, such as a registered auth.

        """
        self._host.demand_here()
        if self._host.closed:
            raise ManagerClosedError(config.id)
        known = self._registry.declared(config.id)
        if known is not None:
            origin = known.desired.origin.file if known.desired else "the manifest"
            raise DuplicateClientError(config.id, origin)
        config = clamp(config)
        material = self._reconciler.environment.material(config)
        slot = self._registry.declare(config.id, config.protocol)
        desired = Desired(
            id=config.id,
            protocol=config.protocol,
            spec=config,
            material=material,
            origin=Origin(file="code"),
            source="code",
        )
        try:
            view = slot.make_view(desired) if config.enabled else None
        except BaseException:
            self._registry.withdraw(slot)
            raise
        self._reconciler.put(slot, desired, view)
        return slot.handle

    async def unregister(self, client: str) -> None:
        """Take a client that was registered from code out again; its calls in flight finish."""
        self._host.demand_here()
        slot = self._registry.find(client)
        if slot.desired is None or slot.desired.source != "code":
            msg = f'"{client}" was not registered from code; take it out of the manifest'
            raise ValueError(msg)
        self._reconciler.remove(slot)

    # ── looking ──────────────────────────────────────────────────────────────────────────────

    def status(self, client: str) -> ClientStatus:
        """Return what is known about one client."""
        return self._registry.find(client).status()

    def statuses(self) -> tuple[ClientStatus, ...]:
        """Return what is known about every client, in order of id."""
        return tuple(slot.status() for slot in sorted(self._registry, key=lambda slot: slot.id))

    def manager_status(self) -> ManagerStatus:
        """Return what is known about the manager and all its clients."""
        run, source = self._reconciler, self._source
        last = run.last
        return ManagerStatus(
            release=run.release,
            source=source.origin if source else "code",
            last_attempted_digest=run.attempted.digest if run.attempted else None,
            last_applied_digest=run.accepted.digest if run.accepted else None,
            last_reload=LastReload(
                time=run.last_time,
                result=last.result,
                reason=last.reason,
                held_back=tuple(last.held_back),
                diagnostics=_records(last.diagnostics),
            )
            if last
            else None,
            watch=source.mode if source and self._watch else "off",
            conditions=self._conditions(),
            clients=self.statuses(),
        )

    def _conditions(self) -> tuple[Condition, ...]:
        conditions = dict(self._reconciler.conditions)
        if self._source is not None and self._source.degraded:
            conditions["Degraded"] = Condition(
                type="Degraded",
                status=True,
                reason="WatchDegraded",
                message=self._source.degraded,
                last_transition=self._reconciler.last_time,
            )
        return tuple(conditions.values())

    async def check(self, client: str) -> ClientStatus:
        """Open a connection of a client now, and return its status after that."""
        slot = self._registry.find(client)
        await slot.started()
        slot.vitals.checked()
        try:
            async with asyncio.timeout(slot.view.spec.warmup.timeout):
                seconds = await slot.driver.check(slot.view, slot)
        except ProbeError as error:
            slot.observe(Outcome(False, None, error.reason, error.detail, True))
        except TimeoutError:
            slot.observe(Outcome(False, None, "CheckTimeout", "no connection in time", True))
        except RewireError as error:
            slot.observe(Outcome(False, None, type(error).__name__, str(error)))
        else:
            slot.observe(Outcome(True, seconds))
        return slot.status()

    # ── changing ─────────────────────────────────────────────────────────────────────────────

    async def reload(self) -> Verdict:
        """Read the manifest now, apply it, and return the verdict; a refusal does not raise."""
        self._host.demand_here()
        if self._loop is None or self._host.closed:
            msg = "nothing to reload: the manager has no manifest, is not started, or has ended"
            raise RuntimeError(msg)
        return await self._loop.reload()

    async def plan(self, text: bytes | None = None) -> Plan:
        """Return what the manifest, or ``text`` in its place, would change, and change nothing.

        Raises:
            ManifestError: the text is refused.

        """
        if self._source is None:
            return make_plan({}, self._registry.observed(), ())
        snapshot = self._source.read() if text is None else Snapshot(self._source.origin, text)
        if snapshot.data is None:
            raise ManifestError((), f"{snapshot.origin}: {snapshot.why}")
        manifest = read(snapshot.origin, snapshot.data)
        if not isinstance(manifest, Manifest):
            raise ManifestError(manifest, render(manifest, format="full"))
        if text is not None:
            # Somebody else's text: its references are not resolved for whoever sent it.
            chosen = {
                client: manifest.clients[client] for client in self._reconciler.chosen(manifest)
            }
            return foresee(chosen, self._registry.observed())
        return await self._reconciler.foresee(manifest)

    def events(self) -> AsyncGenerator[Event]:
        """Yield what happens from now on, in order of ``number``."""
        return self._host.events()

    def __repr__(self) -> str:
        source = self._source.origin if self._source else "code"
        return (
            f"<ClientManager {source!r}, {len(self)} clients, release {self._reconciler.release}>"
        )


def _records(diagnostics: tuple[Diagnostic, ...]) -> tuple[dict[str, object], ...]:
    if not diagnostics:
        return ()
    return tuple(json.loads(render(diagnostics, format="json"))["diagnostics"])


def _source(manifest: str | os.PathLike[str] | Source | None) -> Source | None:
    if manifest is None or not isinstance(manifest, str | os.PathLike):
        return manifest
    return FileSource(manifest)
