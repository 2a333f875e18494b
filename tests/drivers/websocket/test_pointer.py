"""Finding a message's number by a JSON pointer."""

from __future__ import annotations

from typing import Any

import pytest

from rewire.drivers.websocket.pointer import number_at


@pytest.mark.parametrize(
    ("pointer", "message", "number"),
    [
        ("/seq", '{"seq": 7}', 7),
        ("/seq", b'{"seq": 7}', 7),
        ("/data/0/n", '{"data": [{"n": -3}]}', -3),
        ("/a~1b/c~0d", '{"a/b": {"c~d": 1}}', 1),
        ("/", '{"": 5}', 5),
        ("/seq", '{"other": 7}', None),
        ("/seq", '{"seq": true}', None),
        ("/seq", '{"seq": 7.0}', None),
        ("/seq", '{"seq": "7"}', None),
        ("/seq", "[1, 2]", None),
        ("/1", "[1, 2]", 2),
        ("/9", "[1, 2]", None),
        ("/-1", "[1, 2]", None),
        ("/seq/x", '{"seq": 7}', None),
        ("/seq", "not json", None),
        ("/seq", b"\xff\xfe", None),
        ("/seq", "[" * 100_000, None),
    ],
)
def test_a_pointer_finds_an_integer_or_nothing(
    pointer: str, message: Any, number: int | None
) -> None:
    """RFC 6901 is followed; whatever is not an integer there counts as no number."""
    assert number_at(pointer)(message) == number
