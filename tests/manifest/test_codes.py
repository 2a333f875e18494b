"""The catalogue is complete, and its examples are what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import rewire.manifest
from rewire.manifest.codes import CODES
from rewire.manifest.document import parse
from rewire.manifest.source import SourceText

# Their examples are descriptions: bytes, sizes and file modes cannot be shown as text.
TOLD = {"RW001", "RW003", "RW303", "RW904"}


def codes_of(text: str) -> list[str]:
    """Return the codes of the syntax errors of a text."""
    name = "m.json" if text.lstrip().startswith(("{", "[{")) else "m.toml"
    return [d.code for d in parse(SourceText(name, text)).diagnostics]


@pytest.mark.parametrize("code", [code for code in CODES if code not in TOLD])
def test_a_good_example_is_well_formed(code: str) -> None:
    """No page teaches a syntax error."""
    assert codes_of(CODES[code].example_good) == []


@pytest.mark.parametrize("code", [code for code in CODES if code not in TOLD])
def test_a_bad_example_has_its_fault_and_no_other(code: str) -> None:
    """A syntax example gives its code; the others are well-formed texts."""
    expected = [code] if code < "RW1" else []
    assert codes_of(CODES[code].example_bad) == expected


@pytest.mark.parametrize("code", CODES)
def test_an_entry_is_complete(code: str) -> None:
    """Title, reason and both examples are there; a title is no sentence."""
    info = CODES[code]
    assert re.fullmatch(r"RW\d{3}", code)
    assert not info.title.endswith(".")
    assert info.explanation.endswith(".")
    assert info.example_bad != info.example_good


def test_every_code_that_the_sources_name_is_in_the_catalogue() -> None:
    """A diagnostic without a page cannot be made by a typing slip."""
    package = Path(rewire.manifest.__path__[0])
    named = {
        code
        for file in package.rglob("*.py")
        for code in re.findall(r'"(RW\d{3})"', file.read_text(encoding="utf-8"))
    }
    assert named - CODES.keys() == set()
