"""What is public: named in ``__all__``, loadable, documented, and light to import."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import rewire
import rewire.sync

REFERENCE = Path(__file__).parents[1] / "docs" / "reference" / "api.md"


@pytest.mark.parametrize("name", rewire.__all__)
def test_every_public_name_loads(name: str) -> None:
    """A lazy export leads to something, and ``dir`` shows it."""
    assert getattr(rewire, name) is not None
    assert name in dir(rewire)


@pytest.mark.parametrize("name", sorted(set(rewire.__all__) - {"__version__"}))
def test_every_public_name_is_documented(name: str) -> None:
    """It has a docstring where it can have one, and stands in the reference."""
    value = getattr(rewire, name)
    assert not isinstance(value, type) or value.__doc__
    assert re.search(rf"\b{name}\b", REFERENCE.read_text())


@pytest.mark.parametrize("name", rewire.sync.__all__)
def test_every_public_name_for_threads_loads_and_is_documented(name: str) -> None:
    """``rewire.sync`` is held to the same."""
    assert getattr(rewire.sync, name).__doc__
    assert f"## rewire.sync.{name}\n" in REFERENCE.read_text()


def test_an_unknown_name_is_an_attribute_error() -> None:
    """A misspelt name fails as on any module."""
    with pytest.raises(AttributeError, match="no attribute 'ClientManger'"):
        _ = rewire.sync.ClientManger
    with pytest.raises(AttributeError, match="no attribute 'ClientManger'"):
        _ = rewire.ClientManger


def test_importing_rewire_imports_no_http_library() -> None:
    """``rewire validate`` must start quickly: clients load when they are used."""
    code = "import json, sys, rewire; print(json.dumps(sorted(sys.modules)))"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    loaded = {name.partition(".")[0] for name in json.loads(output)}
    assert not loaded & {"httpx2", "httpcore2", "websockets", "watchfiles", "uvicorn", "asyncio"}
