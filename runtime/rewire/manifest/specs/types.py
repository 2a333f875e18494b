"""The value types of a manifest: durations, sizes, percentages, texts, URLs, and change classes.

Each type accepts exactly what its JSON Schema accepts (the schema never lies), refuses with a
message that says what was expected, and prints itself as a person would have written it. A
value that came out of ``${…}`` arrives as :class:`ResolvedText`; texts made of it become secret.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    SecretStr,
    WithJsonSchema,
)

__all__ = [
    "Applies",
    "Duration",
    "Flag",
    "HeaderName",
    "IntegerRange",
    "Percent",
    "ResolvedText",
    "SecretText",
    "Size",
    "Text",
    "URLText",
    "format_duration",
    "format_size",
    "parse_duration",
    "plain",
]



@dataclass(frozen=True, slots=True)
class Applies:
    """Mark how an edit of a field is applied; nested fields inherit the mark of their table."""

    change: Literal["in place", "replace"]


class ResolvedText(str):
    """A string in which a ``${…}`` was resolved: a secret, unless the field is not a text."""

    __slots__ = ()


def plain(value: str | SecretStr) -> str:
    """Return the text itself, secret or not: for the wire, never for a person."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


# ── durations ────────────────────────────────────────────────────────────────────────────────

DURATION_PATTERN = r"^([0-9]{1,9}(\.[0-9]{1,9})?(ms|s|m|h|d))+$"
_DURATION = re.compile(DURATION_PATTERN)
_DURATION_PART = re.compile(r"([0-9.]+)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: object) -> float:
    """Return the seconds that ``"250ms"``, ``"30s"`` or ``"1m30s"`` stands for."""
    if not isinstance(value, str) or not _DURATION.match(value):
        msg = 'expected a duration with a unit, such as "250ms", "30s" or "5m"'
        raise ValueError(msg)
    parts = _DURATION_PART.findall(value)
    return math.fsum(float(number) * _SECONDS[unit] for number, unit in parts)


def format_duration(seconds: float) -> str:
    """Return the shortest way a person would write this many seconds."""
    if seconds and seconds < 1:
        return f"{seconds * 1000:g}ms"
    for unit in ("d", "h", "m"):
        if seconds and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds:.10g}s"


Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="always"),
    WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "examples": ["250ms", "30s"]}),
]


# ── sizes and percentages ────────────────────────────────────────────────────────────────────

SIZE_PATTERN = r"^[0-9]{1,12}(B|KiB|MiB|GiB)$"
_SIZE = re.compile(r"^([0-9]{1,12})(B|KiB|MiB|GiB)$")
_BYTES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}


def parse_size(value: object) -> int:
    """Return the bytes that ``"64KiB"`` or ``"1MiB"`` stands for."""
    match = _SIZE.match(value) if isinstance(value, str) else None
    if match is None:
        msg = 'expected a size with a unit, such as "64KiB" or "1MiB"'
        raise ValueError(msg)
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
    WithJsonSchema({"type": "string", "pattern": SIZE_PATTERN, "examples": ["64KiB", "1MiB"]}),
]

PERCENT_PATTERN = r"^(100|[0-9]{1,2})%$"
_PERCENT = re.compile(PERCENT_PATTERN)


def parse_percent(value: object) -> float:
    """Return the ratio (0..1) that ``"50%"`` stands for."""
    if not isinstance(value, str) or not _PERCENT.match(value):
        msg = 'expected a percentage from "0%" to "100%"'
        raise ValueError(msg)
    return int(value[:-1]) / 100


Percent = Annotated[
    float,
    BeforeValidator(parse_percent),
    PlainSerializer(lambda ratio: f"{ratio * 100:g}%", return_type=str, when_used="always"),
    WithJsonSchema({"type": "string", "pattern": PERCENT_PATTERN, "examples": ["50%"]}),
]


# ── numbers and booleans: typed in the text, strings only when they came out of ${…} ─────────


