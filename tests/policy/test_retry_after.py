"""Retry-After: what FAULTS.md 71 lists, and whatever else a server may write there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.retry_after import http_date, retry_after, seconds_until

NOW = datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC).timestamp()
SERVED = "Wed, 25 Nov 2026 03:00:00 GMT"
TEN_YEARS = 10 * 365.25 * 86400


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        (["0"], 0.0),
        (["1"], 1.0),
        (["120"], 120.0),
        (["007"], 7.0),
        ([" 5 "], 5.0),
        (["1.5"], 1.5),
        (["1000000000"], 1e9),
        (["1764039600000"], 1764039600000.0),
        (["9" * 400], float("inf")),
        (["-1"], None),
        (["-0"], None),
        (["+5"], None),
        (["1e9"], None),
        (["0x10"], None),
        (["5s"], None),
        (["1_000"], None),
        (["\N{ARABIC-INDIC DIGIT FIVE}"], None),
        ([""], None),
        (["soon"], None),
        (["NaN"], None),
        (["inf"], None),
        ([], None),
        (["Wed, 25 Nov 2026 03:00:30 GMT"], 30.0),
        (["Wed, 25 Nov 2026 02:59:30 GMT"], 0.0),
        (["Thu, 01 Jan 1970 00:00:00 GMT"], 0.0),
        (["Fri, 31 Dec 9999 23:59:59 GMT"], 253402300799.0 - NOW),
        (["Wednesday, 25-Nov-26 03:00:30 GMT"], 30.0),
        (["Wed Nov 25 03:00:30 2026"], 30.0),
        (["Wed Nov  5 03:00:30 2026"], 0.0),
        (["Wed, 25 Nov 2026 03:00:30 CET"], None),
        (["Wed, 25 nov 2026 03:00:30 GMT"], None),
        (["Wed, 31 Feb 2026 03:00:30 GMT"], None),
        (["Wed, 25 Nov 2026 24:00:00 GMT"], None),
        (["Wed, 25 Nov 2026 02:59:61 GMT"], None),
        (["Wed, 25 Nov 0000 03:00:00 GMT"], None),
        (["2026-11-25T03:00:30Z"], None),
        (["1", "30"], 30.0),
        (["30", "garbage"], 30.0),
        (["-5", "Wed, 25 Nov 2026 03:00:10 GMT"], 10.0),
        (["1, 30"], 30.0),
        (["1, soon"], None),
    ],
)
def test_what_a_server_asks_for(values: list[str], seconds: float | None) -> None:
    """Seconds or a date; of several the longest; negative and garbage are no wish at all."""
    assert retry_after(values, wall_now=NOW) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} .{8} GMT"))
def test_no_text_breaks_it(text: str) -> None:
    """Anything at all is either a wait of at least nothing, or ignored."""
    wait = retry_after([text], wall_now=NOW)
    assert wait is None or wait >= 0


@given(st.integers(0, 10**6), st.floats(-TEN_YEARS, TEN_YEARS))
def test_a_date_is_relative_to_the_servers_own_clock(ahead: int, wrong: float) -> None:
    """With a Date in the response our clock may be ten years off (FAULTS.md 78)."""
    date = datetime.fromtimestamp(NOW, UTC) + timedelta(seconds=ahead)
    value = date.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert retry_after([value], wall_now=NOW + wrong, served=SERVED) == ahead
    assert retry_after([value], wall_now=NOW) == ahead


@given(st.integers(0, 10**6), st.floats(-TEN_YEARS, TEN_YEARS))
def test_seconds_know_no_clock(seconds: int, wrong: float) -> None:
    """A number of seconds means the same whatever any clock says."""
    assert retry_after([str(seconds)], wall_now=NOW + wrong) == seconds


def test_a_broken_date_of_the_response_is_no_reference() -> None:
    """Our own clock stands in for a Date that is none."""
    assert seconds_until(NOW + 5, wall_now=NOW, served="yesterday") == 5


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001, hypothesis wants naive bounds
def test_every_date_reads_back_in_every_form_that_can_write_it(moment: datetime) -> None:
    """All three forms of RFC 9110 section 5.6.7 stand for the second they name."""
    whole = moment.replace(microsecond=0)
    for form in ("%a, %d %b %Y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"):
        text = whole.strftime(form)
        if whole.year >= 1000:  # strftime pads no years
            assert http_date(text, wall_now=NOW) == whole.timestamp()


@pytest.mark.parametrize(
    ("year", "means"), [("26", 2026), ("76", 2076), ("77", 1977), ("94", 1994), ("00", 2000)]
)
def test_a_two_digit_year_is_at_most_fifty_years_ahead(year: str, means: int) -> None:
    """RFC 9110 section 5.6.7: beyond that it is the most recent year that ends so."""
    expected = datetime(means, 11, 6, 8, 49, 37, tzinfo=UTC).timestamp()
    assert http_date(f"Sunday, 06-Nov-{year} 08:49:37 GMT", wall_now=NOW) == expected


def test_a_leap_second_is_the_second_before_it() -> None:
    """:60 is in the grammar; the clock that it is compared with repeats the :59."""
    at_59 = http_date("Sat, 31 Dec 2016 23:59:59 GMT", wall_now=NOW)
    assert http_date("Sat, 31 Dec 2016 23:59:60 GMT", wall_now=NOW) == at_59
