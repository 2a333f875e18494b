"""Credentials that are worked out at the attempt: an OAuth2 token, or an auth of the program's.

Both are laid below the caller's request object, as the manifest's headers are: no ``repr``, hook
or instrumentor of the caller shows them. A caller's own Authorization is stronger. What needs no
thought (a bearer, a password, a key) is a header in :mod:`rewire.drivers.http.prepared`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import httpx2

from rewire.drivers.http.tokens import tokens_of
from rewire.errors import ClientHeldBackError, ForeignURLError
from rewire.manifest.specs.types import plain, shown
from rewire.ports import EngineRequest, EngineResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from rewire.drivers.http.oauth2 import Token
    from rewire.drivers.http.surroundings import Surroundings
    from rewire.manifest.specs.client import OAuth2Auth
    from rewire.manifest.specs.http import HTTPClientConfig
    from rewire.ports import ClientContext, HTTPEngine

__all__ = ["Credentials", "credentials_of"]

# An answer of at most this size is read to its end, so that its connection can be used again.
SMALL = 64 * 1024


class Credentials(Protocol):
    """How a request of the client's own gets its credential."""

    async def send(
        self, engine: HTTPEngine, request: EngineRequest, context: ClientContext
    ) -> EngineResponse:
        """Send a request with it; once more, if the credential had to be renewed."""


def credentials_of(spec: HTTPClientConfig, around: Surroundings) -> Credentials | None:
    """Return what a spec asks for, or None if its credential is a mere header.

    Raises:
        ClientHeldBackError: no auth is registered under the name.

    """
    auth = spec.auth
    if auth.oauth2 is not None:
        return OAuth2Credentials(auth.oauth2)
    if auth.custom is None:
        return None
    name = plain(auth.custom)
    if name not in around.auths:
        message = f'no auth is registered as "{shown(auth.custom)}": manager.auth(name, auth)'
        raise ClientHeldBackError(spec.id, "AuthMissing", message)
    return CustomCredentials(name, around.auths, spec.allow_foreign)


def _has_own(request: EngineRequest) -> bool:
    return any(name.lower() == b"authorization" for name, _ in request.headers)


def _replayable(request: EngineRequest) -> bool:
    return not getattr(request.body, "touched", False)


async def _dismiss(head: EngineResponse) -> None:
    """Close an answer that nobody will see; a small one is read, for its connection's sake."""
    size = 0
    try:
        async for chunk in head.stream:
            size += len(chunk)
            if size > SMALL:
                break
    finally:
        await head.close()


# ── OAuth2 ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, repr=False)
class OAuth2Credentials:
    """A token of the client's; a refused one is renewed once."""

    settings: OAuth2Auth

    async def send(
        self, engine: HTTPEngine, request: EngineRequest, context: ClientContext
    ) -> EngineResponse:
        """Send a request with a token; after a 401 to a token from before, with a new one."""
        if _has_own(request):
            return await engine.request(request)
        tokens = tokens_of(context, self.settings)
        kept = tokens.current
        token = await tokens.get()
        head = await engine.request(_with(request, token))
        if head.status != 401 or token is not kept or not _replayable(request):
            return head
        if not tokens.refused(token):
            return head
        await _dismiss(head)
        token = await tokens.get()
        head = await engine.request(_with(request, token))
        tokens.proved(token, good=head.status != 401)
        return head


def _with(request: EngineRequest, token: Token) -> EngineRequest:
    header = (b"Authorization", b"Bearer " + token.value.encode("ascii"))
    return replace(request, headers=[*request.headers, header])


# ── an auth of the program's ─────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True, repr=False)
class CustomCredentials:
    """An ``httpx2.Auth`` that the program has registered; the newest under its name is used."""

    name: str
    auths: Mapping[str, httpx2.Auth]
    allow_foreign: bool

    async def send(
        self, engine: HTTPEngine, request: EngineRequest, context: ClientContext
    ) -> EngineResponse:
        """Let the auth's flow send the request, with its real URL and all its headers."""
        if _has_own(request):
            return await engine.request(request)
        flow = self.auths[self.name].async_auth_flow(_for_flow(request))
        head: EngineResponse | None = None
        try:
            asked = await anext(flow)
            while True:
                outgoing = self._outgoing(asked, request, context.id)
                if head is not None and not _replayable(outgoing):
                    return head  # a streamed body is not sent again: the answer is the caller's
                if head is not None:
                    await _dismiss(head)
                    head = None
                answer = _Answer(await engine.request(outgoing))
                head = answer.head
                try:
                    asked = await flow.asend(answer.response(asked))
                except StopAsyncIteration:
                    head, done = None, answer.head
                    return done
        except BaseException:
            if head is not None:
                await head.close()
            raise
        finally:
            await flow.aclose()

    def _outgoing(
        self, asked: httpx2.Request, request: EngineRequest, client: str
    ) -> EngineRequest:
        """Return what a flow yields as it goes on the wire; only there where the client may go."""
        url, there = asked.url, (request.scheme, request.host, request.port)
        own = (url.raw_scheme, url.raw_host, url.port) == there
        if not own and not self.allow_foreign:
            raise ForeignURLError(client, f"{url.scheme}://{url.netloc.decode('ascii')}")
        extensions = dict(request.extensions)
        if not own:
            extensions.pop("sni_hostname", None)
        return EngineRequest(
            asked.method.encode("ascii"),
            url.raw_scheme,
            url.raw_host,
            url.port,
            url.raw_path,
            asked.headers.raw,
            asked.stream,
            request.timeout,
            extensions,
        )


def _for_flow(request: EngineRequest) -> httpx2.Request:
    url = httpx2.URL(
        scheme=request.scheme.decode("ascii"),
        host=request.host.decode("ascii"),
        port=request.port,
        raw_path=request.target,
    )
    method = request.method.decode("ascii")
    return httpx2.Request(method, url, headers=request.headers, stream=request.body)


class _Answer:
    """An answer that a flow may read, and that the caller gets whole all the same."""

    def __init__(self, head: EngineResponse) -> None:
        self._chunks: list[bytes] = []
        self._source = aiter(head.stream)
        self.head = replace(head, stream=self._all())

    def response(self, request: httpx2.Request) -> httpx2.Response:
        """Return it as a flow sees it."""
        return httpx2.Response(
            self.head.status,
            headers=self.head.headers,
            stream=_Reading(self),
            request=request,
        )

    async def _all(self) -> AsyncIterator[bytes]:
        for chunk in tuple(self._chunks):
            yield chunk
        async for chunk in self._source:
            yield chunk

    async def more(self) -> AsyncIterator[bytes]:
        """Yield what comes, and keep it."""
        async for chunk in self._source:
            self._chunks.append(chunk)
            yield chunk


class _Reading(httpx2.AsyncByteStream):
    """The body of an answer in the hands of a flow; closing it there closes nothing."""

    def __init__(self, answer: _Answer) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[Any]:
        async for chunk in self._answer.more():
            yield chunk
