"""Small worlds for plans: what is desired and what is live, generated or read from a text."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from rewire.manifest.references import Missing, Reference
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.validate import Desired, Manifest, read, resolve_client
from rewire.plan.observed import Observed

__all__ = ["desired_from", "desires", "live", "specs"]

_IDS = ["a", "b", "c", "d"]
_DURATIONS = st.sampled_from(["1s", "1000ms", "2s", "1m30s"])
_TABLES = {
    "http": st.fixed_dictionaries(
        {"base_url": st.sampled_from(["http://a", "http://b/v1"])},
        optional={
            "enabled": st.booleans(),
            "labels": st.dictionaries(st.sampled_from("xy"), st.sampled_from("12"), max_size=2),
            "owner": st.sampled_from(["me", "you"]),
            "auth": st.sampled_from(
                [
                    {},
                    {"bearer": "t1"},
                    {"bearer": "t2"},
                    {"basic": {"username": "u", "password": "p"}},
                    {"basic": {"username": "u", "password": "q"}},
                ]
            ),
            "headers": st.dictionaries(st.sampled_from("XY"), st.sampled_from("12"), max_size=2),
            "timeout": st.fixed_dictionaries(
                {}, optional={"read": _DURATIONS, "write": _DURATIONS}
            ),
            "pool": st.fixed_dictionaries({}, optional={"max_connections": st.integers(1, 3)}),
            "tls": st.fixed_dictionaries(
                {}, optional={"verify": st.booleans(), "ca": st.sampled_from(["/ca1", "/ca2"])}
            ),
        },
    ),
    "websocket": st.fixed_dictionaries(
        {"url": st.sampled_from(["ws://a", "ws://b/?q=1"])},
        optional={
            "on_connect": st.lists(st.sampled_from("mn"), max_size=2),
            "handover": st.fixed_dictionaries({}, optional={"sequence": st.just("/seq")}),
            "ping_interval": _DURATIONS,
        },
    ),
}


@st.composite
def specs(draw: st.DrawFn, protocol: str, client: str = "x") -> Any:
    """Draw a resolved spec."""
    return PROTOCOLS[protocol].model_validate({**draw(_TABLES[protocol]), "id": client})


@st.composite
def desires(draw: st.DrawFn) -> dict[str, Desired]:
    """Draw what a manifest desires: up to four clients, with the contents of their files."""
    found: dict[str, Desired] = {}
    for client in draw(st.lists(st.sampled_from(_IDS), unique=True)):
        protocol = draw(st.sampled_from(["http", "http", "websocket"]))
        spec = draw(specs(protocol, client))
        material = {name: draw(st.sampled_from([b"1", b"2"])) for name in spec.files()}
        found[client] = Desired(client, protocol, spec, material)
    return found


def live(desired: dict[str, Desired], **more: Any) -> dict[str, Observed]:
    """Return what is live after exactly this was applied."""
    return {
        client: Observed(
            client,
            one.protocol,
            one.source,
            one.spec,
            one.material,
            declared=one.declared,
            **{"built": True, "generation": 1, **more},
        )
        for client, one in desired.items()
    }


def desired_from(text: str, **values: str) -> dict[str, Desired]:
    """Read a manifest and resolve each of its clients; `ca` is what is in each of their files."""
    content = values.pop("ca", "pem").encode()
    manifest = read("connections.toml", text.encode())
    assert isinstance(manifest, Manifest), manifest

    def lookup(reference: Reference) -> str | Missing:
        return values.get(reference.name, Missing("it is not set"))

    found: dict[str, Desired] = {}
    for client, declared in manifest.clients.items():
        one = resolve_client(declared, lookup)
        assert isinstance(one, Desired), one
        found[client] = replace(one, material=dict.fromkeys(one.spec.files(), content))
    return found
