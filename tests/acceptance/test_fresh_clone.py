"""Show 11: a clone, Python and make are enough to see it work.

What is cloned is what is committed. The package index is the one that pip is configured for here;
without one there is nothing to show. That `make test` passes in a fresh clone is what `.ci/run`
shows, which runs in one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rewire.demo.upstreams import NAMES
from tests.fakes.port_row import free_row

ROOT = Path(__file__).parent.parent.parent
MINUTES = 60


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the Python outside every virtual environment; skip where it has no index."""
    found = os.path.realpath(sys.executable)
    command = [found, "-m", "pip", "download", "-q", "--no-deps", "h11"]
    folder = tmp_path_factory.mktemp("index")
    tried = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"pip reaches no package index: {tried.stderr.strip().splitlines()[-1:]}")
    return found


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clone what is committed; skip where the sources are no checkout."""
    folder = tmp_path_factory.mktemp("fresh") / "clone"
    cloned = subprocess.run(
        ["git", "clone", "--quiet", ROOT, folder], capture_output=True, text=True, check=False
    )
    if cloned.returncode:
        pytest.skip(f"not a git checkout: {cloned.stderr.strip()}")
    return folder


def make(clone: Path, python: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in the clone, with nothing of this environment but what pip and the shell need."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"HOME", "LANG", "PATH", "TMPDIR"} or name.startswith(("PIP_", "SSL_", "TOML_"))
    }
    own = str(ROOT / ".venv")
    kept["PATH"] = os.pathsep.join(
        part for part in kept["PATH"].split(os.pathsep) if not part.startswith(own)
    )
    return subprocess.run(
        ["make", f"PYTHON={python}", *arguments],
        cwd=clone,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.timeout(10 * MINUTES)  # a slow index takes its time
def test_make_run_shows_it_in_a_fresh_clone(clone: Path, python: str) -> None:
    """The demo of the clone's own manifest serves requests, loses none, and changes no file."""
    first = free_row(len(NAMES))
    made = make(clone, python, "run", f"ARGS=--for 5s --edit --port-base {first}")
    assert made.returncode == 0, made.stdout + made.stderr
    assert re.search(r"edits: [1-9]\d* applied", made.stdout)
    assert re.search(r"^served [1-9]\d* · .* · lost 0$", made.stdout, re.MULTILINE)
    status = subprocess.run(
        ["git", "status", "--porcelain"], cwd=clone, capture_output=True, text=True, check=True
    )
    assert status.stdout == ""
