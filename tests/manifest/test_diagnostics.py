"""Diagnostics sort by place and say no thing twice; suggestions are near words only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.diagnostics import in_order, suggest
from rewire.manifest.place import dotted
from rewire.manifest.source import SourceText, Span

SOURCE = SourceText("m.toml", "a = 1\nb = 2\n")

FIELDS = ["timeout", "tls", "base_url", "bearer", "basic", "headers", "max_connections"]


def test_diagnostics_are_sorted_by_place_and_told_once() -> None:
    """Equal diagnostics are one."""
    late = SOURCE.diagnose("RW101", "x", Span(6, 7))
    early = SOURCE.diagnose("RW103", "x", Span(0, 1))
    assert in_order([late, early, late]) == [early, late]


def test_a_diagnostic_names_its_page() -> None:
    """The page is relative to the project."""
    diagnostic = SOURCE.diagnose("RW103", "x", Span(0, 1))
    assert diagnostic.url == "docs/reference/errors/RW103.md"
    assert str(diagnostic) == "m.toml:1:1: error[RW103] x"


def test_neither_repr_nor_fields_of_a_masked_diagnostic_hold_the_value() -> None:
    """What is masked travels nowhere."""
    source = SourceText("m.toml", 'auth.bearer = "hunter2"')
    label = source.label(Span(0, 4), "here", masked=True)
    found = source.diagnose("RW104", "x", Span(14, 23), masked=True, labels=(label,))
    assert found.excerpt is not None
    assert found.excerpt.text == 'auth.bearer = "…"'
    assert label.excerpt is not None
    assert "hunter2" not in label.excerpt.text
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("time_out", "timeout"),
        ("Timeout", "timeout"),
        ("base-url", "base_url"),
        ("baerer", "bearer"),
        ("bearr", "bearer"),
        ("header", "headers"),
        ("max_connection", "max_connections"),
        ("tsl", "tls"),
        ("proxy", None),
        ("x", None),
        ("", None),
        ("t" * 65, None),
    ],
)
def test_only_a_near_word_is_suggested(word: str, meant: str | None) -> None:
    """At most a third of the letters may differ, a swap of neighbours counting as one."""
    assert suggest(word, FIELDS) == meant


@given(st.text(min_size=1, max_size=64))
def test_a_word_is_never_suggested_for_itself(word: str) -> None:
    """Nobody is told to write what they wrote."""
    assert suggest(word, [word]) is None


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ((), ""),
        (("http", "github", "base_url"), "http.github.base_url"),
        (("http", "a", "headers", "X Y"), 'http.a.headers."X Y"'),
        (("endpoints", 0, "url"), "endpoints[0].url"),
        (("",), '""'),
        (('a"\\\n',), '"a\\"\\\\\\u000A"'),
        (("größe", "a-b_c"), '"größe".a-b_c'),
    ],
)
def test_a_path_is_written_as_toml_writes_keys(path: tuple[str | int, ...], written: str) -> None:
    """Whatever is no bare key stands in quotes."""
    assert dotted(path) == written
