"""Two specs, field by field: the laws of `diff`, and the class of each change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.client import ClientConfig
from rewire.manifest.specs.types import Applies
from rewire.plan.diff import Absent, FieldChange, contents, diff
from tests.plan.worlds import specs

PAIRS = st.sampled_from(["http", "websocket"]).flatmap(lambda p: st.tuples(specs(p), specs(p)))
BASE = {"http": {"base_url": "http://a"}, "websocket": {"url": "ws://a"}}


def spec(protocol: str = "http", **table: Any) -> ClientConfig:
    """Make a spec out of what a manifest says."""
    return PROTOCOLS[protocol].model_validate({"id": "x", **BASE[protocol], **table})


def patch(old: ClientConfig, changes: tuple[FieldChange, ...]) -> ClientConfig:
    """Apply changes to a spec: what a plan says is enough to get there."""
    data = old.model_dump()
    for change in changes:
        *table, key = change.path
        holder = data
        for part in table:
            holder = holder[part]
        if isinstance(change.after, Absent):
            del holder[key]
        else:
            holder[key] = change.after
    return type(old).model_validate(data)


@given(PAIRS)
def test_applying_a_diff_gives_the_new_spec(pair: tuple[ClientConfig, ClientConfig]) -> None:
    """`apply(diff(a, b), a) == b`."""
    old, new = pair
    assert patch(old, diff(old, new)) == new


@given(PAIRS)
def test_a_diff_is_empty_exactly_for_equal_specs(pair: tuple[ClientConfig, ClientConfig]) -> None:
    """`diff(a, b) == () ⇔ a == b`."""
    old, new = pair
    assert (diff(old, new) == ()) == (old == new)
    assert diff(old, old) == ()


@given(PAIRS)
def test_the_way_back_is_the_mirror_image(pair: tuple[ClientConfig, ClientConfig]) -> None:
    """The changes from b to a are those from a to b with the sides swapped."""
    forth, back = diff(*pair), diff(*reversed(pair))
    assert {(c.path, c.applies) for c in forth} == {(c.path, c.applies) for c in back}
    sides = {c.path: (c.before, c.after) for c in forth}
    assert all(sides[c.path] == (c.after, c.before) for c in back)


@pytest.mark.parametrize(
    ("old", "new", "path", "applies"),
    [
        ({}, {"base_url": "http://b"}, "base_url", "replace"),
        ({}, {"tls": {"verify": False}}, "tls.verify", "replace"),
        ({}, {"tls": {"ca": "/ca"}}, "tls.ca", "replace"),
        ({}, {"timeout": {"read": "1s"}}, "timeout.read", "in place"),
        ({}, {"pool": {"max_connections": 5}}, "pool.max_connections", "in place"),
        ({}, {"headers": {"X": "1"}}, "headers.X", "in place"),
        ({}, {"auth": {"bearer": "t"}}, "auth.bearer", "in place"),
        ({}, {"enabled": False}, "enabled", "in place"),
        ({"owner": "a"}, {}, "owner", "in place"),
    ],
)
def test_a_change_has_the_class_of_its_field(
    old: dict[str, Any], new: dict[str, Any], path: str, applies: str
) -> None:
    """As CONTRACT says it; a nested field has the class of its table."""
    (change,) = diff(spec(**old), spec(**new))
    assert (".".join(change.path), change.applies) == (path, applies)


def test_values_are_in_the_form_of_a_manifest() -> None:
    """A duration is shown as it would be written, and secrets stay wrapped."""
    old = spec(timeout={"read": "90s"}, auth={"bearer": "t1"}, labels={"a": "1"})
    new = spec(timeout={"read": "250ms"}, auth={"bearer": "t2"}, labels={"b": "2"})
    assert {c.path: (c.before, c.after) for c in diff(old, new)} == {
        ("timeout", "read"): ("90s", "250ms"),
        ("auth", "bearer"): (SecretStr("t1"), SecretStr("t2")),
        ("labels", "a"): ("1", Absent.ABSENT),
        ("labels", "b"): (Absent.ABSENT, "2"),
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"timeout": {"read": "60s"}}, {"timeout": {"read": "1m"}}),
        ({"max_redirects": 5}, {"max_redirects": 5.0}),
        ({}, {"max_redirects": 20}),
        ({"headers": {"A": "1", "B": "2"}}, {"headers": {"B": "2", "A": "1"}}),
    ],
)
def test_equal_values_are_no_change(one: dict[str, Any], other: dict[str, Any]) -> None:
    """FAULTS 14: units, 5 and 5.0, order, and a default that is written out."""
    assert diff(spec(**one), spec(**other)) == ()


def test_a_file_with_another_content_is_a_change() -> None:
    """The contents of what a spec names count, and force a replacement."""
    one = spec(tls={"ca": "/ca.pem"})
    (change,) = contents({"/ca.pem": b"1"}, {"/ca.pem": b"2"}, one)
    assert (change.path, change.applies, change.contents) == (("tls", "ca"), "replace", True)
    assert contents({"/ca.pem": b"1"}, {"/ca.pem": b"1"}, one) == ()
    assert contents({}, {"/ca.pem": b"1"}, one) == ()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_field_says_how_its_edit_is_applied(protocol: str) -> None:
    """A new field without a class would be replaced silently; each says it."""
    for name, field in PROTOCOLS[protocol].model_fields.items():
        marks = [one for one in field.metadata if isinstance(one, Applies)]
        assert len(marks) == 1 or name == "id", name
