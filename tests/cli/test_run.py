"""`rewire run`: a real process, a real file, real signals."""

from __future__ import annotations

import base64
import hashlib
import json
import signal
import socket
import stat
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rewire.admin.rendezvous import socket_path
from tests.cli.shell import PATIENCE, Process, run_rewire

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Place

VALID = 'version = 1\n\n[http.api]\nbase_url = "http://127.0.0.1:9"\ntimeout.read = "30s"\n'
EDITED = VALID.replace("30s", "20s")
BROKEN = VALID + 'time_out = "5s"\n'


def status_of(path: Path) -> dict[str, object]:
    """Read a status file."""
    status: dict[str, object] = json.loads(path.read_text())
    return status


def test_an_edit_is_one_line_that_says_what_where_how_and_how_long(place: Place) -> None:
    """The line names client, class, file and line, field, values, and milliseconds."""
    place.write(VALID)
    with place.start() as runtime:
        runtime.wait_for(r"^release 1: \+ \[http\.api\] create at connections\.toml:3 \(.* ms\)$")
        runtime.wait_for("^running 1 client of connections.toml as process ")
        place.write(EDITED)
        runtime.wait_for(
            r"^release 2: ~ \[http\.api\] in place at connections\.toml:5: "
            r'timeout\.read "30s" → "20s" \([0-9.]+ ms\)$'
        )


def test_fault_13_a_mistake_is_shown_where_it_is_and_its_correction_is_applied(
    place: Place,
) -> None:
    """The diagnostic comes at once, with the text; what ran goes on."""
    place.write(VALID)
    with place.start() as runtime:
        runtime.wait_for("^running")
        place.write(BROKEN)
        runtime.wait_for(r'^connections\.toml:6:1: error\[RW103\] unknown key "time_out" in \[http')
        runtime.wait_for(r'^  6 \| time_out = "5s"$')
        runtime.wait_for(r'^    \| \^{8} help: did you mean "timeout"\?$')
        runtime.wait_for(r"^refused \(ManifestInvalid\) in [0-9.]+ ms; release 1 keeps serving$")
        place.write(EDITED)
        runtime.wait_for(r"^release 2: ~ \[http\.api\] in place")


def test_fault_62_sighup_reloads_now(place: Place) -> None:
    """Without watching an edit waits for it; without an edit it says so."""
    place.write(VALID)
    with place.start("--no-watch") as runtime:
        runtime.wait_for("^running")
        place.write(EDITED)
        runtime.signal(signal.SIGHUP)
        runtime.wait_for(r"^release 2: ~ \[http\.api\] in place")
        runtime.signal(signal.SIGHUP)
        runtime.wait_for("^SIGHUP: release 2 is what the manifest says$")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_fault_61_a_signal_drains_and_ends_with_0(place: Place, number: signal.Signals) -> None:
    """Nothing is left behind: no socket, no traceback."""
    place.write(VALID)
    with place.start() as runtime:
        runtime.wait_for("^running")
        path = socket_path(place.manifest, place.env)
        assert path.is_socket()
        runtime.signal(number)
        assert runtime.end() == 0
    assert runtime.seen[-2:] == ["draining; a second signal stops at once", "stopped"]
    assert not path.exists()


@pytest.fixture
def deaf_server() -> Iterator[tuple[int, threading.Event]]:
    """Serve one WebSocket that never says goodbye; yield its port, and when it is open."""
    opened = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(PATIENCE)

        def serve() -> None:
            peer, _ = listener.accept()
            peers.append(peer)
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += peer.recv(4096)
            (key,) = (
                line.partition(b":")[2].strip()
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"sec-websocket-key:")
            )
            magic = key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
            accept = base64.b64encode(hashlib.sha1(magic).digest())  # noqa: S324 -- RFC 6455
            peer.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )
            opened.set()

        peers: list[socket.socket] = []
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1], opened
        thread.join()
        for peer in peers:
            peer.close()


def test_fault_61_a_second_signal_stops_at_once(
    place: Place, deaf_server: tuple[int, threading.Event]
) -> None:
    """The drain waits for a peer that does not answer; whoever asks twice does not."""
    port, opened = deaf_server
    place.write(
        f'version = 1\n[websocket.deaf]\nurl = "ws://127.0.0.1:{port}"\nclose_timeout = "1h"\n'
        'drain.timeout = "1h"\ndrain.stream_timeout = "1h"\n'
    )
    with place.start() as runtime:
        runtime.wait_for("^running")
        assert opened.wait(PATIENCE)
        runtime.signal(signal.SIGTERM)
        runtime.wait_for("^draining")
        runtime.signal(signal.SIGTERM)
        assert runtime.end() == 128 + signal.SIGTERM
    assert runtime.seen[-1] == "stopped at once"
    assert not socket_path(place.manifest, place.env).exists()


