"""Every code block of the documentation is true: run, validated, or compared."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rewire.manifest.render import render
from rewire.manifest.validate import Manifest, read
from tests.docs.blocks import ROLES, Block, blocks, with_next

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.conftest import Upstreams

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BY_NAME = {str(page.relative_to(ROOT)): page for page in PAGES}
BIN = Path(sys.executable).parent
ORIGIN = re.compile(r'((?:base_)?url"?\s*[=:]\s*")(?:http|ws)s?://[^/"]+')
RUNNING = re.compile(r"^```(python|console)$", re.MULTILINE)
RUN = [name for name, page in BY_NAME.items() if RUNNING.search(page.read_text("utf-8"))]
SECRETS = "/run/secrets"
VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


def judged(block: Block) -> Manifest | tuple[Any, ...]:
    """Return what rewire makes of a block; a part of a manifest gets its version."""
    text = block.text
    if block.role == "part" and block.language == "toml" and "version =" not in text:
        text = f"version = 1\n{text}"
    return read(f"connections.{block.language}", text.encode())


def codes(outcome: Manifest | tuple[Any, ...]) -> set[str]:
    """Return the codes of everything that is said of a block."""
    found = outcome.warnings if isinstance(outcome, Manifest) else outcome
    return {diagnostic.code for diagnostic in found}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_block_says_what_it_is(name: str) -> None:
    """A block without a known language and role would be checked by nobody."""
    strange = [b for b in blocks(BY_NAME[name]) if (b.language, b.role) not in ROLES]
    assert strange == []


@pytest.mark.parametrize("name", BY_NAME)
def test_every_manifest_is_what_its_page_says(name: str) -> None:
    """A whole one has no fault, a part lacks only keys, a wrong one gets what is printed below."""
    for block, below in with_next(BY_NAME[name]):
        where = f"{name}:{block.line}"
        if block.language not in {"toml", "json"}:
            continue
        outcome = judged(block)
        if block.role is None:
            assert isinstance(outcome, Manifest), f"{where}: {render(outcome)}"
            assert outcome.warnings == (), where
        elif block.role == "part":
            if BY_NAME[name].parent.name == "errors":
                assert BY_NAME[name].stem not in codes(outcome), where
            else:
                assert codes(outcome) <= {"RW101"}, where
        elif codes(outcome):
            found = outcome.warnings if isinstance(outcome, Manifest) else outcome
            if below is not None and below.role == "diagnostics":
                assert render(found) + "\n" == below.text, where
        else:
            # Pages of codes about the environment: `make docs` has asked a world that is wrong.
            assert BY_NAME[name].parent.name == "errors", where


@pytest.mark.parametrize("name", BY_NAME)
def test_every_python_block_compiles(name: str) -> None:
    """Also one that is not run is Python."""
    for block in blocks(BY_NAME[name]):
        if block.language == "python" and block.role != "signature":
            compiled(block, name)


def compiled(block: Block, name: str) -> Any:
    """Compile a block so that a traceback names the page and the line in it."""
    source = "\n" * (block.line - 1) + block.text
    return compile(source, name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


@pytest.mark.parametrize("name", RUN)
def test_every_program_and_command_does_what_its_page_says(
    name: str, upstreams: Upstreams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks of a page work in their order, in one folder, and print what is shown."""
    monkeypatch.chdir(tmp_path)
    page = blocks(BY_NAME[name])
    for variable in VARIABLE.findall("".join(b.text for b in page if b.language == "toml")):
        monkeypatch.setenv(variable, "the-old-secret")
    programs = [b for b in page if (b.language, b.role) == ("python", None)]
    shell = Shell()
    names: dict[str, Any] = {"__name__": "__main__"}
    with asyncio.Runner() as runner:
        for block, below in with_next(BY_NAME[name]):
            where = f"{name}:{block.line}"
            if block.language in {"toml", "json"} and block.role in {None, "wrong"}:
                as_written = block.role == "wrong" or not programs
                text = block.text if as_written else on_loopback(block.text, upstreams, tmp_path)
                (tmp_path / f"connections.{block.language}").write_text(text, "utf-8")
            elif (block.language, block.role) == ("python", None):
                moved = replace(block, text=block.text.replace(SECRETS, str(tmp_path)))
                printed = ran(compiled(moved, name), names, runner)
                if below is not None and below.role == "output":
                    assert printed == below.text, where
            elif (block.language, block.role) == ("console", None):
                for command, expected in commands(block.text):
                    assert shell.run(command) == expected, f"{where}: {command}"


def on_loopback(text: str, upstreams: Upstreams, folder: Path) -> str:
    """Move the origins of a manifest to the servers of the test, and its secrets to its folder."""

    def moved(found: re.Match[str]) -> str:
        websocket = "ws" in found[0].rpartition('"')[2].partition(":")[0]
        feed = f"ws://127.0.0.1:{upstreams.feed_port}"
        return found[1] + (feed if websocket else upstreams.http.url)

    for path in re.findall(rf"\{{file:{SECRETS}/([a-z-]+)\}}", text):
        (folder / path).write_text("the-old-secret\n")
        (folder / path).chmod(0o600)
    return ORIGIN.sub(moved, text.replace(SECRETS, str(folder)))


def ran(code: Any, names: dict[str, Any], runner: asyncio.Runner) -> str:
    """Run a block, await what it awaits, and return what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        awaitable = eval(code, names)  # noqa: S307 - our own pages
        if asyncio.iscoroutine(awaitable):
            runner.run(awaitable)
    return out.getvalue()


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield command, expected


class Shell:
    """A shell for one page: `rewire` is ours, and `echo $?` knows the last exit code."""

    def __init__(self) -> None:
        self._last = 0

    def run(self, command: str) -> str:
        """Run one command; return what it printed, to either stream."""
        done = subprocess.run(
            ["bash", "-c", f"(exit {self._last}); {command}"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=30,
            env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1"},
        )
        self._last = done.returncode
        return done.stdout


def test_the_first_screen_shows_what_rewire_is() -> None:
    """README begins with a manifest and a program of six lines each, and the two commands."""
    page = blocks(ROOT / "README.md")
    manifest = next(block for block in page if block.language == "toml")
    program = next(block for block in page if block.language == "python")
    for block in (manifest, program):
        assert len([line for line in block.text.splitlines() if line.strip()]) == 6
        assert block.role is None
    screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:48]
    assert any("make run" in line for line in screen)
    assert any("make test" in line for line in screen)
    assert program.line + 8 < 48
