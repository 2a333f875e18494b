"""The value types of the specs: what they take, how they print, what is a secret."""

from __future__ import annotations

import math
import re
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter, ValidationError

from rewire.manifest.specs import PROTOCOLS, types
from rewire.manifest.specs.types import (
    HTTPURL,
    Duration,
    Flag,
    HeaderText,
    Integer,
    Message,
    Number,
    Percent,
    PositiveDuration,
    ResolvedText,
    SecretText,
    Size,
    Text,
    WebSocketURL,
    format_duration,
    format_size,
    parse_duration,
    parse_size,
    plain,
    shown,
)

PARTS = st.tuples(
    st.one_of(
        st.integers(0, 10**6).map(str),
        st.floats(0, 10**4).map(lambda number: f"{number:.3f}"),
    ),
    st.sampled_from(["ms", "s", "m", "h", "d"]),
).map("".join)
DURATIONS = st.lists(PARTS, min_size=1, max_size=3).map("".join)


def take(kind: Any, value: object) -> Any:
    """Validate a value, or return the message of its refusal."""
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        return error.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("1m30s", 90), ("0.5h", 1800), ("1d", 86400), ("0s", 0)],
)
def test_a_duration_is_a_number_with_a_unit(text: str, seconds: float) -> None:
    """Several may follow each other."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "value", ["5", "", "s", "-5s", "5 s", "1e3s", "5S", "5us", "5s\n", "٣s", ".5s", "5.s", 5, None]
)
def test_anything_else_is_none(value: object) -> None:
    """No bare number, no sign, no other unit, no line break behind it."""
    assert take(Duration, value).startswith("expected a duration with a unit")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.25, "250ms"), (30, "30s"), (90, "90s"), (3600, "1h"), (0, "0s"), (1.5, "1.5s")],
)
def test_a_duration_is_written_as_a_person_would(seconds: float, text: str) -> None:
    """In the largest unit that divides it."""
    assert format_duration(seconds) == text


@given(DURATIONS)
def test_a_duration_survives_being_written(text: str) -> None:
    """`parse(format(parse(x))) == parse(x)`."""
    seconds = parse_duration(text)
    assert parse_duration(format_duration(seconds)) == seconds


@given(DURATIONS)
def test_a_positive_duration_is_a_duration_with_something_in_it(text: str) -> None:
    """It takes what is not zero in every part."""
    positive = not isinstance(take(PositiveDuration, text), str)
    assert positive == (re.search("[1-9]", text) is not None)


@given(st.integers(1, 10**12))
def test_a_size_survives_being_written(size: int) -> None:
    """`parse(format(x)) == x`."""
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("kind", "value", "result"),
    [
        (Percent, "50%", 0.5),
        (Size, "64KiB", 65536),
        (Integer, 5.0, 5),
        (Integer, ResolvedText("-7"), -7),
        (Number, 2, 2.0),
        (Number, ResolvedText("2.5"), 2.5),
        (Flag, ResolvedText("true"), True),
        (Flag, ResolvedText("false"), False),
        (Message, "two\nlines", "two\nlines"),
        (HeaderText, "a b\tc", "a b\tc"),
        (HeaderText, "", ""),
    ],
)
def test_a_value_is_taken(kind: Any, value: object, result: object) -> None:
    """In the type that a program uses."""
    taken = take(kind, value)
    assert (taken, type(taken)) == (result, type(result))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        *((Integer, value) for value in ("5", 5.5, True, math.nan, math.inf, ResolvedText("5.0"))),
        *((Number, value) for value in ("5", True, math.nan, math.inf, ResolvedText("1e3"))),
        *((Flag, value) for value in ("true", 1, 0, None, ResolvedText("yes"), ResolvedText("1"))),
        *((Text, value) for value in ("a\nb", "a\rb", "a\0b", "\x7f", 5, None)),
        *((HeaderText, value) for value in (" a", "a ", "a\n", "\ta", ResolvedText("a\r\nb"))),
    ],
)
def test_a_value_is_refused(kind: Any, value: object) -> None:
    """A string is a number only if it came out of a reference; control characters never pass."""
    assert take(kind, value).startswith("expected ")


@pytest.mark.parametrize(
    ("kind", "value", "secret"),
    [
        (Text, "a", False),
        (Text, ResolvedText("a"), True),
        (Message, ResolvedText("a\nb"), True),
        (SecretText, "a", True),
        (HTTPURL, "http://a", False),
        (HTTPURL, ResolvedText("http://a/b"), False),
        (WebSocketURL, "ws://a/?b", False),
        (WebSocketURL, ResolvedText("ws://a/b"), False),
        (WebSocketURL, ResolvedText("ws://a/?b"), True),
    ],
)
def test_what_came_out_of_a_reference_is_a_secret(kind: Any, value: str, secret: bool) -> None:
    """Except the host, port and path of a URL; a secret is one however it was written."""
    taken = take(kind, value)
    assert isinstance(taken, SecretStr) == secret
    assert plain(taken) == value
    assert shown(taken) == ("(secret)" if secret else value)
    assert take(kind, taken) == taken


@pytest.mark.parametrize(
    "url",
    [
        *("http://a", "https://a.b.c:1/x", "http://127.0.0.1:65535", "http://[::1]:8080/"),
        *("http://a_b-c", "http://3scale/x%20y", "http://a.b./", "http://[1:2:3:4:5:6:7:8]"),
    ],
)
def test_a_url_that_is_taken_is_one_for_the_client_library(url: str) -> None:
    """What validates must not fail when the first request is built."""
    assert take(HTTPURL, url) == url
    assert httpx2.URL(url).host


@pytest.mark.parametrize(
    "url",
    [
        *("a", "//a", "ftp://a", "http:/a", "http://", "http://a b", "http://u:p@a", "http://a?b"),
        *("http://a#b", "http://a:0", "http://a:65536", "http://999.1.1.1", "http://[:::]"),
        *("http://a..b", "HTTP://a", "http://a\n", "http://ü", "http://1", "http://a:"),
    ],
)
def test_a_url_that_is_none_is_refused(url: str) -> None:
    """No credentials, no query, no fragment, no host or port that cannot be."""
    assert take(HTTPURL, url).startswith("expected an http:// or https:// URL")


@given(st.text(max_size=30))
def test_no_pattern_takes_long_for_long_texts(text: str) -> None:
    """Patterns are linear: a text repeated three thousand times is judged all the same."""
    for name in dir(types):
        if name.endswith("_PATTERN"):
            re.compile(getattr(types, name)).fullmatch(text * 3000)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_spec_survives_being_written(protocol: str) -> None:
    """`validate(dump(spec)) == spec`, with every default."""
    model = PROTOCOLS[protocol]
    address = {"base_url": "http://a"} if protocol == "http" else {"url": "ws://a"}
    spec = model.model_validate({"id": "x", **address})
    assert model.model_validate(spec.model_dump()) == spec
    assert hasattr(spec, "drain")
