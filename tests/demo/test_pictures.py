"""What the demo looks like: pictures as functions of a scene, compared with golden text."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from rewire.demo.file import bundled, move_ports
from rewire.demo.plain import PlainScreen, progress
from rewire.demo.report import Report
from rewire.demo.scene import Scene, describe, hints, in_order
from rewire.demo.table import LiveScreen, picture
from rewire.demo.tally import Tally
from rewire.demo.upstreams import ports
from rewire.events import DrainForced, GenerationRetired, Reconciled, StateChanged
from rewire.status import ClientStatus, Condition, ConnectionState, LastError, Origin, ResponseTime
from rewire.telemetry.wording import Sentence

if TYPE_CHECKING:
    from rich.console import RenderableType

NOW = datetime(2025, 1, 1, tzinfo=UTC)
FILE = "connections.toml"


def client(name: str, protocol: str = "http", **more: object) -> ClientStatus:
    """Describe a connected client."""
    known: dict[str, object] = {
        "id": name,
        "protocol": protocol,
        "state": ConnectionState.CONNECTED,
        "generation": 1,
        "observed_release": 2,
        "origin": Origin(file=FILE, line=1),
    }
    return ClientStatus.model_validate(known | more)


def tally(newest: str, **counts: int) -> Tally:
    """Make a tally with these counts."""
    made = Tally(newest=newest)
    made.counts.update(counts)  # type: ignore[arg-type]
    return made


STATUSES = (
    client(
        "catalog",
        generation=2,
        in_flight={1: 3, 2: 1},
        response_time=ResponseTime(last=0.002, p50=0.002, p95=0.0123, p99=0.1),
    ),
    client(
        "payments",
        state=ConnectionState.ERROR,
        last_error=LastError(time=NOW, code="ReadError", message="the peer cut the connection off"),
    ),
    client("prices", "websocket", in_flight={1: 1}),
    client("news", state=ConnectionState.IDLE, generation=0),
)
TALLIES = {
    "catalog": tally("green", served=1200),
    "payments": tally("503", served=90, upstream=14),
    "prices": tally("feed-a", served=400),
    "news": tally(""),
}


def scene(**more: object) -> Scene:
    """Return a scene with all of that."""
    known: dict[str, object] = {
        "file": FILE,
        "release": 2,
        "seconds": 12.7,
        "statuses": STATUSES,
        "tallies": TALLIES,
        "hints": ("edit this line", "or that"),
    }
    return Scene(**(known | more))  # type: ignore[arg-type]


def drawn(what: RenderableType, width: int = 110) -> list[str]:
    """Draw on a console that is a string."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_picture_of_a_scene() -> None:
    """Who, in which state, how fast, how much, and the newest error and events."""
    newest = (Sentence("info", "release 2: catalog replaced"), Sentence("debug", "closed"))
    assert drawn(picture(scene(), newest, 110, 40)) == [
        "rewire demo   connections.toml, release 2   12 s   Ctrl-C ends it",
        "",
        (
            " client    protocol   state      gen  in flight  draining     p50    p95  served"
            "  newest  last error"
        ),
        " " + "─" * 108,
        " catalog   http       connected    2          1         3  2.0 ms  12 ms    1200  green",
        (
            " payments  http       error        1          0                               90  503"
            "     ReadError: the pee…"
        ),
        " prices    websocket  connected    1          1                              400  feed-a",
        " news      http       idle         0          0                                0",
        "",
        "served 1690 · failed by the upstream 14 · lost 0",
        "",
        "edit this line",
        "or that",
        "",
        "release 2: catalog replaced",
        "closed",
    ]


