"""What a text would change, told from texts alone."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rewire.manifest.references import Missing
from rewire.manifest.validate import Desired, Manifest, read, resolve_client
from rewire.plan.foresight import as_observed, foresee
from rewire.plan.plan import Plan, plan
from tests.manifest.documents import EVERYTHING, mutated, paths
from tests.plan import worlds


def read_document(document: dict[str, Any]) -> Manifest | None:
    """Read a document; None if it is refused."""
    manifest = read("m.json", json.dumps(document).encode())
    return manifest if isinstance(manifest, Manifest) else None


def manifest_of(document: dict[str, Any]) -> Manifest:
    """Read a document that is in order."""
    manifest = read_document(document)
    assert manifest is not None
    return manifest


def desired_of(manifest: Manifest) -> dict[str, Desired]:
    """Resolve the clients of a manifest without references."""
    found: dict[str, Desired] = {}
    for client, declared in manifest.clients.items():
        desired = resolve_client(declared, lambda _: Missing("nothing is looked up"))
        assert isinstance(desired, Desired), desired
        found[client] = desired
    return found


def gist(found: Plan) -> list[Any]:
    """Return what a plan says, without what it was made of."""
    return [
        (change.id, change.action, {(one.path, str(one.before)) for one in change.fields})
        for change in found.changes
    ]


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a manifest without references."""
    document: dict[str, Any] = {"version": 1}
    for client in draw(st.lists(st.sampled_from("abc"), unique=True)):
        protocol = draw(st.sampled_from(["http", "http", "websocket"]))
        table = draw(worlds._TABLES[protocol])
        document.setdefault(protocol, {})[client] = table
    return document


@settings(max_examples=200, deadline=None)
@given(documents(), documents())
def test_without_references_it_is_the_plan(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Foresight loses nothing where nothing is unknown."""
    old, new = manifest_of(one), manifest_of(other)
    made = plan(desired_of(new), worlds.live(desired_of(old)))
    assert gist(foresee(new.clients, as_observed(old.clients))) == gist(made)


@settings(max_examples=100, deadline=None)
@given(mutated(1), mutated(1))
def test_it_never_fails_on_what_is_accepted(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Any accepted text can be compared with any other, and with itself it changes nothing."""
    old, new = read_document(one), read_document(other)
    if old is None or new is None:
        return
    assert foresee(new.clients, as_observed(new.clients)).empty
    found = foresee(new.clients, as_observed(old.clients))
    assert {change.id for change in found.changes} == {*old.clients, *new.clients}


def with_reference(path: tuple[Any, ...], name: str) -> Manifest | None:
    """Return the manifest that has everything, with a reference in place of one value."""
    document = copy.deepcopy(EVERYTHING)
    holder: Any = document
    for part in path[:-1]:
        holder = holder[part]
    holder[path[-1]] = f"${{{name}}}"
    return read_document(document)


def test_a_reference_may_stand_for_every_value_that_takes_one() -> None:
    """There is a stand-in for each type; another reference at the same place is a change."""
    tried = 0
    for path in paths({name: EVERYTHING[name] for name in ("http", "websocket")}):
        old, new = with_reference(path, "ONE"), with_reference(path, "TWO")
        if old is None or new is None:
            continue
        tried += 1
        (changed,) = foresee(new.clients, as_observed(old.clients)).changed
        (field,) = changed.fields
        assert changed.id == path[1]
        assert tuple(map(str, path[2:]))[: len(field.path)] == field.path
    assert tried > 50


def test_a_live_secret_is_not_compared_with_what_a_caller_wrote() -> None:
    """Whether a guess is right cannot be told from the answer, nor is it in it."""
    table = {"base_url": "http://a", "headers": {"X": "${SECRET}"}}
    old = manifest_of({"version": 1, "http": {"a": table}})
    answers = []
    for guess in ("right", "wrong"):
        document = {"version": 1, "http": {"a": {**table, "headers": {"X": guess}}}}
        declared = manifest_of(document).clients
        resolved = resolve_client(old.clients["a"], lambda _: "right")
        assert isinstance(resolved, Desired)
        live = worlds.live({"a": resolved})
        (change,) = foresee(declared, live).changes
        assert change.action == "in place"
        answers.append([(one.path, one.before) for one in change.fields])
    assert answers[0] == answers[1]
    assert "right" not in repr(answers)
