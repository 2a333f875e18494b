"""The commands that ask a running runtime: what they print, and their exit codes."""

from __future__ import annotations

import json
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import Process, rewire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Place

TEXT = """\
version = 1

[http.api]
base_url = "http://127.0.0.1:{port}"
timeout.read = "30s"

[http.down]
base_url = "http://127.0.0.1:1"
enabled = false
"""


@pytest.fixture
def text(listening: int) -> str:
    """Return a manifest of one client that can connect, and one that is off."""
    return TEXT.format(port=listening)


@pytest.fixture
def listening() -> Iterator[int]:
    """Listen on a port; a connection is all that a check asks for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def runtime(place: Place, text: str) -> Iterator[Process]:
    """Run the manifest, edited by `rewire reload` alone."""
    place.write(text)
    with place.start("--no-watch") as process:
        process.wait_for("^running")
        yield process


@pytest.mark.parametrize("command", [["status"], ["check"], ["reload"], ["status", "api"]])
def test_without_a_runtime_every_command_is_exit_2(command: list[str], place: Place) -> None:
    """It says which manifest was meant, and how to start one."""
    ended = place.ask(*command)
    assert ended.code == 2
    assert ended.err == (
        "error: no runtime of connections.toml is reached: it is not running\n"
        "  help: start one with: rewire run connections.toml\n"
    )


def test_status_shows_every_client_and_fails_with_one_that_is_in_trouble(
    place: Place, runtime: Process, text: str
) -> None:
    """Exit 0 while all is well; a table for people, the whole status for programs."""
    ended = place.ask("status")
    assert ended.code == 0, ended.out
    lines = ended.out.splitlines()
    assert lines[0] == "connections.toml: release 1, watch off"
    assert [line.split()[:3] for line in lines[1:]] == [
        ["ID", "PROTOCOL", "STATE"],
        ["api", "http", "idle"],
        ["down", "http", "disabled"],
    ]
    whole = json.loads(place.ask("status", "-o", "json").out)
    assert [client["id"] for client in whole["clients"]] == ["api", "down"]
    assert json.loads(place.ask("status", "api", "-o", "json").out) == whole["clients"][0]
    place.write(text.replace("enabled = false", ""))
    assert place.ask("reload").code == 0
    assert place.ask("check", "down").code == 1
    ended = place.ask("status", "down")
    assert ended.code == 1
    assert "error" in ended.out
    assert place.ask("status", "api").code == 0


def test_a_watched_status_is_shown_again_when_it_changes(
    place: Place, runtime: Process, text: str
) -> None:
    """Until ^C, which is no failure."""
    with Process("status", "-w", cwd=place.folder, env=place.env) as watching:
        watching.wait_for("^connections.toml: release 1")
        place.write(text.replace("30s", "20s"))
        assert place.ask("reload").code == 0
        watching.wait_for("^connections.toml: release 2")
        watching.signal(signal.SIGINT)
        assert watching.end() == 0


@pytest.mark.parametrize("command", ["status", "check"])
def test_an_unknown_client_is_answered_with_the_one_that_was_meant(
    command: str, place: Place, runtime: Process
) -> None:
    """Exit 1: the runtime was reached."""
    ended = place.ask(command, "apl")
    assert ended.code == 1
    assert ended.err == ('error: no client is declared under the id "apl"; did you mean "api"?\n')
    assert place.ask(command, "a/b?c").code == 1


def test_check_opens_a_connection_of_each_client(place: Place, runtime: Process, text: str) -> None:
    """One line a client; exit 1 if one could not connect. A disabled one is not asked unasked."""
    ended = place.ask("check")
    assert ended.code == 0, ended.err
    assert ended.out.startswith("http.api: connected (")
    assert len(ended.out.splitlines()) == 1
    place.write(text.replace("enabled = false", ""))
    assert place.ask("reload").code == 0
    ended = place.ask("check")
    assert ended.code == 1
    assert ended.out.splitlines()[1].startswith("http.down: error: ")


def test_the_verdict_of_a_reload_is_its_exit_code(
    place: Place, runtime: Process, text: str
) -> None:
    """0 applied, 1 refused with the diagnostics, 3 held back, 4 no verdict in time."""
    place.write(text.replace("30s", "20s"))
    ended = place.ask("reload", "--wait", "20s")
    assert ended.code == 0, ended.err
    assert 'timeout.read "30s" → "20s"' in ended.out
    assert "applied: release 2 (" in ended.out
    assert place.ask("reload").out.startswith("unchanged: release 2 (")

    place.write(text + "time_out = 1\n")
    ended = place.ask("reload")
    assert ended.code == 1
    assert 'connections.toml:10:1: error[RW103] unknown key "time_out"' in ended.err
    assert "error: the manifest is refused (ManifestInvalid); release 2 keeps serving" in ended.err
    status = place.ask("status")
    assert status.code == 1
    assert "connections.toml:10:1: error[RW103]" in status.out

    place.write(text + 'auth.bearer = "${REWIRE_NO_SUCH_VARIABLE}"\n')
    ended = place.ask("reload")
    assert ended.code == 3
    assert "held back: down: SecretMissing: " in ended.err
    status = place.ask("status")
    assert status.code == 1
    assert "down is held back: SecretMissing: " in status.out

    ended = place.ask("reload", "--wait", "0s")
    assert ended.code == 4
    assert "error: no verdict within 0 s; the reload goes on" in ended.err


@pytest.mark.parametrize("wait", ["soon", "-1s", "11m", "1h", "1 s"])
def test_a_wait_that_is_no_duration_is_wrong_usage(wait: str) -> None:
    """Exit 2, before anybody is asked."""
    ended = rewire("reload", f"--wait={wait}")
    assert ended.code == 2
    assert f'"{wait}" is no duration such as "30s"' in ended.err


def test_plan_asks_the_runtime_what_a_file_would_change(
    place: Place, runtime: Process, text: str, write_new: Callable[[str], Path]
) -> None:
    """The running manifest by itself, or another file against it; nothing is changed by asking."""
    assert place.ask("plan").out == "nothing to change, 2 unchanged\n"
    write_new(text.replace("30s", "20s"))
    assert place.ask("plan", "new.toml").code == 2
    ended = place.ask("plan", "new.toml", "-m", "connections.toml", "--detailed-exitcode")
    assert ended.code == 2
    assert 'timeout.read  "30s" → "20s"' in ended.out
    assert place.ask("plan", "--detailed-exitcode").code == 0
    write_new(text + 'headers.X = "${file:/etc/hostname}"\nauth.bearer = "${HOME}"\n')
    ended = place.ask("plan", "new.toml", "-m", "connections.toml", "--format", "json")
    (change,) = json.loads(ended.out)["changes"]
    assert [field["after"] for field in change["fields"]] == ["${HOME}", "${file:/etc/hostname}"]


@pytest.fixture
def write_new(place: Place) -> Callable[[str], Path]:
    """Return a function that writes a manifest beside the one that runs."""

    def write(text: str) -> Path:
        path = place.folder / "new.toml"
        path.write_text(text)
        return path

    return write


def test_a_runtime_is_found_by_any_name_of_its_manifest(place: Place, runtime: Process) -> None:
    """By a link, by a relative path, by REWIRE_MANIFEST."""
    link = place.folder / "link.toml"
    link.symlink_to(place.manifest)
    for name in (link, "./connections.toml", place.manifest):
        assert place.ask("status", "-m", name).code == 0
    env = {"XDG_RUNTIME_DIR": place.env["XDG_RUNTIME_DIR"], "REWIRE_MANIFEST": str(link)}
    assert rewire("status", env=env).code == 0
