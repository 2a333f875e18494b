"""TOML with a fault: each case is a text and all that is said about it, place by place.

The help and the second places are in `test_fault_help.py`; how it all looks in `test_render.py`.
"""

from __future__ import annotations

import pytest

from rewire.manifest.document import parse
from rewire.manifest.source import SourceText

CASES: dict[str, tuple[str, list[str]]] = {
    "text after a value": (
        "a = 1 2\nb = 2",
        ["1:7 RW010 expected a line break after the value, found more text"],
    ),
    "two pairs on a line": (
        "a = 1 b = 2",
        ["1:7 RW010 expected a line break after the value, found more text"],
    ),
    "two strings": (
        'a = "x" "y"',
        ["1:9 RW010 expected a line break after the value, found a quote"],
    ),
    "a quote inside a string": (
        'a = "say "hi" now"',
        ["1:11 RW010 expected a line break after the value, found more text"],
    ),
    "text after a header": (
        "[a] b = 1\nc = 2",
        ["1:5 RW010 expected a line break after the table header, found more text"],
    ),
    "one bracket too many": (
        "[a]]",
        ['1:4 RW010 expected a line break after the table header, found "]"'],
    ),
    "missing comma in an array": (
        "a = [1 2]\nb = 3",
        ["1:8 RW010 expected a comma or ] in the array"],
    ),
    "missing comma over lines": (
        'a = [\n  "x"\n  "y"\n]\nb = 1 2',
        [
            "3:3 RW010 expected a comma or ] in the array",
            "5:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "missing comma in an inline table": (
        "a = {b = 1 c = 2}\nd = 1 2",
        [
            "1:12 RW010 expected a comma or } in the inline table",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open string": ('a = "x\nb = 1', ["1:5 RW011 the string is not closed on its line"]),
    "open literal": ("a = 'x\nb = 1", ["1:5 RW011 the string is not closed on its line"]),
    "open string before a comment": (
        'a = "x # c\nb = 1 2',
        [
            "1:5 RW011 the string is not closed on its line",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open multi-line string": (
        'a = """x\nb = 1\n[c]\nd = 1 2',
        [
            '1:5 RW011 the multi-line string is never closed: """ is missing',
            "4:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open multi-line literal": (
        "a = '''x\n\nb = 1 2",
        [
            "1:5 RW011 the multi-line string is never closed: ''' is missing",
            "3:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open string key": (
        '"a = 1\nb = 1 2',
        [
            "1:1 RW011 the string is not closed on its line",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "unknown escape": ('a = "C:\\dir"', ["1:8 RW012 unknown escape in a string"]),
    "short hex": ('a = "\\u12"', ["1:6 RW012 the escape \\u takes 4 hexadecimal digits"]),
    "surrogate": ('a = "\\ud800"', ["1:6 RW012 the escape \\u does not name a character"]),
    "beyond unicode": ('a = "\\U00110000"', ["1:6 RW012 the escape \\U does not name a character"]),
    "escape in a multi-line string": (
        'a = """\nx \\q y\n"""\nb = 1 2',
        [
            "2:3 RW012 unknown escape in a string",
            "4:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "backslash with text after it": ('a = """x \\ y"""', ["1:10 RW012 unknown escape in a string"]),
    "two escapes, first told": ('a = "\\q \\w"', ["1:6 RW012 unknown escape in a string"]),
    "no value": (
        "a =\nb = 1 2",
        [
            "1:4 RW013 expected a value, found the end of the line",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "no value before a comment": (
        "a = # c",
        ["1:5 RW013 expected a value, found the end of the line"],
    ),
    "capital boolean": (
        "a = True\nb = FALSE",
        [
            "1:5 RW013 a boolean is written in lower case",
            "2:5 RW013 a boolean is written in lower case",
        ],
    ),
    "more than a boolean": (
        "a = truest",
        ["1:5 RW013 this is not a value"],
    ),
    "yes": ("a = yes", ["1:5 RW013 this is not a boolean"]),
    "null": ("a = null", ["1:5 RW013 TOML has no null"]),
    "bare word": ("a = word", ["1:5 RW013 this is not a value"]),
    "bare duration": (
        "a = 5s\nb = 250ms",
        ["1:5 RW013 a duration stands in quotes", "2:5 RW013 a duration stands in quotes"],
    ),
    "bare size": ("a = 1MiB", ["1:5 RW013 a size stands in quotes"]),
    "bare reference": ("a = ${TOKEN}", ["1:5 RW013 a reference stands in quotes"]),
    "leading zero": ("a = 012", ["1:5 RW013 a number has no leading zeros"]),
    "double underscore": ("a = 1__0", ["1:5 RW013 this is not a number"]),
    "trailing dot": ("a = 1.", ["1:5 RW013 this is not a number"]),
    "plus hex": ("a = +0x1", ["1:5 RW013 this is not a number"]),
    "no such day": ("a = 2026-02-30", ["1:5 RW013 this is not a date or time"]),
    "no such hour": ("a = 25:00:00", ["1:5 RW013 this is not a date or time"]),
    "bad date": ("a = 2026-1-1", ["1:5 RW013 this is not a date or time"]),
    "capital NaN": ("a = NaN", ["1:5 RW013 this is not a number"]),
    "comma for a value": ("a = ,", ['1:5 RW013 expected a value, found ","']),
    "bracket for a value": ("a = ]", ['1:5 RW013 expected a value, found "]"']),
    "colon": (
        "a: 1\nb = 1 2",
        [
            '1:2 RW014 expected "=" after the key',
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "no equals": (
        'a "x"\nb = 1 2',
        [
            '1:3 RW014 expected "=" after the key',
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "space in a key": ("a b = 1", ['1:3 RW014 expected "=" after the key']),
    "only a key": (
        "a\nb",
        ['1:2 RW014 expected "=" after the key', '2:2 RW014 expected "=" after the key'],
    ),
    "open header": (
        "[a\nb = 1 2",
        [
            "1:1 RW015 the table header is not closed: expected ]",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open array header": (
        "[[a]\nb = 1 2",
        [
            "1:1 RW015 the table header is not closed: expected ]]",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open array": (
        "a = [1, 2\nb = 3\nc = 1 2",
        [
            "1:5 RW015 the array is not closed: expected ]",
            "3:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open array to the end": ("a = [1,", ["1:5 RW015 the array is not closed: expected ]"]),
    "open array before a header": (
        'a = [\n  "x",\n[b]\nc = 1 2',
        [
            "1:5 RW015 the array is not closed: expected ]",
            "4:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open inline table": (
        "a = {b = 1\nc = 2",
        ["1:5 RW015 the inline table is not closed: expected }"],
    ),
    "open inline table before a header": (
        "a = {\n  b = 1,\n[c]\nd = 1 2",
        [
            "1:5 RW015 the inline table is not closed: expected }",
            "4:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "open nested": ("a = [[1, [2]\nb = 1", ["1:6 RW015 the array is not closed: expected ]"]),
    "crossed brackets": ("a = [1}\nb = 2", ["1:7 RW010 expected a comma or ] in the array"]),
    "duplicate": ("a = 1\nb = 2\na = 3", ['3:1 RW016 duplicate key "a"']),
    "duplicate quoted": ('a = 1\n"a" = 2', ['2:1 RW016 duplicate key "a"']),
    "duplicate dotted": ("a.b = 1\na.b = 2", ['2:3 RW016 duplicate key "b" in [a]']),
    "duplicate inline": ("a = {b = 1, b = 2}", ['1:13 RW016 duplicate key "b" in [a]']),
    "three times": (
        "a = 1\na = 2\na = 3",
        ['2:1 RW016 duplicate key "a"', '3:1 RW016 duplicate key "a"'],
    ),
    "value then table by dots": (
        "a = 1\na.b = 2",
        ["2:1 RW017 a is complete where it is defined and cannot be extended"],
    ),
    "table twice": ("[a]\nb = 1\n[a]\nb = 2", ["3:1 RW017 table [a] is defined twice"]),
    "table twice, second time too": (
        "[a]\n[a]\n[a]",
        ["2:1 RW017 table [a] is defined twice", "3:1 RW017 table [a] is defined twice"],
    ),
    "dotted then header": (
        "[a]\nb.c = 1\n[a.b]\nd = 1",
        ["3:1 RW017 table [a.b] is already defined by a dotted key"],
    ),
    "header then dotted": (
        "[a.b]\nc = 1\n[a]\nb.d = 1",
        ["4:1 RW017 a.b is complete where it is defined and cannot be extended"],
    ),
    "inline then header": (
        "[a]\nb = {}\n[a.b]\nc = 1",
        ["3:1 RW017 a.b is already a value and cannot be extended by a header"],
    ),
    "inline then dots": (
        "a = {b = 1}\na.c = 2",
        ["2:1 RW017 a is complete where it is defined and cannot be extended"],
    ),
    "value then header": (
        "a = 1\n[a]\nb = 1",
        ["2:1 RW017 a is already a value and cannot be extended by a header"],
    ),
    "header through a value": (
        "a = 1\n[a.b]",
        ["2:2 RW017 a is already a value and cannot be extended by a header"],
    ),
    "array then elements": (
        "a = []\n[[a]]",
        ["2:1 RW017 a is already a value and cannot be extended by a header"],
    ),
    "table then elements": ("[a]\n[[a]]", ["2:1 RW017 table [a] is defined twice"]),
    "elements then table": ("[[a]]\n[a]", ["2:1 RW017 [a] is already an array of tables"]),
    "implicit then elements": ("[a.b]\n[[a]]", ["2:1 RW017 [a] is already a table"]),
    "int too wide": (
        "a = 9223372036854775808\nb = -9223372036854775809\nc = 0x8000000000000000",
        [
            "1:5 RW018 the number does not fit into 64 bits",
            "2:5 RW018 the number does not fit into 64 bits",
            "3:5 RW018 the number does not fit into 64 bits",
        ],
    ),
    "int of five thousand digits": (
        "a = 1" + "0" * 5000,
        ["1:5 RW018 the number does not fit into 64 bits"],
    ),
    "float too large": (
        "a = 1e999\nb = -1e999",
        [
            "1:5 RW018 the number is too large for a 64-bit float",
            "2:5 RW018 the number is too large for a 64-bit float",
        ],
    ),
    "nan and infinity": (
        "a = nan\nb = -inf\nc = [1.0, +inf]",
        [
            "1:5 RW018 NaN and infinity are not numbers that a manifest can hold",
            "2:5 RW018 NaN and infinity are not numbers that a manifest can hold",
            "3:11 RW018 NaN and infinity are not numbers that a manifest can hold",
        ],
    ),
    "no key": (
        "= 1\nb = 1 2",
        [
            '1:1 RW019 expected a key before "="',
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "empty header": (
        "[]\na = 1 2",
        [
            '1:2 RW019 expected a table name, found "]"',
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "empty part": (
        "a..b = 1\n.c = 1\n[d.]\n",
        [
            '1:3 RW019 expected a key after the dot, found "."',
            '2:1 RW019 expected a key, found "."',
            '3:4 RW019 expected a key after the dot, found "]"',
        ],
    ),
    "foreign letter": ("größe = 1", ['1:3 RW019 "ö" cannot stand in a key without quotes']),
    "multi-line key": ('"""a""" = 1', ["1:1 RW019 a key cannot be a multi-line string"]),
    "dollar key": ("${A} = 1", ['1:1 RW019 expected a key, found "$"']),
    "NUL": ('a = "x\x00y"', ["1:7 RW002 control character U+0000 is not allowed here"]),
    "escape character in a comment": (
        "# x\x1by\na = 1 2",
        [
            "1:4 RW002 control character U+001B is not allowed here",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "carriage return": (
        "a = 1\rb = 2",
        ["1:6 RW002 a carriage return without a line feed is not allowed here"],
    ),
    "tab is fine, vertical tab is not": (
        "a =\t1\n\x0bb = 1",
        ["2:1 RW002 control character U+000B is not allowed here"],
    ),
    "no-break space": ("a =\xa01", ["1:4 RW013 expected a value, found U+00A0"]),
    "zero-width in key": ("a\u200b = 1", ["1:2 RW019 U+200B cannot stand in a key without quotes"]),
    "CRLF counts lines": (
        "# c\r\na = 1 2\r\nb = 5s\r\n",
        [
            "2:7 RW010 expected a line break after the value, found more text",
            "3:5 RW013 a duration stands in quotes",
        ],
    ),
    "wide text counts characters": (
        'a = "日本語🎉" x',
        ["1:12 RW010 expected a line break after the value, found more text"],
    ),
    "deep array": (
        "a = " + "[" * 65 + "]" * 65 + "\nb = 1 2",
        [
            "1:69 RW004 values are nested more than 64 deep",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "deep inline": (
        "x = " + "{a=" * 65 + "1" + "}" * 65,
        ["1:197 RW004 values are nested more than 64 deep"],
    ),
    "many parts": (
        ".".join("a" * 33) + " = 1\nb = 1 2",
        [
            "1:1 RW005 a key has at most 32 parts",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "many parts in a header": (
        "[" + ".".join("a" * 33) + "]\nb = 1 2",
        [
            "1:2 RW005 a key has at most 32 parts",
            "2:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "long key": ("a" * 513 + " = 1", ["1:1 RW005 a key has at most 512 characters"]),
    "every kind at once": (
        'a = 5s\n[x\nb = "y\nc = [1, 2\nd = True\n[x]\n= 3\ne = 1 f = 2\ne = 1',
        [
            "1:5 RW013 a duration stands in quotes",
            "2:1 RW015 the table header is not closed: expected ]",
            "3:5 RW011 the string is not closed on its line",
            "4:5 RW015 the array is not closed: expected ]",
            "5:5 RW013 a boolean is written in lower case",
            "6:1 RW017 table [x] is defined twice",
            '7:1 RW019 expected a key before "="',
            "8:7 RW010 expected a line break after the value, found more text",
            '9:1 RW016 duplicate key "e" in [x]',
        ],
    ),
    "a closer after what looks like a statement": (
        "a = {\n  b = 1\n  c = 2\n}\nd = 1 2",
        [
            "1:5 RW015 the inline table is not closed: expected }",
            "5:7 RW010 expected a line break after the value, found more text",
        ],
    ),
    "garbage": (
        "@@@\n%%%\na = 1",
        ['1:1 RW019 expected a key, found "@"', '2:1 RW019 expected a key, found "%"'],
    ),
    "a closer that is left over": (
        "a = [\n  1 2\n]\nb = 1",
        ["2:5 RW010 expected a comma or ] in the array"],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_every_fault_is_named_at_its_place(text: str, expected: list[str]) -> None:
    """One run names each fault once, in order, and reads on after it."""
    found = parse(SourceText("x.toml", text)).diagnostics
    told = [f"{d.start.line}:{d.start.column} {d.code} {d.message}" for d in found]
    assert told == expected
