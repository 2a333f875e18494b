"""What stands behind a handle: the current view, and why there is none when there is none.

A slot lives as long as its handle may be held; views come and go in it. It is the
:class:`rewire.ports.ClientContext` that drivers see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rewire.control.generation import Generation, Lease, View
from rewire.control.vitals import Vitals
from rewire.errors import (
    ClientDisabledError,
    ClientHeldBackError,
    ClientRemovedError,
    ManagerClosedError,
)
from rewire.plan.observed import Observed
from rewire.status import ClientStatus, Origin, Signal

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine, Mapping

    from rewire import ports
    from rewire.control.host import Host
    from rewire.control.wheel import Alarm
    from rewire.errors import RewireError
    from rewire.manifest.manifest import Desired
    from rewire.manifest.specs.client import ClientConfig
    from rewire.ports import Driver, Outcome

__all__ = ["Slot"]


class Slot:
    """The place of one client: id, protocol, handle, and the view of the moment."""

    def __init__(self, client: str, driver: Driver, host: Host) -> None:
        self.id = client
        self.protocol = driver.protocol
        self.driver = driver
        self.vitals = Vitals(client, host.emit)
        self.desired: Desired | None = None
        self.release = 0
        self.held: ClientHeldBackError | None = None
        self.retired: dict[int, Generation] = {}
        self.memory: dict[str, Any] = {}
        self._host = host
        self._view: View | None = None
        self._handles: dict[str | None, Any] = {}
        self._numbers = 0

    # ── for the caller ───────────────────────────────────────────────────────────────────────

    @property
    def handle(self) -> Any:
        """Return the one handle of this client, in its protocol's own family."""
        return self.handle_in(None)

    def handle_in(self, family: str | None) -> Any:
        """Return the one handle of this client in a family of handles."""
        handle = self._handles.get(family)
        if handle is None:
            # Two threads may ask at once: the first to come is the one for ever.
            handle = self._handles.setdefault(family, self.driver.handle(self, family))
        return handle

    @property
    def unused(self) -> bool:
        """Say whether nobody ever got a handle."""
        return not self._handles

    # ── for the driver: rewire.ports.ClientContext ───────────────────────────────────────────

    @property
    def ready(self) -> bool:
        """Say whether the manager runs in the caller's event loop."""
        return self._host.here

    @property
    def closed(self) -> bool:
        """Say whether the manager has ended."""
        return self._host.closed

    async def started(self) -> None:
        """Wait for the manager's start."""
        await self._host.started(self.id)

    @property
    def view(self) -> View:
        """Return the current view, or raise why there is none."""
        view = self._view  # read once: a handle of another thread asks, too
        if view is None:
            raise self.refusal()
        return view

    def lease(self, what: str) -> Lease:
        """Count one call in the generation of the current view."""
        view = self._view
        if view is None:
            raise self.refusal()
        return Lease(view, what)

    def lease_of(self, view: ports.View, what: str) -> Lease:
        """Count one call in the generation of a given view, which is one of ours."""
        return Lease(cast("View", view), what)

    def observe(self, outcome: Outcome) -> None:
        """Take note of how an attempt ended."""
        self.vitals.observe(outcome)

    def opening(self) -> None:
        """Take note that a connection is being opened."""
        self.vitals.signal(Signal.OPENING)

    def lost(self, reason: str) -> None:
        """Take note that a standing connection was lost."""
        self.vitals.signal(Signal.LOST, reason)

    def arm(self, when: float, callback: Callable[[], object]) -> Alarm:
        """Call back at a moment of the loop's clock."""
        return self._host.wheel.arm(when, callback)

    def disarm(self, alarm: Alarm) -> None:
        """Take a deadline back."""
        self._host.wheel.disarm(alarm)

    def client(self, client: str) -> Any:
        """Return the handle of another client of the same protocol."""
        return self._host.lookup(client, self.protocol)

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run a coroutine as a task of the manager."""
        return self._host.tasks.spawn(work, name)

    def refusal(self) -> RewireError:
        """Return the error that says why there is no view."""
        if self._host.closed:
            return ManagerClosedError(self.id)
        desired = self.desired
        if desired is not None and not desired.spec.enabled:
            return ClientDisabledError(self.id)
        return self.held or ClientRemovedError(self.id)

    # ── for the reconciler ───────────────────────────────────────────────────────────────────

    @property
    def live(self) -> View | None:
        """Return the current view, or None."""
        return self._view

    def make_view(self, desired: Desired, generation: Generation | None = None) -> View:
        """Return a view of ``desired`` on a given generation, or on a new one."""
        prepared = self.driver.prepare(desired.spec, desired.material)  # what raises has no number
        if generation is None:
            self._numbers += 1
            generation = Generation(self.id, self._numbers, lambda v: self.driver.open(v, self))
        return View(desired.spec, generation, prepared, desired.material)

    def swap(self, desired: Desired | None, view: View | None) -> Generation | None:
        """Point the handle to another view, in one step; return the generation that it left."""
        before, self._view = self._view, view
        self.desired = desired
        self.held = None
        if self.driver.background and before is not None and before.generation.built:
            _ = self.handle  # what connects by itself follows a swap though nobody holds its handle
        for handle in tuple(self._handles.values()):
            self.driver.swapped(handle, before, view)
        if before is None or (view is not None and view.generation is before.generation):
            return None
        self.retired[before.number] = before.generation
        return before.generation

    def unnumber(self, generation: Generation) -> None:
        """Take back the number of a generation that never went live."""
        if generation.number == self._numbers:
            self._numbers -= 1

    def forget(self, generation: Generation) -> None:
        """Drop a generation that has been closed."""
        self.retired.pop(generation.number, None)

    def observed(self) -> Observed | None:
        """Return what a plan needs to know, or None if nothing of this client is live."""
        if self.desired is None:
            return None
        view = self._view
        return Observed(
            id=self.id,
            protocol=self.protocol,
            source=self.desired.source,
            spec=self.desired.spec,
            material=self.desired.material,
            built=view is not None and view.generation.built,
            generation=view.number if view is not None else self._numbers,
            in_flight=len(view.generation.leases) if view is not None else 0,
            healthy=self.vitals.healthy,
            declared=self.desired.declared,
        )

    def status(self) -> ClientStatus:
        """Return a photograph of this client."""
        view, vitals = self._view, self.vitals
        spec: ClientConfig | None = self.desired.spec if self.desired else None
        success = vitals.success_rate()
        built = view is not None and view.generation.built
        return ClientStatus(
            id=self.id,
            protocol=self.protocol,
            state=vitals.state,
            generation=view.number if view is not None else self._numbers,
            observed_release=self.release,
            conditions=tuple(vitals.conditions.values()),
            last_check=vitals.last_check,
            response_time=vitals.response_time(),
            success_rate=success,
            error_rate=None if success is None else 1 - success,
            last_error=vitals.last_error,
            in_flight=self._in_flight(),
            pool=self.driver.pool(view.resource) if view is not None and built else None,
            breaker=self.driver.breaker(view, self) if view is not None else None,
            origin=self.desired.origin if self.desired else Origin(file="(not applied)"),
            labels={name: str(text) for name, text in spec.labels.items()} if spec else {},
            owner=str(spec.owner) if spec and spec.owner is not None else None,
        )

    def _in_flight(self) -> dict[int, int]:
        generations: Mapping[int, Generation] = dict(self.retired)
        if self._view is not None:
            generations = {**generations, self._view.number: self._view.generation}
        return {number: len(generation.leases) for number, generation in generations.items()}

    def __repr__(self) -> str:
        return f"<Slot {self.protocol}.{self.id} {self.vitals.state} {self._view!r}>"
