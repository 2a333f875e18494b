"""What happens in the runtime, as lines on its terminal: one for each reconcile.

The source is the log, so that whatever else the manager says there is seen too. An event is shown
once, in full: of a refused manifest every diagnostic with its excerpt. Refusals and warnings go
to stderr. A terminal that is gone stops nobody's connections.
"""

from __future__ import annotations

import contextlib
import logging
import re
from typing import TYPE_CHECKING, Self

from rewire.cli.terminal import paint, say
from rewire.events import Event, Reconciled, StateChanged
from rewire.status import ConnectionState
from rewire.telemetry.wording import duration, words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.events import Happening

__all__ = ["Reports"]

MOST_LINES = 50
TROUBLE = (ConnectionState.ERROR, ConnectionState.DISCONNECTED)
_TAG = re.compile(r"(error|warning)(\[RW\d+\])")
_COLORS = {"error": "red", "warning": "yellow"}


class Reports(logging.Handler):
    """Print the records of the logger ``rewire`` while it is entered."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self._logger = logging.getLogger("rewire")
        self._before = (self._logger.level, self._logger.propagate)
        self._shown = 0

    def __enter__(self) -> Self:
        self._before = (self._logger.level, self._logger.propagate)
        self._logger.setLevel(logging.INFO)
        self._logger.propagate = False
        self._logger.addHandler(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._logger.removeHandler(self)
        self._logger.level, self._logger.propagate = self._before

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, or the event that it is a part of."""
        event = getattr(record, "event", None)
        with contextlib.suppress(OSError):
            if not isinstance(event, Event):
                self._print_other(record)
            elif event.number > self._shown:
                self._shown = event.number
                for text, grave in _lines(event.happening):
                    say(text, error=grave)

    def _print_other(self, record: logging.LogRecord) -> None:
        grave = record.levelno > logging.INFO
        tag = record.levelname.lower()
        prefix = f"{paint(tag, error=True, fg=_COLORS.get(tag))}: " if grave else ""
        say(prefix + record.getMessage(), error=grave)
        if record.exc_info:
            say(logging.Formatter().formatException(record.exc_info), error=True)


def _lines(happening: Happening) -> Iterator[tuple[str, bool]]:
    """Yield what to print, and whether it is grave."""
    if isinstance(happening, Reconciled) and happening.result == "refused":
        yield _refusal(happening), True
    elif isinstance(happening, Reconciled) and len(happening.lines) > 1:
        yield from _many(happening)
    elif not isinstance(happening, StateChanged) or _notable(happening):
        for sentence in words(happening):
            grave = sentence.gravity != "info"
            yield paint(sentence.text, error=True, fg="yellow") if grave else sentence.text, grave


def _notable(change: StateChanged) -> bool:
    # A replaced HTTP client goes through idle and connecting at every edit; that it is in trouble,
    # or is out of it, is worth a line.
    recovered = change.before in TROUBLE and change.after is ConnectionState.CONNECTED
    return change.after in TROUBLE or recovered


def _refusal(event: Reconciled) -> str:
    serves = f"; release {event.release} keeps serving" if event.release else ""
    head = f"refused ({event.reason}) in {duration(event.seconds)}{serves}"
    return f"{_tinted(event.diagnostics or event.reason)}\n{paint(head, error=True, bold=True)}"


def _tinted(diagnostics: str) -> str:
    return _TAG.sub(
        lambda tag: paint(tag[0], error=True, fg=_COLORS[tag[1]], bold=True), diagnostics
    )


def _many(event: Reconciled) -> Iterator[tuple[str, bool]]:
    count = len(event.lines)
    yield f"release {event.release}: {count} changes ({duration(event.seconds)})", False
    for line in event.lines[:MOST_LINES]:
        yield f"  {line}", False
    if count > MOST_LINES:
        yield f"  … and {count - MOST_LINES} more", False
    if event.held_back:
        held = f"held back, tried again: {', '.join(event.held_back)}"
        yield paint(held, error=True, fg="yellow"), True
