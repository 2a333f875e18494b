"""Faults of secrets and of the files that a manifest names (FAULTS 24, 26, 28, 29, 30).

Each holds back its client alone and names the reason; no value is ever in what is told.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import rewire
from tests.fakes.editing import edit, http
from tests.fakes.source import MemorySource
from tests.sources.following import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Start
    from tests.fakes.http_server import FakeServer

SECRET = "hunter2"


def told(manager: rewire.ClientManager, verdict: rewire.Verdict, log: str) -> str:
    """Return everything that the manager tells about itself."""
    parts = [repr(verdict), verdict.text, log, repr(manager), repr(manager._registry.find("api"))]
    parts += [manager.manager_status().model_dump_json(), repr(manager.manager_status())]
    parts += [repr(verdict.plan), repr(manager._reconciler.manifest)]
    return "\n".join(parts)


@pytest.mark.parametrize(
    "value",
    [
        f"{SECRET}\r",
        f"{SECRET}\rX",
        f"{SECRET}\0",
        f"{SECRET}\nX-Evil: 1",
        f"{SECRET}ü",
        "ü",
        "\r\n\n",
    ],
    ids=repr,
)
@pytest.mark.parametrize("way", ["variable", "file"])
async def test_fault_30_a_secret_that_no_header_takes_is_refused_without_an_echo(
    start: Start,
    server: FakeServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    value: str,
    way: str,
) -> None:
    """CR, NUL, a line break inside, non-ASCII: held back, and nothing of it is sent or told."""
    if way == "file":
        (tmp_path / "token").write_bytes(value.encode())
    reference = "${TOKEN}" if way == "variable" else f"${{file:{tmp_path}/token}}"
    manager, source = await start(http("free", server.url), env={"TOKEN": value})
    verdict = await edit(
        manager,
        source,
        http("free", server.url) + http("api", server.url, f'auth.bearer = "{reference}"'),
    )
    assert (verdict.result, set(verdict.held_back)) == ("applied", {"api"})
    with pytest.raises(rewire.ClientHeldBackError) as caught:
        await manager.http("api").get("/json")
    said = told(manager, verdict, caplog.text) + str(caught.value) + repr(caught.value)
    assert SECRET not in said
    assert "ü" not in said
    assert server.requests == []


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
@pytest.mark.parametrize("way", ["variable", "file"])
async def test_fault_30_one_line_break_at_the_end_is_nobodys_intention(
    start: Start, server: FakeServer, tmp_path: Path, ending: str, way: str
) -> None:
    """Editors and Kubernetes put it there; it is not sent."""
    value = SECRET + ending
    (tmp_path / "token").write_bytes(value.encode())
    reference = "${TOKEN}" if way == "variable" else f"${{file:{tmp_path}/token}}"
    text = http("api", server.url, f'auth.bearer = "{reference}"')
    manager, _ = await start(text, env={"TOKEN": value})
    answer = (await manager.http("api").get("/json")).json()
    assert answer["headers"]["authorization"] == f"Bearer {SECRET}"


def fifo(path: Path) -> str:
    """Return the path of a FIFO that nobody writes to."""
    os.mkfifo(path)
    return str(path)


def huge(path: Path) -> str:
    """Return the path of a file above the cap."""
    path.touch()
    os.truncate(path, (1 << 20) + 1)
    return str(path)


def folder(path: Path) -> str:
    """Return the path of a folder."""
    path.mkdir()
    return str(path)


def link(path: Path) -> str:
    """Return the path of a link that leads out of the world of files."""
    path.symlink_to("/proc/self/environ")
    return str(path)


@pytest.mark.parametrize(
    "make",
    [
        fifo,
        huge,
        folder,
        link,
        lambda _: "/dev/zero",
        lambda _: "/proc/self/environ",
        lambda _: "/sys/kernel/mm/transparent_hugepage/enabled",
    ],
    ids=["fifo", "huge", "folder", "link", "/dev/zero", "/proc", "/sys"],
)
@pytest.mark.parametrize("field", ["auth.bearer", "tls.ca"])
async def test_fault_26_what_is_no_honest_file_is_not_read(
    start: Start, server: FakeServer, tmp_path: Path, make: Callable[[Path], str], field: str
) -> None:
    """Neither hung by it nor flooded: its client is held back, the others go live."""
    path = make(tmp_path / "thing")
    value = f"${{file:{path}}}" if field == "auth.bearer" else path
    text = http("free", server.url) + http("api", server.url, f'{field} = "{value}"')
    manager, _ = await start(text)
    assert (await manager.http("free").get("/json")).status_code == 200
    with pytest.raises(rewire.ClientHeldBackError, match=r"not a regular|larger than|lies under"):
        await manager.http("api").get("/json")


async def test_fault_26_mounted_secrets_are_links_with_absolute_paths(
    start: Start, server: FakeServer, tmp_path: Path
) -> None:
    """As Kubernetes makes them; a relative path starts at the manifest's folder."""
    (tmp_path / "..data").mkdir()
    (tmp_path / "..data" / "token").write_text("t0ken\n")
    (tmp_path / "token").symlink_to("..data/token")
    absolute = http("api", server.url, f'auth.bearer = "${{file:{tmp_path}/token}}"')
    manager, _ = await start(absolute)
    answer = (await manager.http("api").get("/json")).json()
    assert answer["headers"]["authorization"] == "Bearer t0ken"
    path = tmp_path / "connections.toml"
    path.write_text("version = 1\n" + http("api", server.url, 'auth.bearer = "${file:token}"'))
    async with rewire.ClientManager(path) as relative:
        answer = (await relative.http("api").get("/json")).json()
        assert answer["headers"]["authorization"] == "Bearer t0ken"


