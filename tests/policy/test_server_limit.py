"""RateLimit fields: the draft's own examples, its forerunners, and what is really sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.server_limit import ServerLimit, server_limits

NOW = 1_795_575_600.0
DATE = "Wed, 25 Nov 2026 03:00:00 GMT"  # NOW + 0


def limits(**fields: str | list[str]) -> list[tuple[float, float]]:
    """Read fields given with underscores for hyphens."""
    read = {
        name.replace("_", "-"): [value] if isinstance(value, str) else value
        for name, value in fields.items()
    }
    return [tuple(limit) for limit in server_limits(read, wall_now=NOW)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"default";r=50;t=30', [(50, 30)]),
        ('"default";r=999;pk=:dHJpYWwxMjEzMjM=:', []),
        ('"default";r=300000000;t=60;pk=:QXBwLTk5OQ==:', [(300000000, 60)]),
        ('"problemPolicy";r=0;t=10', [(0, 10)]),
        ('"permin";r=5;t=20, "perhr";r=900;t=3000', [(5, 20), (900, 3000)]),
        ("default;r=50;t=30", [(50, 30)]),
        ('"a;r=1,\\"b\\"" ; r=7 ; t=8', [(7, 8)]),
        ('"x";t=8;r=7;acme-policy="y";flag', [(7, 8)]),
        ("limit=100, remaining=50, reset=5", [(50, 5)]),
        ("limit=100, remaining=0, reset=5, policy", []),
        ("limit=100, remaining=50", []),
        ('"default";r=-1;t=30', []),
        ('"default";r=1.5;t=30', []),
        ('"default";r="50";t=30', []),
        ('"default";r=50;t=30 "other"', []),
        ('"default;r=50;t=30', []),
        ('"a";r=1;t=2,,"b";r=1;t=2', []),
        ('"a";r=1;t=2, ', []),
        ("", []),
        ("50", []),
    ],
)
def test_the_field_of_the_draft(value: str, expected: list[tuple[float, float]]) -> None:
    """Items with r and t are limits; what is malformed is ignored as a whole."""
    assert limits(ratelimit=value) == expected


def test_an_item_list_may_come_in_several_fields() -> None:
    """RFC 9651 section 3.1: they are one list."""
    assert limits(ratelimit=['"a";r=1;t=2', '"b";r=3;t=4']) == [(1, 2), (3, 4)]


def test_a_quota_of_bytes_is_no_quota_of_requests() -> None:
    """The policy's unit decides whether its limit can be followed."""
    policy = '"bytes";q=65535;qu="content-bytes";w=10, "calls";q=100;qu="requests";w=60'
    value = '"bytes";r=9;t=3, "calls";r=4;t=20, "unknown";r=6;t=30'
    assert limits(ratelimit=value, ratelimit_policy=policy) == [(4, 20), (6, 30)]


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("30", 30),
        ("0", 0),
        (str(int(NOW) + 45), 45),
        (str((int(NOW) + 45) * 1000), 45),
        (str(int(NOW) - 45), 0),
        ("1s", 1),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("20ms", 0.02),
        ("Wed, 25 Nov 2026 03:00:10 GMT", 10),
        ("2026-11-25T03:00:10Z", 10),
        ("2026-11-25T04:00:10+01:00", 10),
        ("2026-11-25T03:00:10", None),
        ("-5", None),
        ("later", None),
        ("", None),
    ],
)
def test_the_units_of_a_reset(reset: str, seconds: float | None) -> None:
    """Seconds, seconds or milliseconds since 1970, durations, dates; else it is ignored."""
    read = limits(x_ratelimit_remaining="7", x_ratelimit_reset=reset)
    assert read == ([] if seconds is None else [(7, pytest.approx(seconds))])


@pytest.mark.parametrize(
    "names",
    [
        ("ratelimit-remaining", "ratelimit-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("x-rate-limit-remaining", "x-rate-limit-reset"),
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ],
)
def test_the_families_of_fields(names: tuple[str, str]) -> None:
    """What is left and until when, under each pair of names in use; one alone says nothing."""
    remaining, reset = names
    both = {remaining: ["3"], reset: ["9"]}
    assert server_limits(both, wall_now=NOW) == (ServerLimit(3, 9),)
    assert server_limits({**both, remaining: ["0"]}, wall_now=NOW) == (ServerLimit(0, 9),)
    assert server_limits({remaining: ["3"]}, wall_now=NOW) == ()
    assert server_limits({reset: ["3"]}, wall_now=NOW) == ()


def test_of_two_values_the_more_careful_reading_counts() -> None:
    """The smallest rest and the latest reset."""
    assert limits(x_ratelimit_remaining=["9", "2"], x_ratelimit_reset=["5", "8"]) == [(2, 8)]


def test_retry_after_takes_precedence() -> None:
    """The draft, section 7; one that is garbage takes none."""
    assert limits(ratelimit='"a";r=50;t=30', retry_after="12") == [(0, 12)]
    assert limits(ratelimit='"a";r=50;t=30', retry_after="garbage") == [(50, 30)]


@given(st.floats(-3.2e8, 3.2e8))
def test_a_moment_is_relative_to_the_servers_own_clock(wrong: float) -> None:
    """With a Date in the response our clock may be ten years off (FAULTS.md 78)."""
    fields = {
        "date": [DATE],
        "x-ratelimit-remaining": ["1"],
        "x-ratelimit-reset": [str(int(NOW) + 45)],
    }
    assert server_limits(fields, wall_now=NOW + wrong) == (ServerLimit(1, 45),)


names = st.sampled_from(
    ["date", "retry-after", "ratelimit", "ratelimit-policy", "x-ratelimit-remaining",
     "x-ratelimit-reset", "ratelimit-remaining", "ratelimit-reset"]
)  # fmt: skip
texts = st.text(max_size=30) | st.from_regex(r'"[a-z]";[rt]=[0-9]{1,4};[rt]=.{1,4}', fullmatch=True)


@given(st.dictionaries(names, st.lists(texts, max_size=3)))
def test_no_field_breaks_it(fields: dict[str, list[str]]) -> None:
    """Whatever a server sends, a limit is a number of requests in a number of seconds."""
    for limit in server_limits(fields, wall_now=NOW):
        assert limit.remaining >= 0
        assert limit.seconds >= 0
