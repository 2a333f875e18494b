"""`rewire plan --against`: two texts compared, and nobody asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.shell import rewire

OLD = """\
version = 1
[http.a]
base_url = "https://a.example"
auth.bearer = "${TOKEN}"
timeout.read = "1m"
[http.b]
base_url = "${URL:-https://b.example}"
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run the command where `old.toml` is."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOKEN", "s3cret")
    Path("old.toml").write_text(OLD)


def plan(text: str, *more: str) -> dict[str, object]:
    """Return what a text would change, as data."""
    Path("new.toml").write_text(text)
    ended = rewire("plan", "new.toml", "--against", "old.toml", "--format", "json", *more)
    assert ended.code == 0, ended.err
    answer: dict[str, object] = json.loads(ended.out)
    return answer


def only_field(text: str) -> tuple[str, str, str, str]:
    """Return action, path, before and after of the only field that a text changes."""
    (change,) = plan(text)["changes"]  # type: ignore[misc]
    (field,) = change["fields"]
    return change["action"], field["path"], field["before"], field["after"]


def test_the_same_text_changes_nothing() -> None:
    """References included: the same text at the same place is unchanged."""
    assert plan(OLD)["changes"] == []
    assert plan(OLD.replace('"1m"', '"60s"') + "# a comment\n")["changes"] == []


def test_a_literal_is_compared_as_its_value() -> None:
    """The class is that of the field."""
    moved = OLD.replace("https://a.example", "https://c.example")
    assert only_field(moved)[:2] == ("replace", "base_url")
    assert only_field(OLD.replace('"1m"', '"2m"')) == ("in place", "timeout.read", "1m", "2m")


def test_a_reference_is_compared_as_it_is_written() -> None:
    """What it stands for is neither looked up nor shown, nor is a default."""
    changed = OLD.replace("${TOKEN}", "${OTHER:-s3cret}")
    assert only_field(changed) == ("in place", "auth.bearer", "${TOKEN}", "${OTHER:-…}")
    moved = OLD.replace("${URL:-https://b.example}", "${URL:-https://c.example}")
    assert only_field(moved)[:2] == ("replace", "base_url")


def test_guessing_what_a_reference_stands_for_tells_nothing() -> None:
    """A literal in its place is a change, be it equal or not, and no secret is shown."""
    right, wrong = (OLD.replace("${TOKEN}", guess) for guess in ("s3cret", "wrong!"))
    assert (
        only_field(right)
        == only_field(wrong)
        == (
            "in place",
            "auth.bearer",
            "${TOKEN}",
            "(secret)",
        )
    )


def test_clients_that_come_and_go_are_named() -> None:
    """A rename is a removal and a creation."""
    (gone, come) = plan(OLD.replace("[http.b]", "[http.c]"))["changes"]  # type: ignore[misc]
    assert (gone["action"], gone["id"]) == ("remove", "b")
    assert (come["action"], come["id"]) == ("create", "c")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["old.toml", "--against", "old.toml"], 0),
        (["new.toml", "--against", "old.toml"], 0),
        (["broken.toml", "--against", "old.toml"], 1),
        (["missing.toml", "--against", "old.toml"], 2),
        (["old.toml", "--nonsense"], 2),
    ],
)
@pytest.mark.parametrize("detailed", [False, True])
def test_the_exit_code_tells_changes_from_errors_when_asked_to(
    arguments: list[str], code: int, detailed: bool
) -> None:
    """With --detailed-exitcode 2 is for changes alone, and any error is 1, of usage too."""
    Path("new.toml").write_text(OLD.replace('"1m"', '"2m"'))
    Path("broken.toml").write_text(OLD + "nonsense = 1\n")
    ended = rewire("plan", *arguments, *(["--detailed-exitcode"] if detailed else []))
    if detailed:
        code = 2 if arguments[0] == "new.toml" else min(code, 1)
    assert ended.code == code
    assert ("broken.toml:8:1: error[RW103]" in ended.err) is (arguments[0] == "broken.toml")


def test_without_a_runtime_it_says_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The running runtime is the other side by default; none is exit 2."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(Path.cwd()))
    ended = rewire("plan", "old.toml")
    assert ended.code == 2
    assert ended.err == (
        "error: no runtime of old.toml is reached: it is not running\n"
        "  help: start one with: rewire run old.toml\n"
    )
