"""Diagrams in Mermaid, drawn from the tables that the program itself runs by."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.markdown import fence, table
from rewire.status import TRANSITIONS, ConnectionState, Signal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["state_diagram", "transition_table"]

_BOX = "declared"


def state_diagram() -> str:
    """Return the state diagram of a client.

    A signal that leads from every state of a box to the same place is one arrow from the box.
    """
    inside = [state for state in TRANSITIONS if Signal.REPLACED in TRANSITIONS[state]]
    common = set.intersection(*(set(TRANSITIONS[state].items()) for state in inside))
    leaving = [(signal, after) for signal, after in sorted(common) if after not in inside]
    lines = ["stateDiagram-v2", f"    [*] --> {_BOX}", f"    state {_BOX} {{"]
    lines += [f"        [*] --> {ConnectionState.IDLE}"]
    lines += [f"        {arrow}" for arrow in _arrows(inside, {signal for signal, _ in leaving})]
    lines += ["    }", *(f"    {_BOX} --> {after}: {signal}" for signal, after in leaving)]
    outside = [state for state in TRANSITIONS if state not in inside]
    # The box begins at idle, so an arrow to idle may end at the box: Mermaid draws that better.
    into = f"--> {ConnectionState.IDLE}:"
    lines += [f"    {arrow.replace(into, f'--> {_BOX}:')}" for arrow in _arrows(outside, set())]
    return fence("mermaid", "\n".join(lines))


def _arrows(states: Collection[ConnectionState], without: Collection[Signal]) -> Iterator[str]:
    """Yield the arrows out of some states; signals between the same two share one."""
    for before in states:
        signals: defaultdict[ConnectionState, list[Signal]] = defaultdict(list)
        for signal, after in TRANSITIONS[before].items():
            if signal not in without and after is not before:
                signals[after].append(signal)
        yield from (f"{before} --> {after}: {', '.join(by)}" for after, by in signals.items())


def transition_table() -> str:
    """Return the same as a table: a row for each state, a column for each signal."""
    rows = [
        [f"`{state}`", *(str(row.get(signal, "")) for signal in Signal)]
        for state, row in TRANSITIONS.items()
    ]
    return table(["state", *map(str, Signal)], rows)
