"""Show 5, the text's part: a manifest cut anywhere is judged, and nothing raises (FAULTS 3)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.manifest.diagnostics import Diagnostic
from rewire.manifest.render import render
from rewire.manifest.specs.reload import ReloadConfig
from rewire.manifest.validate import Manifest, read
from rewire.plan.plan import plan
from rewire.plan.safety import verdict
from tests.manifest.documents import EVERYTHING, mutated
from tests.plan.worlds import desired_from, live

TOML = """\
#:schema ./schemas/connections.schema.json
version = 1

[defaults.http]
timeout = { connect = "3s", read = "9s" }   # größer ist nicht besser

[http.github]
base_url = "https://api.github.com"
headers."X Y" = 'literal "text"'
labels = { team = "core", emoji = "🦀" }

[http.billing]
base_url = "https://billing.example/v2"
description = \"\"\"
two
lines\"\"\"
pool.max_connections = 1_000

[websocket.prices]
url = "wss://prices.example/ws"
on_connect = [
  '{"subscribe": "BTC"}',
  "{\\"subscribe\\": \\"ETH\\"}",
]
reconnect.fatal_statuses = [400, 0x191]
"""
TOML = TOML.replace('"X Y"', "X-Y") + "".join(
    f'\n[http.c{n}]\nbase_url = "http://c{n}"\n' for n in range(5)
)
IN_JSON = json.dumps(EVERYTHING, separators=(",", ":"), ensure_ascii=False)


def judge(name: str, data: bytes) -> Manifest | tuple[Diagnostic, ...]:
    """Read bytes; whatever comes out can be shown."""
    found = read(name, data)
    said = found.warnings if isinstance(found, Manifest) else found
    assert isinstance(found, Manifest) or any(one.is_error for one in found)
    for style in ("full", "json"):
        assert isinstance(render(said, (), style), str)
    return found


def test_the_whole_texts_are_good() -> None:
    """What is cut below is a manifest to begin with."""
    assert isinstance(judge("x.toml", TOML.encode()), Manifest)
    assert isinstance(judge("x.json", IN_JSON.encode()), Manifest)


@pytest.mark.parametrize(("name", "text"), [("x.toml", TOML), ("x.json", IN_JSON)])
def test_a_manifest_cut_at_any_byte_is_judged(name: str, text: str) -> None:
    """Cut at every offset, in the middle of a character too: a manifest or diagnostics."""
    data = text.encode()
    for offset in range(len(data)):
        judge(name, data[:offset])


@pytest.mark.parametrize(("name", "text"), [("x.toml", TOML), ("x.json", IN_JSON)])
def test_a_manifest_without_its_beginning_is_judged(name: str, text: str) -> None:
    """The other half, at every offset."""
    data = text.encode()
    for offset in range(0, len(data), 3):
        judge(name, data[offset:])


def test_whatever_is_left_of_a_cut_manifest_removes_half_at_most() -> None:
    """Of each prefix that is a manifest, the plan is refused, or removes what it may."""
    observed = live(desired_from(TOML))
    data = TOML.encode()
    outcomes: set[str] = set()
    for offset in range(len(data)):
        found = read("x.toml", data[:offset])
        if not isinstance(found, Manifest):
            outcomes.add("text refused")
            continue
        changes = plan(desired_from(data[:offset].decode()), observed)
        removed = [one for one in changes.changes if one.action == "remove"]
        if verdict(changes, found.reload, len(observed)) is not None:
            outcomes.add("plan refused")
        else:
            assert len(removed) <= ReloadConfig().max_deletes * len(observed)
            outcomes.add("applied" if removed else "nothing removed")
    assert outcomes == {"text refused", "plan refused", "applied", "nothing removed"}


@given(st.binary(max_size=200), st.sampled_from(["x.toml", "x.json"]))
@settings(max_examples=300, deadline=None)
def test_bytes_of_any_kind_are_judged(data: bytes, name: str) -> None:
    """Reading never raises."""
    judge(name, data)


@given(mutated(most=8), st.data())
@settings(max_examples=200, deadline=None)
def test_an_odd_manifest_is_judged_wherever_it_is_cut(
    document: object, data: st.DataObject
) -> None:
    """A document of the right language and the wrong content, whole and cut."""
    text = json.dumps(document).encode()
    judge("x.json", text)
    judge("x.json", text[: data.draw(st.integers(0, len(text)))])
