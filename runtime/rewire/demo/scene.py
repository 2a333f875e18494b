"""What is to be seen of the demo at one moment, as values; how it looks is up to the screens."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rewire.demo.edits import line_of, value_of
from rewire.demo.load import CLIENTS
from rewire.events import (
    DrainForced,
    GenerationClosed,
    GenerationRetired,
    Reconciled,
    SourceChanged,
)
from rewire.telemetry.wording import Sentence, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.demo.tally import Column, Tally
    from rewire.events import Happening
    from rewire.status import ClientStatus

__all__ = ["LABELS", "Scene", "Screen", "describe", "held_back", "hints", "in_order", "totals"]

LABELS: Mapping[Column, str] = {
    "served": "served",
    "upstream": "failed by the upstream",
    "refused": "refused, as the file asks",
    "lost": "lost",
}


@dataclass(frozen=True, slots=True)
class Scene:
    """One moment: statuses in the order of the manifest, and what became of the requests."""

    file: str
    release: int
    seconds: float
    statuses: tuple[ClientStatus, ...]
    tallies: Mapping[str, Tally]
    hints: tuple[str, ...] = ()


class Screen(Protocol):
    """Where the demo is seen."""

    def open(self) -> None:
        """Begin."""

    def tell(self, sentences: tuple[Sentence, ...]) -> None:
        """Show what has just happened."""

    def refresh(self, scene: Scene) -> None:
        """Show how things are."""

    def close(self) -> None:
        """End; what is printed after this is the summary."""


def totals(tallies: Mapping[str, Tally]) -> Counter[Column]:
    """Return the counts of all clients together."""
    return sum((tally.counts for tally in tallies.values()), Counter())


def in_order(statuses: tuple[ClientStatus, ...]) -> tuple[ClientStatus, ...]:
    """Return statuses as the manifest has them: the demo's clients first."""
    place = {client: number for number, client in enumerate(CLIENTS)}
    return tuple(sorted(statuses, key=lambda one: (place.get(one.id, len(place)), one.id)))


def describe(happening: Happening) -> tuple[Sentence, ...]:
    """Say what a person who has just edited the file wants to know."""
    if isinstance(happening, Reconciled) and happening.diagnostics:
        verdict = f"refused: release {happening.release} keeps serving"
        excerpt = happening.diagnostics.strip("\n").split("\n")
        return tuple(Sentence("error", line) for line in (verdict, *excerpt))
    told = Reconciled | GenerationRetired | GenerationClosed | DrainForced | SourceChanged
    return tuple(words(happening)) if isinstance(happening, told) else ()


def held_back(status: ClientStatus) -> str | None:
    """Say why a client does not follow the file, or None if it does."""
    found = (one for one in status.conditions if one.type == "Reconciled" and not one.status)
    return next((f"{one.reason}: {one.message}".rstrip(": ") for one in found), None)


# ── what to try ──────────────────────────────────────────────────────────────────────────────


def hints(file: str, text: str, ports: Mapping[str, int]) -> tuple[str, ...]:
    """Say which line to edit, for the text as it is now."""
    moves = (
        ("catalog", "base_url", ("blue", "green"), "traffic moves to {}"),
        ("prices", "url", ("feed-a", "feed-b"), "the feed moves, no price is missed"),
    )
    found: list[str] = []
    for client, key, servers, effect in moves:
        value, line = value_of(text, client, key), line_of(text, client, key)
        written = re.search(r":([0-9]{2,5})", value or "")
        if written is not None:
            here = int(written[1])
            other = next(server for server in servers if ports[server] != here)
            move = f"{key}: {here} → {ports[other]}"
            found.append(f"edit {file}:{line}, {move}: {effect.format(other)}")
    return (*found, f"or break {file}: take a quote away, save, look, and mend it")
