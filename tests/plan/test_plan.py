"""The laws of a plan: what is equal is kept, and applying it leads to what is desired."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.validate import Desired
from rewire.plan.observed import Observed
from rewire.plan.plan import Plan, plan
from tests.plan.worlds import desired_from, desires, live

WORLD = """\
version = 1
[http.a]
base_url = "http://a"
auth.bearer = "${TOKEN}"
[http.b]
base_url = "http://b"
tls.ca = "/ca.pem"
[websocket.c]
url = "ws://c"
"""


def apply(changes: Plan, observed: dict[str, Observed]) -> dict[str, Observed]:
    """Do what a plan says, in its order."""
    world = dict(observed)
    for change in changes.changes:
        if change.action == "remove":
            del world[change.id]
        elif change.action != "keep":
            assert change.after is not None
            assert (change.action == "create") == (change.id not in world)
            world |= live({change.id: change.after})
    return world


def actions(desired: dict[str, Desired], observed: dict[str, Observed], *held: str) -> list[str]:
    """Return a plan as `id protocol action`."""
    found = plan(desired, observed, held).changes
    return [f"{one.id} {one.protocol} {one.action}" for one in found]


@given(desires())
def test_a_plan_for_what_is_live_is_empty(desired: dict[str, Desired]) -> None:
    """`plan(x, x)` keeps everything, and gives no reasons."""
    found = plan(desired, live(desired))
    assert found.empty
    assert [one.id for one in found.changes] == sorted(desired)
    assert all(one.action == "keep" and not one.reason for one in found.changes)


@given(desires(), desires())
def test_applying_a_plan_leads_to_what_is_desired(
    before: dict[str, Desired], after: dict[str, Desired]
) -> None:
    """`apply(plan(b, a), a) == b`, and then there is nothing left to do."""
    world = apply(plan(after, live(before)), live(before))
    assert world == live(after)
    assert plan(after, world).empty


@given(desires(), desires(), st.randoms())
def test_a_plan_does_not_depend_on_order(
    before: dict[str, Desired], after: dict[str, Desired], rng: object
) -> None:
    """However the maps are ordered, the plan is the same, in the same order."""

    def shuffled(world: dict[str, object]) -> dict[str, object]:
        keys = list(world)
        rng.shuffle(keys)  # type: ignore[attr-defined]
        return {key: world[key] for key in keys}

    observed = live(before)
    assert plan(shuffled(after), shuffled(observed)) == plan(after, observed)  # type: ignore[arg-type]


@given(desires(), desires(), st.sets(st.sampled_from("abcd")))
def test_who_is_held_back_keeps_its_view(
    before: dict[str, Desired], after: dict[str, Desired], held: set[str]
) -> None:
    """Law 3: no change but keep for a client that the world holds back, live or not."""
    found = plan(after, live(before), held)
    for change in found.changes:
        if change.id in held:
            assert (change.action, change.reason) == ("keep", "held back")
    assert set(found.held) == held - set(before)
    rest = [one for one in plan(after, live(before)).changes if one.id not in held]
    assert [one for one in found.changes if one.id not in held] == rest


@given(desires(), desires())
def test_a_client_from_code_is_never_touched(
    before: dict[str, Desired], after: dict[str, Desired]
) -> None:
    """Whatever the manifest says about its id, and if it says nothing."""
    observed = {key: replace(one, source="code") for key, one in live(before).items()}
    for change in plan(after, observed).changes:
        if change.id in observed:
            assert (change.action, change.reason) == ("keep", "registered from code")


def test_a_rename_is_a_removal_and_a_creation() -> None:
    """FAULTS 16: the id is the identity."""
    before = desired_from(WORLD, TOKEN="t")
    after = desired_from(WORLD.replace("http.b", "http.z"), TOKEN="t")
    assert actions(after, live(before)) == [
        "a http keep",
        "b http remove",
        "c websocket keep",
        "z http create",
    ]


def test_another_protocol_under_the_same_id_is_a_removal_and_a_creation() -> None:
    """In this order, so that the id is free."""
    before = desired_from('version = 1\n[http.a]\nbase_url = "http://a"\n')
    after = desired_from('version = 1\n[websocket.a]\nurl = "ws://a"\n')
    assert actions(after, live(before)) == ["a http remove", "a websocket create"]
    assert actions({}, live(before), "a") == ["a http keep"]


def test_a_resync_with_secrets_replaces_nothing() -> None:
    """FAULTS 15: resolved specs are compared with resolved ones, sixty times."""
    observed = live(desired_from(WORLD, TOKEN="t"))
    for _ in range(60):
        assert plan(desired_from(WORLD, TOKEN="t"), observed).empty


def test_a_rotated_secret_changes_the_clients_that_use_it() -> None:
    """FAULTS 29: and no other; a credential is changed in place."""
    observed = live(desired_from(WORLD, TOKEN="t"))
    found = plan(desired_from(WORLD, TOKEN="u"), observed).changed
    assert [(one.id, one.action) for one in found] == [("a", "in place")]


def test_a_rotated_certificate_replaces_the_clients_that_use_it() -> None:
    """The content of a file counts, under the same name."""
    observed = live(desired_from(WORLD, TOKEN="t", ca="old"))
    found = plan(desired_from(WORLD, TOKEN="t", ca="new"), observed).changed
    assert [(one.id, one.action, one.forced_by) for one in found] == [
        ("b", "replace", (("tls", "ca"),))
    ]


def test_one_field_that_forces_a_replacement_is_enough() -> None:
    """The plan names it; the others come along."""
    before = desired_from(WORLD, TOKEN="t")
    text = WORLD.replace('"http://a"', '"http://z"\ntimeout.read = "1s"')
    (change,) = plan(desired_from(text, TOKEN="t"), live(before, in_flight=3)).changed
    assert (change.action, change.forced_by, change.in_flight) == ("replace", (("base_url",),), 3)
    assert {one.path for one in change.fields} == {("base_url",), ("timeout", "read")}


def test_only_a_shared_default_changes_everybody() -> None:
    """FAULTS 17: each client that does not say otherwise, in place here."""
    text = 'version = 1\n[defaults.http]\ntimeout.read = "1s"\n'
    text += "".join(f'[http.{c}]\nbase_url = "http://{c}"\n' for c in "abc")
    text += 'timeout.read = "9s"\n'
    found = plan(desired_from(text.replace('"1s"', '"2s"')), live(desired_from(text))).changed
    assert [(one.id, one.action) for one in found] == [("a", "in place"), ("b", "in place")]


def test_the_mask_of_counts() -> None:
    """A plan counts its changes by action."""
    before = desired_from(WORLD, TOKEN="t")
    counted = plan(desired_from(WORLD.replace("http.b", "http.z"), TOKEN="t"), live(before)).count()
    assert counted == {"keep": 2, "remove": 1, "create": 1}
