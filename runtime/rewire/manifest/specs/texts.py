r"""Texts, header fields, paths and URLs: what may stand in them, and when they are secrets.

The patterns are written in what Python, ECMAScript and Rust read alike (no look-around, no ``\s``)
and run in linear time; Python's ``$`` lets a line break through, hence `fullmatch`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, SecretStr, WithJsonSchema

from rewire.manifest.specs.marks import ResolvedText, expected, plain, written_as

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "HEADER_NAME_PATTERN",
    "HEADER_SECRET_PATTERN",
    "HEADER_TEXT_PATTERN",
    "HTTPURL",
    "HTTP_URL_PATTERN",
    "PATH_PATTERN",
    "POINTER_PATTERN",
    "PROXY_PATTERN",
    "SCOPE_PATTERN",
    "SERVER_NAME_PATTERN",
    "TEXT_PATTERN",
    "USER_NAME_PATTERN",
    "WEBSOCKET_URL_PATTERN",
    "FieldName",
    "HeaderName",
    "HeaderSecret",
    "HeaderText",
    "Message",
    "PathText",
    "PointerText",
    "Proxy",
    "ScopeText",
    "SecretText",
    "ServerName",
    "Text",
    "UserName",
    "WebSocketURL",
]

# ── texts ────────────────────────────────────────────────────────────────────────────────────


def _text(pattern: str, what: str, *, open_to: str = "") -> Callable[[object], str | SecretStr]:
    """Return the check of a text that fits a pattern.

    It is a secret if any of it came out of ``${…}`` and it contains `open_to`.
    """
    compiled = re.compile(pattern)

    def check(value: object) -> str | SecretStr:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if not isinstance(text, str) or not compiled.fullmatch(text):
            raise expected(what if isinstance(text, str) else "a string", "string")
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
    str | SecretStr, BeforeValidator(_text(TEXT_PATTERN, _LINE)), written_as(TEXT_PATTERN)
]
"""A line of text; a secret if any of it came out of ``${…}``."""

SecretText = Annotated[
    SecretStr, BeforeValidator(_secret(TEXT_PATTERN, _LINE)), written_as(TEXT_PATTERN)
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
    written_as(HEADER_TEXT_PATTERN),
]
"""A field value by RFC 9110 section 5.5: white space around it would be an error on the wire."""

HeaderSecret = Annotated[
    SecretStr,
    BeforeValidator(_secret(HEADER_SECRET_PATTERN, f"{_UNPADDED}, and not empty")),
    written_as(HEADER_SECRET_PATTERN),
]
"""A field value that is always a secret, and not empty."""

USER_NAME_PATTERN = r"^[^\x00-\x08\x0a-\x1f\x7f:]*$"
UserName = Annotated[
    str | SecretStr,
    BeforeValidator(_text(USER_NAME_PATTERN, "one line of text without a colon")),
    written_as(USER_NAME_PATTERN),
]
"""A user name by RFC 7617: a colon would end it."""

PATH_PATTERN = r"^[^\x00-\x1f\x7f]+$"
PathText = Annotated[
    str | SecretStr,
    BeforeValidator(_text(PATH_PATTERN, "the path of a file")),
    written_as(PATH_PATTERN),
]
"""A path; a secret if any of it came out of ``${…}``."""

POINTER_PATTERN = r"^(/[^/\x00-\x1f]*)+$"
PointerText = Annotated[
    str | SecretStr,
    BeforeValidator(_text(POINTER_PATTERN, 'a JSON pointer, such as "/seq"')),
    written_as(POINTER_PATTERN),
]
"""A JSON pointer by RFC 6901, but not the empty one."""

SCOPE_PATTERN = r"^[!#-\x5b\x5d-~]+$"
ScopeText = Annotated[
    str | SecretStr,
    BeforeValidator(_text(SCOPE_PATTERN, "one scope, without spaces or quotes")),
    written_as(SCOPE_PATTERN),
]
"""One scope by RFC 6749 section 3.3."""

HEADER_NAME_PATTERN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
_field_name = _text(HEADER_NAME_PATTERN, "a name of letters, digits and hyphens")

FieldName = Annotated[
    str | SecretStr, BeforeValidator(_field_name), written_as(HEADER_NAME_PATTERN)
]
"""A field name by RFC 9110 section 5.1, as a value."""

HeaderName = Annotated[str, BeforeValidator(_field_name), written_as(HEADER_NAME_PATTERN)]
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


def _urlwritten_as(schemes: str, *, query: bool) -> str:
    # No userinfo: a credential in a URL ends in logs; auth.basic is the place for it.
    tail = _PATH + (r"(\?[!-\x22$-~]*)?" if query else "")
    return rf"^({schemes})://{_HOST}(:{_PORT})?{tail}$"


HTTP_URL_PATTERN = _urlwritten_as("https?", query=False)
WEBSOCKET_URL_PATTERN = _urlwritten_as("wss?", query=True)


HTTPURL = Annotated[
    str | SecretStr,
    BeforeValidator(
        _text(
            HTTP_URL_PATTERN,
            "an http:// or https:// URL without user, query or fragment",
            open_to="?",
        )
    ),
    written_as(HTTP_URL_PATTERN),
]
WebSocketURL = Annotated[
    str | SecretStr,
    BeforeValidator(
        _text(WEBSOCKET_URL_PATTERN, "a ws:// or wss:// URL without user or fragment", open_to="?")
    ),
    written_as(WEBSOCKET_URL_PATTERN),
]
"""Host, port and path of a URL are no secret (DESIGN 2); a query is where tokens travel."""

SERVER_NAME_PATTERN = rf"^({_OCTET}(\.{_OCTET}){{3}}|{_NAME})$"
ServerName = Annotated[
    str | SecretStr,
    BeforeValidator(
        # Never a secret: it is said in the clear in every handshake, and by every TLS error.
        _text(SERVER_NAME_PATTERN, "the name of a host", open_to="://")
    ),
    written_as(SERVER_NAME_PATTERN),
]
"""A host's name, as a certificate has it."""

_USER = "[A-Za-z0-9._~!$&'()*+,;=%-]"
PROXY_PATTERN = rf"^(none|env|(https?|socks5h?)://({_USER}+(:{_USER}*)?@)?{_HOST}(:{_PORT})?/?)$"
_proxy = _text(PROXY_PATTERN, 'an http://, https:// or socks5:// URL, "env" or "none"', open_to="@")


def _check_proxy(value: object) -> str | SecretStr:
    """Return a proxy; its URL is a secret as soon as there is a user in it, wherever from."""
    text = _proxy(value)
    return SecretStr(text) if isinstance(text, str) and "@" in text else text


Proxy = Annotated[str | SecretStr, BeforeValidator(_check_proxy), written_as(PROXY_PATTERN)]
"""Which proxy to use; its user and password, percent-encoded, may stand in the URL."""
