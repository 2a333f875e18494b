"""Documents: data, places, what can be relied on after errors, and what only TOML 1.1 has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rewire.manifest.document import Document, parse
from rewire.manifest.limits import MAX_DIAGNOSTICS
from rewire.manifest.source import SourceText
from rewire.manifest.toml_scan import scan_toml
from rewire.manifest.tree import Kind, Node, Scan
from tests.manifest.agreement import check_spans

if TYPE_CHECKING:
    from rewire.manifest.place import Span

MANIFEST = """\
version = 1 # the only one

[defaults]
http.timeout.connect = "5s"

[http.github]
base_url = "https://api.github.com"
auth.bearer = "${GITHUB_TOKEN}"
headers = { Accept = "text/plain", "X Y" = 'z' }

[[http.github.routes]]
path = "/a"
[[http.github.routes]]
path = "/b"
statuses = [
  500, # why
  [ 1 ],
]
"""


def toml(text: str) -> Document:
    """Parse TOML."""
    return parse(SourceText("m.toml", text))


def jsondoc(text: str) -> Document:
    """Parse JSON."""
    return parse(SourceText("m.json", text))


def read(document: Document, span: Span | None) -> str | None:
    """Return the text of a span."""
    return None if span is None else document.source.text[span.start : span.end]


def test_the_name_decides_the_language() -> None:
    """`.json` is JSON in any case of letters, everything else TOML, a format overrides."""
    assert parse(SourceText("A.JSON", "{}")).format == "json"
    assert parse(SourceText("-", "a = 1")).format == "toml"
    assert parse(SourceText("-", "{}"), "json").ok


@pytest.mark.parametrize(
    ("path", "key", "value", "header"),
    [
        (("version",), "version", "1", None),
        (("defaults",), "defaults", "[defaults]", "[defaults]"),
        (("defaults", "http"), "http", "http.timeout.connect", None),
        (("defaults", "http", "timeout", "connect"), "connect", '"5s"', None),
        (("http",), "http", "[http.github]", None),
        (("http", "github"), "github", "[http.github]", "[http.github]"),
        (("http", "github", "auth"), "auth", "auth.bearer", None),
        (("http", "github", "auth", "bearer"), "bearer", '"${GITHUB_TOKEN}"', None),
        (("http", "github", "headers", "X Y"), '"X Y"', "'z'", None),
        (
            ("http", "github", "routes"),
            "routes",
            "[[http.github.routes]]",
            "[[http.github.routes]]",
        ),
        (
            ("http", "github", "routes", 1),
            None,
            "[[http.github.routes]]",
            "[[http.github.routes]]",
        ),
        (("http", "github", "routes", 1, "path"), "path", '"/b"', None),
        (("http", "github", "routes", 1, "statuses", 0), None, "500", None),
        (("http", "github", "routes", 1, "statuses", 1, 0), None, "1", None),
        (("http", "gitlab"), None, None, None),
        (("version", "x"), None, None, None),
        (("version", 0), None, None, None),
        (("http", "github", "routes", 2), None, None, None),
    ],
)
def test_every_key_value_and_header_has_its_place(
    path: tuple[str | int, ...], key: str | None, value: str | None, header: str | None
) -> None:
    """A table's value is its header, or the key that made it; what is not there has no place."""
    document = toml(MANIFEST)
    assert document.ok
    found = (document.key_span(path), document.value_span(path), document.header_span(path))
    assert tuple(read(document, span) for span in found) == (key, value, header)


def test_all_spans_of_a_manifest_read_back() -> None:
    """In both languages."""
    document = toml(MANIFEST)
    check_spans(document)
    check_spans(jsondoc(json.dumps(document.data, indent=2)))


def test_a_header_after_its_subtable_becomes_the_place_of_the_table() -> None:
    """`[a.b]` first makes `a`; a later `[a]` is where it is really written."""
    document = toml("[a.b]\nx = 1\n[a]\ny = 1\n")
    assert document.value_span(("a",)) == (12, 15)
    assert document.value_span(("a", "b")) == (0, 5)


def test_what_is_missing_has_the_place_of_the_nearest_table() -> None:
    """The header where there is one, else the first character of the text."""
    document = toml(MANIFEST)
    assert read(document, document.nearest(("http", "github", "url"))) == "[http.github]"
    assert read(document, document.nearest(("websocket",))) == "v"
    assert toml("").nearest(("version",)) == (0, 0)
    assert toml("\n  x = 1").nearest(("version",)) == (3, 4)


def test_after_an_error_the_rest_is_still_data() -> None:
    """The first of two values stays, and what is broken is left out."""
    document = toml(
        'a = 5s\nb = 1\nb = 2\nc = [1, nan, 2]\n[d]\ne = "x\nf = 1\n[d]\ng = 1\n[h]\ni = 1'
    )
    assert document.data == {"b": 1, "c": [1], "d": {"f": 1}, "h": {"i": 1}}


def test_what_a_broken_statement_may_have_said_is_not_relied_on() -> None:
    """A key of a broken value is unreadable, a table with an unknown key as a whole."""
    document = toml("a = 5s\n[b]\nc = 1\n[d]\n= 1\n[e]\nf = [1\ng = 2\n[h]\n[h]\n")
    assert not document.readable(("a",))
    assert document.readable(("b", "c"))
    assert document.readable(("b", "missing"))
    assert not document.readable(("d", "missing"))
    assert not document.readable(("e", "missing"))
    assert not document.readable(("h", "missing"))
    assert document.readable(("version",))


