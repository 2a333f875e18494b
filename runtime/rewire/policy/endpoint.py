"""Which endpoint an attempt goes to: priority, then weight, then the less busy of two.

The lowest `priority` number that has an endpoint in service is used, and the next one only while
it has none. Within it two are drawn by weight, and the one with fewer calls in flight for its
weight is taken: close to the best of all of them, without looking at all of them. An attempt
goes to an endpoint that its call has not tried yet, if there is one. Where nobody is in service
the ejections are ignored: an error by a broken peer beats one that we made up.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import TYPE_CHECKING

from rewire.policy.outlier import Outlier, OutlierSettings, may_eject

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.policy.backoff import Chance

__all__ = ["EndpointSettings", "EndpointState", "Endpoints"]


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """One of `endpoints`; `key` is what its state is kept by: the authority."""

    key: str
    weight: int = 1
    priority: int = 0


class EndpointState:
    """What is known of one endpoint; `in_flight` is counted by the shell."""

    __slots__ = ("healthy", "in_flight", "outlier", "settings")

    def __init__(self, settings: EndpointSettings) -> None:
        self.settings = settings
        self.in_flight = 0
        self.healthy = True
        """False while active health checks fail; set it by `Endpoints.set_health`."""
        self.outlier = Outlier()

    def in_service(self, now: float) -> bool:
        """Say whether calls should go to it."""
        return self.healthy and self.outlier.out_until <= now

    def __repr__(self) -> str:
        return f"<EndpointState {self.settings.key}, {self.in_flight} in flight>"


class Endpoints:
    """All endpoints of one client. The choice costs the same however many there are."""

    __slots__ = ("_bounds", "_known", "_outlier", "_ready", "_stale_at", "states")

    def __init__(
        self, endpoints: Sequence[EndpointSettings], outlier: OutlierSettings | None, now: float
    ) -> None:
        self._known: dict[str, EndpointState] = {}
        self.retune(endpoints, outlier, now)

    def retune(
        self, endpoints: Sequence[EndpointSettings], outlier: OutlierSettings | None, now: float
    ) -> None:
        """Take new endpoints and settings; the state of those that stay is kept."""
        known = {}
        for settings in endpoints:
            state = self._known.get(settings.key) or EndpointState(settings)
            state.settings = settings
            if outlier is None:
                state.outlier = Outlier()
            else:
                state.outlier.retune(outlier, now)
            known[settings.key] = state
        self._known = known
        self._outlier = outlier
        self.states = tuple(known.values())
        self._refresh(now)

    def choose(
        self, now: float, rng: Chance, tried: Collection[EndpointState] = ()
    ) -> EndpointState:
        """Return where the next attempt of a call goes that has `tried` these already."""
        if now >= self._stale_at:
            self._refresh(now)
        ready, bounds = self._ready, self._bounds
        if tried and (fresh := self._fresh(now, tried)):
            ready, bounds = fresh, _bounds(fresh)
        return ready[0] if len(ready) == 1 else _less_busy_of_two(ready, bounds, rng)

    def answered(self, state: EndpointState, status: int, now: float) -> None:
        """Take note of an answer from an endpoint."""
        if status < 500 and state.outlier.clean:
            return
        if self._outlier is not None:
            state.outlier.answered(status)
            self._judge(state, now)

    def failed(self, state: EndpointState, now: float) -> None:
        """Take note that an endpoint gave no answer."""
        if self._outlier is not None:
            state.outlier.failed()
            self._judge(state, now)

    def set_health(self, state: EndpointState, now: float, *, healthy: bool) -> None:
        """Take note of what active health checks say; a good one ends an ejection."""
        state.healthy = healthy
        if healthy:
            state.outlier.reinstate(now)
        self._refresh(now)

    def _judge(self, state: EndpointState, now: float) -> None:
        settings = self._outlier
        if settings is None or not state.outlier.suspect(settings):
            return
        ejected = sum(one.outlier.out_until > now for one in self.states)
        # One that active checks have taken out counts too when it is about the last.
        others = any(one.in_service(now) for one in self.states if one is not state)
        if others and state.in_service(now) and may_eject(settings, len(self.states), ejected):
            state.outlier.eject(settings, now)
            self._refresh(now)

    def _refresh(self, now: float) -> None:
        self._ready = _first_level([one for one in self.states if one.in_service(now)])
        if not self._ready:
            self._ready = _first_level(self.states)
        self._bounds = _bounds(self._ready)
        ends = [one.outlier.out_until for one in self.states if one.outlier.out_until > now]
        self._stale_at = min(ends, default=inf)

    def _fresh(self, now: float, tried: Collection[EndpointState]) -> list[EndpointState]:
        untried = [one for one in self.states if one not in tried and one.in_service(now)]
        return _first_level(untried)


def _first_level(states: Sequence[EndpointState]) -> list[EndpointState]:
    first = min((one.settings.priority for one in states), default=0)
    return [one for one in states if one.settings.priority == first]


def _bounds(states: Sequence[EndpointState]) -> list[int]:
    return list(accumulate(one.settings.weight for one in states))


def _less_busy_of_two(
    ready: Sequence[EndpointState], bounds: Sequence[int], rng: Chance
) -> EndpointState:
    last = len(bounds) - 1
    at = bisect_right(bounds, rng.random() * bounds[-1], 0, last)
    one = ready[at]
    weight = one.settings.weight
    # Draw the second from the line with the first one's piece cut out.
    point = rng.random() * (bounds[-1] - weight)
    if point >= bounds[at] - weight:
        point += weight
    other = ready[bisect_right(bounds, point, 0, last)]
    # A tie goes to the first: without load the shares are the weights.
    if one.in_flight * other.settings.weight <= other.in_flight * weight:
        return one
    return other
