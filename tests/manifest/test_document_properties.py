"""Laws of parsing: nothing raises, places are true, and scanner and parsers are of one opinion."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.document import Document, Format, parse
from rewire.manifest.json_scan import scan_json
from rewire.manifest.render import render
from rewire.manifest.source import SourceText, decode
from rewire.manifest.toml_dialect import may_use_toml11
from rewire.manifest.toml_scan import scan_toml
from tests.manifest.agreement import check_spans, same
from tests.manifest.test_document import MANIFEST

FORMATS: list[Format] = ["toml", "json"]

# Texts made of what the languages are made of find more than texts of letters.
PIECES = [
    *"[]{}=.,:#\"'\\\n \t\r",
    *[
        '"""',
        "'''",
        "[[",
        "]]",
        "\r\n",
        "\\\n",
        "\\u00e9",
        "\\x41",
        "\\e",
        "\\q",
        '\\"',
        "//",
        "/*",
    ],
    *["a", "b", "c.d", '"e"', "'f'", "true", "false", "null", "1", "-2.5e3", "0x1f", "1e999"],
    *["inf", "nan", "12:30", "2026-01-01", "2026-01-01T12:30:00Z", "9" * 20, "\x00", "\x1b", "é"],
    *["a = 1\n", "[a]\n", "[a.b]\n", "[[a]]\n", 'b = "x"\n', "a.b = {c = 1}\n", '"a": 1,', '{"b":'],
]
soup = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)

keys = st.sampled_from(["a", "b", "c-d", "", "x y", "é", '"', "\\", "\n", "'"]) | st.text(
    max_size=3
)
leaves = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)
trees = st.dictionaries(keys, values, max_size=5)


def write_value(value: Any) -> str:
    """Write a value as TOML, on one line."""
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{write_value(k)} = {write_value(v)}" for k, v in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(write_value, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(_escaped(char) for char in value) + '"'
    return json.dumps(value)


def _escaped(char: str) -> str:
    return char if char.isprintable() and char not in '"\\' else f"\\U{ord(char):08X}"


def write(tree: dict[str, Any], path: tuple[str, ...] = ()) -> str:
    """Write a tree as TOML with a header for each table."""
    plain = {k: v for k, v in tree.items() if not isinstance(v, dict)}
    text = "".join(f"{write_value(k)} = {write_value(v)}\n" for k, v in plain.items())
    for key, value in tree.items():
        if isinstance(value, dict):
            inner = (*path, key)
            text += f"[{'.'.join(map(write_value, inner))}]\n{write(value, inner)}"
    return text


def check(document: Document) -> None:
    """Assert what holds for every document, good or bad."""
    size = len(document.source.text)
    assert list(document.diagnostics) == sorted(document.diagnostics, key=lambda d: d.span)
    for diagnostic in document.diagnostics:
        assert 0 <= diagnostic.span.start <= diagnostic.span.end <= size
        assert diagnostic.start == document.source.position(diagnostic.span.start)
        assert diagnostic.end == document.source.position(diagnostic.span.end)
    check_spans(document)
    render(document.diagnostics, [document.source])
    assert all(0 <= span.start < span.end <= size for span in document.toml11)


@given(st.text() | soup, st.sampled_from(FORMATS))
def test_any_text_is_parsed(text: str, form: Format) -> None:
    """Parsing raises nothing, and every span lies in the text and reads back."""
    check(parse(SourceText("m", text), form))


@given(st.binary(), st.sampled_from(FORMATS))
def test_any_bytes_are_parsed(data: bytes, form: Format) -> None:
    """What can be decoded can be parsed."""
    source = decode("m", data)
    if isinstance(source, SourceText):
        check(parse(source, form))


@given(soup)
def test_scanner_and_parser_accept_the_same_toml(text: str) -> None:
    """The scanner finds a fault exactly where tomli raises, or a number that no manifest holds."""
    scan = scan_toml(SourceText("m", text))
    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError:
        assert scan.diagnostics
        return
    assert {d.code for d in scan.diagnostics} <= {"RW018"}
    if not scan.diagnostics:
        assert same(parse(SourceText("m", text)).data, data)


@given(soup)
def test_a_quick_look_misses_no_toml_11(text: str) -> None:
    """Where the scanner finds TOML 1.1 in a good text, the look before it has said maybe."""
    scan = scan_toml(SourceText("m", text))
    if scan.toml11 and not scan.diagnostics:
        assert may_use_toml11(text)


@given(soup)
def test_scanner_and_parser_accept_the_same_json(text: str) -> None:
    """But for what `json` lets through: duplicates, NaN, numbers out of range, half characters."""
    codes = {d.code for d in scan_json(SourceText("m", text)).diagnostics}
    try:
        data = json.loads(text)
    except ValueError:
        assert codes
        return
    stricter = {"RW012", "RW016", "RW018"}
    assert codes <= stricter if isinstance(data, dict) else codes == {"RW022"}
    if not codes:
        assert same(parse(SourceText("m.json", text)).data, data)


@given(trees)
def test_what_is_written_as_toml_is_read_with_places(tree: dict[str, Any]) -> None:
    """Tables, inline tables, arrays and quoted keys read back, by value and by span."""
    document = parse(SourceText("m", write(tree)))
    assert document.ok
    assert same(document.data, tree)
    check_spans(document)
    assert not scan_toml(document.source).diagnostics


@given(trees, st.sampled_from([None, 1]), st.booleans())
def test_what_is_written_as_json_is_read_with_places(
    tree: dict[str, Any], indent: int | None, ascii_only: bool
) -> None:
    """Whatever json writes, of finite 64-bit numbers."""
    text = json.dumps(tree, indent=indent, ensure_ascii=ascii_only)
    document = parse(SourceText("m.json", text))
    assert document.ok
    assert same(document.data, tree)
    check_spans(document)
    assert not scan_json(document.source).diagnostics


@pytest.mark.parametrize("form", FORMATS)
def test_a_manifest_cut_anywhere_is_parsed(form: Format) -> None:
    """Every prefix of a manifest is data or diagnostics, and what is left has true places."""
    text = MANIFEST
    if form == "json":
        text = json.dumps(tomli.loads(MANIFEST), indent=2)
    for cut in range(len(text)):
        check(parse(SourceText("m", text[:cut]), form))


@given(st.data())
def test_one_character_changed_is_still_parsed(data: st.DataObject) -> None:
    """A slip of the finger anywhere gives at most a few diagnostics, all in place."""
    at = data.draw(st.integers(0, len(MANIFEST) - 1))
    piece = data.draw(st.sampled_from(["", *PIECES]))
    document = parse(SourceText("m", MANIFEST[:at] + piece + MANIFEST[at + 1 :]))
    check(document)
    assert len(document.diagnostics) <= 9
