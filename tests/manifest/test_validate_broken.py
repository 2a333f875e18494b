"""Broken manifests with their exact output: one file each in `broken/`, TOML and JSON.

Beside `NN-name.toml` stands `NN-name.concise`, what `--format concise` prints, and for some
`NN-name.full`. Every one was read by a person; a change of wording is a change of these files.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from rewire.manifest.diagnostics import CODES, Diagnostic
from rewire.manifest.render import render
from rewire.manifest.validate import Manifest, read

FOLDER = Path(__file__).parent / "broken"
CASES = sorted(path for path in FOLDER.iterdir() if path.suffix in {".toml", ".json"})
FULL = [path for path in CASES if path.with_suffix(".full").exists()]


def judge(path: Path) -> tuple[Diagnostic, ...]:
    """Read one of the files under its own name, without the number."""
    found = read(path.name.partition("-")[2], path.read_bytes())
    assert not isinstance(found, Manifest)
    return found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_broken_manifest_has_exactly_this_concise_output(path: Path) -> None:
    """Every error and warning, one a line, in order of place."""
    expected = path.with_suffix(".concise").read_text("utf-8")
    assert render(judge(path), (), "concise") + "\n" == expected


@pytest.mark.parametrize("path", FULL, ids=lambda path: path.stem)
def test_a_broken_manifest_has_exactly_this_full_output(path: Path) -> None:
    """The same with the line, what is underlined, other places and help."""
    expected = path.with_suffix(".full").read_text("utf-8")
    assert render(judge(path), (), "full") + "\n" == expected


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_no_output_repeats_a_secret(path: Path) -> None:
    """A literal secret, which all of these spell hunter2, is in no form of the output."""
    found = judge(path)
    for style in ("full", "concise", "json"):
        assert "hunter2" not in render(found, (), style)
    assert "hunter2" not in repr(found)


def test_there_are_at_least_sixty() -> None:
    """Sixty broken manifests, of both languages, and no output without a manifest."""
    assert len(CASES) >= 60
    assert {path.suffix for path in CASES} == {".toml", ".json"}
    stems = {path.stem for path in CASES}
    assert {path.stem for path in FOLDER.iterdir()} == stems


@pytest.mark.parametrize("code", [code for code in CODES if code[:3] in {"RW1", "RW2", "RW9"}])
def test_the_example_of_a_code_is_one(code: str) -> None:
    """The wrong example of a code's page gives that code, and the right one gives nothing."""
    if code in {"RW205", "RW904"}:
        pytest.skip("it is about what is live, or about a file's mode")
    wrong = read("x.toml", CODES[code].example_bad.encode())
    right = read("x.toml", CODES[code].example_good.encode())
    said = wrong.warnings if isinstance(wrong, Manifest) else wrong
    assert code in {one.code for one in said}
    assert isinstance(right, Manifest)
    assert right.warnings == ()
