"""JSON with a fault: each case is a text and all that is said about it, place by place.

The help and the second places are in `test_fault_help.py`; how it all looks in `test_render.py`.
"""

from __future__ import annotations

import pytest

from rewire.manifest.document import parse
from rewire.manifest.source import SourceText

CASES: dict[str, tuple[str, list[str]]] = {
    "text after the end": (
        '{"a": 1} x',
        ["1:10 RW010 expected the end of the text, found more text"],
    ),
    "missing comma": ('{"a": 1 "b": 2}', ["1:9 RW010 expected a comma or } in the object"]),
    "missing comma over lines": (
        '{\n  "a": 1\n  "b": tru\n}',
        ["3:3 RW010 expected a comma or } in the object", "3:8 RW013 this is not a value"],
    ),
    "open string": ('{"a": "x\n, "b": 2}', ["1:7 RW011 the string is not closed on its line"]),
    "open string that takes a bracket with it": (
        '{"a": {"b": "x},\n "c": 1}',
        ["1:13 RW011 the string is not closed on its line"],
    ),
    "unknown escape": (
        '{"a": "C:\\dir", "b": 01}',
        ["1:10 RW012 unknown escape in a string", "1:22 RW013 a number has no leading zeros"],
    ),
    "short hex": ('{"a": "\\u12"}', ["1:8 RW012 the escape \\u takes 4 hexadecimal digits"]),
    "half a character": (
        '{"a": "\\ud83d", "b": "\\ud83d\\ude00", "c": "\\\\ud83d"}',
        ["1:8 RW012 the escape \\u does not name a character"],
    ),
    "no value": (
        '{"a": , "b": }',
        ['1:7 RW013 expected a value, found ","', '1:14 RW013 expected a value, found "}"'],
    ),
    "capital boolean": (
        '{"a": True, "b": None, "c": undefined}',
        [
            "1:7 RW013 this is not a value",
            "1:18 RW013 this is not a value",
            "1:29 RW013 this is not a value",
        ],
    ),
    "single quotes": (
        "{\"a\": 'x', 'b': 1}",
        ["1:7 RW013 a string stands in double quotes", "1:12 RW019 a key stands in double quotes"],
    ),
    "bare key": (
        '{a: 1, "b": 1 2}',
        [
            "1:2 RW019 a key stands in double quotes",
            "1:15 RW010 expected a comma or } in the object",
        ],
    ),
    "equals": ('{"a" = 1}', ['1:6 RW014 expected ":" after the key']),
    "no colon": ('{"a" 1}', ['1:6 RW014 expected ":" after the key']),
    "leading zero": ('{"a": 01}', ["1:7 RW013 a number has no leading zeros"]),
    "plus": ('{"a": +1}', ["1:7 RW013 this is not a number"]),
    "trailing dot": ('{"a": 1.}', ["1:7 RW013 this is not a number"]),
    "open object": ('{"a": 1', ["1:1 RW015 the object is not closed: expected }"]),
    "open array": ('{"a": [1, 2', ["1:7 RW015 the array is not closed: expected ]"]),
    "crossed": ('{"a": [1}', ["1:9 RW015 the array is not closed: expected ]"]),
    "duplicate": ('{"a": 1,\n "a": 2}', ['2:2 RW016 duplicate key "a"']),
    "duplicate id": (
        '{"http": {"x": {},\n "y": {}, "x": {}}}',
        ['2:11 RW016 duplicate key "x" in http'],
    ),
    "NaN": (
        '{"a": NaN, "b": [Infinity, -Infinity]}',
        [
            "1:7 RW018 NaN and infinity are not numbers that a manifest can hold",
            "1:18 RW018 NaN and infinity are not numbers that a manifest can hold",
            "1:28 RW018 NaN and infinity are not numbers that a manifest can hold",
        ],
    ),
    "too wide": (
        '{"a": 9223372036854775808, "b": 1e999}',
        [
            "1:7 RW018 the number does not fit into 64 bits",
            "1:33 RW018 the number is too large for a 64-bit float",
        ],
    ),
    "line comment": (
        '{\n  // c\n  "a": 1 // d\n}',
        ["2:3 RW020 JSON has no comments", "3:10 RW020 JSON has no comments"],
    ),
    "block comment": ('{"a": /* c */ 1}', ["1:7 RW020 JSON has no comments"]),
    "hash comment": ('{"a": 1} # c', ["1:10 RW020 JSON has no comments"]),
    "open comment": ('{"a": 1} /* c', ["1:10 RW020 JSON has no comments"]),
    "trailing comma": (
        '{"a": [1, 2,], "b": 3,}',
        ["1:12 RW021 JSON has no comma before ]", "1:22 RW021 JSON has no comma before }"],
    ),
    "double comma": (
        '{"a": [1,, 2],, "b": 3}',
        ['1:10 RW013 expected a value, found ","', '1:15 RW019 expected a key, found ","'],
    ),
    "an array": ("[1]", ['1:1 RW022 expected an object, found "["']),
    "nothing": ("", ["1:1 RW022 expected an object, found the end of the text"]),
    "only blanks": (" \n ", ["2:2 RW022 expected an object, found the end of the text"]),
    "a string": ('"a"', ["1:1 RW022 expected an object, found a quote"]),
    "raw tab": ('{"a": "x\ty"}', ["1:9 RW002 control character U+0009 is not allowed here"]),
    "NUL": ('{\x00"a": 1}', ["1:2 RW002 control character U+0000 is not allowed here"]),
    "deep": (
        '{"a": ' + "[" * 65 + "]" * 65 + ', "b": tru}',
        ["1:71 RW004 values are nested more than 64 deep", "1:144 RW013 this is not a value"],
    ),
    "long key": ('{"' + "a" * 513 + '": 1}', ["1:2 RW005 a key has at most 512 characters"]),
    "every kind at once": (
        '{"a": tru,\n "b" 2,\n c: 3,\n "d": [1 2,],\n "a": "\\q",\n "e": 1e999',
        [
            "1:1 RW015 the object is not closed: expected }",
            "1:7 RW013 this is not a value",
            '2:6 RW014 expected ":" after the key',
            "3:2 RW019 a key stands in double quotes",
            "4:10 RW010 expected a comma or ] in the array",
            "4:11 RW021 JSON has no comma before ]",
            '5:2 RW016 duplicate key "a"',
            "5:8 RW012 unknown escape in a string",
            "6:7 RW018 the number is too large for a 64-bit float",
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_every_fault_is_named_at_its_place(text: str, expected: list[str]) -> None:
    """One run names each fault once, in order, and reads on after it."""
    found = parse(SourceText("x.json", text)).diagnostics
    told = [f"{d.start.line}:{d.start.column} {d.code} {d.message}" for d in found]
    assert told == expected
