"""The OAuth2 token of one client: fetched once for all who wait, and again ahead of its expiry.

It is kept in the client's memory, so that edits of anything else keep it. A token endpoint that
fails is asked again after a growing pause, whatever the number of calls; meanwhile they fail with
a typed error, or use the old token while it is good. The request goes through the client's own
pool, by its proxy and TLS settings.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from typing import TYPE_CHECKING, Any

import httpcore2
import httpx2

from rewire.drivers.http.oauth2 import Refusal, Token, form_of, headers_of, token_of
from rewire.errors import ManagerClosedError, RewireError, TokenError
from rewire.manifest.specs.types import plain
from rewire.ports import EngineRequest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from rewire.manifest.specs.client import OAuth2Auth
    from rewire.ports import ClientContext, EngineResponse, HTTPEngine

__all__ = ["Tokens", "tokens_of"]

logger = logging.getLogger("rewire")

MAX_ANSWER = 64 * 1024
PAUSE_FIRST, PAUSE_LONGEST = 1.0, 60.0
# A second try for what may pass by itself, soon enough for those who wait.
AGAIN = (0.05, 0.25)
# Of an attempt's time: so that a caller hears of the token endpoint, and not of a late peer.
SHARE, LIMIT = 0.8, 10.0

_Fetching = asyncio.Future[Token | RewireError]


def tokens_of(context: ClientContext, settings: OAuth2Auth) -> Tokens:
    """Return the tokens of a client; other settings than before start afresh."""
    known: Tokens | None = context.memory.get("oauth2")
    if known is None or (known.settings is not settings and known.settings != settings):
        known = context.memory["oauth2"] = Tokens(context, settings)
    return known


class Tokens:
    """The token of one client under one set of settings."""

    def __init__(self, context: ClientContext, settings: OAuth2Auth) -> None:
        self.settings = settings
        self._context = context
        self._token: Token | None = None
        self._fetching: _Fetching | None = None
        self._failure: RewireError | None = None
        self._failures = 0
        self._not_before = 0.0
        self._fruitless = 0
        self._no_renewal_before = 0.0
        self._doubted: Token | None = None

    @property
    def current(self) -> Token | None:
        """Return the token that calls use now, if there is one."""
        return self._token

    async def get(self) -> Token:
        """Return a token that is good now, fetched if need be; raise TokenError if there is none.

        Ahead of the expiry nobody waits: the old token is used while a new one is fetched.
        """
        now = time.monotonic()
        token = self._token
        if token is not None and now < token.expires_at:
            if now >= token.renew_at and self._fetching is None and now >= self._not_before:
                self._fetch()
            return token
        if self._fetching is None and self._failure is not None and now < self._not_before:
            raise _again(self._failure)
        # Whoever gives up waiting does not end it for the others.
        outcome = await asyncio.shield(self._fetching or self._fetch())
        if isinstance(outcome, RewireError):
            raise _again(outcome)
        return outcome

    # ── the peer refuses a token ─────────────────────────────────────────────────────────────

    def refused(self, token: Token) -> bool:
        """Take note that the peer answered 401 to a token; say whether to try with another."""
        if token is not self._token:
            return True  # somebody has renewed it, or does
        if time.monotonic() < self._no_renewal_before:
            return False
        self._token = None
        return True

    def proved(self, token: Token, *, good: bool) -> None:
        """Take note of what a renewal was good for: a peer that refuses any token starts no storm.

        Where a new token is refused like the old one, the next refusals renew nothing for a while.
        """
        if good:
            self._fruitless = 0
        elif token is not self._doubted:
            self._doubted = token
            self._fruitless += 1
            self._no_renewal_before = time.monotonic() + _pause(self._fruitless)

    # ── fetching ─────────────────────────────────────────────────────────────────────────────

    def _fetch(self) -> _Fetching:
        fetching: _Fetching = asyncio.get_running_loop().create_future()
        self._fetching = fetching
        self._context.spawn(self._run(fetching), f"token of {self._context.id}")
        return fetching

    async def _run(self, fetching: _Fetching) -> None:
        # Unless it comes to an end of its own, the manager has ended it.
        outcome: Token | RewireError = ManagerClosedError(self._context.id)
        try:
            outcome = await self._ask()
        except Refusal as refusal:
            outcome = TokenError(self._context.id, refusal.reason, refusal.detail)
        except RewireError as error:
            outcome = error
        finally:
            self._ended(outcome)
            self._fetching = None
            fetching.set_result(outcome)

    def _ended(self, outcome: Token | RewireError) -> None:
        if isinstance(outcome, Token):
            self._token = outcome
            self._failure = None
            self._failures = 0
            return
        self._failure = outcome
        self._failures += 1
        self._not_before = time.monotonic() + _pause(self._failures)
        if self._token is not None:
            logger.warning("%s; the old token is used while it is good", outcome)

    async def _ask(self) -> Token:
        lease = self._context.lease("token")
        prepared = lease.view.prepared
        attempt = prepared.policies.deadline.attempt
        limit = LIMIT if attempt is None else min(LIMIT, SHARE * attempt)
        try:
            with lease.guard():
                async with asyncio.timeout(limit):
                    return await self._ask_twice(lease.view.resource, prepared.timeout)
        except TimeoutError:
            detail = f"the token endpoint did not answer within {limit:g} s"
            raise Refusal("TokenTimeout", detail) from None
        finally:
            lease.release()

    async def _ask_twice(self, engine: HTTPEngine, timeout: Any) -> Token:
        try:
            return await self._ask_once(engine, timeout)
        except Refusal as refusal:
            if not refusal.transient:
                raise
        await asyncio.sleep(random.uniform(*AGAIN))
        return await self._ask_once(engine, timeout)

    async def _ask_once(self, engine: HTTPEngine, timeout: Any) -> Token:
        asked_at = time.monotonic()
        try:
            head = await engine.request(_request(self.settings, timeout))
            body = await _read(head)
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.ProxyError) as error:
            detail = f"the token endpoint cannot be reached: {error!s}".rstrip(": ")
            raise Refusal("TokenUnreachable", detail, transient=True) from None
        except httpcore2.ProtocolError:
            detail = "what the token endpoint answers is no HTTP"
            raise Refusal("TokenInvalid", detail, transient=True) from None
        return token_of(head.status, body, asked_at)


def _request(settings: OAuth2Auth, timeout: Any) -> EngineRequest:
    url, form = httpx2.URL(plain(settings.token_url)), form_of(settings)
    length = (b"Content-Length", str(len(form)).encode("ascii"))
    return EngineRequest(
        b"POST",
        url.raw_scheme,
        url.raw_host,
        url.port,
        url.raw_path,
        [(b"Host", url.netloc), *headers_of(settings), length],
        _Form(form),
        timeout,
    )


class _Form:
    """A body of one piece."""

    def __init__(self, form: bytes) -> None:
        self._form = form

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._form


async def _read(head: EngineResponse) -> bytes:
    body = b""
    try:
        async for chunk in head.stream:
            body += chunk
            if len(body) > MAX_ANSWER:
                raise Refusal("TokenInvalid", "the token endpoint's answer is too long")
    finally:
        await head.close()
    return body


def _pause(failures: int) -> float:
    """Return how long to leave a server alone: longer each time, and not all at the same moment."""
    longest = min(PAUSE_FIRST * 2.0 ** min(failures - 1, 10), PAUSE_LONGEST)
    return random.uniform(longest / 2, longest)


def _again(error: RewireError) -> RewireError:
    """Return an error of its own for each who gets it: a traceback grows with every raise."""
    return type(error)(*error.args)
