r"""The value types of a manifest: durations, sizes, percentages, numbers, texts, URLs.

Each type accepts exactly what its JSON Schema accepts (the schema never lies), refuses with one
sentence that says what was expected, and prints itself as a person would have written it. A
value that came out of ``${…}`` arrives as :class:`ResolvedText`; texts made of it become secret.
The patterns are written in what Python, ECMAScript and Rust read alike (no look-around, no ``\s``)
and run in linear time; Python's ``$`` lets a line break through, hence `fullmatch`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, PlainSerializer, SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = [
    "EXPECTED",
    "HTTPURL",
    "Applies",
    "Duration",
    "FieldName",
    "Flag",
    "HeaderName",
    "HeaderSecret",
    "HeaderText",
    "Integer",
    "Limit",
    "Message",
    "Number",
    "PathText",
    "Percent",
    "PointerText",
    "PositiveDuration",
    "Rate",
    "ResolvedText",
    "SecretText",
    "Size",
    "Text",
    "UserName",
    "WebSocketURL",
    "format_duration",
    "format_size",
    "parse_duration",
    "plain",
    "shown",
]

EXPECTED = "expected"
"""The type of every error that a value type raises; its context has `what` and `kind`."""

_Kind = Literal["boolean", "integer", "number", "string"]


def _expected(what: str, kind: _Kind) -> PydanticCustomError:
    return PydanticCustomError(EXPECTED, "expected {what}", {"what": what, "kind": kind})


def _pattern(pattern: str, *examples: str) -> WithJsonSchema:
    schema: dict[str, object] = {"type": "string", "pattern": pattern}
    return WithJsonSchema({**schema, "examples": list(examples)} if examples else schema)


@dataclass(frozen=True, slots=True)
class Applies:
    """Mark how an edit of a field is applied; nested fields inherit the mark of their table."""

    change: Literal["in place", "replace"]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell the schema's readers too."""
        return {**handler(core_schema), "x-rewire-applies": self.change}


class ResolvedText(str):
    """A string in which a ``${…}`` was resolved: a secret, unless the field is not a text."""

    __slots__ = ()


