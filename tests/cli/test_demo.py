"""`rewire demo` as a person has it: a real process, real upstreams, real edits."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.cli import demo
from rewire.demo import show as show_module
from rewire.demo.plain import PlainScreen
from rewire.demo.upstreams import FIRST_PORT, NAMES
from rewire.errors import ManifestError
from tests.cli.shell import PATIENCE, Process, rewire, run_rewire
from tests.fakes.port_row import free_row

if TYPE_CHECKING:
    from tests.cli.conftest import Place


@pytest.fixture
def first_port() -> int:
    """Return the first of seven free ports in a row."""
    return free_row(len(NAMES))


def test_the_demo_edits_its_manifest_and_loses_nothing(place: Place, first_port: int) -> None:
    """It ends by itself with 0, having made edits that were applied and one that was refused."""
    ended = run_rewire(
        "demo", "--for", "4s", "--edit", "--port-base", first_port, cwd=place.folder, env=place.env
    )
    assert ended.code == 0, ended.out + ended.err
    assert ended.err == ""
    assert "edit: catalog moves from blue to green" in ended.out
    assert re.search(r"edits: [1-9]\d* applied, [1-9]\d* refused; release \d+ serves", ended.out)
    assert re.search(r"^served [1-9]\d* · .* · lost 0$", ended.out, re.MULTILINE)
    assert "catalog ← green" in ended.out
    assert list(place.folder.iterdir()) == []


def test_a_person_edits_breaks_and_mends_the_file(place: Place, first_port: int) -> None:
    """Each edit gets its line; Ctrl-C ends it with 0, and the copy is gone."""
    with Process("demo", "--port-base", first_port, cwd=place.folder, env=place.env) as process:
        said = process.wait_for("is a copy with ports from")
        path = Path(said.partition(" is a copy")[0])
        process.wait_for(f"try    edit .*:[0-9]+, base_url: {first_port} → {first_port + 1}")
        process.wait_for("catalog ← blue")
        text = path.read_text("utf-8")
        moved = text.replace(str(first_port), str(first_port + 1))
        path.write_text(moved, "utf-8")
        process.wait_for("release 2: .*catalog")
        process.wait_for("catalog ← green")
        path.write_text(moved.replace("[http.news]", "[http.news"), "utf-8")
        process.wait_for("refused: release 2 keeps serving")
        process.wait_for(r"error\[RW0")
        path.write_text(moved.replace(f"{first_port + 4}", "1"), "utf-8")
        process.wait_for("held back.*: news")
        process.wait_for("news: WarmupFailed.*generation 1 serves")
        path.write_text(text, "utf-8")
        process.wait_for("catalog ← blue")
        process.signal(signal.SIGINT)
        assert process.end() == 0
    assert "lost 0" in process.seen[-1]
    assert not path.parent.exists()


def test_a_taken_port_says_which_and_how_to_go_on(place: Place, first_port: int) -> None:
    """The newcomer whose port is taken is not lost."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first_port + 2))
        taken.listen()
        ended = place.ask("demo", "--for", "1s", "--port-base", first_port)
    assert ended.code == 1
    assert f'port {first_port + 2} of the upstream "slow" is taken' in ended.err
    assert f"rewire demo --port-base {first_port + 100}" in ended.err


def test_a_terminal_shows_the_live_table(place: Place, first_port: int) -> None:
    """Drawn by rich; the summary follows it."""
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "rewire",
        "demo",
        "--for",
        "1s",
        "--port-base",
        str(first_port),
    ]
    env = {**place.env, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"}
    with subprocess.Popen(
        command, cwd=place.folder, env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = b""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                part = os.read(ours, 65536)
            except OSError:  # so Linux says that the other side has closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    assert b"in flight" in shown
    assert b"last error" in shown
    assert b"connected" in shown
    assert "· lost 0" in shown.decode().splitlines()[-1]


@pytest.mark.parametrize("wrong", ["20", "soon", "-1s", ""])
def test_a_time_without_a_unit_is_a_usage_error(wrong: str) -> None:
    """Durations are written as in the manifest."""
    ended = rewire("demo", f"--for={wrong}")
    assert ended.code == 2
    assert "a duration with a unit" in ended.err


@pytest.mark.parametrize("wrong", ["80", "65530", "x"])
def test_a_port_base_that_leaves_no_room_is_a_usage_error(wrong: str) -> None:
    """Seven ports must fit, none of them privileged."""
    assert rewire("demo", "--port-base", wrong).code == 2


def test_the_ports_of_the_command_are_those_of_the_demo() -> None:
    """The command's file does not import the demo's before it has to."""
    assert demo.FIRST_PORT == FIRST_PORT
    assert demo.LAST_FIRST_PORT + len(NAMES) - 1 == 65_535


def test_a_mistake_in_the_demos_manifest_is_shown_before_the_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With its excerpt, and what to do."""

    async def refuse(*_: object) -> None:
        raise ManifestError((), "connections.toml:5:1: error[RW011] …")

    monkeypatch.setattr(show_module, "show", refuse)
    ended = rewire("demo", "--for", "1s")
    assert ended.code == 1
    assert ended.err.startswith("connections.toml:5:1: error[RW011] …\n")
    assert "mend it, or move it away" in ended.err


def test_without_rich_there_are_lines_and_a_word_about_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The base install shows the same, less prettily."""
    monkeypatch.setattr(demo, "find_spec", lambda _: None)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert isinstance(demo._screen(plain=False), PlainScreen)
    assert capsys.readouterr().out == "for a live table: pip install 'rewire[rich]'\n"
    assert isinstance(demo._screen(plain=True), PlainScreen)
    assert capsys.readouterr().out == ""
