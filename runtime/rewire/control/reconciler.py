"""One pass: newest snapshot → validate → plan → build and warm → swap → retire → publish.

``reconcile_once`` is the unit: it takes a snapshot and returns a verdict. It is level-triggered:
it compares what the manifest says *now* with what is live *now*, and never asks what happened to
a file. The text is all or nothing; the world holds back single clients (laws 3 and 4).
When passes run, and on which snapshot, is :mod:`rewire.control.loop`'s business.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from rewire.control.environment import Environment, Held
from rewire.control.verdict import Verdict
from rewire.control.vitals import conditioned
from rewire.control.warmup import Warmup, view_of
from rewire.errors import ClientHeldBackError
from rewire.events import Reconciled
from rewire.manifest.manifest import Manifest
from rewire.manifest.render import render
from rewire.manifest.validate import read
from rewire.plan.plan import plan as make_plan
from rewire.plan.render import lines
from rewire.plan.safety import verdict as safety_verdict
from rewire.ports import Snapshot
from rewire.status import Condition, Signal

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from rewire.control.generation import View
    from rewire.control.host import Host
    from rewire.control.registry import Registry
    from rewire.control.retirement import Retirement
    from rewire.control.slot import Slot
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.manifest import Desired
    from rewire.manifest.specs.reload import ReloadConfig
    from rewire.plan.plan import Change, Plan

__all__ = ["Reconciler"]


@dataclass(slots=True)
class _Pass:
    """What one pass has found out so far."""

    snapshot: Snapshot
    started: float
    desired: dict[str, Desired] = field(default_factory=dict)
    held: dict[str, Held] = field(default_factory=dict)
    unhealthy: dict[str, str] = field(default_factory=dict)


class Reconciler:
    """Make what is live agree with the newest manifest, as far as text and world allow."""

    def __init__(
        self,
        host: Host,
        registry: Registry,
        retirement: Retirement,
        environment: Environment,
        only: Collection[str] | None = None,
    ) -> None:
        self.release = 0
        self.manifest: Manifest | None = None
        self.accepted: Snapshot | None = None
        self.attempted: Snapshot | None = None
        self.last: Verdict | None = None
        self.newer = asyncio.Event()
        self._host = host
        self._registry = registry
        self._retirement = retirement
        self.environment = environment
        self.last_time = datetime.now(UTC)
        self.conditions: dict[str, Condition] = {}
        self._only = only
        self._warmup = Warmup(registry, retirement, self.newer)
        self._turn = asyncio.Lock()

    async def reconcile_once(self, snapshot: Snapshot, *, retry: bool = False) -> Verdict:
        """Bring what is live in line with ``snapshot``; return how that ended.

        A ``retry`` is for what the accepted release holds back: the source may say something
        else by now, so it speaks only of what it changes.
        """
        async with self._turn:
            run = _Pass(snapshot, time.perf_counter())
            if not retry:
                self.attempted = snapshot
            verdict = await self._reconcile(run)
            verdict = replace(verdict, seconds=time.perf_counter() - run.started)
            if not retry:
                self._remember(verdict)
            elif verdict.result == "applied":
                self._tell(verdict)
            return verdict

    def chosen(self, manifest: Manifest) -> list[str]:
        """Return the ids of a manifest that this manager was asked for."""
        return [client for client in manifest.clients if self._only is None or client in self._only]

    async def foresee(self, manifest: Manifest) -> Plan:
        """Return what a pass on ``manifest`` would do, and do nothing."""
        run = _Pass(Snapshot("", None), time.perf_counter())
        await self._resolve(run, manifest)
        return make_plan(run.desired, self._registry.observed(), run.held)

    # ── the stages ───────────────────────────────────────────────────────────────────────────

    async def _reconcile(self, run: _Pass) -> Verdict:
        if run.snapshot.data is None:
            return self._refusal(run, "SourceMissing", (), run.snapshot.why or "")
        manifest = self._text(run.snapshot)
        if not isinstance(manifest, Manifest):
            return self._refusal(run, "ManifestInvalid", manifest)
        await self._resolve(run, manifest)
        plan = make_plan(run.desired, self._registry.observed(), run.held)
        if (unsafe := self._unsafe(run, manifest, plan)) is not None:
            return self._refusal(run, "ManifestUnsafe", (unsafe,))
        warmed = await self._warmup.run(plan, run.desired)
        if warmed is None:
            return Verdict("superseded", self.release, "NewerSnapshot", run.snapshot.digest)
        run.held.update(warmed.held)
        run.unhealthy.update(warmed.unhealthy)
        return self._apply(run, manifest, warmed.views)

    def _text(self, snapshot: Snapshot) -> Manifest | tuple[Diagnostic, ...]:
        """Judge the text alone; the same text is judged once."""
        known, manifest = self.accepted, self.manifest
        if known is not None and manifest is not None and known.data == snapshot.data:
            return manifest
        data = snapshot.data or b""
        if manifest is not None and not data.strip():
            # An emptied file says "no client", and is judged as that (FAULTS 2).
            return Manifest(snapshot.origin, manifest.reload, {})
        return read(snapshot.origin, data)

    async def _resolve(self, run: _Pass, manifest: Manifest) -> None:
        """Let the world have its say: variables, secrets, files."""
        resolved = await self.environment.resolve(manifest, self.chosen(manifest))
        for client, outcome in resolved.items():
            if isinstance(outcome, Held):
                run.held[client] = outcome
            else:
                run.desired[client] = outcome
        self._yield_to_code(run)

    def _yield_to_code(self, run: _Pass) -> None:
        """Hold back what the manifest declares under the id of a client from code."""
        for client in (*run.desired, *run.held):
            taken = self._registry.declared(client)
            if taken is not None and taken.desired and taken.desired.source == "code":
                run.desired.pop(client, None)
                run.held[client] = Held("IdTaken", "a client registered from code has this id")

    def _unsafe(self, run: _Pass, manifest: Manifest, plan: Plan) -> Diagnostic | None:
        if self.accepted is not None and self.accepted.data == run.snapshot.data:
            return None
        live = sum(1 for slot in self._registry if slot.desired and slot.desired.source != "code")
        return safety_verdict(plan, self._limits(manifest), live, manifest.name)

    def _limits(self, manifest: Manifest) -> ReloadConfig:
        """Return the reload settings to judge by: a cut that lost them must not loosen them."""
        new, known = manifest.reload, self.manifest
        if known is None or "max_deletes" in new.model_fields_set:
            return new
        strict = min(new.max_deletes, known.reload.max_deletes)
        return new.model_copy(update={"max_deletes": strict})

    # ── the swap: from here to the verdict there is no await ─────────────────────────────────

    def _apply(self, run: _Pass, manifest: Manifest, warmed: Mapping[str, View]) -> Verdict:
        self._yield_to_code(run)  # one may have been registered during the warm-up
        plan, views = self._views(run, warmed)
        new_text = self.accepted is None or self.accepted.data != run.snapshot.data
        if new_text or not plan.empty:
            self.release += 1
        replaced = sum(change.action == "replace" for change in plan.changed)
        self._retirement.spread(replaced)
        for change in plan.changed:
            self._swap(change, run, views)
        self._note(run, manifest)
        self.manifest, self.accepted = manifest, run.snapshot
        return self._applied(run, manifest, plan, new_text=new_text)

    def _views(self, run: _Pass, warmed: Mapping[str, View]) -> tuple[Plan, dict[str, View | None]]:
        """Make every view first, so that a fault of a driver cannot leave half a swap behind."""
        views: dict[str, View | None] = dict(warmed)
        plan = make_plan(run.desired, self._registry.observed(), run.held)
        for change in plan.changed:
            if change.action == "remove" or change.id in views:
                continue
            view = self._view(change, run.desired[change.id])
            if isinstance(view, Held):
                run.held[change.id] = view
            else:
                views[change.id] = view
        if set(run.held) & {change.id for change in plan.changed}:
            plan = make_plan(run.desired, self._registry.observed(), run.held)
        return plan, views

    def _view(self, change: Change, desired: Desired) -> View | Held | None:
        if not desired.spec.enabled:
            return None
        slot = self._registry.slot(change.id, desired.protocol)
        if slot is None:
            slot = self._registry.prepare(change.id, desired.protocol)
        live = slot.live if change.action == "in place" else None
        return view_of(slot, desired, live.generation if live is not None else None)

    def _swap(self, change: Change, run: _Pass, views: Mapping[str, View | None]) -> None:
        if change.action == "remove":
            slot = self._registry.slot(change.id, change.protocol)
            if slot is not None:
                self.remove(slot)
            return
        desired = run.desired[change.id]
        slot = self._registry.declare(change.id, desired.protocol)
        self.put(slot, desired, views[change.id])
        if change.id in run.unhealthy:
            slot.vitals.signal(Signal.FAILED, run.unhealthy[change.id])

    def _note(self, run: _Pass, manifest: Manifest) -> None:
        """Bring up to date what a client says of itself, also where nothing was swapped."""
        for client, desired in run.desired.items():
            slot = self._registry.declared(client)
            if slot is not None and client not in run.held:
                slot.desired = desired
                slot.release = self.release
                slot.vitals.condition("Reconciled", "Applied", status=True)
        for client, held in run.held.items():
            self._hold(client, held, manifest)
        for slot in self._registry:
            # Held back from the start and now no longer declared: nothing that a plan could see.
            if slot.desired is None and slot.id not in run.held:
                self.remove(slot)

    def _applied(self, run: _Pass, manifest: Manifest, plan: Plan, *, new_text: bool) -> Verdict:
        result: Literal["applied", "unchanged"]
        result = "applied" if new_text or not plan.empty else "unchanged"
        back = self.last is not None and self.last.result == "refused"
        return Verdict(
            result,
            self.release,
            "BackToAccepted" if result == "unchanged" and back else result.capitalize(),
            run.snapshot.digest,
            plan=plan,
            held_back={
                client: f"{held.reason}: {held.message}" for client, held in run.held.items()
            },
            unhealthy=run.unhealthy,
            diagnostics=manifest.warnings,
        )

    def put(self, slot: Slot, desired: Desired, view: View | None) -> None:
        """Make a client live on ``view``; None: it is disabled."""
        live, before = slot.live, slot.desired
        left = slot.swap(desired, view)
        if view is None:
            slot.vitals.signal(Signal.DISABLED)
        else:
            fresh = live is None or view.generation is not live.generation
            self._settle(slot, view, fresh=fresh)
        if left is not None:
            limits = before.spec.drain if before else desired.spec.drain
            self._retirement.retire(slot, left, limits)

    def _settle(self, slot: Slot, view: View, *, fresh: bool) -> None:
        slot.vitals.signal(Signal.DECLARED)
        built = view.generation.built
        if built and not fresh:
            slot.driver.retune(view, slot)
        elif built:
            slot.vitals.signal(Signal.SUCCEEDED)
        elif fresh:
            slot.vitals.signal(Signal.REPLACED)
            if self._host.running:
                self.wake(slot)

    def wake(self, slot: Slot) -> None:
        """Connect an eager client that is not built yet."""
        view = slot.live
        if view is not None and view.spec.connect == "eager" and not view.generation.built:
            self._warmup.connect(slot, view)

    def remove(self, slot: Slot) -> None:
        """Take a client out: its calls in flight finish, new ones are refused."""
        before = slot.desired
        left = slot.swap(None, None)
        slot.vitals.signal(Signal.REMOVED)
        self._registry.withdraw(slot)
        if left is not None and before is not None:
            self._retirement.retire(slot, left, before.spec.drain)

    def _hold(self, client: str, held: Held, manifest: Manifest) -> None:
        declared = manifest.clients[client]
        known = self._registry.declared(client)
        if held.reason == "IdTaken" and known is not None:
            return
        if known is not None and known.protocol != declared.protocol:
            self.remove(known)
        slot = self._registry.declare(client, declared.protocol)
        slot.vitals.condition("Reconciled", held.reason, held.message, status=False)
        if slot.live is None:
            slot.held = ClientHeldBackError(client, held.reason, held.message)
            slot.vitals.signal(Signal.FAILED, held.reason)

    async def end(self, *, hurry: bool = False) -> None:
        """Retire everything, and wait until it has drained or been cut; ``hurry``: cut it now."""
        for slot in self._registry:
            before = slot.desired
            left = slot.swap(before, None)
            if left is not None and before is not None:
                # Nobody will read a stream of a program that ends for another five minutes.
                limits = before.spec.drain
                brief = limits.model_copy(update={"stream_timeout": limits.timeout})
                self._retirement.retire(slot, left, brief)
        if hurry:
            self._retirement.hurry()
        await self._warmup.end()
        await self._retirement.finished()

    # ── publishing ───────────────────────────────────────────────────────────────────────────

    def _refusal(
        self, run: _Pass, reason: str, diagnostics: tuple[Diagnostic, ...], text: str = ""
    ) -> Verdict:
        shown = render(diagnostics, format="full") if diagnostics else text
        return Verdict(
            "refused",
            self.release,
            reason,
            run.snapshot.digest,
            diagnostics=diagnostics,
            text=shown,
        )

    def _remember(self, verdict: Verdict) -> None:
        before, self.last = self.last, verdict
        self.last_time = datetime.now(UTC)
        if verdict.result != "superseded":
            self.conditions["Reconciled"] = conditioned(
                self.conditions.get("Reconciled"),
                "Reconciled",
                verdict.reason,
                verdict.text,
                status=verdict.result != "refused",
            )
        repeated = before is not None and (before.result, before.reason, before.digest) == (
            verdict.result,
            verdict.reason,
            verdict.digest,
        )
        silent = verdict.result == "unchanged" and verdict.reason != "BackToAccepted"
        if not silent and not (verdict.result == "refused" and repeated):
            self._tell(verdict)

    def _tell(self, verdict: Verdict) -> None:
        self._host.emit(
            Reconciled(
                verdict.result,
                verdict.release,
                verdict.reason,
                verdict.digest,
                verdict.seconds,
                tuple(lines(verdict.plan)) if verdict.plan else (),
                tuple(f"{client} ({why})" for client, why in verdict.held_back.items()),
                verdict.text,
            )
        )
