"""The wheel works where nothing else of ours is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment() -> None:
    """`make wheel-test` builds the wheel, installs it beside nothing, and sends a request."""
    made = subprocess.run(
        ["make", "wheel-test"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert made.stdout.endswith("the wheel works\n")
