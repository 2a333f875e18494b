"""The demo on a terminal: a live table, the newest events, and what to try; drawn by rich.

Everything that is drawn is a function of the scene; :class:`LiveScreen` only shows it. This is
the one module of the demo that imports rich, which is an extra.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rewire.demo.scene import LABELS, totals
from rewire.status import ConnectionState
from rewire.telemetry.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rich.console import RenderableType

    from rewire.demo.scene import Scene
    from rewire.demo.tally import Column, Tally
    from rewire.status import ClientStatus
    from rewire.telemetry.wording import Sentence

__all__ = ["LiveScreen", "clients_table", "picture"]

_STATES: Mapping[ConnectionState, str] = {
    ConnectionState.CONNECTED: "green",
    ConnectionState.CONNECTING: "yellow",
    ConnectionState.DEGRADED: "yellow",
    ConnectionState.DISCONNECTED: "red",
    ConnectionState.ERROR: "red",
}
_COLUMNS: Mapping[Column, str] = {
    "served": "bold green",
    "upstream": "yellow",
    "refused": "yellow",
    "lost": "bold red",
}
_GRAVITIES = {"debug": "dim", "info": "", "warning": "yellow", "error": "red"}

KEPT = 40


class LiveScreen:
    """Draw the scene again and again at the same place."""

    def __init__(self, *, color: bool) -> None:
        self._console = Console(no_color=not color, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
        self._newest: deque[Sentence] = deque(maxlen=KEPT)

    def open(self) -> None:
        """Take the terminal."""
        self._live.start()

    def tell(self, sentences: tuple[Sentence, ...]) -> None:
        """Keep what has just happened for the next picture."""
        self._newest.extend(sentences)

    def refresh(self, scene: Scene) -> None:
        """Draw."""
        height = self._console.height - 1
        self._live.update(picture(scene, tuple(self._newest), height), refresh=True)

    def close(self) -> None:
        """Give the terminal back, with the last picture on it."""
        self._live.stop()


def picture(scene: Scene, newest: tuple[Sentence, ...], height: int) -> RenderableType:
    """Return the whole picture, in at most ``height`` lines if there is room for the rest."""
    top: list[RenderableType] = [
        Text.assemble(
            ("rewire demo", "bold"),
            f"   {scene.file}, release {scene.release}   {int(scene.seconds)} s   ",
            ("Ctrl-C ends it", "dim"),
        ),
        clients_table(scene.statuses, scene.tallies),
        _counts(scene),
        Text(),
        *(_line(hint, "cyan") for hint in scene.hints),
        Text(),
    ]
    # The table has a blank line, its header and a rule above its rows, and a blank line below.
    used = len(top) - 1 + len(scene.statuses) + 4
    room = max(height - used, 3)
    return Group(*top, *(_line(one.text, _GRAVITIES[one.gravity]) for one in newest[-room:]))


def clients_table(statuses: Iterable[ClientStatus], tallies: Mapping[str, Tally]) -> Table:
    """Return one row for each client; narrow terminals cut the last columns first."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=True)
    table.add_column("client", no_wrap=True)
    table.add_column("protocol", no_wrap=True)
    table.add_column("state", no_wrap=True)
    table.add_column("generation", no_wrap=True, justify="right")
    table.add_column("in flight", no_wrap=True)
    table.add_column("p50", no_wrap=True, justify="right")
    table.add_column("p95", no_wrap=True, justify="right")
    table.add_column("served", no_wrap=True, justify="right")
    table.add_column("newest", no_wrap=True)
    table.add_column("last error", no_wrap=True, overflow="ellipsis", style="dim")
    for status in statuses:
        table.add_row(*_row(status, tallies.get(status.id)))
    return table


def _row(status: ClientStatus, tally: Tally | None) -> tuple[RenderableType, ...]:
    times, error = status.response_time, status.last_error
    return (
        status.id,
        status.protocol,
        Text(status.state, style=_STATES.get(status.state, "dim")),
        str(status.generation),
        _in_flight(status),
        _time(times.p50),
        _time(times.p95),
        str(tally.counts["served"]) if tally is not None else "",
        tally.newest if tally is not None else "",
        Text(f"{error.code}: {error.message}" if error else ""),
    )


def _in_flight(status: ClientStatus) -> Text:
    """Show what is in flight, and what of it drains on generations that were replaced."""
    current = status.in_flight.get(status.generation, 0)
    draining = sum(status.in_flight.values()) - current
    return Text.assemble(str(current), (f" +{draining} draining" if draining else "", "yellow"))


def _time(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _counts(scene: Scene) -> Text:
    counts = totals(scene.tallies)
    line = Text()
    for column, label in LABELS.items():
        if counts[column] or column != "refused":
            style = _COLUMNS[column] if counts[column] or column == "lost" else ""
            style = "bold green" if column == "lost" and not counts[column] else style
            line.append(" · " if line else "").append(f"{label} ").append(
                str(counts[column]), style
            )
    return line


def _line(text: str, style: str) -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")
