"""What is said when something happens."""

from __future__ import annotations

import pytest

from rewire.events import (
    DrainForced,
    GenerationClosed,
    GenerationRetired,
    Happening,
    Reconciled,
    SourceChanged,
    StateChanged,
)
from rewire.status import ConnectionState
from rewire.telemetry.wording import duration, headlines, words

SERVES = "manifest refused, release 4 keeps serving: "
FULL = """\
a.toml:5:1: error[RW103] unknown key "time_out" in [http.github]
  5 | time_out = "5s"
    | ^^^^^^^^ help: did you mean "timeout"?
a.toml:9:1: error[RW101] missing key
  9 | [http.x]"""


def reconciled(result: str = "applied", release: int = 4, **more: object) -> Reconciled:
    """Make the end of a reconcile that took 12 ms."""
    return Reconciled(result, release, "Reason", "d1", 0.012, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("happening", "said"),
    [
        (
            reconciled(lines=("~ http.a in place", "- http.b")),
            [
                ("info", "release 4: ~ http.a in place (12 ms)"),
                ("info", "release 4: - http.b (12 ms)"),
            ],
        ),
        (reconciled(), [("info", "release 4: no client changed (12 ms)")]),
        (
            reconciled(lines=("+ http.a",), held_back=("b", "c")),
            [
                ("info", "release 4: + http.a (12 ms)"),
                ("warning", "release 4: held back, tried again: b, c"),
            ],
        ),
        (
            reconciled("refused", diagnostics=FULL),
            [
                (
                    "error",
                    SERVES + FULL.rpartition("\na.toml")[0],
                ),
                (
                    "error",
                    SERVES + "a.toml:9:1: error[RW101] missing key\n  9 | [http.x]",
                ),
            ],
        ),
        (reconciled("refused", 0), [("error", "manifest refused: Reason")]),
        (
            reconciled("unchanged"),
            [("info", "release 4: the manifest says again what runs (12 ms)")],
        ),
        (reconciled("superseded"), [("debug", "superseded by a newer manifest")]),
        (
            StateChanged("a", ConnectionState.IDLE, ConnectionState.CONNECTING, "opening"),
            [("info", "a: idle → connecting (opening)")],
        ),
        (GenerationRetired("a", 3, 2), [("debug", "a: generation 3 drains, 2 in flight")]),
        (GenerationClosed("a", 3), [("debug", "a: generation 3 closed")]),
        (GenerationClosed("a", 3, "OSError"), [("warning", "a: generation 3 closed: OSError")]),
        (
            DrainForced("a", 3, 1, ("GET /x",)),
            [("warning", "a: 1 call was cut off, the drain of generation 3 is over: GET /x")],
        ),
        (
            DrainForced("a", 3, 2),
            [("warning", "a: 2 calls were cut off, the drain of generation 3 is over")],
        ),
        (SourceChanged("SourceMissing", "a.toml"), [("warning", "SourceMissing: a.toml")]),
        (SourceChanged("SourceFound", "a.toml"), [("info", "SourceFound: a.toml")]),
    ],
)
def test_every_happening_has_its_words(happening: Happening, said: list[tuple[str, str]]) -> None:
    """Each happening is said in these words, with this gravity."""
    assert [(one.gravity, one.text) for one in words(happening)] == said


def test_headlines_are_the_lines_that_are_not_indented() -> None:
    """Of rendered diagnostics the excerpts are left out."""
    assert [line.partition(": ")[0] for line in headlines(FULL)] == ["a.toml:5:1", "a.toml:9:1"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.0032, "3.2 ms"), (0.12, "120 ms"), (1.0, "1.00 s"), (2.5, "2.50 s")]
)
def test_a_duration_reads_well_at_every_size(seconds: float, text: str) -> None:
    """Small times keep a digit, long ones become seconds."""
    assert duration(seconds) == text
