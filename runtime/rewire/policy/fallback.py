"""When a call is answered by something else: another client, or a response kept for the case.

It is asked last, when retries, hedges and time are used up, and answers with what to try. Another
client is only asked if doing the request once more can do no harm, by the rule of the retries:
the peer that failed may have done it (DESIGN law 10). A response from the manifest harms nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        path: list[str] = []
        line = [(start, iter(edges[start]))] if start not in done else []
        while line:
            name, targets = line[-1]
            if len(path) < len(line):
                path.append(name)
            target = next(targets, None)
            if target is None:
                done.add(name)
                line.pop()
                path.pop()
            elif target in path:
                return (*path[path.index(target) :], target)
            elif target not in done and target in edges:
                line.append((target, iter(edges[target])))
    return ()
