"""Whether a plan is one that somebody meant."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rewire.manifest.render import render
from rewire.manifest.specs.reload import ReloadConfig
from rewire.manifest.validate import Desired
from rewire.plan.plan import plan
from rewire.plan.safety import verdict
from tests.plan.worlds import desired_from, live


def clients(count: int, protocol: str = "http", prefix: str = "c") -> dict[str, Desired]:
    """Declare this many clients."""
    key, scheme = ("base_url", "http") if protocol == "http" else ("url", "ws")
    tables = "".join(
        f'[{protocol}.{prefix}{number}]\n{key} = "{scheme}://h"\n' for number in range(count)
    )
    return desired_from(f"version = 1\n{tables}")


def refused(before: dict[str, Desired], after: dict[str, Desired], **settings: object) -> str:
    """Return why a plan is refused, or nothing."""
    reload = ReloadConfig.model_validate(settings)
    found = verdict(plan(after, live(before)), reload, len(before), "connections.toml")
    return "" if found is None else render([found], (), "concise")


@pytest.mark.parametrize("count", [1, 2, 20])
def test_an_emptied_manifest_is_refused_unless_it_is_allowed(count: int) -> None:
    """FAULTS 2: a truncated file removes nobody."""
    what = 'the only client, "c0"' if count == 1 else f"all {count} clients"
    assert refused(clients(count), {}) == (
        f"connections.toml:1:1: error[RW205] this would remove {what}"
    )
    assert refused(clients(count), {}, allow_empty=True) == ""
    assert refused({}, {}) == ""


@pytest.mark.parametrize(
    ("before", "after", "share", "is_refused"),
    [
        (6, 3, "50%", False),
        (6, 2, "50%", True),
        (5, 1, "50%", False),
        (20, 19, "0%", True),
        (20, 20, "0%", False),
        (20, 1, "100%", False),
        (7, 4, "50%", False),
        (7, 3, "50%", True),
    ],
)
def test_a_manifest_cut_at_a_table_removes_a_share_at_most(
    before: int, after: int, share: str, is_refused: bool
) -> None:
    """FAULTS 3: valid, but shorter; the share holds from six clients on."""
    said = refused(clients(before), clients(after), max_deletes=share)
    assert bool(said) == is_refused


def test_a_refusal_names_who_would_go() -> None:
    """Eight at most, and what to do if it is meant."""
    said = refused(clients(12), clients(1), max_deletes="25%")
    assert said == (
        "connections.toml:1:1: error[RW205] this would remove 11 of 12 clients, more than "
        "reload.max_deletes (25%): c1, c10, c11, c2, c3, c4, c5, c6, …"
    )


def test_renames_and_changes_of_protocol_count_as_removals() -> None:
    """The id under its protocol is gone, whatever comes in its place."""
    before = clients(8)
    assert refused(before, clients(8, prefix="d"))
    assert refused(before, clients(8, "websocket"))
    assert not refused(before, before | clients(8, prefix="d"))


def test_what_is_held_back_is_not_removed() -> None:
    """A manifest whose clients all wait for a secret is not an empty one."""
    before = clients(2)
    reload = ReloadConfig()
    assert verdict(plan({}, live(before), ["c0", "c1"]), reload, 2) is None
    assert verdict(plan({}, live(before), ["new"]), reload, 2) is None


def test_clients_from_code_are_not_the_manifests() -> None:
    """They stay, and so an emptied manifest is empty although they are live."""
    observed = live(clients(1))
    observed |= {
        key: replace(one, source="code") for key, one in live(clients(1, prefix="k")).items()
    }
    assert verdict(plan({}, observed), ReloadConfig(), 1) is not None
