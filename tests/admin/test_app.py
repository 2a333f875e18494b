"""The routes of the admin API, over a manager that answers as told."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from rewire.admin import app as admin_app
from rewire.admin.app import make_app
from rewire.control.verdict import Verdict
from rewire.errors import ManifestError, UnknownClientError
from rewire.manifest.manifest import Manifest
from rewire.manifest.validate import read
from rewire.plan.foresight import as_observed, foresee
from rewire.status import ClientStatus, ConnectionState, LastReload, ManagerStatus, Origin

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rewire.plan.plan import Plan

TEXT = 'version = 1\n[http.a]\nbase_url = "http://a.example"\n'
BROKEN = TEXT + "time_out = 1\n"


class FakeManager:
    """Know one client, and answer at once unless `hold` is set."""

    def __init__(self) -> None:
        self.release = 1
        self.hold: asyncio.Event | None = None
        self.verdict = Verdict("applied", 2, "Applied", "d1", 0.5, held_back={"b": "SecretMissing"})
        self.cancelled = False

    def status(self, client: str) -> ClientStatus:
        if client != "a":
            raise UnknownClientError(client, "a")
        return ClientStatus(
            id="a",
            protocol="http",
            state=ConnectionState.IDLE,
            generation=1,
            observed_release=1,
            origin=Origin(file="a.toml", line=2),
        )

    def statuses(self) -> tuple[ClientStatus, ...]:
        return (self.status("a"),)

    def manager_status(self) -> ManagerStatus:
        now = datetime.now(UTC)
        return ManagerStatus(
            release=self.release,
            source="a.toml",
            last_reload=LastReload(time=now, result="applied", reason="Applied"),
            clients=self.statuses(),
        )

    async def check(self, client: str) -> ClientStatus:
        return self.status(client)

    async def reload(self) -> Verdict:
        if self.hold is not None:
            await self.hold.wait()
        return self.verdict

    async def plan(self, text: bytes | None) -> Plan:
        known = read("a.toml", TEXT.encode())
        assert isinstance(known, Manifest)
        wanted = read("a.toml", TEXT.encode() if text is None else text)
        if not isinstance(wanted, Manifest):
            raise ManifestError(wanted, "refused")
        return foresee(wanted.clients, as_observed(known.clients))


@pytest.fixture
def manager() -> FakeManager:
    """Return the manager behind the API."""
    return FakeManager()


@pytest.fixture
async def api(manager: FakeManager) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of the API."""
    transport = httpx2.ASGITransport(make_app(manager))  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url="http://rewire") as client:
        yield client


async def test_the_process_lives_and_is_ready_once_a_release_is_applied(
    api: httpx2.AsyncClient, manager: FakeManager
) -> None:
    """Liveness says nothing of the manifest; readiness does."""
    manager.release = 0
    assert (await api.get("/livez")).json() == {"alive": True}
    assert (await api.get("/readyz")).status_code == 503
    manager.release = 1
    assert (await api.get("/readyz")).status_code == 200


async def test_the_status_is_the_managers(api: httpx2.AsyncClient, manager: FakeManager) -> None:
    """As a whole, as a list of clients, and of one client."""
    seen = (await api.get("/v1/status")).json()
    assert ManagerStatus.model_validate(seen).release == 1
    assert (await api.get("/v1/clients")).json() == seen["clients"]
    assert (await api.get("/v1/clients/a")).json() == seen["clients"][0]
    assert (await api.post("/v1/clients/a/check", json={})).json()["id"] == "a"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/clients/x"), ("POST", "/v1/clients/x/check")]
)
async def test_an_unknown_client_is_404_with_did_you_mean(
    method: str, path: str, api: httpx2.AsyncClient
) -> None:
    """The message is the one that a program gets."""
    answer = await api.request(method, path, json={})
    assert answer.status_code == 404
    assert answer.json()["error"] == {
        "reason": "UnknownClient",
        "message": 'no client is declared under the id "x"; did you mean "a"?',
    }


