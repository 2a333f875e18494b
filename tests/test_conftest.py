"""The safety net itself: a test that leaves something behind must fail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parent.parent


def outcome(folder: Path, source: str) -> str:
    """Run one file of tests under this project's configuration and fixtures."""
    file = folder / "test_given.py"
    file.write_text("import asyncio, pytest\n" + dedent(source))
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-q", "--no-header"]
    config = ["-c", ROOT / "pyproject.toml", "--rootdir", ROOT, "-p", "no:cacheprovider", file]
    return subprocess.run(
        [*command, *config], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout


def test_a_task_left_behind_fails_its_test(tmp_path: Path) -> None:
    """A task that is still pending after its test is named, and the test fails."""
    said = outcome(
        tmp_path,
        """
        async def test_leaves():
            asyncio.create_task(asyncio.sleep(3600), name="forgotten")
        """,
    )
    assert "tasks left behind: <Task pending name='forgotten'" in said
    assert "1 passed, 1 error" in said


def test_a_task_of_a_fixture_may_end_with_its_fixture(tmp_path: Path) -> None:
    """What a fixture starts before and ends after the test is not left behind."""
    said = outcome(
        tmp_path,
        """
        @pytest.fixture
        async def ticking():
            task = asyncio.create_task(asyncio.sleep(3600))
            yield
            task.cancel()

        async def test_uses(ticking):
            await asyncio.create_task(asyncio.sleep(0))

        def test_without_a_loop():
            pass
        """,
    )
    assert "2 passed" in said


def test_a_socket_left_open_fails_its_test(tmp_path: Path) -> None:
    """A dropped open socket is a ResourceWarning, and a warning is an error."""
    said = outcome(
        tmp_path,
        """
        import gc, socket

        def test_drops():
            socket.socket()
            gc.collect()
        """,
    )
    assert "unclosed <socket" in said
    assert "1 failed" in said
