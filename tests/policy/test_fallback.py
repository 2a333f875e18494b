"""Degradation: when something else answers, and when doing it again would be worse."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.policy.fallback import FallbackSettings, StaticResponse, cycle, degrade
from rewire.policy.retry import AttemptEnd, RequestFacts, RetrySettings

RETRY = RetrySettings()
GET = RequestFacts("GET")
POST = RequestFacts("POST")
STREAMED = RequestFacts("PUT", replayable=False)

CLIENT = FallbackSettings(client="mirror")
STATIC = FallbackSettings(response=StaticResponse(200, (), "[]"))
BOTH = FallbackSettings(client="mirror", response=StaticResponse())

REFUSED = AttemptEnd("other", sent=False)
"""A refusal of our own: an open breaker, a full queue."""


@pytest.mark.parametrize(
    ("settings", "end", "request_", "steps"),
    [
        (CLIENT, AttemptEnd("status", status=503), GET, ("client",)),
        (STATIC, AttemptEnd("status", status=503), GET, ("response",)),
        (BOTH, AttemptEnd("status", status=503), GET, ("client", "response")),
        (BOTH, AttemptEnd("status", status=500), GET, ()),
        (BOTH, AttemptEnd("status", status=404), GET, ()),
        (BOTH, AttemptEnd("status", status=429), GET, ()),
        (BOTH, AttemptEnd("timeout"), GET, ("client", "response")),
        (BOTH, AttemptEnd("reset"), GET, ("client", "response")),
        (BOTH, REFUSED, GET, ("client", "response")),
        (BOTH, REFUSED, POST, ("client", "response")),
        (BOTH, AttemptEnd("connect", sent=False), POST, ("client", "response")),
        (BOTH, AttemptEnd("reset"), POST, ("response",)),
        (BOTH, AttemptEnd("status", status=503), POST, ("response",)),
        (BOTH, AttemptEnd("reset"), RequestFacts("POST", idempotency_key=True),
         ("client", "response")),
        (BOTH, AttemptEnd("reset"), STREAMED, ("response",)),
        (CLIENT, AttemptEnd("reset"), POST, ()),
        (FallbackSettings(), AttemptEnd("reset"), GET, ()),
    ],
)  # fmt: skip
def test_what_answers_instead(
    settings: FallbackSettings, end: AttemptEnd, request_: RequestFacts, steps: tuple[str, ...]
) -> None:
    """Another client only where asking it can do no harm; a response whenever there is one."""
    assert degrade(settings, end, request_, RETRY) == steps


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ({}, ()),
        ({"a": ["b"], "b": ["c"], "c": []}, ()),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, ()),
        ({"a": ["nobody"]}, ()),
        ({"a": ["a"]}, ("a", "a")),
        ({"a": ["b"], "b": ["a"]}, ("a", "b", "a")),
        ({"x": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}, ("a", "b", "c", "a")),
    ],
)
def test_a_cycle_is_named(edges: dict[str, list[str]], found: tuple[str, ...]) -> None:
    """The first id is repeated at the end; a diamond is none."""
    assert cycle(edges) == found


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.sampled_from("abcdefgh"), max_size=4))
)
def test_a_cycle_is_found_exactly_if_there_is_one(edges: dict[str, list[str]]) -> None:
    """What is found leads back to itself; where nothing is found the ids can be put in order."""
    found = cycle(edges)
    for here, there in pairwise(found):
        assert there in edges[here]
    if found:
        assert found[0] == found[-1]
        return
    left = dict(edges)
    while left:
        free = [name for name, targets in left.items() if not set(targets) & set(left)]
        assert free
        for name in free:
            del left[name]


def test_a_long_chain_is_no_recursion() -> None:
    """Ten thousand clients that each fall back to the next."""
    chain = {str(i): [str(i + 1)] for i in range(10_000)}
    assert cycle(chain) == ()
