"""Show 6: whatever sequence of edits a manager has seen, it ends where a fresh start would.

Valid and invalid texts, changed and missing secrets, removals and re-additions, reload calls and
cancellations, in any order; after every step a request is served.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rewire
from rewire.control.slot import Slot
from tests.fakes.http_server import FakeServer
from tests.fakes.source import MemorySource

IDS = ("a", "b", "c", "d")


@dataclass(frozen=True)
class Client:
    """One declared client of a generated manifest."""

    id: str
    server: int
    header: str | None
    secret: bool
    enabled: bool
    keepalive: int


clients = st.builds(
    Client,
    id=st.sampled_from(IDS),
    server=st.integers(0, 1),
    header=st.none() | st.sampled_from(["one", "two"]),
    secret=st.booleans(),
    enabled=st.sampled_from([True, True, True, False]),
    keepalive=st.integers(1, 3),
)
documents = st.lists(clients, max_size=4, unique_by=lambda client: client.id).map(tuple)
BROKEN = (
    "version = 1\n[http.x\n",
    'version = 1\n[http.anchor]\nbase_url = "ftp://x"\n',
    "version = 2\n",
    "",
    'version = 1\n[http.anchor]\nbase_url = "http://x"\ntime_out = 5\n',
)


@dataclass(frozen=True)
class Edit:
    """Write a valid manifest, and wait for the verdict, or not, or give up waiting."""

    document: tuple[Client, ...]
    wait: str


@dataclass(frozen=True)
class Break:
    """Write a manifest that must be refused."""

    text: str


@dataclass(frozen=True)
class Secret:
    """Change, or take away, the variable that clients with a secret refer to."""

    value: str | None


@dataclass(frozen=True)
class Vanish:
    """Take the manifest away."""


steps = st.lists(
    st.one_of(
        st.builds(Edit, documents, st.sampled_from(["reload", "watch", "cancel"])),
        st.builds(Edit, documents, st.sampled_from(["reload", "watch", "cancel"])),
        st.builds(Break, st.sampled_from(BROKEN)),
        st.builds(Secret, st.none() | st.sampled_from(["s1", "s2"])),
        st.builds(Vanish),
    ),
    max_size=8,
)


@dataclass
class World:
    """The servers, the environment, and the last text that had to be accepted."""

    servers: tuple[FakeServer, FakeServer]
    env: dict[str, str] = field(default_factory=lambda: {"TOKEN": "s0"})
    accepted: str = ""

    def text(self, document: tuple[Client, ...]) -> str:
        parts = ["version = 1", "[reload]", 'max_deletes = "100%"']
        parts += ["[http.anchor]", f'base_url = "{self.servers[0].url}"']
        for client in document:
            parts += [f"[http.{client.id}]", f'base_url = "{self.servers[client.server].url}"']
            parts += [f"enabled = {str(client.enabled).lower()}"]
            parts += [f'headers.x-note = "{client.header}"'] if client.header else []
            parts += ['auth.bearer = "${TOKEN}"'] if client.secret else []
            parts += [f"pool.max_keepalive = {client.keepalive}"]
        return "\n".join(parts) + "\n"


async def perform(step: object, world: World, source: MemorySource, manager: object) -> None:
    """Do one step, and wait until the manager has nothing left to do."""
    assert isinstance(manager, rewire.ClientManager)
    match step:
        case Edit(document, wait):
            world.accepted = world.text(document)
            source.text = world.accepted
            if wait == "watch":
                source.put(world.accepted)
            elif wait == "cancel":
                asking = asyncio.ensure_future(manager.reload())
                await asyncio.sleep(0)
                asking.cancel()
                await asyncio.gather(asking, return_exceptions=True)
            verdict = await manager.reload()
            assert verdict.result in {"applied", "unchanged"}, verdict
        case Break(text):
            source.text = text
            verdict = await manager.reload()
            assert verdict.result == "refused"
            assert verdict.diagnostics
        case Secret(value):
            world.env.pop("TOKEN", None)
            if value is not None:
                world.env["TOKEN"] = value
            source.text = world.accepted
            assert (await manager.reload()).result in {"applied", "unchanged"}
        case Vanish():
            source.text = None
            assert (await manager.reload()).reason == "SourceMissing"


def picture(manager: rewire.ClientManager, ids: set[str]) -> dict[str, object]:
    """Return what is live: the resolved spec of every declared client, and what is held back."""
    shown: dict[str, object] = {}
    for client in ids:
        slot: Slot | None = manager._registry.declared(client)
        if slot is None:
            shown[client] = "none"
        elif slot.live is None:
            shown[client] = type(slot.refusal()).__name__
        else:
            shown[client] = slot.live.spec
    return shown


async def serve_all(manager: rewire.ClientManager) -> None:
    """Send one request through every client that is live."""
    for client in manager:
        if manager._registry.find(client).live is not None:
            response = await manager.http(client).get("/json")
            assert response.status_code == 200


async def scenario(sequence: list[object]) -> None:
    """Run a sequence and compare its end with a fresh start from the last accepted text."""
    async with FakeServer("0") as zero, FakeServer("1") as one:
        world = World((zero, one))
        world.accepted = world.text(())
        source = MemorySource(world.accepted)
        async with rewire.ClientManager(source, env=world.env) as manager:
            for step in sequence:
                await perform(step, world, source, manager)
                await serve_all(manager)
            ids = set(IDS) | {"anchor"}
            ended = picture(manager, ids)
            source.text = world.accepted
            await manager.reload()
            async with rewire.ClientManager(MemorySource(world.accepted), env=world.env) as fresh:
                expected = picture(fresh, ids)
            settle_held(ended, expected)
            assert ended == expected
        assert zero.connections_open == one.connections_open == 0


def settle_held(ended: dict[str, object], expected: dict[str, object]) -> None:
    """Allow for a missing secret: a client keeps its view; a fresh start has none to keep."""
    for client, state in expected.items():
        if state == "ClientHeldBackError":
            assert ended[client] != "none"
            ended[client] = state


RELAXED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    database=None,
)


@settings(RELAXED, max_examples=300)
@given(steps)
@pytest.mark.timeout(240)
def test_any_sequence_of_edits_ends_as_a_fresh_start_would(sequence: list[object]) -> None:
    """300 random sequences, each against real servers."""
    asyncio.run(scenario(sequence))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@settings(RELAXED, max_examples=10_000)
@given(steps)
def test_ten_thousand_sequences_end_as_a_fresh_start_would(sequence: list[object]) -> None:
    """The same law, 10,000 times."""
    asyncio.run(scenario(sequence))
