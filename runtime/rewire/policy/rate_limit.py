"""How many calls of a client may begin per second: a token bucket that can be retuned.

A call takes a token; tokens come back at `rate` and are kept up to `burst`. Where none is left a
call waits for its turn, if that comes soon enough, or is refused at once (waiters are counts, see
:mod:`rewire.policy.admission`; one timer, set by `next_turn`, serves them all). With
`follow_server` what a response says about the quota left slows the bucket down for as long as it
says; it never speeds it up.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire.policy.admission import Admission
    from rewire.policy.server_limit import ServerLimit

__all__ = ["LONGEST_PAUSE", "RateLimit", "RateLimitSettings"]

LONGEST_PAUSE: Final = 60.0
"""A server may slow a client down for no longer; then the next answer has to say so again."""

_ROUNDING: Final = 1e-9  # a timer that is right to the nanosecond must find its token


@dataclass(frozen=True, slots=True)
class RateLimitSettings:
    """The `rate_limit` table; `rate` in calls per second, `max_wait` in seconds.

    `burst` is the calls of one second if nobody wrote it, at least one. Without a rate of its
    own (infinity) a bucket only follows the server.
    """

    rate: float = inf
    burst: float | None = None
    on_limit: Literal["wait", "fail"] = "wait"
    max_wait: float = 5.0
    follow_server: bool = False

    @property
    def capacity(self) -> float:
        """Return how many tokens are kept at most."""
        return max(1.0, self.rate if self.burst is None else self.burst)


class RateLimit:
    """The bucket of one client, per client id; full at first."""

    __slots__ = ("_capacity", "_rate", "_settings", "_slow_rate", "_slow_until", "_stamp",
                 "_tokens", "waiting")  # fmt: skip

    def __init__(self, settings: RateLimitSettings, now: float) -> None:
        self._settings = settings
        self._rate = settings.rate
        self._capacity = settings.capacity
        self._tokens = self._capacity
        self._stamp = now
        self._slow_rate, self._slow_until = inf, -inf
        self.waiting = 0

    def ask(self, now: float, patience: float = inf) -> Admission:
        """Decide about one more call, and count it; `patience` is what is left of its deadline."""
        self._refill(now)
        if self._tokens >= 1 - _ROUNDING and not self.waiting:
            self._tokens -= 1
            return "admit"
        settings = self._settings
        if settings.on_limit == "fail" or self.estimate(now) > min(settings.max_wait, patience):
            return "refuse"
        self.waiting += 1
        return "wait"

    def estimate(self, now: float) -> float:
        """Return how many seconds one more call would wait, as things are now."""
        return self._until_there_are(self.waiting + 1, now)

    def next_turn(self, now: float) -> float:
        """Return after how many seconds to call `release`: infinity if nobody waits."""
        return self._until_there_are(1, now) if self.waiting else inf

    def release(self, now: float) -> int:
        """Return how many waiters have their token now."""
        self._refill(now)
        at_hand = self._tokens + _ROUNDING
        free = self.waiting if at_hand >= self.waiting else int(at_hand)
        self.waiting -= free
        self._tokens -= free
        return free

    def leave(self) -> None:
        """Take note that a waiter has given up."""
        self.waiting -= 1

    def give_back(self) -> None:
        """Put a token back whose call never began."""
        self._tokens = min(self._tokens + 1, self._capacity)

    def follow(self, limits: Iterable[ServerLimit], now: float) -> None:
        """Keep within what a response says is left; of several limits the tightest counts.

        What is at hand may be spent at once; the rest of what is left is spread over the window.
        "Nothing more" holds until its end, even if an answer that was under way says otherwise;
        any other limit makes way for the next one. `next_turn` has to be asked again.
        """
        if not self._settings.follow_server:
            return
        self._refill(now)
        slower: list[tuple[float, float]] = []
        at_hand = self._tokens
        for limit in limits:
            if limit.seconds > 0:
                left = max(0.0, limit.remaining - self._tokens)
                at_hand = min(at_hand, limit.remaining)
                slower.append((left / limit.seconds, -now - min(limit.seconds, LONGEST_PAUSE)))
        self._tokens = at_hand
        if slower:
            rate, end = min(slower)
            if (
                now >= self._slow_until
                or self._slow_rate > 0
                or (rate == 0 and self._slow_until < -end)
            ):
                self._slow_rate, self._slow_until = rate, -end

    def retune(self, settings: RateLimitSettings, now: float) -> int:
        """Take new settings; return how many waiters have their token now.

        What had been saved up stays, up to the new capacity; what had been spent stays spent.
        """
        self._refill(now)
        self._settings = settings
        self._rate = settings.rate
        self._capacity = settings.capacity
        self._tokens = min(self._tokens, self._capacity)
        if not settings.follow_server:
            self._slow_rate, self._slow_until = inf, -inf
        return self.release(now)

    def _refill(self, now: float) -> None:
        if now > self._stamp:
            if self._slow_until > self._stamp:
                end = min(now, self._slow_until)
                self._tokens += min(self._rate, self._slow_rate) * (end - self._stamp)
                self._stamp = end
            if now > self._stamp:
                self._tokens += self._rate * (now - self._stamp)
                self._stamp = now
            self._tokens = min(self._tokens, self._capacity)
        if self._rate == inf and now >= self._slow_until:
            self._tokens = self._capacity

    def _until_there_are(self, wanted: int, now: float) -> float:
        self._refill(now)
        missing = wanted - self._tokens
        if missing <= _ROUNDING:
            return 0.0
        slow_for = self._slow_until - now
        if slow_for <= 0:
            return missing / self._rate
        rate = min(self._rate, self._slow_rate)
        if rate * slow_for >= missing:
            return missing / rate
        return slow_for + (missing - rate * slow_for) / self._rate

    def __repr__(self) -> str:
        return f"<RateLimit {self._rate:g}/s, {self._tokens:.1f} tokens, {self.waiting} waiting>"
