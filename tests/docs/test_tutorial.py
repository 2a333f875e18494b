"""The tutorial, followed to the letter: its program runs, its edits are made, its lines appear."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.docs.blocks import blocks
from tests.fakes.http_server import FakeServer, Handler, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial" / "first-five-minutes.md"
TOOK = re.compile(r"\([0-9.]+ m?s\)")
# A request may be under way at the moment of an edit; the page does not count on it.
BUSY = re.compile(r", \d+ in flight on generation \d+")
# The page waits a second between two requests; a test need not.
FASTER = ("asyncio.sleep(1)", "asyncio.sleep(0.02)")
PATIENCE = 20


def says(text: str) -> Handler:
    """Return a handler for a server of the tutorial."""

    async def hello(_: Request) -> Response:
        return Response(body=text.encode())

    return hello


async def test_who_follows_the_tutorial_sees_what_it_shows(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    """After each edit, the lines that the page shows below it appear, in their order."""
    async with (
        FakeServer("blue", routes={"/hello": says("hello from blue\n")}) as blue,
        FakeServer("green", routes={"/hello": says("hello from green\n")}) as green,
    ):
        ports = {"8001": blue.port, "8002": green.port, "8003": free_port()}
        await follow(tmp_path, lambda text: re.sub("800[123]", lambda m: str(ports[m[0]]), text))


async def follow(folder: Path, moved: Callable[[str], str]) -> None:
    """Take the page's blocks one by one."""
    program: asyncio.subprocess.Process | None = None
    try:
        for block in blocks(PAGE):
            if block.language == "toml":
                (folder / "connections.toml").write_text(moved(block.text))
            elif block.language == "python" and program is None:
                source = folder / "program.py"
                source.write_text(block.text.replace(*FASTER))
                program = await asyncio.create_subprocess_exec(
                    *(sys.executable, str(source)),
                    cwd=folder,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.STDOUT,
                )
            elif block.language == "text":
                assert program is not None
                assert program.stdout is not None
                await seen(program.stdout, moved(block.text), block.line)
    finally:
        if program is not None:
            program.kill()
            await program.communicate()


async def seen(output: asyncio.StreamReader, expected: str, line: int) -> None:
    """Read until every expected line has come, in order; other lines may come between them."""
    for wanted in TOOK.sub("(…)", expected).splitlines():
        got: list[str] = []
        try:
            async with asyncio.timeout(PATIENCE):
                while wanted not in got[-1:]:
                    raw = await output.readline()
                    line = BUSY.sub("", raw.decode().rstrip("\n"))
                    got.append(TOOK.sub("(…)", line))
                    assert raw, f"the program ended: {got}"
        except TimeoutError:
            raise AssertionError(
                f"{PAGE.name}:{line}: {wanted!r} did not come, but {got}"
            ) from None
