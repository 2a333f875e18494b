"""The command line as a person has it: in this process for what needs the text alone, else real.

`Process` is a real `rewire` in the background. It is waited for by what it says, never by time:
each line comes through a queue, and a line that does not come fails with all that did.
"""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from click.testing import CliRunner

from rewire.cli import command

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PATIENCE", "Process", "Result", "environment", "rewire", "run_rewire"]

PATIENCE = 30.0
RUNTIME = Path(__file__).parent.parent.parent / "runtime"


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


def rewire(*arguments: object, env: Mapping[str, str | None] | None = None) -> Result:
    """Run a command in this process; no colour unless `env` or an argument asks for it."""
    plain = {"NO_COLOR": None, "FORCE_COLOR": None, "REWIRE_MANIFEST": None}
    ended = CliRunner().invoke(command, list(map(str, arguments)), env={**plain, **(env or {})})
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Result(ended.exit_code, ended.stdout, ended.stderr)


def environment(runtime: Path, **more: str) -> dict[str, str]:
    """Return the environment of a real command: nothing of ours but the runtime folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(RUNTIME),
        "PYTHONUNBUFFERED": "1",
        "XDG_RUNTIME_DIR": str(runtime),
        **more,
    }


def run_rewire(*arguments: object, cwd: Path, env: Mapping[str, str]) -> Result:
    """Run a real command to its end."""
    ended = subprocess.run(
        [sys.executable, "-m", "rewire", *map(str, arguments)],
        cwd=cwd,
        env=dict(env),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


class Process:
    """A real `rewire` in the background; leaving the block kills what is left of it."""

    def __init__(
        self,
        *arguments: object,
        cwd: Path,
        env: Mapping[str, str],
        command: Sequence[str] = (sys.executable, "-m", "rewire"),
    ) -> None:
        self._popen = subprocess.Popen(
            [*command, *map(str, arguments)],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.seen: list[str] = []
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def id(self) -> int:
        """Return the id of the process."""
        return self._popen.pid

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def wait_for(self, pattern: str) -> str:
        """Return the next line in which a pattern is found; fail if none comes."""
        while True:
            try:
                line = self._lines.get(timeout=PATIENCE)
            except queue.Empty:
                line = None
            if line is None:
                raise AssertionError(f"no line with {pattern!r} in:\n" + "\n".join(self.seen))
            self.seen.append(line)
            if re.search(pattern, line):
                return line

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def end(self) -> int:
        """Wait for its end; return its exit code."""
        code = self._popen.wait(PATIENCE)
        self._reader.join(PATIENCE)
        while (line := self._lines.get()) is not None:
            self.seen.append(line)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        self._reader.join(PATIENCE)
        if self._popen.stdout is not None:
            self._popen.stdout.close()