def _integer(value: object) -> object:
    if isinstance(value, ResolvedText):
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", value):
            msg = "expected an integer"
            raise ValueError(msg)
        return int(value)
    # JSON Schema calls 100.0 an integer, and so does a person who compares the two.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def IntegerRange(low: int, high: int) -> Any:  # noqa: N802  (used as a type, so named as one)
    """Return the type of an integer between two bounds, both included."""
    return Annotated[int, BeforeValidator(_integer), Field(strict=True, ge=low, le=high)]


def _number(value: object) -> object:
    if isinstance(value, ResolvedText):
        if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", value):
            msg = "expected a number"
            raise ValueError(msg)
        return float(value)
    return value


def NumberRange(low: float, high: float) -> Any:  # noqa: N802
    """Return the type of a number between two bounds, both included."""
    return Annotated[
        float,
        BeforeValidator(_number),
        Field(strict=True, ge=low, le=high, allow_inf_nan=False),
    ]


def _flag(value: object) -> object:
    if isinstance(value, ResolvedText):
        if value not in {"true", "false"}:
            msg = 'expected "true" or "false"'
            raise ValueError(msg)
        return value == "true"
    return value


Flag = Annotated[bool, BeforeValidator(_flag), Field(strict=True)]


# ── texts ────────────────────────────────────────────────────────────────────────────────────

# One header line, one URL part: a control character in it would split or smuggle a request.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
TEXT_PATTERN = r"^[^\x00-\x08\x0a-\x1f\x7f]*$"


def _text(value: object) -> object:
    if isinstance(value, SecretStr):
        return value
    if not isinstance(value, str):
        msg = "expected a string"
        raise ValueError(msg)  # noqa: TRY004  (pydantic turns ValueError into a diagnostic)
    if _CONTROL.search(value):
        msg = "expected one line of text without control characters"
        raise ValueError(msg)
    return SecretStr(str(value)) if isinstance(value, ResolvedText) else value


Text = Annotated[
    str | SecretStr,
    BeforeValidator(_text),
    WithJsonSchema({"type": "string", "pattern": TEXT_PATTERN}),
]
"""A line of text; a secret if any of it came out of ``${…}``."""


def _secret(value: object) -> object:
    value = _text(value)
    return SecretStr(value) if isinstance(value, str) else value


SecretText = Annotated[
    SecretStr,
    BeforeValidator(_secret),
    WithJsonSchema({"type": "string", "pattern": TEXT_PATTERN}),
]
"""A line of text that is always a secret, however it was written."""


def _message(value: object) -> object:
    return SecretStr(str(value)) if isinstance(value, ResolvedText) else value


Message = Annotated[
    str | SecretStr,
    BeforeValidator(_message),
    WithJsonSchema({"type": "string"}),
]
"""A text of any number of lines; a secret if any of it came out of ``${…}``."""

HEADER_NAME_PATTERN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
HeaderName = Annotated[str, Field(pattern=HEADER_NAME_PATTERN)]
"""A field name by RFC 9110 section 5.1."""


# ── URLs ─────────────────────────────────────────────────────────────────────────────────────


def _url_pattern(schemes: str, *, query: bool) -> str:
    # No userinfo: a credential in a URL ends in logs; auth.basic is the place for it.
    host = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~-]+)"
    port = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
    tail = r"(/[^?#\s]*)?" + (r"(\?[^#\s]*)?" if query else "")
    return rf"^({schemes})://{host}(:{port})?{tail}$"


HTTP_URL_PATTERN = _url_pattern("https?", query=False)
WEBSOCKET_URL_PATTERN = _url_pattern("wss?", query=True)


def URLText(pattern: str, expected: str) -> Any:  # noqa: N802
    """Return the type of a URL that fits ``pattern``; its host, port and path are no secret."""
    compiled = re.compile(pattern)

    def check(value: object) -> str | SecretStr:
        if isinstance(value, SecretStr):
            return value
        if not isinstance(value, str) or not compiled.match(value):
            msg = f"expected {expected}"
            raise ValueError(msg)
        # A query is where tokens travel; host, port and path are no secret (DESIGN 2).
        if isinstance(value, ResolvedText) and "?" in value:
            return SecretStr(str(value))
        return str(value)

    schema = {"type": "string", "pattern": pattern}
    return Annotated[str | SecretStr, BeforeValidator(check), WithJsonSchema(schema)]