def test_a_narrow_terminal_leaves_out_what_matters_least() -> None:
    """Eighty columns are enough for who, how, and where from."""
    long = tally("ReadTimeout", served=123_456)
    statuses = (*STATUSES, client("accounts", state=ConnectionState.DISCONNECTED))
    drawing = picture(scene(statuses=statuses, tallies=TALLIES | {"accounts": long}), (), 80, 24)
    lines = drawn(drawing, 80)
    assert lines[2:5] == [
        " client   state        gen in flight draining    p50   p95 served newest",
        " " + "─" * 76,
        " catalog  connected      2         1        3 2.0 ms 12 ms   1200 green",
    ]
    assert lines[8].split() == ["accounts", "disconnected", "1", "0", "123456", "ReadTimeout"]
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("height", [18, 24, 50])
def test_the_newest_events_get_the_lines_that_are_left(height: int) -> None:
    """The picture never scrolls the terminal; the newest of what happened stays in sight."""
    newest = tuple(Sentence("info", f"event {number}") for number in range(100))
    lines = drawn(picture(scene(), newest, 110, height))
    assert len(lines) == height
    assert lines[-1] == "event 99"


def test_a_client_that_is_held_back_says_why_instead_of_its_last_error() -> None:
    """That is what the person at the editor has to know."""
    condition = Condition(
        type="Reconciled",
        status=False,
        reason="WarmupFailed",
        message="refused",
        last_transition=NOW,
    )
    held = client("payments", conditions=(condition,), last_error=STATUSES[1].last_error)
    row = drawn(picture(scene(statuses=(held,)), (), 160, 24), 160)[4]
    assert row.endswith("503     held back: WarmupFailed: refused")


def test_an_error_that_says_nothing_beyond_its_name_is_named_once() -> None:
    """A column is narrow."""
    error = LastError(time=NOW, code="ReadError", message="ReadError")
    row = drawn(picture(scene(statuses=(client("news", last_error=error),)), (), 160, 24), 160)[4]
    assert row.endswith(" ReadError")
    assert "ReadError: " not in row


def test_a_long_line_is_broken_and_counted() -> None:
    """The part that an edit changed is often at its end."""
    newest = (Sentence("info", "release 2: " + "x" * 100 + " end"),)
    lines = drawn(picture(scene(), newest, 80, 24), 80)
    assert lines[-1].startswith("    ")
    assert lines[-1].endswith(" end")
    assert len(lines) <= 24


def test_losses_and_refusals_show_when_there_are_any() -> None:
    """A nought under "refused" would only raise a question."""
    bad = {"catalog": tally("401", served=1, refused=2, lost=3)}
    line = "served 1 · failed by the upstream 0 · refused, as the file asks 2 · lost 3"
    assert line in drawn(picture(scene(tallies=bad), (), 110, 40))
    assert progress(scene(tallies=bad)) == f" 12 s  {line}   catalog ← 401"


def test_the_plain_screen_prints_hints_once_and_a_line_a_second() -> None:
    """What happens in between is printed when it happens."""
    said: list[str] = []
    screen = PlainScreen(said.append)
    screen.open()
    for seconds in (0.0, 0.3, 1.1, 1.9, 2.2):
        screen.refresh(scene(seconds=seconds))
    screen.tell((Sentence("info", "release 3: news removed"),))
    screen.close()
    counts = "served 1690 · failed by the upstream 14 · lost 0   catalog ← green, prices ← feed-a"
    assert said == [
        "try    edit this line",
        "try    or that",
        f"  0 s  {counts}",
        f"  1 s  {counts}",
        f"  2 s  {counts}",
        "       release 3: news removed",
    ]


