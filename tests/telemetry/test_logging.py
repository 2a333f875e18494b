"""Events become records of the logger `rewire`."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from rewire.events import DrainForced, Event, Happening, Reconciled, StateChanged
from rewire.status import ConnectionState
from rewire.telemetry.logging import log_event

REFUSED = Reconciled(
    "refused", 3, "ManifestInvalid", "d", 0.001, diagnostics="a.toml:5:1: error[RW103] unknown key"
)
APPLIED = Reconciled("applied", 4, "Applied", "d", 0.001, lines=("+ http.a", "+ http.b"))
CHANGED = StateChanged("a", ConnectionState.IDLE, ConnectionState.ERROR, "ConnectError")


@pytest.mark.parametrize(
    ("happening", "levels"),
    [
        (REFUSED, [logging.ERROR]),
        (APPLIED, [logging.INFO, logging.INFO]),
        (DrainForced("a", 1, 1), [logging.WARNING]),
        (CHANGED, [logging.INFO]),
    ],
)
def test_an_event_is_logged_at_the_level_of_its_gravity(
    happening: Happening, levels: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    """One record a sentence, refusals as errors, forced drains as warnings."""
    with caplog.at_level(logging.DEBUG, "rewire"):
        log_event(Event(7, happening))
    assert [record.levelno for record in caplog.records] == levels
    assert {record.name for record in caplog.records} == {"rewire"}


def test_a_refusal_is_logged_with_file_line_and_column(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever embeds a manager reads in the log where the mistake is."""
    log_event(Event(1, REFUSED))
    assert "release 3 keeps serving: a.toml:5:1: error[RW103]" in caplog.text


def test_a_record_carries_its_event(caplog: pytest.LogCaptureFixture) -> None:
    """A handler that wants more than words has the event."""
    event = Event(1, REFUSED)
    log_event(event)
    assert [record.event for record in caplog.records] == [event]


def test_a_percent_sign_in_a_message_is_only_a_percent_sign(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What a manifest says is never taken for a format."""
    log_event(Event(1, DrainForced("a", 1, 1, ("GET /%s",))))
    assert caplog.records[0].getMessage().endswith("GET /%s")


def test_importing_it_installs_nothing() -> None:
    """The library adds no handler and sets no level."""
    code = (
        "import logging, rewire.telemetry.logging;"
        "logger = logging.getLogger('rewire');"
        "assert logger.handlers == [] and logger.level == logging.NOTSET"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
