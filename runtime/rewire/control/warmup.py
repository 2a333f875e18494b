"""Building what a plan replaces, and opening its first connection before it goes live.

Every warm-up ends in a verdict by its deadline: accepted, accepted though unhealthy, or held
back. Held back is only what cannot be reached while the one before it is known to be healthy;
when the old target is down too, the edit is let through: it may be the fix.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rewire.control.environment import Held
from rewire.errors import ClientHeldBackError, ProbeError, RewireError
from rewire.ports import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.control.generation import Generation, View
    from rewire.control.registry import Registry
    from rewire.control.retirement import Retirement
    from rewire.control.slot import Slot
    from rewire.manifest.manifest import Desired
    from rewire.plan.plan import Plan

__all__ = ["Warmed", "Warmup", "is_ours", "view_of"]

# Handshakes at once: enough to be quick, too few to be a herd.
PARALLEL = 16


def is_ours(error: BaseException) -> bool:
    """Say whether an exception ends this program, or this task, and is no fault of a driver's.

    A driver may raise anything, a Rust panic too, which is no Exception: it holds back its client
    and nobody else (FAULTS 38).
    """
    return isinstance(error, asyncio.CancelledError | KeyboardInterrupt | SystemExit)


def view_of(slot: Slot, desired: Desired, generation: Generation | None = None) -> View | Held:
    """Return a view of what is desired, or why its driver cannot make one."""
    try:
        return slot.make_view(desired, generation)
    except ClientHeldBackError as error:  # the driver says itself what it lacks
        return Held(error.reason, error.message)
    except (RewireError, ssl.SSLError) as error:  # such as a CA file without a certificate
        return Held("DriverFailed", str(error))
    except BaseException as error:
        if is_ours(error):
            raise
        # Its type alone: what a library says may quote a header.
        return Held("DriverFailed", type(error).__name__)


@dataclass(slots=True)
class Warmed:
    """The views that are ready to go live, and what the peers said of the others."""

    views: dict[str, View] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    unhealthy: dict[str, str] = field(default_factory=dict)


class Warmup:
    """Build and warm the replacements of a plan, all of them within their deadlines."""

    def __init__(self, registry: Registry, retirement: Retirement, newer: asyncio.Event) -> None:
        self._registry = registry
        self._retirement = retirement
        self._newer = newer
        self._spare: dict[str, tuple[Desired, View]] = {}
        self._places = asyncio.Semaphore(PARALLEL)

    async def run(self, plan: Plan, desired: Mapping[str, Desired]) -> Warmed | None:
        """Warm what a plan replaces and was built; None: a newer snapshot has come meanwhile.

        What had been warmed by then is kept for the newer pass, if it wants the same.
        """
        warmed = Warmed()
        jobs = [
            asyncio.ensure_future(self._one(slot, desired[change.id], warmed))
            for change in plan.changes
            if change.action == "replace" and (slot := self._replaceable(change.id)) is not None
        ]
        finished = False
        try:
            finished = not jobs or await self._finish(jobs)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            if not finished:  # the pass may be at its end, too, and its connections with it
                spare = {key: (desired[key], view) for key, view in warmed.views.items()}
                self._spare.update(spare)
        if not finished:
            return None
        await self._discard_spares()
        return warmed

    def _replaceable(self, client: str) -> Slot | None:
        slot = self._registry.declared(client)
        built = slot is not None and slot.live is not None and slot.live.generation.built
        return slot if built else None

    async def _finish(self, jobs: Sequence[asyncio.Task[None]]) -> bool:
        """Wait for all jobs; return False as soon as a newer snapshot has come."""
        newer = asyncio.ensure_future(self._newer.wait())
        pending: set[asyncio.Task[Any]] = set(jobs)
        try:
            while pending and not newer.done():
                waiting = pending | {newer}
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                pending = waiting - {newer}
        finally:
            newer.cancel()
        if pending:
            return False
        for job in jobs:
            job.result()
        return True

    async def _one(self, slot: Slot, desired: Desired, warmed: Warmed) -> None:
        if not desired.spec.enabled:
            return
        spare = self._spare.pop(slot.id, None)
        if spare is not None and (spare[0].spec, spare[0].material) == (
            desired.spec,
            desired.material,
        ):
            warmed.views[slot.id] = spare[1]
            return
        if spare is not None:
            await self._retirement.discard(slot, spare[1].generation)
        view = view_of(slot, desired)
        if isinstance(view, Held):
            warmed.held[slot.id] = view
            return
        try:
            failure = await self._warm(slot, view)
        except BaseException:
            await self._retirement.discard(slot, view.generation)
            raise
        if failure is not None and slot.vitals.healthy:
            warmed.held[slot.id] = Held("WarmupFailed", failure.detail)
            await self._retirement.discard(slot, view.generation)
            return
        if failure is not None:
            warmed.unhealthy[slot.id] = failure.detail
        warmed.views[slot.id] = view

    async def _warm(self, slot: Slot, view: View) -> ProbeError | None:
        limit = view.spec.warmup.timeout
        try:
            async with self._places, asyncio.timeout(limit):
                await slot.driver.warm(view, slot)
        except ProbeError as error:
            return error
        except TimeoutError:
            return ProbeError(slot.id, "WarmupTimeout", f"no connection within {limit:g} s")
        except BaseException as error:
            if is_ours(error):
                raise
            return ProbeError(slot.id, "DriverFailed", type(error).__name__)
        return None

    def connect(self, slot: Slot, view: View) -> None:
        """Connect an eager client in the background; its state tells how that goes."""
        if slot.driver.background:
            _ = slot.handle, view.resource
            return

        async def go() -> None:
            slot.opening()
            failure = await self._warm(slot, view)
            if failure is None:
                slot.observe(Outcome(True, 0.0))
            else:
                slot.observe(Outcome(False, None, failure.reason, failure.detail, True))

        slot.spawn(go(), f"connect {slot.id}")

    async def _discard_spares(self) -> None:
        spares, self._spare = self._spare, {}
        for client, (desired, view) in spares.items():
            slot = self._registry.slot(client, desired.protocol)
            if slot is not None:
                await self._retirement.discard(slot, view.generation)

    async def end(self) -> None:
        """Close what was warmed and never went live."""
        await self._discard_spares()
