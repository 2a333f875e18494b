"""OAuth2's client credentials, decided and not done: the request, its answer, when to ask again.

RFC 6749 section 4.4; the client proves itself by HTTP Basic (section 2.3.1). Time is a parameter.
Nothing that a token server says is repeated, but for the error codes of the RFC: it may echo a
secret. Who asks, and how often, is :mod:`rewire.drivers.http.tokens`'s business.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode

from rewire.manifest.specs.types import plain

if TYPE_CHECKING:
    from rewire.manifest.specs.client import OAuth2Auth

__all__ = ["Refusal", "Token", "form_of", "headers_of", "token_of"]

# RFC 6750 section 2.1: what may stand behind "Bearer".
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
# RFC 6749 section 5.2, RFC 8707, and what servers say that are down.
_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client"}
    | {"unsupported_grant_type", "invalid_scope", "invalid_target", "access_denied"}
    | {"server_error", "temporarily_unavailable"}
)
# Ahead of the expiry by a fifth of the lifetime, but no more than a minute ...
AHEAD, AHEAD_MOST = 0.2, 60.0
# ... and not used in its last moments: a call takes time, and clocks differ.
LAST, LAST_MOST = 0.05, 5.0


@dataclass(frozen=True, slots=True)
class Token:
    """A token, and the moments from which to renew it and to use it no more."""

    value: str = field(repr=False)
    renew_at: float = inf
    expires_at: float = inf


class Refusal(Exception):  # noqa: N818  (an answer of the server's, not an error of the program's)
    """Why there is no token; ``transient``: it may be otherwise in a moment."""

    def __init__(self, reason: str, detail: str, *, transient: bool = False) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail
        self.transient = transient


def headers_of(settings: OAuth2Auth) -> list[tuple[bytes, bytes]]:
    """Return the header fields of the request for a token, but for its Host."""
    pair = ":".join(map(quote_plus, (plain(settings.client_id), plain(settings.client_secret))))
    return [
        (b"Accept", b"application/json"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"Authorization", b"Basic " + base64.b64encode(pair.encode("ascii"))),
    ]


def form_of(settings: OAuth2Auth) -> bytes:
    """Return the body of the request for a token."""
    form = {"grant_type": "client_credentials"}
    if settings.scopes:
        form["scope"] = " ".join(map(plain, settings.scopes))
    if settings.audience is not None:
        form["audience"] = plain(settings.audience)
    return urlencode(form).encode("ascii")


def token_of(status: int, body: bytes, asked_at: float) -> Token:
    """Return the token in an answer to a request of a moment; raise Refusal if there is none."""
    said = _object(body)
    if status != 200:
        error = said.get("error")
        code = f" ({error})" if isinstance(error, str) and error in _ERRORS else ""
        raise Refusal(
            "TokenRefused",
            f"the token endpoint answered {status}{code}",
            transient=status in {408, 425, 429} or status >= 500,
        )
    value, kind = said.get("access_token"), said.get("token_type", "bearer")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise Refusal("TokenInvalid", "the token endpoint's answer holds no token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise Refusal("TokenInvalid", "the token endpoint gives tokens of another kind than Bearer")
    lifetime = _seconds(said.get("expires_in"))
    if lifetime is None:
        return Token(value)  # good until the peer refuses it
    renew = asked_at + lifetime - min(lifetime * AHEAD, AHEAD_MOST)
    return Token(value, renew, asked_at + lifetime - min(lifetime * LAST, LAST_MOST))


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _seconds(said: object) -> float | None:
    """Return a lifetime; some servers write it as a string."""
    if isinstance(said, bool) or not isinstance(said, int | float | str):
        return None
    try:
        seconds = float(said)
    except (ValueError, OverflowError):
        return None
    return seconds if isfinite(seconds) and seconds >= 0 else None
