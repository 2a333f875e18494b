"""What a server asks for with `Retry-After`: how many seconds to wait, or nothing usable.

RFC 9110 section 10.2.3: seconds, or a date. A date is taken relative to the response's own `Date`
where there is one: the difference of two moments of the server's clock is right even where ours
is ten years off. Whether to wait that long is decided in :mod:`rewire.policy.retry`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["http_date", "retry_after", "seconds_until"]

# A fraction is not in the grammar, but servers send it and mean it. ASCII: \d would take
# every script's digits, and float() would read them.
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTH = "(?P<month>" + "|".join(_MONTHS) + ")"
_TIME = r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_SHORT = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"

# RFC 9110 section 5.6.7: a recipient accepts all three.
_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"{_SHORT}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT",
        rf"{_LONG}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT",
        rf"{_SHORT} {_MONTH} (?P<day>[0-9]{{2}}| [0-9]) {_TIME} (?P<year>[0-9]{{4}})",
    )
)


def retry_after(
    values: Iterable[str], *, wall_now: float, served: str | None = None
) -> float | None:
    """Return how many seconds the server asks to wait; None if it asks nothing usable.

    `values` are the field's values in the order received: of several the longest wait counts,
    for waiting too long costs less than being turned away again. Negative numbers and garbage
    are ignored, a date that has passed is 0. `served` is the response's `Date`, `wall_now` our
    own clock, in seconds since 1970, which stands in for it.
    """
    waits = [
        wait for value in _members(values) if (wait := _wait(value, wall_now, served)) is not None
    ]
    return max(waits, default=None)


def seconds_until(date: float, *, wall_now: float, served: str | None = None) -> float:
    """Return how long after the response a moment of the server's clock comes, at least 0."""
    reference = http_date(served, wall_now=wall_now) if served is not None else None
    return max(0.0, date - (wall_now if reference is None else reference))


def http_date(text: str, *, wall_now: float) -> float | None:
    """Return the seconds since 1970 that an HTTP-date stands for, or None.

    `wall_now` decides the century of a two-digit year.
    """
    for form in _FORMS:
        if match := form.fullmatch(text.strip(" \t")):
            break
    else:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year = _century(year, wall_now)
    try:
        moment = datetime(
            year,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    second = int(match["second"])
    # 60 is a leap second; the clock of the system repeats the one before it.
    return moment.timestamp() + min(second, 59) if second <= 60 else None


def _century(year: int, wall_now: float) -> int:
    # RFC 9110 section 5.6.7: more than 50 years ahead means the most recent past year like it.
    this_year = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=wall_now)).year
    year += this_year - this_year % 100
    return year - 100 if year > this_year + 50 else year


def _members(values: Iterable[str]) -> Iterable[str]:
    """Split what an intermediary has joined; a date has a comma of its own, and stays whole."""
    for value in values:
        members = [member.strip(" \t") for member in value.split(",")]
        if all(map(_SECONDS.fullmatch, members)):
            yield from members
        else:
            yield value.strip(" \t")


def _wait(value: str, wall_now: float, served: str | None) -> float | None:
    if _SECONDS.fullmatch(value):
        return float(value)
    date = http_date(value, wall_now=wall_now)
    return None if date is None else seconds_until(date, wall_now=wall_now, served=served)
