"""Show 3: a hundred alternations of bad and good manifests, under load.

After each bad one the last good one serves everything, and the verdict, the status, the exit code
and the log name line and column; each good one is applied. Once on an embedded manager, once on
`rewire run` as a process, asked by the command line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import tempfile
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

import rewire
from tests.cli.shell import Process, environment
from tests.cli.shell import rewire as command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.http_server import FakeServer

ALTERNATIONS = 100
PACE = 0.003  # seconds between two requests of the load
BETWEEN = 3  # requests that must be answered before the next edit


class Bad(NamedTuple):
    """A wrong manifest, and where its mistake is."""

    text: str
    line: int
    column: int
    code: str


# `‸` is where the mistake is; each is put into the good manifest of the moment.
MISTAKES = [
    ("RW103", '{good}‸time_out = "5s"\n'),
    ("RW013", "{good}timeout.read = ‸\n"),
    ("RW104", '{good}timeout.read = ‸"soon"\n'),
    ("RW103", '{good}\n[‸htpp.x]\nbase_url = "http://x"\n'),
    ("RW101", "{good}\n‸[http.x]\n"),
    ("RW016", '{good}‸base_url = "http://x"\n'),
    ("RW102", '{good}pool.max_connections = ‸"many"\n'),
    ("RW204", '{good}auth.bearer = ‸"${{token}}"\n'),
    ("RW201", '{good}\n[websocket.‸api]\nurl = "ws://x"\n'),
    ("RW205", "‸version = 1\n"),
]


def good(number: int, url: str) -> str:
    """Return the good manifest of this number; a short quiet time makes the show short."""
    return (
        'version = 1\nreload.quiet = "20ms"\n\n'
        f'[http.api]\nbase_url = "{url}"\nheaders.x-edit = "{number}"\n'
    )


def mistakes(text: str, number: int) -> Bad:
    """Return one of the wrong manifests that a good one can become."""
    code, form = MISTAKES[number % len(MISTAKES)]
    marked = f"{form.format(good=text)}# {number}\n"
    before, _, after = marked.partition("‸")
    line = before.count("\n") + 1
    return Bad(before + after, line, len(before) - before.rfind("\n"), code)


class Load:
    """Requests without a pause; each must be answered by the manifest of its time."""

    def __init__(self, client: rewire.HTTPClient) -> None:
        self.answered = 0
        self.applied = 0
        self.failed: list[str] = []
        self._client = client
        self._moved = asyncio.Event()

    async def pour(self) -> None:
        """Send requests until cancelled."""
        async with asyncio.TaskGroup() as group:
            while True:
                group.create_task(self._ask())
                await asyncio.sleep(PACE)

    async def _ask(self) -> None:
        acknowledged = self.applied
        try:
            edit = await self.edit()
        except Exception as error:  # noqa: BLE001 -- every failure counts, whatever it is
            self.failed.append(repr(error))
        else:
            self.answered += 1
            if edit < acknowledged:
                self.failed.append(f"{edit} answered, {acknowledged} was acknowledged")
        self._moved.set()

    async def edit(self) -> int:
        """Return the number of the manifest that a request goes by."""
        response = await self._client.get("/json")
        response.raise_for_status()
        return int(response.json()["headers"]["x-edit"])

    async def some(self) -> None:
        """Wait until some more requests have been answered."""
        enough = self.answered + BETWEEN
        while self.answered < enough and not self.failed:
            self._moved.clear()
            await self._moved.wait()


async def test_after_each_bad_manifest_the_last_good_serves_and_each_good_one_is_applied(
    tmp_path: Path,
    server: FakeServer,
    other_server: FakeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """0 requests lost in 100 alternations, and every mistake named with line and column."""
    path = tmp_path / "connections.toml"
    urls = cycle((server.url, other_server.url))
    path.write_text(good(0, next(urls)))
    async with rewire.ClientManager(path) as manager:
        load = Load(manager.http("api"))
        pouring = asyncio.create_task(load.pour())
        for number in range(1, ALTERNATIONS + 1):
            await load.some()
            bad = mistakes(path.read_text(), number)
            path.write_text(bad.text)
            caplog.clear()
            verdict = await manager.reload()
            check_refusal(manager, verdict, bad, path)
            assert any(
                record.levelno == logging.ERROR
                and f"{path}:{bad.line}:{bad.column}: error[{bad.code}]" in record.getMessage()
                for record in caplog.records
            ), (bad, caplog.text)
            assert await load.edit() == number - 1
            await load.some()
            path.write_text(good(number, next(urls)))
            verdict = await manager.reload()
            assert verdict.ok, verdict
            load.applied = number
            assert await load.edit() == number
        assert load.failed == []
        assert manager.manager_status().release == ALTERNATIONS + 1
        pouring.cancel()
        await asyncio.wait([pouring])
    assert load.answered > ALTERNATIONS * BETWEEN


def check_refusal(
    manager: rewire.ClientManager, verdict: rewire.Verdict, bad: Bad, path: Path
) -> None:
    """Compare the place that the verdict and the status name."""
    assert verdict.result == "refused", bad
    first = verdict.diagnostics[0]
    assert (first.file, *first.start, first.code) == (str(path), bad.line, bad.column, bad.code)
    last = manager.manager_status().last_reload
    assert last is not None
    assert last.result == "refused"
    found = last.diagnostics[0]
    assert (found["line"], found["column"], found["code"]) == (bad.line, bad.column, bad.code)


@pytest.fixture
def runtime_folder() -> Iterator[Path]:
    """Return a folder whose sockets have short names."""
    with tempfile.TemporaryDirectory(prefix="rw") as name:
        yield Path(name)


def test_the_runtime_says_on_terminal_status_and_exit_code_what_is_wrong(
    tmp_path: Path, runtime_folder: Path
) -> None:
    """`rewire run` watches; `reload` and `status` exit with 1 after a bad one, 0 after a good."""
    path = tmp_path / "connections.toml"
    path.write_text(good(0, "http://127.0.0.1:9"))
    env = environment(runtime_folder)
    reach = {"XDG_RUNTIME_DIR": str(runtime_folder)}
    with Process("run", path, cwd=tmp_path, env=env) as runtime:
        runtime.wait_for("^running")
        for number in range(1, ALTERNATIONS + 1):
            bad = mistakes(path.read_text(), number)
            where = f"{path}:{bad.line}:{bad.column}: error[{bad.code}]"
            path.write_text(bad.text)
            ended = command("reload", "-m", path, env=reach)
            assert (ended.code, where in ended.err) == (1, True), ended
            runtime.wait_for(re.escape(where))
            ended = command("status", "-m", path, env=reach)
            assert (ended.code, where in ended.out) == (1, True), ended
            path.write_text(good(number, "http://127.0.0.1:9"))
            assert command("reload", "-m", path, env=reach).code == 0
            runtime.wait_for(f"^release {number + 1}: ~ .* → .{number}")
            ended = command("status", "-m", path, "-o", "json", env=reach)
            assert (ended.code, json.loads(ended.out)["release"]) == (0, number + 1)