async def test_a_reload_answers_with_the_verdict(
    api: httpx2.AsyncClient, manager: FakeManager
) -> None:
    """A refusal is a verdict like any other, with its diagnostics as data and as text."""
    assert (await api.post("/v1/reload", json={})).json() == {
        "result": "applied",
        "release": 2,
        "reason": "Applied",
        "digest": "d1",
        "seconds": 0.5,
        "changes": [],
        "held_back": {"b": "SecretMissing"},
        "unhealthy": {},
        "diagnostics": [],
        "text": "",
    }
    broken = read("a.toml", BROKEN.encode())
    assert isinstance(broken, tuple)
    manager.verdict = Verdict("refused", 1, "ManifestInvalid", diagnostics=broken, text="full")
    answer = await api.post("/v1/reload", json={"wait": 1})
    (one,) = answer.json()["diagnostics"]
    assert (answer.status_code, answer.json()["text"]) == (200, "full")
    assert (one["file"], one["line"], one["code"]) == ("a.toml", 4, "RW103")


async def test_a_reload_without_a_verdict_in_time_is_504(
    api: httpx2.AsyncClient, manager: FakeManager
) -> None:
    """Whoever waits is told that the reload goes on."""
    manager.hold = asyncio.Event()
    answer = await api.post("/v1/reload", json={"wait": 0.01})
    assert answer.status_code == 504
    assert answer.json()["error"]["reason"] == "Timeout"


async def test_a_plan_compares_the_text_that_is_sent(api: httpx2.AsyncClient) -> None:
    """The answer is the plan, as data and as text; a wrong text is 422 with its diagnostics."""
    moved = TEXT.replace("a.example", "b.example")
    answer = (await api.post("/v1/plan", json={"text": moved})).json()
    assert answer["changes"][0]["forced_by"] == ["base_url"]
    assert answer["text"].startswith("1 replace")
    assert (await api.post("/v1/plan", json={})).json()["changes"] == []
    refused = await api.post("/v1/plan", json={"text": BROKEN})
    assert (refused.status_code, refused.json()["diagnostics"][0]["line"]) == (422, 4)


@pytest.mark.parametrize("path", ["/v1/reload", "/v1/plan", "/v1/clients/a/check"])
async def test_a_mutation_takes_a_json_object_and_nothing_else(
    path: str, api: httpx2.AsyncClient
) -> None:
    """What a web page can send without asking, a form, is refused before it is read."""
    form = await api.post(path, content=b"wait=1", headers={"content-type": "text/plain"})
    assert form.status_code == 415
    assert (await api.post(path)).status_code == 415
    assert (await api.get(path)).status_code == 405
    for body in (b"{", b"[]", b"\xff", b"[" * 10_000):
        answer = await api.post(path, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, "error" in answer.json()) == (400, True)


async def test_a_body_is_read_up_to_its_cap(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan may be as long as a manifest, anything else is short."""
    monkeypatch.setattr(admin_app, "PLAN_CAP", 200_000)
    long = {"text": "#" * 100_000}
    assert (await api.post("/v1/reload", json=long)).status_code == 413
    assert (await api.post("/v1/plan", json=long)).status_code == 422
    assert (await api.post("/v1/plan", json={"text": "#" * 200_000})).status_code == 413


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/reload", {"wait": -1}),
        ("/v1/reload", {"wait": "30s"}),
        ("/v1/reload", {"wait": True}),
        ("/v1/reload", {"wait": 601}),
        ("/v1/plan", {"text": 1}),
    ],
)
async def test_a_wrong_value_is_400(
    path: str, body: dict[str, Any], api: httpx2.AsyncClient
) -> None:
    """It says what was expected."""
    answer = await api.post(path, json=body)
    assert answer.status_code == 400
    assert "is to be" in answer.json()["error"]["message"]


async def test_half_a_surrogate_pair_is_no_text(api: httpx2.AsyncClient) -> None:
    """JSON can spell what UTF-8 cannot."""
    headers = {"content-type": "application/json; charset=utf-8"}
    answer = await api.post("/v1/plan", content=rb'{"text": "\ud800"}', headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/statuses", "/v1/clients/a/b", "/v1/clients/a/check/b"]
)
async def test_a_route_is_whole_segments(path: str, api: httpx2.AsyncClient) -> None:
    """What is no route is 404, in the same form as every refusal."""
    answer = await api.get(path)
    assert (answer.status_code, json.loads(answer.text)["error"]["reason"]) == (404, "HTTP404")