def plain(value: str | SecretStr) -> str:
    """Return the text itself, secret or not: for the wire, never for a person."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def shown(value: str | SecretStr) -> str:
    """Return the text as a person may see it."""
    return "(secret)" if isinstance(value, SecretStr) else value


# ── durations ────────────────────────────────────────────────────────────────────────────────

_UNIT = "(ms|s|m|h|d)"
_PART = rf"[0-9]{{1,9}}(\.[0-9]{{1,9}})?{_UNIT}"
_ZERO = rf"0{{1,9}}(\.0{{1,9}})?{_UNIT}"
_POSITIVE = (
    r"(0{0,8}[1-9][0-9]{0,8}(\.[0-9]{1,9})?|0{1,9}\.0{0,8}[1-9][0-9]{0,8})" + _UNIT
)  # at least one digit is not 0
DURATION_PATTERN = rf"^({_PART})+$"
POSITIVE_DURATION_PATTERN = rf"^({_ZERO})*{_POSITIVE}({_PART})*$"
_DURATION = re.compile(DURATION_PATTERN)
_POSITIVE_DURATION = re.compile(POSITIVE_DURATION_PATTERN)
_DURATION_PART = re.compile(r"([0-9.]+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION_WANTED = 'a duration with a unit, such as "250ms", "30s" or "5m"'


def parse_duration(value: object) -> float:
    """Return the seconds that ``"250ms"``, ``"30s"`` or ``"1m30s"`` stands for."""
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise _expected(_DURATION_WANTED, "string")
    parts = _DURATION_PART.findall(value)
    seconds = math.fsum(float(number) * _SECONDS[unit] for number, unit in parts)
    return round(seconds, 9)  # "0.1s" and "100ms" are the same duration


def _parse_positive_duration(value: object) -> float:
    if not isinstance(value, str) or not _POSITIVE_DURATION.fullmatch(value):
        longer = isinstance(value, str) and _DURATION.fullmatch(value)
        raise _expected('a duration longer than "0s"' if longer else _DURATION_WANTED, "string")
    return parse_duration(value) or 1e-9


def format_duration(seconds: float) -> str:
    """Return the shortest way a person would write this many seconds; it parses to the same."""
    units = ("ms",) if 0 < seconds < 1 else ("d", "h", "m", "s") if seconds else ("s",)
    for unit in units:
        count = seconds / _SECONDS[unit]
        whole = count.is_integer() or unit in {"ms", "s"}
        if whole and count < 1e9 and parse_duration(text := f"{_digits(count)}{unit}") == seconds:
            return text
    days, rest = divmod(seconds, _SECONDS["d"])
    return f"{days:.0f}d{_digits(rest)}s" if days else f"{_digits(seconds)}s"


def _digits(count: float) -> str:
    short = f"{count:.9g}"
    if "e" in short or float(short) != count:
        short = f"{count:.9f}"
    return short.rstrip("0").rstrip(".") if "." in short else short


_WRITTEN_DURATION = PlainSerializer(format_duration, return_type=str, when_used="always")

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    _WRITTEN_DURATION,
    _pattern(DURATION_PATTERN, "250ms", "30s"),
]
PositiveDuration = Annotated[
    float,
    BeforeValidator(_parse_positive_duration),
    _WRITTEN_DURATION,
    _pattern(POSITIVE_DURATION_PATTERN, "250ms", "30s"),
]
"""A duration where none at all would mean "always too late" or "without a pause"."""


LIMIT_PATTERN = rf"^({_PART})+$|^none$"


def _limit(value: object) -> float | None:
    if value == "none":
        return None
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise _expected('a duration with a unit, such as "10s", or "none"', "string")
    return parse_duration(value)


def _format_limit(seconds: float | None) -> str:
    return "none" if seconds is None else format_duration(seconds)


Limit = Annotated[
    float | None,
    BeforeValidator(_limit),
    PlainSerializer(_format_limit, return_type=str, when_used="always"),
    _pattern(LIMIT_PATTERN, "10s", "none"),
]
"""A duration, or "none" for no limit."""

RATE_PATTERN = r"^[1-9][0-9]{0,8}/(s|m|h)$"
_RATE = re.compile(RATE_PATTERN)


def parse_rate(value: object) -> float:
    """Return the calls a second that ``"50/s"`` or ``"600/m"`` stands for."""
    if not isinstance(value, str) or not _RATE.fullmatch(value):
        raise _expected('a rate such as "50/s" or "600/m"', "string")
    count, _, unit = value.partition("/")
    return int(count) / _SECONDS[unit]


def format_rate(rate: float) -> str:
    """Return a rate in the shortest unit in which it is a whole number."""
    for unit in ("s", "m", "h"):
        count = round(rate * _SECONDS[unit], 6)
        if count >= 1 and count.is_integer():
            return f"{count:.0f}/{unit}"
    return f"{rate:g}/s"


Rate = Annotated[
    float,
    BeforeValidator(parse_rate),
    PlainSerializer(format_rate, return_type=str, when_used="always"),
    _pattern(RATE_PATTERN, "50/s", "600/m"),
]


# ── sizes and percentages ────────────────────────────────────────────────────────────────────

SIZE_PATTERN = r"^([1-9][0-9]{0,11})(B|KiB|MiB|GiB)$"
_SIZE = re.compile(SIZE_PATTERN)
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def parse_size(value: object) -> int:
    """Return the bytes that ``"64KiB"`` or ``"1MiB"`` stands for."""
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _expected('a size with a unit, such as "64KiB" or "1MiB"', "string")
    return int(match[1]) * _BYTES[match[2]]


def format_size(size: int) -> str:
    """Return a size in the largest unit that divides it."""
    for unit in ("GiB", "MiB", "KiB"):
        if size and size % _BYTES[unit] == 0:
            return f"{size // _BYTES[unit]}{unit}"
    return f"{size}B"


Size = Annotated[
    int,
    BeforeValidator(parse_size),
    PlainSerializer(format_size, return_type=str, when_used="always"),
    _pattern(SIZE_PATTERN, "64KiB", "1MiB"),
]

PERCENT_PATTERN = r"^(100|[0-9]{1,2})%$"
_PERCENT = re.compile(PERCENT_PATTERN)


def parse_percent(value: object) -> float:
    """Return the ratio (0..1) that ``"50%"`` stands for."""
    if not isinstance(value, str) or not _PERCENT.fullmatch(value):
        raise _expected('a percentage from "0%" to "100%"', "string")
    return int(value[:-1]) / 100


Percent = Annotated[
    float,
    BeforeValidator(parse_percent),
    PlainSerializer(lambda ratio: f"{ratio * 100:g}%", return_type=str, when_used="always"),
    _pattern(PERCENT_PATTERN, "50%"),
]


# ── numbers and booleans: typed in the text, strings only when they came out of ${…} ─────────

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")


def _integer(value: object) -> int:
    if isinstance(value, ResolvedText) and _INTEGER.fullmatch(value):
        value = int(value)
    # JSON Schema calls 100.0 an integer, and so does a person who compares the two.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int:
        raise _expected("an integer", "integer")
    return value


# Without a schema of their own, so that the bounds of a field (`ge`, `le`) stand in the schema.
Integer = Annotated[int, BeforeValidator(_integer)]


def _number(value: object) -> float:
    if isinstance(value, ResolvedText) and _NUMBER.fullmatch(value):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _expected("a number", "number")
    return float(value)


Number = Annotated[float, BeforeValidator(_number)]


def _flag(value: object) -> bool:
    if isinstance(value, ResolvedText) and value in {"true", "false"}:
        return value == "true"
    if not isinstance(value, bool):
        raise _expected("true or false", "boolean")
    return value


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]


# ── texts ────────────────────────────────────────────────────────────────────────────────────


def _text(pattern: str, what: str, *, open_to: str = "") -> Callable[[object], str | SecretStr]:
    """Return the check of a text that fits a pattern.

    It is a secret if any of it came out of ``${…}`` and it contains `open_to`.
    """
    compiled = re.compile(pattern)

    def check(value: object) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str) or not compiled.fullmatch(text):
            raise _expected(what if isinstance(text, str) else "a string", "string")
        resolved = isinstance(value, ResolvedText) and open_to in text
        return SecretStr(str(text)) if resolved or isinstance(value, SecretStr) else str(text)

    return check


def _secret(pattern: str, what: str) -> Callable[[object], SecretStr]:
    """Return the check of a text that is a secret however it was written."""
    check = _text(pattern, what)
    return lambda value: SecretStr(plain(check(value)))


# One line: a control character in it would split or smuggle a request.
TEXT_PATTERN = r"^[^\x00-\x08\x0a-\x1f\x7f]*$"
_LINE = "one line of text without control characters"

Text = Annotated[
    str | SecretStr, BeforeValidator(_text(TEXT_PATTERN, _LINE)), _pattern(TEXT_PATTERN)
]
"""A line of text; a secret if any of it came out of ``${…}``."""

SecretText = Annotated[
    SecretStr, BeforeValidator(_secret(TEXT_PATTERN, _LINE)), _pattern(TEXT_PATTERN)
]
"""A line of text that is always a secret, however it was written."""

Message = Annotated[
    str | SecretStr,
    BeforeValidator(_text(r"[\s\S]*", "a string")),
    WithJsonSchema({"type": "string"}),
]
"""A text of any number of lines; a secret if any of it came out of ``${…}``."""

_SEEN = r"[^\x00-\x20\x7f]"
_FIELD_VALUE = rf"{_SEEN}([^\x00-\x08\x0a-\x1f\x7f]*{_SEEN})?"
_UNPADDED = "one line of text without control characters or spaces around it"
HEADER_TEXT_PATTERN = rf"^({_FIELD_VALUE})?$"
HEADER_SECRET_PATTERN = rf"^{_FIELD_VALUE}$"

HeaderText = Annotated[
    str | SecretStr,
    BeforeValidator(_text(HEADER_TEXT_PATTERN, _UNPADDED)),
    _pattern(HEADER_TEXT_PATTERN),
]
"""A field value by RFC 9110 section 5.5: white space around it would be an error on the wire."""

HeaderSecret = Annotated[
    SecretStr,
    BeforeValidator(_secret(HEADER_SECRET_PATTERN, f"{_UNPADDED}, and not empty")),
    _pattern(HEADER_SECRET_PATTERN),
]
"""A field value that is always a secret, and not empty."""

USER_NAME_PATTERN = r"^[^\x00-\x08\x0a-\x1f\x7f:]*$"
UserName = Annotated[
    str | SecretStr,
    BeforeValidator(_text(USER_NAME_PATTERN, "one line of text without a colon")),
    _pattern(USER_NAME_PATTERN),
]
"""A user name by RFC 7617: a colon would end it."""

PATH_PATTERN = r"^[^\x00-\x1f\x7f]+$"
PathText = Annotated[
    str | SecretStr,
    BeforeValidator(_text(PATH_PATTERN, "the path of a file")),
    _pattern(PATH_PATTERN),
]
"""A path; a secret if any of it came out of ``${…}``."""

POINTER_PATTERN = r"^(/[^/\x00-\x1f]*)+$"
PointerText = Annotated[
    str | SecretStr,
    BeforeValidator(_text(POINTER_PATTERN, 'a JSON pointer, such as "/seq"')),
    _pattern(POINTER_PATTERN),
]
"""A JSON pointer by RFC 6901, but not the empty one."""

HEADER_NAME_PATTERN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
_field_name = _text(HEADER_NAME_PATTERN, "a name of letters, digits and hyphens")

FieldName = Annotated[str | SecretStr, BeforeValidator(_field_name), _pattern(HEADER_NAME_PATTERN)]
"""A field name by RFC 9110 section 5.1, as a value."""

HeaderName = Annotated[str, BeforeValidator(_field_name), _pattern(HEADER_NAME_PATTERN)]
"""A field name by RFC 9110 section 5.1, as a key: never resolved, never a secret."""


# ── URLs ─────────────────────────────────────────────────────────────────────────────────────

_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_HEX = "[0-9A-Fa-f]{1,4}"
_IPV6 = "|".join(
    [rf"({_HEX}:){{7}}{_HEX}", rf"({_HEX}:){{1,7}}:", rf":(:{_HEX}){{1,7}}", "::"]
    + [rf"({_HEX}:){{1,{7 - n}}}(:{_HEX}){{1,{n}}}" for n in range(1, 7)]
)
# A last label without a letter would be read as a (broken) IPv4 address.
_NAME = r"([A-Za-z0-9_-]+\.)*[0-9_-]*[A-Za-z][A-Za-z0-9_-]*\.?"
_HOST = rf"({_OCTET}(\.{_OCTET}){{3}}|{_NAME}|\[({_IPV6})\])"
_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_PATH = r"(/[!-\x22$->@-~]*)?"  # printable ASCII without "?" and "#"


def _url_pattern(schemes: str, *, query: bool) -> str:
    # No userinfo: a credential in a URL ends in logs; auth.basic is the place for it.
    tail = _PATH + (r"(\?[!-\x22$-~]*)?" if query else "")
    return rf"^({schemes})://{_HOST}(:{_PORT})?{tail}$"


HTTP_URL_PATTERN = _url_pattern("https?", query=False)
WEBSOCKET_URL_PATTERN = _url_pattern("wss?", query=True)


HTTPURL = Annotated[
    str | SecretStr,
    BeforeValidator(
        _text(
            HTTP_URL_PATTERN,
            "an http:// or https:// URL without user, query or fragment",
            open_to="?",
        )
    ),
    _pattern(HTTP_URL_PATTERN),
]
WebSocketURL = Annotated[
    str | SecretStr,
    BeforeValidator(
        _text(WEBSOCKET_URL_PATTERN, "a ws:// or wss:// URL without user or fragment", open_to="?")
    ),
    _pattern(WEBSOCKET_URL_PATTERN),
]
"""Host, port and path of a URL are no secret (DESIGN 2); a query is where tokens travel."""
