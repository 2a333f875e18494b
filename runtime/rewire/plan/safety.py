"""Whether a plan is one that somebody meant: a file that was cut removes clients, too.

Removed is what is gone afterwards under its id and protocol, so a rename and a change of
protocol count. The share holds from six clients on: of fewer, one is too large a part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.manifest.diagnostics import Diagnostic, Severity
from rewire.manifest.place import Position, Span

if TYPE_CHECKING:
    from rewire.manifest.specs.reload import ReloadConfig
    from rewire.plan.plan import Plan

__all__ = ["verdict"]

FEW = 6
_NAMED = 8


def verdict(plan: Plan, reload: ReloadConfig, live: int, file: str = "") -> Diagnostic | None:
    """Return why a plan is refused as unsafe, or None; `live` clients are of the manifest now."""
    removed = sorted(change.id for change in plan.changes if change.action == "remove")
    if not removed:
        return None
    stays = plan.held or any(
        change.action in {"create", "in place", "replace"}
        or (change.action == "keep" and change.before and change.before.source == "manifest")
        for change in plan.changes
    )
    if not stays:
        if reload.allow_empty:
            return None
        message = f"this would remove all {live} clients" if live > 1 else _last(removed)
        return _refusal(message, "if it is meant, set reload.allow_empty = true", file)
    if live < FEW or len(removed) <= reload.max_deletes * live:
        return None
    names = ", ".join(removed[:_NAMED]) + (", …" if len(removed) > _NAMED else "")
    message = (
        f"this would remove {len(removed)} of {live} clients, "
        f"more than reload.max_deletes ({reload.max_deletes:.0%}): {names}"
    )
    return _refusal(message, "if it is meant, raise reload.max_deletes", file)


def _last(removed: list[str]) -> str:
    return f'this would remove the only client, "{removed[0]}"'


def _refusal(message: str, hint: str, file: str) -> Diagnostic:
    start = Position(1, 1)
    return Diagnostic(
        code="RW205",
        severity=Severity.ERROR,
        message=message,
        file=file,
        span=Span(0, 0),
        start=start,
        end=start,
        help=hint,
    )
