"""What a server says about the quota that is left: `RateLimit`, and what came before it.

Read are draft-ietf-httpapi-ratelimit-headers-11, its forerunners (-07's dictionary, -06's three
fields), and the `X-RateLimit-…` fields in the units that servers really use: seconds, seconds
since 1970 (GitHub), milliseconds since 1970, "6m0s" (OpenAI), dates. What is malformed is ignored,
as the draft demands. What is done with the numbers is :mod:`rewire.policy.rate_limit`'s business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

from rewire.policy.retry_after import http_date, retry_after, seconds_until

__all__ = ["Fields", "ServerLimit", "server_limits"]

Fields: TypeAlias = Mapping[str, Sequence[str]]
"""Response fields: their values in the order received, by lower-case name."""


class ServerLimit(NamedTuple):
    """At most so many further requests within so many seconds from the response on."""

    remaining: float
    seconds: float


def server_limits(fields: Fields, *, wall_now: float) -> tuple[ServerLimit, ...]:
    """Return every limit that a response tells, and that can be followed.

    `Retry-After` takes precedence, as the draft says: nothing is left until then. A quota in
    another unit than requests, or without a window, cannot be followed and is left out.
    """
    served = next(iter(fields.get("date", ())), None)
    clock = _Clock(wall_now, served)
    if "retry-after" in fields:
        wait = retry_after(fields["retry-after"], wall_now=wall_now, served=served)
        if wait is not None:
            return (ServerLimit(0, wait),)
    if "ratelimit" in fields:
        return tuple(_current(fields))
    for remaining, reset in _PAIRS:
        if remaining in fields and reset in fields:
            left = min(map(_count, fields[remaining]), default=None)
            end = max((clock.until(value) for value in fields[reset]), default=None)
            if left is not None and end is not None and left >= 0 <= end:
                return (ServerLimit(left, end),)
    return ()


_PAIRS = (
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
)


# ── the draft: a list of items with parameters, by RFC 9651 ──────────────────────────────────

_KEY = r"[a-z*][a-z0-9_.*-]*"
_VALUE = (
    r'(?:"(?:[^"\\]|\\["\\])*"'  # string
    r"|:[A-Za-z0-9+/=]*:"  # byte sequence
    r"|-?[0-9]{1,15}(?:\.[0-9]{1,3})?"  # number
    r"|\?[01]"  # boolean
    r"|[A-Za-z*][!#$%&'*+.^_`|~:/0-9A-Za-z-]*)"  # token
)
_PARAMETER = re.compile(rf"[ ]*;[ ]*({_KEY})(?:=({_VALUE}))?")
_ITEM = re.compile(rf"[ \t]*({_VALUE})((?:[ ]*;[ ]*{_KEY}(?:={_VALUE})?)*)[ \t]*(?:,|$)")
_MEMBER = re.compile(r"[ \t]*([a-z]+)=([0-9]{1,15})(?:;[^,]*)?[ \t]*(?:,|$)")


def _current(fields: Fields) -> Iterator[ServerLimit]:
    units = {
        name: given.get("qu", '"requests"') for name, given in _items(fields, "ratelimit-policy")
    }
    items = _items(fields, "ratelimit")
    if not items:
        yield from _dictionary(",".join(fields["ratelimit"]))
    for name, given in items:
        left, window = _count(given.get("r", "")), _count(given.get("t", ""))
        if left >= 0 <= window and units.get(name, '"requests"') == '"requests"':
            yield ServerLimit(left, window)


def _items(fields: Fields, field: str) -> list[tuple[str, dict[str, str]]]:
    """Return the items of a list field with their parameters; none if anything is malformed."""
    text = ",".join(fields.get(field, ())).rstrip(" \t")
    if text.endswith(","):
        return []
    at, items = 0, []
    while at < len(text):
        match = _ITEM.match(text, at)
        if match is None:
            return []
        items.append(
            (match[1], {key: value or "?1" for key, value in _PARAMETER.findall(match[2])})
        )
        at = match.end()
    return items


def _dictionary(text: str) -> Iterator[ServerLimit]:
    """Read what -07 made of the field: `limit=100, remaining=50, reset=5`."""
    at, members = 0, dict[str, float]()
    while at < len(text):
        match = _MEMBER.match(text, at)
        if match is None:
            return
        members[match[1]] = float(match[2])
        at = match.end()
    if "remaining" in members and "reset" in members:
        yield ServerLimit(members["remaining"], members["reset"])


# ── the pairs of fields: what is left, and until when ────────────────────────────────────────

_COUNT = re.compile(r"[0-9]{1,15}")
_DURATION = re.compile(r"(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,9}(?:\.[0-9]+)?)s)?")
_MILLISECONDS = re.compile(r"([0-9]{1,9}(?:\.[0-9]+)?)ms")

# Nobody means a wait of thirty years: it is a moment, in seconds or milliseconds since 1970.
_EPOCH = 1e9
_EPOCH_MILLISECONDS = 1e12

_MALFORMED = -1.0


def _count(text: str) -> float:
    # Of draft -06: "50;w=60" carries a policy as a parameter.
    number = text.partition(";")[0].strip(" \t")
    return float(number) if _COUNT.fullmatch(number) else _MALFORMED


class _Clock(NamedTuple):
    """What a moment in a field is relative to."""

    wall_now: float
    served: str | None

    def until(self, text: str) -> float:
        """Return the seconds until the end that a field tells; negative if it tells none."""
        text = text.strip(" \t")
        if (number := _count(text)) >= 0:
            if number < _EPOCH:
                return number
            date = number / 1000 if number >= _EPOCH_MILLISECONDS else number
            return self._until(date)
        if match := _MILLISECONDS.fullmatch(text):
            return float(match[1]) / 1000
        if text and (match := _DURATION.fullmatch(text)):
            hours, minutes, seconds = (float(part or 0) for part in match.groups())
            return hours * 3600 + minutes * 60 + seconds
        moment = http_date(text, wall_now=self.wall_now)
        return (
            _MALFORMED
            if moment is None and (moment := _rfc3339(text)) is None
            else (self._until(moment))
        )

    def _until(self, date: float) -> float:
        return seconds_until(date, wall_now=self.wall_now, served=self.served)


def _rfc3339(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo is not None else None
