"""The public toml-test corpus: our scanner and the parser agree on every file of it."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import pytest
import tomli

from rewire.manifest.diagnostics import Diagnostic
from rewire.manifest.document import Document, parse
from rewire.manifest.source import SourceText, decode
from rewire.manifest.toml_scan import scan_toml
from tests.manifest.agreement import check_spans, places, same

CORPUS = os.environ.get("TOML_TEST_DIR", "")
LISTED = Path(CORPUS, "tests", "files-toml-1.1.0")

pytestmark = pytest.mark.skipif(not CORPUS, reason="TOML_TEST_DIR is not set")


def listed(kind: str) -> list[str]:
    """Name the TOML 1.1 files of one kind; none where there is no corpus."""
    if not CORPUS:
        return []
    names = LISTED.read_text(encoding="utf-8").split()
    return [name for name in names if name.startswith(kind) and name.endswith(".toml")]


def read(name: str) -> SourceText | Diagnostic:
    """Decode one file of the corpus."""
    return decode(name, (LISTED.parent / name).read_bytes())


def not_finite(data: Any) -> int:
    """Count the NaN and infinities of a document, which TOML has and a manifest has not."""
    leaves = [value for _, value in places(data)]
    return sum(isinstance(value, float) and not math.isfinite(value) for value in leaves)


def test_the_corpus_is_whole() -> None:
    """An empty list of files would let every test below pass."""
    assert len(listed("valid/")) > 200
    assert len(listed("invalid/")) > 450


@pytest.mark.parametrize("name", listed("valid/"))
def test_a_valid_file_gives_the_parsers_data_and_a_place_for_all_of_it(name: str) -> None:
    """No diagnostic but for NaN and infinity; data as tomli's; spans that read back."""
    source = read(name)
    assert isinstance(source, SourceText)
    expected = tomli.loads(source.text)
    document = parse(source, "toml")
    scan = scan_toml(source)
    assert [d.code for d in scan.diagnostics] == ["RW018"] * not_finite(expected)
    assert [d.code for d in document.diagnostics] == [d.code for d in scan.diagnostics]
    if document.ok:
        assert same(document.data, expected)
    check_spans(document)


@pytest.mark.parametrize("name", listed("valid/"))
def test_the_scanner_alone_reads_what_the_parser_reads(name: str) -> None:
    """A tree read leaf by leaf, as after an error, has every finite value of a valid file."""
    source = read(name)
    assert isinstance(source, SourceText)
    expected = tomli.loads(source.text)
    if not_finite(expected):
        pytest.skip("NaN and infinity are left out")
    broken = parse(SourceText(name, f"{source.text}\n]"), "toml")
    assert len(broken.diagnostics) == 1
    assert same(broken.data, expected)


@pytest.mark.parametrize("name", listed("invalid/"))
def test_an_invalid_file_is_refused_with_a_place(name: str) -> None:
    """Each invalid file has a diagnostic inside its text, by the scanner alone too."""
    source = read(name)
    if isinstance(source, Diagnostic):
        assert source.code in {"RW001", "RW002"}
        assert source.start >= (1, 1)
        return
    document: Document = parse(source, "toml")
    assert document.diagnostics
    assert scan_toml(source).diagnostics
    for diagnostic in document.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= len(source.text)
        assert diagnostic.start.line <= source.line_count
