"""The commands as a whole: found by name, light to start, and what needs the text alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rewire.cli.schema import PUBLISHED
from rewire.manifest.codes import CODES
from tests.cli.shell import environment, rewire, run_rewire

# What only a command that needs a runtime or the network may load.
HEAVY = {"asyncio", "httpcore2", "httpx2", "httpx", "watchfiles", "websockets", "uvicorn", "rich"}
HEAVY |= {"starlette", "rewire.control", "rewire.drivers", "rewire.sources", "rewire.admin.app"}


def test_a_misspelt_command_is_answered_with_the_one_that_was_meant() -> None:
    """Did you mean, on stderr, with the exit code of wrong usage."""
    ended = rewire("valdate")
    assert ended.code == 2
    assert 'There is no command "valdate". Did you mean "validate"?' in ended.err
    assert "Did you mean" not in rewire("frobnicate").err


def test_help_names_every_command() -> None:
    """Each command has a line in the help, and a help of its own with --color."""
    listed = rewire("--help").out
    for name in ("validate", "plan", "run", "status", "check", "reload", "schema", "explain"):
        assert f"\n  {name} " in listed
        assert "--color" in rewire(name, "-h").out


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", "a.toml"],
        ["schema"],
        ["explain", "RW103"],
        ["plan", "a.toml", "--against", "a.toml"],
        ["--help"],
    ],
    ids=" ".join,
)
def test_what_needs_the_text_alone_starts_light(arguments: list[str], tmp_path: Path) -> None:
    """No HTTP library, no event loop, no server is imported for it."""
    (tmp_path / "a.toml").write_text('version = 1\n[http.a]\nbase_url = "http://a"\n')
    script = (
        "import sys; from rewire.cli import command\n"
        "try:\n command.main(sys.argv[1:], prog_name='rewire')\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert HEAVY & set(ended.stderr.split()) == set()


def test_python_dash_m_rewire_is_the_command(tmp_path: Path) -> None:
    """`python -m rewire` does what `rewire` does."""
    ended = run_rewire("explain", "RW103", cwd=tmp_path, env=environment(tmp_path))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == rewire("explain", "RW103").out


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_page(code: str) -> None:
    """Its title, its explanation and its examples are there, by the code in any case."""
    ended, info = rewire("explain", code.lower()), CODES[code]
    assert ended.code == 0
    assert ended.out.startswith(f"{code}: {info.title}\n")
    assert info.explanation.strip() in ended.out
    assert "\nWrong:\n" in ended.out


def test_an_unknown_code_is_answered_with_the_nearest() -> None:
    """Exit 1, with did you mean or the list."""
    ended = rewire("explain", "RW13")
    assert ended.code == 1
    assert ended.err.startswith('error: there is no diagnostic "RW13"\n  help: did you mean RW')
    assert "RW103" in rewire("explain", "nonsense").err


def test_the_published_schema_is_the_one_that_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`schema --check` says so, by its exit code too; --out writes what it would accept."""
    monkeypatch.chdir(Path(__file__).parent.parent.parent)
    assert rewire("schema", "--check").code == 0
    assert rewire("schema").out == PUBLISHED.read_text("utf-8")
    assert json.loads(rewire("schema").out)["title"] == "rewire manifest"
    own = tmp_path / "own.json"
    missing = rewire("schema", "--check", "--out", own)
    assert (missing.code, rewire("schema", "--out", own).code) == (1, 0)
    assert f"help: write it: rewire schema --out {own}" in missing.err
    assert rewire("schema", "--check", "--out", own).code == 0
    own.write_text(own.read_text() + "\n")
    assert rewire("schema", "--check", "--out", own).code == 1
