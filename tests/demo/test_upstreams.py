"""The demo's upstreams, asked by bare clients."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import httpx2
import pytest
import websockets

from rewire.demo import upstreams as module
from rewire.demo.ledger import HEADER, Fate, Ledger
from rewire.demo.upstreams import EVENTS, NAMES, TOKEN, BusyPortError, Upstreams, ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Return a bare client."""
    async with httpx2.AsyncClient(trust_env=False) as bare:
        yield bare


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody wait for what is slow on purpose."""
    monkeypatch.setattr(module, "SLOW_ANSWERS", (0.0,))
    monkeypatch.setattr(module, "EVENT_INTERVAL", 0.0)


def url(upstreams: Upstreams, name: str, path: str = "") -> str:
    """Return the address of an upstream."""
    return f"http://127.0.0.1:{upstreams.port(name)}{path}"


@pytest.mark.parametrize("name", ["blue", "green"])
async def test_each_json_server_answers_with_its_name(
    upstreams: Upstreams, client: httpx2.AsyncClient, name: str
) -> None:
    """So that one sees where the traffic goes."""
    response = await client.get(url(upstreams, name, "/products"))
    assert response.json()["server"] == name


async def test_connections_are_kept_alive(upstreams: Upstreams, client: httpx2.AsyncClient) -> None:
    """Two requests, with a body or without, go over one connection."""
    streams = []
    for content in (b"", b"x" * 100_000):
        async with client.stream("POST", url(upstreams, "blue", "/products"), content=content) as r:
            await r.aread()
            streams.append(r.extensions["network_stream"].get_extra_info("client_addr"))
    assert streams[0] == streams[1]


@pytest.mark.parametrize(("token", "status"), [(TOKEN, 200), ("wrong", 401)])
async def test_an_account_wants_the_token(
    upstreams: Upstreams, client: httpx2.AsyncClient, token: str, status: int
) -> None:
    """Credentials of the manifest can be seen to work."""
    headers = {"authorization": f"Bearer {token}"}
    response = await client.get(url(upstreams, "blue", "/account"), headers=headers)
    assert response.status_code == status


async def test_an_unknown_path_is_404(upstreams: Upstreams, client: httpx2.AsyncClient) -> None:
    """A wrong prefix in base_url shows."""
    assert (await client.get(url(upstreams, "green", "/x"))).status_code == 404


async def test_the_flaky_server_fails_by_its_rhythm_and_owns_up_to_it(
    upstreams: Upstreams, client: httpx2.AsyncClient, ledger: Ledger
) -> None:
    """Of 50 requests it answers six with 503, cuts two, and the ledger knows which ones."""
    seen: list[str] = []
    for _ in range(50):
        number = ledger.open()
        try:
            request = client.post(url(upstreams, "flaky", "/charge"), headers={HEADER: number})
            outcome = str((await request).status_code)
        except httpx2.TransportError:
            outcome = "cut"
        assert ledger.settle(number) is (Fate.ANSWERED if outcome == "200" else Fate.SPOILT)
        seen.append(outcome)
    assert {outcome: seen.count(outcome) for outcome in set(seen)} == {
        "200": 42,
        "503": 6,
        "cut": 2,
    }
    assert [number for number, outcome in enumerate(seen, 1) if outcome == "cut"] == [25, 50]


async def test_a_slow_answer_is_work_until_it_is_given(
    upstreams: Upstreams,
    client: httpx2.AsyncClient,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A request given up meanwhile is known to have been worked on."""
    monkeypatch.setattr(module, "SLOW_ANSWERS", (60.0,))
    number = ledger.open()
    with pytest.raises(httpx2.ReadTimeout):
        await client.get(url(upstreams, "slow", "/report"), headers={HEADER: number}, timeout=0.2)
    assert ledger.settle(number) is Fate.WORKING
    monkeypatch.setattr(module, "SLOW_ANSWERS", (0.0,))
    number = ledger.open()
    await client.get(url(upstreams, "slow", "/report"), headers={HEADER: number})
    assert ledger.settle(number) is Fate.ANSWERED


async def test_an_event_stream_says_which_event_is_its_last(
    upstreams: Upstreams, client: httpx2.AsyncClient
) -> None:
    """So that a reader can tell an end from a cut."""
    async with client.stream("GET", url(upstreams, "events", "/events")) as response:
        assert response.headers["content-type"] == "text/event-stream"
        lines = [line async for line in response.aiter_lines()]
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event")]
    assert names == ["news"] * (EVENTS - 1) + ["last"]


async def test_both_feeds_send_the_same_numbers(upstreams: Upstreams) -> None:
    """One sequence on two ports: a client that moves can prove that it missed nothing."""
    feeds = [f"ws://127.0.0.1:{upstreams.port(name)}" for name in ("feed-a", "feed-b")]
    async with websockets.connect(feeds[0]) as a, websockets.connect(feeds[1]) as b:
        await a.send('{"subscribe": "BTC"}')
        await a.recv()
        await b.send('{"subscribe": "BTC"}')
        first = json.loads(await b.recv())
        assert first["server"] == "feed-b"
        numbers = [json.loads(await a.recv())["seq"]]
        while numbers[-1] < first["seq"]:
            numbers.append(json.loads(await a.recv())["seq"])
    assert numbers == list(range(numbers[0], first["seq"] + 1))


async def test_a_taken_port_is_named_and_nothing_stays_open(
    first_port: int, ledger: Ledger
) -> None:
    """The demo says which port, and whose, and gives back the others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports(first_port)["flaky"]))
        taken.listen()
        with pytest.raises(BusyPortError) as caught:
            async with Upstreams(ledger, first_port):
                pass
    assert (caught.value.name, caught.value.port) == ("flaky", first_port + 3)
    assert str(caught.value) == (
        f'port {first_port + 3} of the upstream "flaky" is taken by another program'
    )
    async with Upstreams(ledger, first_port) as upstreams:
        assert [upstreams.port(name) for name in NAMES] == list(ports(first_port).values())


async def test_a_request_that_is_no_http_ends_its_connection_alone(
    upstreams: Upstreams, client: httpx2.AsyncClient
) -> None:
    """A stranger on the port does no harm."""
    with socket.create_connection(("127.0.0.1", upstreams.port("blue"))) as stranger:
        stranger.sendall(b"\x00\x01\x02\r\n\r\n")
        assert (await client.get(url(upstreams, "blue", "/products"))).status_code == 200
