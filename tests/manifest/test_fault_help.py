"""What a syntax error advises, and the second place that it names."""

from __future__ import annotations

import pytest

from rewire.manifest.document import parse
from rewire.manifest.source import SourceText

HELP: list[tuple[str, str | None]] = [
    ("a = True", "did you mean true?"),
    ("a = 5s", 'write "5s"'),
    ("a = 1MiB", 'write "1MiB"'),
    ("a = ${TOKEN}", 'write "${NAME}"'),
    ("a = null", "leave the key out"),
    ("a = off", "write true or false"),
    ("a = s3cret", "a string stands in quotes"),
    ('a = "x', 'add " where it ends'),
    ("a = 'x", "add ' where it ends"),
    ('a = "C:\\d"', "a backslash is written \\\\, or use '…', in which it is itself"),
    ('a = "say "hi""', 'inside a "…" string a quote is written \\"'),
    ("a = 1 2", None),
    ("a: 1", 'TOML writes key = value, with "=" instead of ":"'),
    ("a b = 1", "a key with a space in it stands in quotes"),
    ("é = 1", "without quotes a key has letters A-Z, digits, - and _"),
    ("a = {b = 1\nc = 1", "or a comma is missing"),
    ("a = [1\nc = 1", None),
    ("a = 'x\x01'", 'in a "…" string it is written as an escape'),
    ('{"a" = 1}', 'JSON writes "key": value'),
    ('{"a": None}', "did you mean null?"),
    ('{"a": s3cret}', "a string stands in double quotes"),
    ('{"a": "\\d"}', "a backslash is written \\\\"),
    ('{"a": 1} # c', "leave it out, or write the manifest in TOML, which has comments"),
]

SECOND: list[tuple[str, str]] = [
    ("a = 1\n\na = 2", "1:1 first defined here"),
    ("[a]\n[b]\n[a]", "1:1 first defined here"),
    ("a = {}\n[a.b]", "1:1 defined here"),
    ("[a]\nb.c = 1\n[a.b]", "2:1 defined here"),
    ("[a.b]\n[a]\nb.c = 1", "1:1 defined here"),
    ("[[a]]\n[a]", "1:1 first defined here"),
    ("a = [1,\n\nb = 1", "3:1 expected ] before this"),
    ("a = {b = 1\n[c]", "2:1 expected } before this"),
    ('{"http": {"x": {},\n"x": {}}}', "1:11 first defined here"),
    ('{"a": [1}', "1:7 opened here"),
]


def source_of(text: str) -> SourceText:
    """Name a text by what it looks like."""
    return SourceText("m.json" if text[0] == "{" else "m.toml", text)


@pytest.mark.parametrize(("text", "expected"), HELP)
def test_help_says_what_to_do(text: str, expected: str | None) -> None:
    """It repeats what is plainly a word, a duration or a size, and nothing else."""
    [found] = parse(source_of(text)).diagnostics
    assert found.help == expected
    assert "s3cret" not in f"{found.message} {found.help}"


@pytest.mark.parametrize(("text", "expected"), SECOND)
def test_the_second_place_is_named(text: str, expected: str) -> None:
    """Where the first of two stands, or what was met instead of an end."""
    [found] = parse(source_of(text)).diagnostics
    [label] = found.labels
    assert f"{label.start.line}:{label.start.column} {label.text}" == expected
