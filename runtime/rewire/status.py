"""What can be said of a client, and how its state may change.

The transition table below is the only truth about states: the shell reports what happened as a
:class:`Signal` and asks :func:`advance`; the diagram in the docs is drawn from the same table.
The models are frozen: a status is a photograph, not a live object.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = [
    "TRANSITIONS",
    "BreakerStatus",
    "ClientStatus",
    "Condition",
    "ConnectionState",
    "LastError",
    "LastReload",
    "ManagerStatus",
    "Origin",
    "PoolStatus",
    "ResponseTime",
    "Signal",
    "advance",
]


class ConnectionState(StrEnum):
    """Where a client's connection stands; ``idle`` is declared but not built yet."""

    IDLE = "idle"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    DISCONNECTED = "disconnected"
    ERROR = "error"
    DRAINING = "draining"
    DISABLED = "disabled"


class Signal(StrEnum):
    """What happened to a client."""

    OPENING = "opening"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    LOST = "lost"
    REPLACED = "replaced"
    REMOVED = "removed"
    DISABLED = "disabled"
    DECLARED = "declared"


_S = ConnectionState
_ANY_LIVE = (_S.IDLE, _S.CONNECTING, _S.CONNECTED, _S.DEGRADED, _S.DISCONNECTED, _S.ERROR)

TRANSITIONS: dict[ConnectionState, dict[Signal, ConnectionState]] = {
    _S.IDLE: {
        Signal.OPENING: _S.CONNECTING,
        Signal.SUCCEEDED: _S.CONNECTED,
        Signal.FAILED: _S.ERROR,
        Signal.REPLACED: _S.IDLE,
    },
    _S.CONNECTING: {
        Signal.SUCCEEDED: _S.CONNECTED,
        Signal.FAILED: _S.ERROR,
        Signal.LOST: _S.DISCONNECTED,
        Signal.REPLACED: _S.IDLE,
    },
    _S.CONNECTED: {
        Signal.FAILED: _S.ERROR,
        Signal.LOST: _S.DISCONNECTED,
        Signal.REPLACED: _S.IDLE,
    },
    _S.DEGRADED: {
        Signal.SUCCEEDED: _S.CONNECTED,
        Signal.FAILED: _S.ERROR,
        Signal.LOST: _S.DISCONNECTED,
        Signal.REPLACED: _S.IDLE,
    },
    _S.DISCONNECTED: {
        Signal.OPENING: _S.CONNECTING,
        Signal.SUCCEEDED: _S.CONNECTED,
        Signal.FAILED: _S.ERROR,
        Signal.REPLACED: _S.IDLE,
    },
    _S.ERROR: {
        Signal.OPENING: _S.CONNECTING,
        Signal.SUCCEEDED: _S.CONNECTED,
        Signal.LOST: _S.DISCONNECTED,
        Signal.REPLACED: _S.IDLE,
    },
    _S.DRAINING: {Signal.DECLARED: _S.IDLE, Signal.DISABLED: _S.DISABLED},
    _S.DISABLED: {Signal.DECLARED: _S.IDLE, Signal.REMOVED: _S.DRAINING},
}
for _state in _ANY_LIVE:
    TRANSITIONS[_state] |= {Signal.REMOVED: _S.DRAINING, Signal.DISABLED: _S.DISABLED}


def advance(state: ConnectionState, signal: Signal) -> ConnectionState:
    """Return the state after ``signal``; a signal that a state does not know changes nothing."""
    return TRANSITIONS[state].get(signal, state)


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Frozen):
    """One aspect of a client, as Kubernetes words it; ``reason`` is a CamelCase word."""

    type: Literal["Ready", "Healthy", "Reconciled", "Degraded", "Draining", "RolledBack"]
    status: bool
    reason: str
    message: str = ""
    last_transition: datetime


class LastError(_Frozen):
    """The newest failure of a client; ``code`` is the exception's or the verdict's name."""

    time: datetime
    code: str
    message: str


class ResponseTime(_Frozen):
    """Seconds until the response headers (HTTP) or of a ping's round trip (WebSocket)."""

    last: float | None = None
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class PoolStatus(_Frozen):
    """How many connections are open, how many of them idle, and how many calls wait for one."""

    open: int = 0
    idle: int = 0
    waiting: int = 0


class Origin(_Frozen):
    """Where a client was declared; ``line`` is None for one registered from code."""

    file: str
    line: int | None = None


class BreakerStatus(_Frozen):
    """A breaker that is not simply closed; ``seconds`` until it lets a probe through."""

    endpoint: str
    state: Literal["closed", "open", "half-open"]
    seconds: float | None = None


class ClientStatus(_Frozen):
    """All that is known about one client at one moment."""

    id: str
    protocol: str
    state: ConnectionState
    generation: int
    observed_release: int
    conditions: tuple[Condition, ...] = ()
    last_check: datetime | None = None
    response_time: ResponseTime = ResponseTime()
    success_rate: float | None = None
    error_rate: float | None = None
    last_error: LastError | None = None
    in_flight: dict[int, int] = {}
    pool: PoolStatus | None = None
    breaker: BreakerStatus | None = None
    origin: Origin
    labels: dict[str, str] = {}
    owner: str | None = None


class LastReload(_Frozen):
    """How the newest reconcile ended."""

    time: datetime
    result: Literal["applied", "refused", "unchanged", "superseded"]
    reason: str
    held_back: tuple[str, ...] = ()
    diagnostics: tuple[dict[str, object], ...] = ()


class ManagerStatus(_Frozen):
    """All that is known about a manager at one moment."""

    release: int
    source: str
    last_attempted_digest: str | None = None
    last_applied_digest: str | None = None
    last_reload: LastReload | None = None
    watch: Literal["native", "poll", "off"] = "off"
    conditions: tuple[Condition, ...] = ()
    clients: tuple[ClientStatus, ...] = ()
