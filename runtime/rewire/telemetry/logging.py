"""Events as records of the logger ``rewire``; the application decides where those go.

No handler is installed and no level is set: a manager that is embedded says nothing unless asked,
beyond the warnings and errors that Python prints by itself. A record carries the event as
``record.event``, for handlers that want more than words.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rewire.telemetry.wording import words

if TYPE_CHECKING:
    from rewire.events import Event

__all__ = ["log_event"]

logger = logging.getLogger("rewire")

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


def log_event(event: Event) -> None:
    """Log what happened, one record a sentence."""
    for sentence in words(event.happening):
        logger.log(_LEVELS[sentence.gravity], "%s", sentence.text, extra={"event": event})
