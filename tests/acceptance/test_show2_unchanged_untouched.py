"""Show 2: 40 warm clients, 20 edits to others: not one of their connections opened or closed.

The others are added, changed, removed, renamed, disabled and broken; the text is commented,
reordered, reformatted, and written as JSON. The servers count; the clients then answer on the
very connections that they had.
"""

from __future__ import annotations

import json
import random
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import tomli

from rewire.events import GenerationRetired
from tests.fakes.http_server import FakeServer

if TYPE_CHECKING:
    from collections.abc import Callable

    import rewire
    from tests.conftest import Start

SERVERS = 4
CLIENTS = 40
HEAD = 'version = 1\n\n[defaults.http]\npool.keepalive_expiry = "1h"\n'


class Text:
    """The manifest as it is at the moment: tables by id, 40 of them never edited in meaning."""

    def __init__(self, servers: list[FakeServer], spare: FakeServer) -> None:
        self.spare = spare.url
        self.tables = {
            f"warm-{number}": [
                f'base_url = "{servers[number % SERVERS].url}"',
                f'headers.x-number = "{number}"',
                'timeout.read = "1.5s"',
                "pool.max_keepalive = 5",
            ]
            for number in range(CLIENTS)
        }
        self.tables["other"] = [f'base_url = "{self.spare}"']

    def __str__(self) -> str:
        parts = [f"[http.{name}]\n" + "\n".join(lines) for name, lines in self.tables.items()]
        return HEAD + "\n\n".join(parts) + "\n"

    # ── edits to others ──────────────────────────────────────────────────────────────────────

    def others(self) -> list[Callable[[], object]]:
        tables, spare = self.tables, self.spare

        def put(name: str, *lines: str) -> Callable[[], object]:
            return lambda: tables.update({name: list(lines)})

        return [
            put("new", f'base_url = "{spare}"'),
            put("new", f'base_url = "{spare}/v2"'),
            put("new", f'base_url = "{spare}"', 'headers.x-a = "1"'),
            put("new", f'base_url = "{spare}"', "enabled = false"),
            put("new", f'base_url = "{spare}"', "pool.max_connections = 7"),
            put("held", f'base_url = "{spare}"', 'auth.bearer = "${NOBODY_SETS_THIS}"'),
            put("dead", 'base_url = "http://127.0.0.1:9"', 'connect = "eager"'),
            lambda: (tables.pop("held"), tables.pop("dead")),
            lambda: tables.update({"renamed": tables.pop("new")}),
            lambda: tables.pop("renamed"),
        ]

    # ── edits of form ────────────────────────────────────────────────────────────────────────

    def forms(self) -> list[str]:
        plain = str(self)
        shuffled = list(self.tables)
        random.Random(2).shuffle(shuffled)
        self.tables = {name: self.tables[name] for name in shuffled}
        reordered, data = str(self), tomli.loads(plain)
        inline = "".join(
            f"{name} = {{ {', '.join(lines)} }}\n" for name, lines in self.tables.items()
        )
        return [
            "# one comment\n" + plain.replace("\n\n", "  # and many\n\n"),
            reordered,
            reordered.replace(" = ", "\t=   ").replace("\n", "\n\n"),
            plain.replace("\n", "\r\n"),
            "\ufeff" + plain,
            plain.replace('"1.5s"', "'1500ms'").replace("= 5\n", "= 0x5\n"),
            plain.replace("max_keepalive = 5", "max_keepalive = 5\npool.max_connections = 100"),
            f"{HEAD}\n[http]\n{inline}",
            json.dumps(data),
            json.dumps(data, indent=4, sort_keys=True),
        ]


async def connections(manager: rewire.ClientManager) -> dict[str, tuple[str, int]]:
    """Ask through every warm client; return who answered, and on which connection."""
    found = {}
    for number in range(CLIENTS):
        answer = (await manager.http(f"warm-{number}").get("/json")).json()
        assert answer["headers"]["x-number"] == str(number)
        found[f"warm-{number}"] = (answer["server"], answer["connection"])
    return found


async def test_edits_to_others_and_of_form_touch_no_connection(start: Start) -> None:
    """20 edits: 0 connections opened or closed, 0 clients changed, the same sockets answer."""
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(FakeServer(f"s{n}")) for n in range(SERVERS)]
        text = Text(servers, await stack.enter_async_context(FakeServer("spare")))
        manager, source = await start(str(text).removeprefix("version = 1\n"), env={})
        heard: list[str] = []
        manager._host.listeners.append(
            lambda event: (
                heard.append(event.happening.client)
                if isinstance(event.happening, GenerationRetired)
                else None
            )
        )
        before = await connections(manager)
        counts = [(server.connections_opened, server.connections_closed) for server in servers]
        assert counts == [(CLIENTS // SERVERS, 0)] * SERVERS

        async def apply(manifest: str) -> None:
            source.origin = "c.json" if manifest.startswith("{") else "c.toml"
            source.text = manifest
            release = manager.manager_status().release
            verdict = await manager.reload()
            assert (verdict.result, verdict.release) == ("applied", release + 1), verdict.text
            assert not [change.id for change in verdict.plan.changed if "warm" in change.id]
            seen = [(server.connections_opened, server.connections_closed) for server in servers]
            assert seen == counts

        edits = text.others()
        for edit in edits:
            edit()
            await apply(str(text))
            if "new" in text.tables and "false" not in str(text):
                await manager.http("new").get("/json")  # so that its next edit replaces something
        forms = text.forms()
        for form in forms:
            await apply(form)
        assert len(edits) + len(forms) == 20
        assert heard
        assert not set(heard) & set(before)
        assert await connections(manager) == before
        # A close takes a moment to arrive at the server; with the answers it would have.
        assert [(one.connections_opened, one.connections_closed) for one in servers] == counts
        assert {manager.status(client).generation for client in before} == {1}
        assert {manager.status(client).observed_release for client in before} == {21}
