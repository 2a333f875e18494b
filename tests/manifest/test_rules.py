"""Rules between values: errors between what was written, clamps for defaults."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.rules import RULES, broken, clamp
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.client import ClientConfig
from rewire.manifest.specs.types import ResolvedText

HTTP, WEBSOCKET = PROTOCOLS["http"], PROTOCOLS["websocket"]


def http(**pool: object) -> ClientConfig:
    """Make an HTTP spec with these pool settings written."""
    return HTTP.model_validate({"id": "x", "base_url": "http://x", "pool": pool})


def websocket(**reconnect: object) -> ClientConfig:
    """Make a WebSocket spec with these reconnect settings written."""
    return WEBSOCKET.model_validate({"id": "x", "url": "ws://x", "reconnect": reconnect})


@pytest.mark.parametrize(
    ("spec", "table", "expected"),
    [
        (http(), "pool", (20, 100)),
        (http(max_connections=5), "pool", (5, 5)),
        (http(max_connections=50), "pool", (20, 50)),
        (http(max_keepalive=200), "pool", (200, 200)),
        (http(max_keepalive=3, max_connections=4), "pool", (3, 4)),
        (websocket(max="500ms"), "reconnect", (0.5, 0.5)),
        (websocket(initial="2m"), "reconnect", (120.0, 120.0)),
        (websocket(), "reconnect", (1.0, 60.0)),
    ],
)
def test_a_default_that_does_not_fit_gives_way(
    spec: ClientConfig, table: str, expected: tuple[float, float]
) -> None:
    """Whichever side was not written is clamped to the written one; nothing else moves."""
    clamped = clamp(spec)
    (rule,) = (rule for rule in RULES[spec.protocol] if rule.low[0] == table)
    inner = getattr(clamped, table)
    assert (getattr(inner, rule.low[1]), getattr(inner, rule.high[1])) == expected
    assert clamped.model_copy(update={table: getattr(spec, table)}) == spec


@given(st.integers(0, 300), st.integers(1, 300), st.booleans(), st.booleans())
def test_clamping_twice_is_clamping_once(low: int, high: int, a: bool, b: bool) -> None:
    """`clamp(clamp(x)) == clamp(x)`, and what was written is never changed."""
    written = {
        key: n for key, n, say in [("max_keepalive", low, a), ("max_connections", high, b)] if say
    }
    once = clamp(http(**written))
    assert clamp(once) == once
    for key, value in written.items():
        assert getattr(once.pool, key) == value  # type: ignore[attr-defined]
    if not (a and b):
        assert once.pool.max_keepalive <= once.pool.max_connections  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("protocol", "merged", "count"),
    [
        ("http", {"pool": {"max_keepalive": 5, "max_connections": 4}}, 1),
        ("http", {"pool": {"max_keepalive": 5, "max_connections": 5}}, 0),
        ("http", {"pool": {"max_keepalive": 5.0, "max_connections": 4}}, 1),
        ("http", {"pool": {"max_connections": 4}}, 0),
        ("http", {"pool": {"max_keepalive": "${A}", "max_connections": 4}}, 0),
        ("http", {"pool": {"max_keepalive": True, "max_connections": 0}}, 0),
        ("http", {"pool": {"max_keepalive": ResolvedText("9"), "max_connections": 4}}, 1),
        ("http", {"pool": {"max_keepalive": ResolvedText("x"), "max_connections": 4}}, 0),
        ("http", {"pool": 5}, 0),
        ("websocket", {"reconnect": {"initial": "2s", "max": "1500ms"}}, 1),
        ("websocket", {"reconnect": {"initial": "1m", "max": "60s"}}, 0),
        ("websocket", {"reconnect": {"initial": "soon", "max": "60s"}}, 0),
        ("sse", {}, 0),
    ],
)
def test_a_rule_holds_between_written_values_that_can_be_read(
    protocol: str, merged: dict[str, object], count: int
) -> None:
    """What is unresolved, or wrong by itself, breaks no rule."""
    assert len(broken(protocol, merged)) == count
