"""The public form of diagnostics, to the character."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.document import parse
from rewire.manifest.render import render, render_one
from rewire.manifest.source import SourceText, Span, decode

UNKNOWN = SourceText("connections.toml", '\n\n\n\ntime_out = "5s"\n')


def lines(text: str) -> list[str]:
    """Render what is wrong with a text, as lines."""
    source = SourceText("m.toml", text)
    return render(parse(source).diagnostics, [source]).split("\n")


def shown(text: str, span: Span, *, masked: bool = False) -> list[str]:
    """Render a diagnostic of a text without its headline."""
    diagnostic = SourceText("m.toml", text).diagnose("RW104", "x", span, masked=masked)
    return render_one(diagnostic).split("\n")[1:]


def test_the_example_of_the_contract() -> None:
    """Place, severity, code, message; the line; the caret and the help."""
    found = UNKNOWN.diagnose(
        "RW103",
        'unknown key "time_out" in [http.github]',
        Span(4, 12),
        help='did you mean "timeout"?',
    )
    assert render([found], [UNKNOWN]) == (
        'connections.toml:5:1: error[RW103] unknown key "time_out" in [http.github]\n'
        '  5 | time_out = "5s"\n'
        '    | ^^^^^^^^ help: did you mean "timeout"?'
    )
    assert render([found], [UNKNOWN], "concise") == (
        'connections.toml:5:1: error[RW103] unknown key "time_out" in [http.github]'
    )


def test_a_second_place_is_shown_below() -> None:
    """Line numbers share one width."""
    assert lines("[http.a]\n" + "\n" * 8 + 'x = 1\nx = "y"') == [
        'm.toml:11:1: error[RW016] duplicate key "x" in [http.a]',
        '  11 | x = "y"',
        "     | ^",
        "  10 | x = 1",
        "     | - first defined here",
    ]
    assert lines("[http.a]\n" + "\n" * 8 + "[http.a]") == [
        "m.toml:10:1: error[RW017] table [http.a] is defined twice",
        "  10 | [http.a]",
        "     | ^^^^^^^^",
        "   1 | [http.a]",
        "     | -------- first defined here",
    ]


def test_a_second_place_on_the_same_line_repeats_no_line() -> None:
    """Two marks stand under one line."""
    assert lines("a = {b = 1, b = 2}") == [
        'm.toml:1:13: error[RW016] duplicate key "b" in [a]',
        "  1 | a = {b = 1, b = 2}",
        "    |             ^",
        "    |      - first defined here",
    ]


def test_a_second_place_in_another_file_names_it() -> None:
    """An included file, for example."""
    other = SourceText("other.toml", "\nx = 1")
    label = other.label(Span(1, 2), "first defined here")
    found = UNKNOWN.diagnose("RW201", "x", Span(4, 8), labels=(label,))
    assert render([found], [UNKNOWN]).split("\n")[3:] == [
        "  2 | x = 1",
        "    | - first defined here (other.toml:2:1)",
    ]


def test_without_a_line_the_help_stands_alone() -> None:
    """What has no text to show, as a file that is too large, shows none."""
    found = decode("m", b"xx", max_size=1)
    assert not isinstance(found, SourceText)
    assert render([found]) == (
        "m:1:1: error[RW003] the manifest has 2 bytes; at most 1 are read\n  1 |\n    | ^"
    )


@pytest.mark.parametrize(
    ("text", "span", "expected"),
    [
        ("\ta\t= 5", Span(1, 2), ["  1 |  a = 5", "    |  ^"]),
        ("名前 = 5", Span(5, 6), ["  1 | 名前 = 5", "    |        ^"]),
        ("名前 = 5", Span(0, 2), ["  1 | 名前 = 5", "    | ^^^^"]),
        ("e\u0301 = 5", Span(5, 6), ["  1 | e\u0301 = 5", "    |     ^"]),
        ("a = '\x1b[31m'", Span(4, 11), ["  1 | a = '\\x1b[31m'", "    |     ^^^^^^^^^^"]),
        ("a = '\u202e'", Span(4, 7), ["  1 | a = '\\u202e'", "    |     ^^^^^^^^"]),
        ("a =", Span(3, 3), ["  1 | a =", "    |    ^"]),
        ("a = [\n1]", Span(4, 8), ["  1 | a = [", "    |     ^"]),
        ("a = 1\r\nb", Span(4, 5), ["  1 | a = 1", "    |     ^"]),
        ("", Span(0, 0), ["  1 |", "    | ^"]),
    ],
)
def test_the_caret_stands_under_what_it_means(text: str, span: Span, expected: list[str]) -> None:
    """Whatever the line is made of; what a terminal would act on is escaped."""
    assert shown(text, span) == expected


def test_a_long_line_is_cut_around_the_place() -> None:
    """A hundred characters are shown, and marks where something is left out."""
    line, marker = shown("x" * 500 + "HERE" + "y" * 500, Span(500, 504))
    assert line == "  1 | …" + "x" * 30 + "HERE" + "y" * 66 + "…"
    assert marker.index("^") == line.index("HERE")
    line, _ = shown("HERE" + "y" * 500, Span(0, 4))
    assert line == "  1 | HERE" + "y" * 96 + "…"
    line, marker = shown("x" * 500 + "HERE", Span(500, 504))
    assert line == "  1 | …" + "x" * 96 + "HERE"
    assert marker.endswith("^^^^")
    line, marker = shown("x" * 500, Span(0, 500))
    assert marker.count("^") == 100


@pytest.mark.parametrize(
    ("text", "at", "line"),
    [
        ('auth.bearer = "s3cret"', '"s3', 'auth.bearer = "…"'),
        ("auth.bearer = 's3cret' # s3cret", "'s3", 'auth.bearer = "…" …'),
        ('auth.bearer = "s3\\"cret" x', '"s3', 'auth.bearer = "…" …'),
        ('auth.bearer = "s3cret', '"s3', 'auth.bearer = "…"'),
        ("auth.bearer = s3cret", "s3", "auth.bearer = …"),
        ("auth.bearer = 12345", "123", "auth.bearer = …"),
        ("auth.bearer = s3=cret", "s3", "auth.bearer = …=…"),
        ('auth.bearer = """s3cret', '"""', 'auth.bearer = "…"'),
        ('auth = {basic = {username = "s3", password = "cret"}}', "{b", None),
        ('"token": "s3cret",', '"s3', '"token": "…",'),
        ('{"token": "s3", "b": ["cret", 5]}', '"s3', '{"token": "…", "b": ["…", …]}'),
        ('headers = { "X-Key" = "s3cret", "X Y".b = 1 }', '"s3', None),
        ("s3cretbase64+/=", "s3", "…="),
        ("s3cret=", "s3", "…="),
        ("[http.github]", "[", "[http.github]"),
    ],
)
def test_a_masked_line_shows_keys_and_no_values(text: str, at: str, line: str | None) -> None:
    """In either language, with or without quotes, closed or not, comments too."""
    start = text.index(at)
    [found, marker] = shown(text, Span(start, len(text)), masked=True)
    if line is not None:
        assert found == f"  1 | {line}"
    assert not any(part in found for part in ("s3", "cret", "12345"))
    assert "^" in marker
    assert len(marker) <= len(found)


def test_a_masked_line_of_great_length_shows_nothing() -> None:
    """Reading it from its start for every diagnostic would cost too much."""
    assert shown('x = "' + "s" * 3000 + '"', Span(4, 9), masked=True) == ["  1 | …", "    | ^"]


@pytest.mark.parametrize(
    "text",
    [
        '[http.a]\nauth.bearer = "hunter2" x',
        '[http.a]\nauth.bearer = "hunter2',
        '[http.a]\nauth.bearer = "hunter2\\q"',
        "[http.a]\nauth.bearer = hunter2",
        '[http.a.auth]\nbearer = """\nhunter2\\q\n"""',
        '[http.a.auth.basic]\nx = [1, "hunter2" 3]',
        '[http.a]\nbase_url = "https://me:hunter2@x.example/\\q"',
        '[http.a]\napi_key "hunter2"',
        '[http.a]\nauth.bearer = "hunter2"\nauth.bearer = "hunter2"',
        '[http.a]\nauth = {bearer = "hunter2", bearer = "hunter2"}',
        '{"a": {"auth": {"bearer": "hunter2" "x": 1}}}',
        '{"a": {"auth": {"bearer": "hunter2}}}',
        '{"a": {"auth":\n {"value": "hunter2\\q"}}}',
    ],
)
def test_a_syntax_error_near_a_secret_does_not_show_it(text: str) -> None:
    """The scanner cannot know the schema, and hides what has a telling name."""
    source = SourceText("m.json" if text[0] == "{" else "m.toml", text)
    found = parse(source).diagnostics
    assert found
    assert "hunter2" not in render(found, [source])
    assert "hunter2" not in render(found, [source], "json")


def test_messages_and_names_cannot_command_a_terminal() -> None:
    """Control characters are escaped wherever they come from."""
    found = SourceText("m\x1b.toml", "a").diagnose("RW103", "x\x1by", Span(0, 1), help="\x1b")
    assert "\x1b" not in render([found])


def test_json_has_exactly_the_fields_of_the_contract() -> None:
    """One file is one object."""
    source = SourceText("m.toml", '[http.a]\nx = 1\n"x" = "y" # é')
    found = parse(source).diagnostics
    assert json.loads(render(found, [source], "json")) == {
        "file": "m.toml",
        "valid": False,
        "diagnostics": [
            {
                "code": "RW016",
                "severity": "error",
                "message": 'duplicate key "x" in [http.a]',
                "path": "http.a.x",
                "line": 3,
                "column": 1,
                "end_line": 3,
                "end_column": 4,
                "help": None,
                "url": "docs/reference/errors/RW016.md",
            }
        ],
    }


def test_json_of_a_valid_file_says_so() -> None:
    """A warning leaves a file valid; several files are a list."""
    one, two = SourceText("a.toml", ""), SourceText("b.toml", "x")
    assert json.loads(render([], [one], "json")) == {
        "file": "a.toml",
        "valid": True,
        "diagnostics": [],
    }
    warning = two.diagnose("RW901", "x", Span(0, 1))
    both = json.loads(render([warning], [one, two], "json"))
    assert [(file["file"], file["valid"], len(file["diagnostics"])) for file in both] == [
        ("a.toml", True, 0),
        ("b.toml", True, 1),
    ]


def test_colour_changes_no_character() -> None:
    """Without the escapes the text is the same; a warning has another colour than an error."""
    source = SourceText("m.toml", "a = 1\na = 5s")
    found = [*parse(source).diagnostics, source.diagnose("RW901", "x", Span(0, 1), help="h")]
    plain, colored = render(found, [source]), render(found, [source], color=True)
    for escape in ("\x1b[0m", "\x1b[1m", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;34m", "\x1b[36m"):
        assert escape in colored
        colored = colored.replace(escape, "")
    assert colored == plain


@given(st.text(), st.integers(0, 40), st.integers(0, 40), st.booleans())
def test_any_line_can_be_shown(text: str, start: int, size: int, masked: bool) -> None:
    """Nothing raises, nothing unprintable is left, and there is always a mark."""
    start = min(start, len(text))
    [line, marker] = shown(text, Span(start, min(start + size, len(text))), masked=masked)
    assert line.isprintable()
    assert "^" in marker