def test_a_broken_header_makes_all_unreliable_a_duplicate_key_nothing() -> None:
    """Which table a lost header would have opened, nobody knows."""
    assert not toml("[]\na = 1\n[b]\n").readable(("b",))
    assert toml("a = 1\na = 2").readable(("a",))
    assert toml("").readable(())


def test_unreadable_parts_of_json_are_as_small() -> None:
    """A broken value spoils its key, an unclosed bracket everything."""
    document = jsondoc('{"a": {"b": tru}, "c": 1}')
    assert not document.readable(("a", "b"))
    assert document.readable(("a", "c"))
    assert document.data == {"a": {}, "c": 1}
    assert not jsondoc('{"a": {"b": 1}').readable(("a", "c"))


def test_errors_are_told_up_to_a_number() -> None:
    """A file of garbage does not give a diagnostic a line."""
    for document in (toml("= 1\n" * 1000), jsondoc('{"a": [' + "x," * 1000 + "1]}")):
        assert len(document.diagnostics) == MAX_DIAGNOSTICS
        assert not document.readable(("any",))


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("a = {b = 1}", []),
        ("a = {\n  b = 1 }", ["{\n  b = 1 }"]),
        ("a = {b = 1, }", [","]),
        ("a = {b = 1,\n}", ["{b = 1,\n}"]),
        ("a = {b = [\n1\n]}", []),
        ('a = {b = """\n"""}', []),
        ("a = [{\n}, {}]", ["{\n}"]),
        ('a = "\\e[0m\\x41\\\\e"', ["\\e", "\\x41"]),
        ("a = '\\e'", []),
        ('a = """\\e"""', ["\\e"]),
        ("a = 12:30", ["12:30"]),
        ("a = 2026-01-01 12:30Z", ["2026-01-01 12:30Z"]),
        ("a = 12:30:00", []),
        ('a = "${A} 12:30 {" # {', []),
        ('a = { b = "}", c = 1,\n}', ['{ b = "}", c = 1,\n}']),
        ("a = { b = { c = 1 }, }", [","]),
        ('a = ["""\n""", {b = "x",\nc = """\n"""}, "z"]', ['{b = "x",\nc = """\n"""}']),
    ],
)
def test_what_only_toml_11_has_is_found(text: str, places: list[str]) -> None:
    """Also in a text that the parser took without a scan; its quick look misses none."""
    document = toml(text)
    assert document.ok
    assert [read(document, span) for span in document.toml11] == places


def test_an_element_that_looks_like_a_header_is_an_element() -> None:
    """What else than a word of TOML stands alone in brackets on a line opens a table."""
    for word in ("true", "false", "1", '"a"', "[2]"):
        assert not scan_toml(SourceText("m", f"a = [\n[{word}]\n]")).diagnostics


def test_json_has_no_toml_11() -> None:
    """The warning is about editors that read TOML."""
    assert jsondoc('{"a": {\n}}').toml11 == ()


def test_dates_stay_what_they_are() -> None:
    """No field takes one, and the schema says so."""
    assert str(toml("a = 2026-11-25").data["a"]) == "2026-11-25"


def test_a_text_with_many_dots_in_a_value_is_fine() -> None:
    """Only keys have parts."""
    assert toml(f'a = "{"." * 100}"').ok


def test_the_limits_are_the_same_for_a_scanned_and_an_unscanned_text() -> None:
    """At the limit a text is good, one beyond it is not; `# ...` forces the scan."""
    for force in ("", f"# {'.' * 40}\n"):
        assert toml(f"{force}a = {'[' * 64}{']' * 64}").ok
        assert not toml(f"{force}a = {'[' * 65}{']' * 65}").ok
        assert toml(f"{force}{'.'.join('a' * 32)} = 1").ok
        assert not toml(f"{force}{'.'.join('a' * 33)} = 1").ok
        assert toml(f"{force}{'a' * 512} = 1").ok
        assert not toml(f"{force}{'a' * 513} = 1").ok
        assert toml(f"{force}a = {2**63 - 1}\nb = {-(2**63)}").ok
    assert jsondoc(f'{{"a": {"[" * 64}{"]" * 64}}}').ok
    assert not jsondoc(f'{{"a": {"[" * 65}{"]" * 65}}}').ok


def test_parsers_are_spared_what_they_cannot_bear() -> None:
    """A million brackets and a key of 40 kB are diagnostics, not a crash or a long wait."""
    assert [d.code for d in toml("a = " + "[" * 1_000_000).diagnostics] == ["RW004"]
    assert [d.code for d in toml("a." * 20_000 + "b = 1").diagnostics] == ["RW005"]
    assert jsondoc('{"a": ' + "[" * 1_000_000).diagnostics[0].code == "RW004"


def test_what_only_the_parser_refuses_is_still_a_diagnostic_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Should the scanner ever miss a fault, the parser's word is passed on, CRLF or not."""

    def blind(source: SourceText) -> Scan:
        return Scan(Node.table(Kind.HEADER, None, 0, len(source.text)))

    monkeypatch.setattr("rewire.manifest.document.scan_toml", blind)
    document = toml('a = 1\r\n\r\ntoken = "hunter2" ?')
    [found] = document.diagnostics
    assert str(found) == (
        "m.toml:3:19: error[RW010] this is not TOML: "
        "expected newline or end of document after a statement"
    )
    assert found.excerpt is not None
    assert "hunter2" not in found.excerpt.text
    assert document.data == {}


def test_the_repr_of_a_document_does_not_show_its_data() -> None:
    """A document may hold secrets."""
    assert "hunter2" not in repr(toml('a = "hunter2"'))
