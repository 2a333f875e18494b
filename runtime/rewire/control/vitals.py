"""What is known of a client's health and speed: its state, and a window of outcomes.

The state follows the transition table of :mod:`rewire.status`; times are kept over the newest
``WINDOW`` attempts and sorted only when somebody asks.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rewire.events import StateChanged
from rewire.status import Condition, ConnectionState, LastError, ResponseTime, Signal, advance

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from rewire.events import Happening
    from rewire.ports import Outcome

    ConditionType = Literal["Ready", "Healthy", "Reconciled", "Degraded", "Draining", "RolledBack"]

__all__ = ["Vitals", "conditioned"]

WINDOW = 512


class Vitals:
    """The state, the conditions, and the recent outcomes of one client."""

    def __init__(self, client: str, emit: Callable[[Happening], None]) -> None:
        self.state = ConnectionState.IDLE
        self.conditions: dict[str, Condition] = {}
        self.last_error: LastError | None = None
        self.last_check: datetime | None = None
        self._client = client
        self._emit = emit
        self._seconds: deque[float] = deque(maxlen=WINDOW)
        self._outcomes: deque[bool] = deque(maxlen=WINDOW)

    def signal(self, signal: Signal, reason: str = "") -> None:
        """Move along the transition table."""
        before, self.state = self.state, advance(self.state, signal)
        if before is not self.state:
            self._emit(StateChanged(self._client, before, self.state, reason or signal.value))

    def observe(self, outcome: Outcome) -> None:
        """Take note of how an attempt ended."""
        self._outcomes.append(outcome.ok)
        if outcome.seconds is not None:
            self._seconds.append(outcome.seconds)
        if not outcome.ok:
            now = datetime.now(UTC)
            self.last_error = LastError(time=now, code=outcome.code, message=outcome.message)
        if outcome.connection and not outcome.ok:
            self.signal(Signal.FAILED, outcome.code)
        elif outcome.seconds is not None and self.state is not ConnectionState.CONNECTED:
            # Any answer, a 500 too, shows that there is a connection.
            self.signal(Signal.SUCCEEDED)

    def checked(self) -> None:
        """Take note of the time of a check."""
        self.last_check = datetime.now(UTC)

    def condition(
        self, kind: ConditionType, reason: str, message: str = "", *, status: bool
    ) -> None:
        """Set a condition; its transition time moves only when its status does."""
        known = self.conditions.get(kind)
        self.conditions[kind] = conditioned(known, kind, reason, message, status=status)

    def clear(self, kind: ConditionType) -> None:
        """Remove a condition that says nothing any more."""
        self.conditions.pop(kind, None)

    @property
    def healthy(self) -> bool | None:
        """Say what is known: True, False, or None for nothing."""
        if self.state in {ConnectionState.CONNECTED, ConnectionState.DEGRADED}:
            return True
        if self.state in {ConnectionState.ERROR, ConnectionState.DISCONNECTED}:
            return False
        return None

    def response_time(self) -> ResponseTime:
        """Return the percentiles of the window, in seconds."""
        if not self._seconds:
            return ResponseTime()
        ordered = sorted(self._seconds)
        p50, p95, p99 = (_nearest_rank(ordered, share) for share in (0.50, 0.95, 0.99))
        return ResponseTime(last=self._seconds[-1], p50=p50, p95=p95, p99=p99)

    def success_rate(self) -> float | None:
        """Return the share of successes in the window; None without any attempt."""
        return sum(self._outcomes) / len(self._outcomes) if self._outcomes else None


def conditioned(
    known: Condition | None, kind: ConditionType, reason: str, message: str, *, status: bool
) -> Condition:
    """Return a condition that is new, or has held since ``known`` began to hold."""
    same = known is not None and known.status is status
    since = known.last_transition if known is not None and same else datetime.now(UTC)
    return Condition(
        type=kind, status=status, reason=reason, message=message, last_transition=since
    )


def _nearest_rank(ordered: list[float], share: float) -> float:
    rank = max(1, -(-len(ordered) * share // 1))
    return ordered[int(rank) - 1]
