"""Show 4: in whatever way the file is edited, five times in a row, it is applied within a second.

The ways are those of tests/sources/test_edit_styles.py, there tried on the source alone; here a
manager with the defaults watches the real file. An edit counts as applied when the manager says
so, and is believed when the server sees it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

import rewire
from rewire.events import Reconciled, SourceChanged
from tests.sources import test_edit_styles as ways

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.http_server import FakeServer

EDITS = 5


@pytest.mark.parametrize("style", ways.STYLES)
async def test_each_of_five_edits_is_applied_within_a_second_and_once(
    style: type[ways.InPlace], tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reconcile for each edit changes something, and it comes in time."""

    def text(number: int) -> bytes:
        client = f'[http.api]\nbase_url = "{server.url}"\nheaders.x-edit = "{number}"\n'
        return b"version = 1\n" + client.encode()

    monkeypatch.setattr(ways, "text", text)
    file = style(tmp_path)
    async with rewire.ClientManager(file.path) as manager, aclosing(manager.events()) as events:
        heard: list[object] = []

        async def applied() -> Reconciled:
            while True:
                happening = (await anext(events)).happening
                heard.append(happening)
                if isinstance(happening, Reconciled):
                    return happening

        waiting = asyncio.ensure_future(applied())
        await asyncio.sleep(0)  # so that it listens before the first edit
        for number in range(1, EDITS + 1):
            async with asyncio.timeout(1.0):
                file.edit(number)
                reconciled = await waiting
            assert (reconciled.result, reconciled.release) == ("applied", number + 1)
            waiting = asyncio.ensure_future(applied())
            answer = (await manager.http("api").get("/json")).json()
            assert answer["headers"]["x-edit"] == str(number)
            assert answer["connection"] == 1
        # What the fifth edit may have caused a second time has happened by the end of this one.
        assert (await manager.reload()).result == "unchanged"
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert sum(isinstance(happening, Reconciled) for happening in heard) == EDITS
        assert not [happening for happening in heard if isinstance(happening, SourceChanged)]
        assert manager.manager_status().watch == "native"
