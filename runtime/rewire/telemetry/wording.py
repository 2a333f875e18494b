"""What is said when something happens: one sentence a line, with its gravity.

The log of an embedded manager and the terminal of ``rewire run`` say the same; how it looks is
theirs. A diagnostic is one line here; its excerpt is in ``Reconciled.diagnostics``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rewire.events import (
    DrainForced,
    GenerationClosed,
    GenerationRetired,
    Reconciled,
    SourceChanged,
    StateChanged,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.events import Happening

__all__ = ["Gravity", "Sentence", "duration", "headlines", "words"]

Gravity = Literal["debug", "info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One line of a log."""

    gravity: Gravity
    text: str


def words(happening: Happening) -> Sequence[Sentence]:
    """Say in words what happened; nothing is left out, so most of it is for a log."""
    match happening:
        case Reconciled():
            return _reconciled(happening)
        case StateChanged(client, before, after, reason):
            return [Sentence("info", f"{client}: {before} → {after} ({reason})")]
        case GenerationRetired(client, generation, in_flight):
            text = f"{client}: generation {generation} drains, {in_flight} in flight"
            return [Sentence("debug", text)]
        case GenerationClosed(client, generation, error):
            text = f"{client}: generation {generation} closed"
            return [Sentence("warning", f"{text}: {error}") if error else Sentence("debug", text)]
        case DrainForced(client, generation, cut, what):
            calls = "1 call was" if cut == 1 else f"{cut} calls were"
            named = f": {', '.join(what)}" if what else ""
            text = f"{client}: {calls} cut off, the drain of generation {generation} is over"
            return [Sentence("warning", f"{text}{named}")]
        case SourceChanged(condition, message):
            grave = condition in {"SourceMissing", "WatchDegraded"}
            return [Sentence("warning" if grave else "info", f"{condition}: {message}")]


def _reconciled(event: Reconciled) -> Sequence[Sentence]:
    took = duration(event.seconds)
    if event.result == "refused":
        serves = f", release {event.release} keeps serving" if event.release else ""
        return [Sentence("error", f"manifest refused{serves}: {reason}") for reason in _why(event)]
    if event.result == "superseded":
        return [Sentence("debug", "superseded by a newer manifest")]
    if event.result == "unchanged":
        text = f"release {event.release}: the manifest says again what runs ({took})"
        return [Sentence("info", text)]
    said = [
        # The lines of a plan are aligned by their symbols, which one alone need not be.
        Sentence("info", f"release {event.release}: {' '.join(line.split(maxsplit=1))} ({took})")
        for line in event.lines
    ]
    if event.held_back:
        text = f"release {event.release}: held back, tried again: {', '.join(event.held_back)}"
        said.append(Sentence("warning", text))
    return said or [Sentence("info", f"release {event.release}: no client changed ({took})")]


def _why(event: Reconciled) -> Sequence[str]:
    return blocks(event.diagnostics) or [event.diagnostics or event.reason]


def blocks(diagnostics: str) -> Sequence[str]:
    """Return rendered diagnostics one by one, each with its excerpt, which is indented."""
    found: list[str] = []
    for line in diagnostics.splitlines():
        if found and line[:1].isspace():
            found[-1] += f"\n{line}"
        elif line:
            found.append(line)
    return found


def headlines(diagnostics: str) -> Sequence[str]:
    """Return the one-line form of rendered diagnostics: their excerpts are indented."""
    return [line for line in diagnostics.splitlines() if line and not line[0].isspace()]


def duration(seconds: float) -> str:
    """Write how long something took: ``3.2 ms``, ``120 ms``, ``2.50 s``."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"
