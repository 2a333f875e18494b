"""What can happen in a manager, as values.

Events are ordered by ``number``, never by time (FAULTS 83). Whoever listens gets these; logging,
the terminal line of ``rewire run`` and the admin stream are all made of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from rewire.status import ConnectionState

__all__ = [
    "DrainForced",
    "Event",
    "GenerationClosed",
    "GenerationRetired",
    "Happening",
    "Reconciled",
    "SourceChanged",
    "StateChanged",
]


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A reconcile has ended; ``lines`` says in words what changed, where, and how.

    ``held_back`` names each client that kept its view, with the reason.
    """

    result: Literal["applied", "refused", "unchanged", "superseded"]
    release: int
    reason: str
    digest: str
    seconds: float
    lines: tuple[str, ...] = ()
    held_back: tuple[str, ...] = ()
    diagnostics: str = ""


@dataclass(frozen=True, slots=True)
class StateChanged:
    """A client went from one state to another."""

    client: str
    before: ConnectionState
    after: ConnectionState
    reason: str


@dataclass(frozen=True, slots=True)
class GenerationRetired:
    """A generation was swapped out and now drains."""

    client: str
    generation: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class GenerationClosed:
    """A retired generation has been closed; ``error`` says if closing it failed."""

    client: str
    generation: int
    error: str | None = None


@dataclass(frozen=True, slots=True)
class DrainForced:
    """A drain deadline cut calls off."""

    client: str
    generation: int
    cut: int
    what: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class SourceChanged:
    """The source vanished, came back, or is watched in another way."""

    condition: Literal["SourceMissing", "SourceFound", "WatchDegraded", "WatchRestored"]
    message: str


Happening = (
    Reconciled | StateChanged | GenerationRetired | GenerationClosed | DrainForced | SourceChanged
)


@dataclass(frozen=True, slots=True)
class Event:
    """One happening, with its number: the order in which things happened in this manager."""

    number: int
    happening: Happening
