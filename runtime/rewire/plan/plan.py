"""The ordered changes that lead from what is live to what the manifest says.

It is set algebra over two maps and a field-by-field comparison, made against the live specs and
never against an earlier manifest (law 4): whatever happened in between, the plan is right. A
client from code is never touched, and one that the world holds back keeps its view (law 3).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from rewire.plan.diff import FieldChange, contents, diff

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rewire.manifest.manifest import Desired
    from rewire.plan.observed import Observed

__all__ = ["Action", "Change", "Plan", "plan"]

Action = Literal["create", "in place", "replace", "remove", "keep"]

HELD = "held back"
CODE = "registered from code"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one client; `reason` says why a client is kept although it might not be."""

    id: str
    protocol: str
    action: Action
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""
    before: Observed | None = field(default=None, repr=False)
    after: Desired | None = field(default=None, repr=False)

    @property
    def forced_by(self) -> tuple[tuple[str, ...], ...]:
        """Return the paths of the fields that force a replacement."""
        return tuple(one.path for one in self.fields if one.applies == "replace")

    @property
    def in_flight(self) -> int:
        """Return how many calls the client carries now."""
        return self.before.in_flight if self.before is not None else 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in order of id, a removal before a creation; `held` could not even be created."""

    changes: tuple[Change, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[Change, ...]:
        """Return the changes that do something."""
        return tuple(change for change in self.changes if change.action != "keep")

    @property
    def empty(self) -> bool:
        """Tell whether nothing is to be done."""
        return not self.changed

    def count(self) -> Counter[Action]:
        """Count the changes by action."""
        return Counter(change.action for change in self.changes)


def plan(
    desired: Mapping[str, Desired], observed: Mapping[str, Observed], held: Collection[str] = ()
) -> Plan:
    """Compare what is desired with what is live.

    `held` are the ids that are declared but that the world holds back; they are in no `desired`
    or are overruled there.
    """
    changes = [
        change
        for client in sorted({*desired, *observed})
        for change in _client(desired.get(client), observed.get(client), held=client in held)
    ]
    return Plan(tuple(changes), tuple(sorted(client for client in held if client not in observed)))


def _client(want: Desired | None, live: Observed | None, *, held: bool) -> Iterator[Change]:
    if live is not None and (held or live.source == "code"):
        reason = CODE if live.source == "code" else HELD
        yield Change(live.id, live.protocol, "keep", reason=reason, before=live)
    elif live is not None and want is not None and live.protocol == want.protocol:
        yield _compare(want, live)
    else:
        if live is not None:
            yield Change(live.id, live.protocol, "remove", before=live)
        if want is not None and not held:
            yield Change(want.id, want.protocol, "create", after=want)


def _compare(want: Desired, live: Observed) -> Change:
    fields = diff(live.spec, want.spec)
    named = {one.path for one in fields}
    files = contents(live.material, want.material, want.spec)
    fields += tuple(one for one in files if one.path not in named)
    action: Action = "keep"
    if fields:
        action = "replace" if any(one.applies == "replace" for one in fields) else "in place"
    return Change(want.id, want.protocol, action, fields, before=live, after=want)
