"""`rewire validate`: every error at once, and an exit code for each kind of end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import rewire

if TYPE_CHECKING:
    from collections.abc import Callable

VALID = 'version = 1\n\n[http.github]\nbase_url = "https://api.github.com"\n'
UNKNOWN_KEY = VALID + 'time_out = "5s"\n'
SYNTAX = VALID + "= 1\n"
SEMANTIC = VALID + '\n[websocket.github]\nurl = "wss://x.example"\n'
WARNING = VALID + 'auth.bearer = "ghp_0123456789abcdefghijklmnopqrstuvwxyzAB"\n'
REFERENCE = VALID + 'auth.bearer = "${REWIRE_TEST_TOKEN}"\n'


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes a manifest where the command is run."""
    monkeypatch.chdir(tmp_path)

    def _write(text: str, name: str = "connections.toml") -> Path:
        Path(name).write_text(text)
        return Path(name)

    return _write


def test_a_diagnostic_is_shown_with_its_line_and_the_way_out(write: Callable[..., Path]) -> None:
    """The full form, to the character, and a summary for each file."""
    write(UNKNOWN_KEY)
    ended = rewire("validate")
    assert ended.out == (
        'connections.toml:5:1: error[RW103] unknown key "time_out" in [http.github]\n'
        '  5 | time_out = "5s"\n'
        '    | ^^^^^^^^ help: did you mean "timeout"?\n'
        "connections.toml: invalid (1 error)\n"
    )
    assert (ended.code, ended.err) == (1, "")


def test_a_valid_manifest_is_said_to_be_valid(write: Callable[..., Path]) -> None:
    """Exit 0, one line; the concise form has nothing to say."""
    write(VALID)
    assert rewire("validate") == rewire("validate", "connections.toml")
    assert (rewire("validate").code, rewire("validate").out) == (0, "connections.toml: valid\n")
    assert rewire("validate", "--format", "concise").out == ""


def test_several_files_are_checked_in_one_run(write: Callable[..., Path]) -> None:
    """Every error of every file comes at once; the worst decides the exit code."""
    write(VALID, "a.toml")
    write(UNKNOWN_KEY, "b.toml")
    write(SYNTAX, "c.toml")
    ended = rewire("validate", "a.toml", "b.toml", "c.toml", "--format", "concise")
    lines = ended.out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["b.toml:5:1", "c.toml:5:1"]
    assert ended.code == 1


def test_json_says_the_same_for_programs(write: Callable[..., Path]) -> None:
    """One object for one file, with lines and columns from 1."""
    write(UNKNOWN_KEY)
    ended = rewire("validate", "--format", "json")
    report = json.loads(ended.out)
    assert (report["file"], report["valid"], ended.code) == ("connections.toml", False, 1)
    (one,) = report["diagnostics"]
    assert (one["code"], one["line"], one["column"]) == ("RW103", 5, 1)
    write(VALID)
    assert json.loads(rewire("validate", "--format", "json").out)["valid"] is True


@pytest.mark.parametrize(
    ("text", "level", "code"),
    [
        (SYNTAX, "syntax", 1),
        (UNKNOWN_KEY, "syntax", 0),
        (UNKNOWN_KEY, "schema", 1),
        (SEMANTIC, "schema", 0),
        (SEMANTIC, "semantic", 1),
        (REFERENCE, "semantic", 0),
        (REFERENCE, "environment", 1),
    ],
)
def test_a_level_finds_what_is_of_it_and_below(
    text: str, level: str, code: int, write: Callable[..., Path]
) -> None:
    """Syntax and schema need the text alone, semantic the merged document, environment the rest."""
    write(text)
    assert rewire("validate", "--level", level).code == code


def test_the_environment_level_reads_variables_and_files(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a runtime started here would hold back is a diagnostic; values are never shown."""
    write(REFERENCE + 'tls.ca = "ca.pem"\nheaders.X-Key = "${file:key}"\n')
    monkeypatch.setenv("REWIRE_TEST_TOKEN", "s3cret")
    (tmp_path / "key").write_text("k3y")
    ended = rewire("validate", "--level", "environment", "--format", "concise")
    assert ended.out == (
        'connections.toml:6:10: error[RW302] "ca.pem": No such file or directory\n'
    )
    (tmp_path / "ca.pem").touch()
    ended = rewire("validate", "--level", "environment")
    assert (ended.code, ended.out) == (0, "connections.toml: valid\n")
    (tmp_path / "key").write_text("k3y\nmore")
    ended = rewire("validate", "--level", "environment")
    assert ended.code == 1
    assert "RW303" in ended.out
    assert "k3y" not in ended.out


def test_warnings_are_an_exit_code_of_their_own_when_denied(write: Callable[..., Path]) -> None:
    """A literal credential warns; --deny-warnings makes that exit 3."""
    write(WARNING)
    ended = rewire("validate", "--format", "concise")
    assert ended.code == 0
    assert "warning[RW9" in ended.out
    assert "ghp_" not in ended.out
    assert rewire("validate", "--deny-warnings").code == 3
    write(VALID)
    assert rewire("validate", "--deny-warnings").code == 0


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_checked(
    write: Callable[..., Path],
) -> None:
    """Exit 2 with the object, the reason and the way out; what could be read is reported."""
    write(UNKNOWN_KEY)
    ended = rewire("validate", "missing.toml", "connections.toml", "--format", "concise")
    assert ended.code == 2
    assert "error: missing.toml: No such file or directory\n  help: " in ended.err
    assert "connections.toml:5:1: error[RW103]" in ended.out


def test_color_is_what_was_asked_for(write: Callable[..., Path]) -> None:
    """--color beats NO_COLOR beats FORCE_COLOR; a pipe gets none by itself."""
    write(UNKNOWN_KEY)
    for arguments, env, colored in [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ((), {"NO_COLOR": ""}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, False),
    ]:
        assert ("\x1b[" in rewire("validate", *arguments, env=env).out) is colored, arguments
    before = rewire("--color", "always", "validate").out
    assert before == rewire("validate", "--color", "always").out
    assert rewire("validate", "nope", "--color", "always").err.startswith("\x1b[31m")
