"""How a reconcile ended: the answer that whoever asked for it gets back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.manifest.diagnostics import Diagnostic
    from rewire.plan.plan import Plan

__all__ = ["Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of one reconcile; a refusal is a verdict, never an exception.

    ``held_back`` maps the id of each client that kept its view to the reason; ``unhealthy``
    names those that were accepted although no connection could be opened.
    """

    result: Literal["applied", "refused", "unchanged", "superseded"]
    release: int
    reason: str
    digest: str = ""
    seconds: float = 0.0
    plan: Plan | None = None
    held_back: Mapping[str, str] = field(default_factory=dict)
    unhealthy: Mapping[str, str] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()
    text: str = ""

    @property
    def ok(self) -> bool:
        """Say whether the manifest is in force and nothing of it is held back or unhealthy."""
        return self.result in {"applied", "unchanged"} and not (self.held_back or self.unhealthy)