def test_the_live_screen_draws_what_happened_and_gives_the_terminal_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without colour it prints none; the last picture stays."""
    screen = LiveScreen(color=False)
    screen.open()
    screen.tell((Sentence("error", "connections.toml:5:1: error"),))
    screen.refresh(scene())
    screen.close()
    shown = capsys.readouterr().out
    assert "connections.toml:5:1: error" in shown
    assert "\x1b[31m" not in shown


# ── what is said ─────────────────────────────────────────────────────────────────────────────


def test_a_refusal_shows_its_excerpt_line_by_line() -> None:
    """The person who has made a mistake sees it where they look."""
    excerpt = "c.toml:5:1: error[RW001] oops\n  5 | x\n    | ^\n"
    event = Reconciled("refused", 3, "ManifestInvalid", "", 0.1, diagnostics=excerpt)
    assert describe(event) == (
        Sentence("error", "refused: release 3 keeps serving"),
        Sentence("error", "c.toml:5:1: error[RW001] oops"),
        Sentence("error", "  5 | x"),
        Sentence("error", "    | ^"),
    )


def test_the_log_says_what_an_edit_does_and_not_what_the_table_shows() -> None:
    """A change of state is in the table already."""
    idle, connected = ConnectionState.IDLE, ConnectionState.CONNECTED
    assert describe(StateChanged("news", idle, connected, "")) == ()
    assert [one.text for one in describe(GenerationRetired("news", 1, 2))] == [
        "news: generation 1 drains, 2 in flight"
    ]
    assert describe(DrainForced("news", 1, 2))[0].gravity == "warning"


@pytest.mark.parametrize("first", [9801, 20000])
def test_the_hints_name_the_line_and_the_other_server(first: int) -> None:
    """For the text as it is: after an edit they lead back."""
    text = move_ports(bundled(), first)
    blue, green = f"{first}", f"{first + 1}"
    line = text.split("\n").index(f'base_url = "http://127.0.0.1:{blue}"') + 1
    assert hints(FILE, text, ports(first))[0] == (
        f"edit {FILE}:{line}, base_url: {blue} → {green}: traffic moves to green"
    )
    moved = text.replace(f':{blue}"', f':{green}"', 1)
    assert hints(FILE, moved, ports(first))[0] == (
        f"edit {FILE}:{line}, base_url: {green} → {blue}: traffic moves to blue"
    )


def test_a_file_without_the_line_gets_no_hint_for_it() -> None:
    """Nobody is sent to a line that is not there."""
    assert hints(FILE, "", ports()) == (
        f"or break {FILE}: take a quote away, save, look, and mend it",
    )


def test_the_demos_clients_come_first_in_the_order_of_the_file() -> None:
    """What a person adds follows, by name."""
    names = ("zebra", "ant", "prices", "catalog")
    ordered = in_order(tuple(map(client, names)))
    assert [one.id for one in ordered] == ["catalog", "prices", "ant", "zebra"]


# ── the summary ──────────────────────────────────────────────────────────────────────────────


def report(strict: bool = False, unanswered: int = 0, **counts: int) -> Report:
    """Return the report of a demo that counted this."""
    tallies = {"catalog": tally("", **counts)}
    return Report(20.4, 3, 2, 1, tallies, strict, unanswered)


@pytest.mark.parametrize(
    ("made", "ok"),
    [
        (report(served=5, upstream=3), True),
        (report(refused=1), True),
        (report(lost=1), False),
        (report(strict=True, refused=1), False),
        (report(strict=True, served=1), True),
        (report(unanswered=1), False),
    ],
)
def test_a_demo_is_fine_when_nothing_was_lost(made: Report, ok: bool) -> None:
    """Edits of the demo's own ask for no refusal either, and each gets its verdict."""
    assert made.ok is ok


def test_the_summary_counts_and_names_what_was_lost() -> None:
    """A failure can be told from the summary alone."""
    made = report(served=5, upstream=1, unanswered=1)
    for word in ("ReadError", "ReadError", "401"):
        made.tallies["catalog"].add("refused" if word == "401" else "lost", word)
    assert list(made.lines()) == [
        "after 20 s: edits: 2 applied, 1 refused; release 3 serves",
        "served 5 · failed by the upstream 1 · refused, as the file asks 1 · lost 2",
        "  1 edits got no verdict",
        "  lost by catalog: 2, ReadError",
        "  refused by catalog: 1, 401",
    ]
