"""A token endpoint (RFC 6749 section 4.4), and an API that takes its tokens; both on one server."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus

from tests.fakes.http_server import FakeServer, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator


class TokenServer:
    """What `/token` gives and `/api` takes; a test bends the attributes."""

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.expires_in: Any = 3600
        self.answer: Response | None = None
        self.good: set[str] | None = None
        """The tokens that the API takes; None: the newest."""
        self.gate: asyncio.Event | None = None
        self.numbers: Iterator[int] = iter(range(1, 1_000_000))
        self.issued: list[str] = []
        server.routes["POST /token"] = self._token
        server.routes["/api"] = self._api

    @property
    def asked(self) -> list[Request]:
        """Return the requests for a token."""
        return [request for request in self.server.requests if request.path == "/token"]

    @property
    def calls(self) -> list[Request]:
        """Return the requests to the API."""
        return [request for request in self.server.requests if request.path == "/api"]

    def login(self, request: Request) -> tuple[str, str]:
        """Return who asks, as Basic says it."""
        kind, _, pair = request.headers["authorization"].partition(" ")
        assert kind == "Basic"
        user, _, password = base64.b64decode(pair).decode().partition(":")
        return unquote_plus(user), unquote_plus(password)

    def form(self, request: Request) -> dict[str, str]:
        """Return what was asked for."""
        return dict(parse_qsl(request.body.decode()))

    async def _token(self, request: Request) -> Response:
        if self.gate is not None:
            await self.gate.wait()
        if self.answer is not None:
            return self.answer
        self.issued.append(f"tok-{next(self.numbers)}")
        said = {"access_token": self.issued[-1], "token_type": "Bearer"}
        if self.expires_in is not None:
            said["expires_in"] = self.expires_in
        return Response(
            headers={"content-type": "application/json"}, body=json.dumps(said).encode()
        )

    async def _api(self, request: Request) -> Response:
        good = self.good if self.good is not None else set(self.issued[-1:])
        shown = request.headers.get("authorization", "")
        return Response(200 if shown.removeprefix("Bearer ") in good else 401, body=b"hello")
