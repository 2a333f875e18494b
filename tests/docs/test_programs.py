"""The programs of `docs/examples` run, beside their manifest, against servers on loopback."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.manifest.validate import Manifest, read
from tests.docs.test_examples import on_loopback

if TYPE_CHECKING:
    from tests.docs.conftest import Upstreams

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples"
MANIFEST = EXAMPLES / "connections.toml"


def run(program: str, folder: Path, *arguments: str) -> list[str]:
    """Run an example in a folder and return the lines it printed."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / program), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_every_example_is_tested_and_listed() -> None:
    """A program that nobody runs is not one that works."""
    here, listed = Path(__file__).read_text("utf-8"), (EXAMPLES / "README.md").read_text("utf-8")
    for program in EXAMPLES.glob("*.py"):
        assert f'"{program.name}"' in here
        assert f"({program.name})" in listed


def test_the_manifest_of_the_examples_has_no_fault() -> None:
    """It is one to start from."""
    manifest = read("connections.toml", MANIFEST.read_bytes())
    assert isinstance(manifest, Manifest)
    assert manifest.warnings == ()


def test_two_protocols(upstreams: Upstreams, tmp_path: Path) -> None:
    """It gets its answer and its prices, and both clients are connected."""
    text = on_loopback(MANIFEST.read_text("utf-8"), upstreams, tmp_path)
    (tmp_path / "connections.toml").write_text(text)
    assert run("two_protocols.py", tmp_path, "3") == [
        "zen   Keep it logically awesome.",
        *("price 101", "price 102", "price 103"),
        "github is connected, generation 1",
        "prices is connected, generation 1",
    ]


def test_clients_from_code(upstreams: Upstreams, tmp_path: Path) -> None:
    """The client serves, is taken out, and says so."""
    zen, removed = run("clients_from_code.py", tmp_path, upstreams.http.url)
    assert zen == "Keep it logically awesome."
    assert 'the client "api" was removed' in removed


async def test_tell_what_happens(tmp_path: Path) -> None:
    """An edit is told, and a mistake with its line."""
    manifest = tmp_path / "connections.toml"
    text = 'version = 1\n[http.api]\nbase_url = "http://127.0.0.1:9"\n'
    manifest.write_text(text)
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-u", str(EXAMPLES / "tell_what_happens.py")),
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert program.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await program.stdout.readline() == b"1 clients, edit connections.toml\n"
            manifest.write_text(f'{text}headers.x = "1"\n')
            assert await program.stdout.readline() == b"release 2 is in force\n"
            manifest.write_text(f"{text}time_out = 1\n")
            assert await program.stdout.readline() == b"refused:\n"
            assert b"connections.toml:4:1: error[RW103]" in await program.stdout.readline()
    finally:
        program.kill()
        await program.communicate()
