"""The demo on a terminal: a live table, the newest events, and what to try; drawn by rich.

Everything that is drawn is a function of the scene; :class:`LiveScreen` only shows it. This is
the one module of the demo that imports rich, which is an extra.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rewire.demo.scene import LABELS, held_back, totals
from rewire.demo.tally import Tally
from rewire.status import ConnectionState
from rewire.telemetry.wording import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rich.console import RenderableType

    from rewire.demo.scene import Scene
    from rewire.demo.tally import Column
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
WIDE = 100
"""From this width on there is room for every column."""
WIDEST = 160


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
        width, height = self._console.size
        drawn = picture(scene, tuple(self._newest), width, height - 1)
        self._live.update(drawn, refresh=True)

    def close(self) -> None:
        """Give the terminal back, with the last picture on it."""
        self._live.stop()


def picture(scene: Scene, newest: tuple[Sentence, ...], width: int, height: int) -> RenderableType:
    """Return the whole picture, in at most ``height`` lines if there is room for the rest."""
    top: list[RenderableType] = [
        Text.assemble(
            ("rewire demo", "bold"),
            f"   {scene.file}, release {scene.release}   {int(scene.seconds)} s   ",
            ("Ctrl-C ends it", "dim"),
        ),
        clients_table(scene.statuses, scene.tallies, width),
        _counts(scene),
        Text(),
        *(line for hint in scene.hints for line in _lines(hint, width, "cyan")),
        Text(),
    ]
    # The table has a blank line, its header and a rule above its rows, and a blank line below.
    room = max(height - (len(top) - 1 + len(scene.statuses) + 4), 3)
    news = [line for one in newest for line in _lines(one.text, width, _GRAVITIES[one.gravity])]
    return Group(*top, *news[-room:])


def clients_table(
    statuses: Iterable[ClientStatus], tallies: Mapping[str, Tally], width: int
) -> Table:
    """Return one row for each client; what a narrow terminal has no room for is left out."""
    shown = [column for column in _TABLE if width >= column.from_width]
    wide = width >= WIDE
    table = Table(
        box=SIMPLE_HEAD,
        padding=(0, 1 if wide else 0, 0, 0),
        pad_edge=False,
        width=min(width, WIDEST) if wide else None,
    )
    for column in shown:
        table.add_column(
            column.title,
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if column.number else "left",
            ratio=column.ratio,
        )
    for status in statuses:
        tally = tallies.get(status.id) or Tally()
        table.add_row(*(column.cell(status, tally) for column in shown))
    return table


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    cell: Callable[[ClientStatus, Tally], RenderableType]
    number: bool = False
    from_width: int = 0
    ratio: int | None = None


def _state(status: ClientStatus, _: Tally) -> Text:
    return Text(status.state, style=_STATES.get(status.state, "dim"))


def _in_flight(status: ClientStatus) -> int:
    return status.in_flight.get(status.generation, 0)


def _draining(status: ClientStatus, _: Tally) -> Text:
    """Return what is in flight on generations that were replaced."""
    left = sum(status.in_flight.values()) - _in_flight(status)
    return Text(str(left) if left else "", style="yellow")


def _last_error(status: ClientStatus, _: Tally) -> Text:
    held = held_back(status)
    if held is not None:
        return Text(f"held back: {held}", style="red")
    error = status.last_error
    if error is None:
        return Text()
    same = error.message in {"", error.code}
    return Text(error.code if same else f"{error.code}: {error.message}", style="dim")


_TABLE = (
    _Column("client", lambda status, _: status.id),
    _Column("protocol", lambda status, _: status.protocol, from_width=WIDE),
    _Column("state", _state),
    _Column("gen", lambda status, _: str(status.generation), number=True),
    _Column("in flight", lambda status, _: str(_in_flight(status)), number=True),
    _Column("draining", _draining, number=True),
    _Column("p50", lambda status, _: _time(status.response_time.p50), number=True),
    _Column("p95", lambda status, _: _time(status.response_time.p95), number=True),
    _Column("served", lambda _, tally: str(tally.counts["served"]), number=True),
    _Column("newest", lambda _, tally: tally.newest),
    _Column("last error", _last_error, from_width=WIDE, ratio=1),
)


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


def _lines(text: str, width: int, style: str) -> list[Text]:
    """Break a text into lines here, so that it is known how many there are."""
    broken = wrap(text, width - 1, subsequent_indent="    ", drop_whitespace=False)
    return [Text(line, style=style, no_wrap=True) for line in broken]