async def test_fault_29_a_rotated_file_is_seen_and_changes_its_client_alone(
    tmp_path: Path, server: FakeServer
) -> None:
    """Though size and mtime are equal; the next request has it, on the same connection."""
    token, path = tmp_path / "token", tmp_path / "connections.toml"
    token.write_text("one")
    before = token.stat()
    text = http("free", server.url) + http("api", server.url, 'auth.bearer = "${file:token}"')
    path.write_text(f"version = 1\n{text}")
    async with rewire.ClientManager(path) as manager:
        client = manager.http("api")
        first = (await client.get("/json")).json()
        assert first["headers"]["authorization"] == "Bearer one"
        token.write_text("two")
        os.utime(token, ns=(before.st_atime_ns, before.st_mtime_ns))
        await eventually(lambda: manager.manager_status().release == 2)
        last = manager.manager_status().last_reload
        assert last is not None
        second = (await client.get("/json")).json()
        assert second["headers"]["authorization"] == "Bearer two"
        assert second["connection"] == first["connection"]
        token.unlink()
        await eventually(lambda: manager.manager_status().last_reload.held_back == ("api",))  # type: ignore[union-attr]
        third = (await client.get("/json")).json()
        assert third["headers"]["authorization"] == "Bearer two"


async def test_fault_24_a_value_that_looks_like_a_reference_is_not_resolved(
    start: Start, server: FakeServer
) -> None:
    """One pass: `${A}` in `${B}` in `${A}` is text, and no circle."""
    env = {"A": "${B}", "B": "${A}"}
    manager, _ = await start(http("api", server.url, 'headers.x-a = "${A}"'), env=env)
    assert (await manager.http("api").get("/json")).json()["headers"]["x-a"] == "${B}"


async def test_fault_24_an_expansion_beyond_the_cap_holds_back_its_client(
    server: FakeServer,
) -> None:
    """A thousand times a long value is not put together."""
    bomb = "${A}" * 1000
    text = http("free", server.url) + http("api", server.url, f'headers.a = "{bomb}"')
    source = MemorySource(f"version = 1\n{text}")
    async with rewire.ClientManager(source, env={"A": "x" * 10_000}) as manager:
        assert (await manager.http("free").get("/json")).status_code == 200
        with pytest.raises(rewire.ClientHeldBackError) as caught:
            await manager.http("api").get("/json")
        assert len(str(caught.value)) < 1_000


async def test_fault_28_a_missing_secret_is_named_and_its_others_are_not(
    start: Start, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The reference's name, never the value of its neighbours."""
    text = http("api", server.url, 'auth.basic = { username = "${USER}", password = "${GONE}" }')
    manager, source = await start(http("free", server.url) + text, env={"USER": SECRET})
    verdict = await manager.reload()
    assert "GONE" in verdict.held_back["api"]
    assert SECRET not in told(manager, verdict, caplog.text)
    assert source.watched == set()
