"""When a call is answered by something else: another client, or a response kept for the case.

It is asked last, when retries, hedges and time are used up, and answers with what to try. Another
client is only asked if doing the request once more can do no harm, by the rule of the retries:
the peer that failed may have done it (DESIGN law 10). A response from the manifest harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from rewire.policy.retry import safe

if TYPE_CHECKING:
    from rewire.policy.retry import AttemptEnd, RequestFacts, RetrySettings

__all__ = ["Degradation", "FallbackSettings", "StaticResponse", "cycle", "degrade"]

Degradation: TypeAlias = Literal["client", "response"]


@dataclass(frozen=True, slots=True)
class StaticResponse:
    """A response written in the manifest."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class FallbackSettings:
    """The `fallback` table; with both, the client is asked first."""

    client: str | None = None
    statuses: frozenset[int] = frozenset({502, 503, 504})
    response: StaticResponse | None = None


def degrade(
    settings: FallbackSettings, end: AttemptEnd, request: RequestFacts, retry: RetrySettings
) -> tuple[Degradation, ...]:
    """Return what answers a call that ended like this, to be tried in this order; () for itself.

    `end` is how the last attempt ended, or with which refusal of our own (an open breaker, a full
    queue, no time left: nothing of these was sent). What is wrong with the request itself, or
    was cancelled, is not for here.
    """
    if end.status is not None and end.status not in settings.statuses:
        return ()
    steps: list[Degradation] = []
    if settings.client is not None and request.replayable and safe(end, request, retry):
        steps.append("client")
    if settings.response is not None:
        steps.append("response")
    return tuple(steps)


def cycle(edges: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return one cycle of references between clients, the first id repeated at its end, or ().

    For `fallback.client` and for `depends_on`. An id that is no key refers to nothing.
    """
    done: set[str] = set()
    for start in edges:
        # A dict is an ordered set here; no recursion, for a manifest may hold a long chain.
        path: dict[str, Iterator[str]] = {}
        following: str | None = start if start not in done else None
        while following is not None or path:
            if following is not None:
                path[following] = iter(edges[following])
            name, targets = next(reversed(path.items()))
            following = next((one for one in targets if one in edges and one not in done), None)
            if following in path:
                ids = list(path)
                return (*ids[ids.index(following) :], following)
            if following is None:
                done.add(name)
                del path[name]
    return ()