def test_a_manifest_that_is_invalid_at_the_start_is_exit_1(place: Place) -> None:
    """Every diagnostic is shown, and the status file tells the same."""
    place.write(BROKEN)
    ended = run_rewire("run", "--status-file", "status.json", cwd=place.folder, env=place.env)
    assert ended.code == 1
    assert ended.err.startswith("connections.toml:6:1: error[RW103] unknown key")
    assert ended.err.count("error[") == 1
    assert status_of(place.folder / "status.json")["release"] == 0


def test_a_manifest_that_is_missing_is_exit_2(place: Place) -> None:
    """The object, the reason, and the way out."""
    ended = run_rewire("run", "nope.toml", cwd=place.folder, env=place.env)
    assert (ended.code, ended.err) == (
        2,
        "error: nope.toml: No such file or directory\n  help: name the manifest: rewire run FILE\n",
    )


def test_the_status_file_acknowledges_every_reconcile(place: Place) -> None:
    """It names the digest of the text that was tried and of the one that runs, and is 0600."""
    place.write(VALID)
    path = place.folder / "status.json"
    with place.start("--status-file", path) as runtime:
        runtime.wait_for("^running")
        runtime_digest = hashlib.sha256(VALID.encode()).hexdigest()
        first = status_of(path)
        assert (first["release"], first["last_applied_digest"]) == (1, runtime_digest)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        place.write(BROKEN)
        runtime.wait_for("^refused")
        assert place.ask("reload").code == 1
        runtime.signal(signal.SIGTERM)
        assert runtime.end() == 0
    last = status_of(path)
    assert last["last_applied_digest"] == runtime_digest
    assert last["last_attempted_digest"] == hashlib.sha256(BROKEN.encode()).hexdigest()
    reload = last["last_reload"]
    assert isinstance(reload, dict)
    assert (reload["result"], reload["diagnostics"][0]["line"]) == ("refused", 6)


def test_a_status_file_that_cannot_be_written_disturbs_nobody(place: Place) -> None:
    """It is said once, and edits are applied."""
    place.write(VALID)
    with place.start("--status-file", "missing/status.json") as runtime:
        runtime.wait_for("^warning: the status file .*status.json is not written .*FileNotFound")
        runtime.wait_for("^running")
        place.write(EDITED)
        runtime.wait_for("^release 2: ")
        runtime.signal(signal.SIGTERM)
        assert runtime.end() == 0
    assert sum("is not written" in line for line in runtime.seen) == 1


def test_a_manifest_is_run_once_and_again_after_a_kill(place: Place) -> None:
    """A second runtime is refused and told of the first; a dead one's socket is replaced."""
    place.write(VALID)
    with place.start() as first:
        first.wait_for("^running")
        ended = run_rewire("run", cwd=place.folder, env=place.env)
        assert ended.code == 2
        assert f"error: connections.toml is run by process {first.id} already" in ended.err
        assert "help: ask it: rewire status -m connections.toml" in ended.err
        first.signal(signal.SIGKILL)
        first.end()
    assert socket_path(place.manifest, place.env).is_socket()
    assert place.ask("status").code == 2
    with place.start() as second:
        second.wait_for("^running")
        assert place.ask("status").code == 0


WITHOUT_ADMIN = """
import importlib.util as util
real = util.find_spec
util.find_spec = lambda name, *more: None if name in ("starlette", "uvicorn") else real(name, *more)
from rewire.cli import main
main()
"""


def test_without_the_extra_it_runs_and_says_what_is_missing(place: Place) -> None:
    """The clients do not depend on the admin API."""
    place.write(VALID)
    command = [sys.executable, "-c", WITHOUT_ADMIN]
    with Process("run", cwd=place.folder, env=place.env, command=command) as runtime:
        runtime.wait_for(r"^without admin API: it needs an extra: pip install 'rewire\[admin\]'$")
        runtime.wait_for("^running 1 client of connections.toml as process [0-9]+$")
        place.write(EDITED)
        runtime.wait_for("^release 2: ")
        runtime.signal(signal.SIGTERM)
        assert runtime.end() == 0
