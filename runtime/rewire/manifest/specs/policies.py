"""The resilience policies of an HTTP client, as tables of the manifest.

Fields, units and defaults are CONTRACT section 1's; ``standard`` is what they say when nobody
writes anything. What a policy *decides* is in :mod:`rewire.policy`; here it is only declared.
Every field is applied in place, and keeps the state of the client.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rewire.manifest.specs.client import IN_PLACE, Table
from rewire.manifest.specs.limits import Limit, Rate
from rewire.manifest.specs.types import (
    Duration,
    FieldName,
    Flag,
    Integer,
    Number,
    PositiveDuration,
    Size,
)

__all__ = [
    "BackoffConfig",
    "BreakerConfig",
    "ConcurrencyConfig",
    "RateLimitConfig",
    "RetryAfterConfig",
    "RetryBudgetConfig",
    "RetryConfig",
    "TimeoutConfig",
]


Status = Annotated[Integer, Field(ge=100, le=599)]
Ratio = Annotated[Number, Field(ge=0.0, le=1.0)]


class TimeoutConfig(Table):
    """Bounds on a call, on each of its attempts, and on each step of an attempt."""

    total: Annotated[Limit, IN_PLACE] = Field(
        default=30.0,
        description="The whole call: queue, retries and body; for a stream, until its headers.",
    )
    attempt: Annotated[Limit, IN_PLACE] = Field(
        default=10.0, description="One attempt, until the response headers."
    )
    connect: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=5.0, description="To open a connection, TLS included."
    )
    read: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=30.0, description="Between two reads: the longest silence of the peer."
    )
    write: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=30.0, description="Between two writes of the request's body."
    )
    pool: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=5.0, description="To wait for a free connection."
    )


class BackoffConfig(Table):
    """How long to wait between two attempts."""

    initial: Annotated[Duration, IN_PLACE] = Field(
        default=0.2, description="The longest first wait."
    )
    max: Annotated[Duration, IN_PLACE] = Field(default=5.0, description="The longest wait.")
    multiplier: Annotated[Number, IN_PLACE] = Field(
        default=2.0, ge=1.0, le=10.0, description="How the longest wait grows."
    )
    jitter: Annotated[Literal["full", "equal", "none"], IN_PLACE] = Field(
        default="full", description="How much of the wait is chance."
    )


class RetryAfterConfig(Table):
    """What a Retry-After header of the peer is worth."""

    respect: Annotated[Flag, IN_PLACE] = Field(
        default=True, description="Wait as long as the peer says."
    )
    max: Annotated[Duration, IN_PLACE] = Field(
        default=60.0, description="A longer wait ends the call: its response is returned."
    )


class RetryConfig(Table):
    """Which failures are tried again, and how."""

    enabled: Annotated[Flag, IN_PLACE] = Field(default=True, description="false: one attempt.")
    max_attempts: Annotated[Integer, IN_PLACE] = Field(
        default=3, ge=1, le=10, description="Attempts of one call, the first included."
    )
    backoff: Annotated[BackoffConfig, IN_PLACE] = Field(
        default_factory=BackoffConfig, description=BackoffConfig.__doc__
    )
    on: Annotated[tuple[Literal["connect", "reset", "timeout", "status"], ...], IN_PLACE] = Field(
        default=("connect", "reset", "timeout", "status"),
        description="The kinds of failure that are tried again.",
    )
    statuses: Annotated[tuple[Status, ...], IN_PLACE] = Field(
        default=(408, 425, 429, 502, 503, 504),
        description="Answers that are tried again; 500 is not shown to be transient.",
    )
    methods: Annotated[tuple[FieldName, ...], IN_PLACE] = Field(
        default=("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"),
        description="Methods that are safe to repeat (RFC 9110); others need an Idempotency-Key.",
    )
    retry_after: Annotated[RetryAfterConfig, IN_PLACE] = Field(
        default_factory=RetryAfterConfig, description=RetryAfterConfig.__doc__
    )
    max_body: Annotated[Size, IN_PLACE] = Field(
        default=1024 * 1024, description="The largest body that is kept to be sent again."
    )


class RetryBudgetConfig(Table):
    """How much load retries may add, over all calls of the client."""

    enabled: Annotated[Flag, IN_PLACE] = Field(default=True, description="false: no budget.")
    ratio: Annotated[Ratio, IN_PLACE] = Field(
        default=0.2, description="Retries for each first attempt in the window."
    )
    min_per_second: Annotated[Number, IN_PLACE] = Field(
        default=1.0, ge=0.0, le=1000.0, description="Retries a second that are always allowed."
    )
    window: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=10.0, description="How long an attempt counts."
    )


class BreakerConfig(Table):
    """When to stop calling a peer that fails, and how to find out that it is back."""

    enabled: Annotated[Flag, IN_PLACE] = Field(default=True, description="false: never opens.")
    failure_ratio: Annotated[Ratio, IN_PLACE] = Field(
        default=0.5, description="Opens when this share of the window has failed …"
    )
    min_requests: Annotated[Integer, IN_PLACE] = Field(
        default=20, ge=1, le=100_000, description="… of at least this many attempts,"
    )
    window: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=30.0, description="counted over this time,"
    )
    consecutive_failures: Annotated[Integer, IN_PLACE] = Field(
        default=5, ge=1, le=100_000, description="or when this many failed one after another."
    )
    open_for: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=5.0, description="How long it stays open the first time."
    )
    open_max: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=60.0, description="How long at most, when probes keep failing."
    )
    jitter: Annotated[Ratio, IN_PLACE] = Field(
        default=0.2, description="The share of the open time that is chance."
    )
    half_open_requests: Annotated[Integer, IN_PLACE] = Field(
        default=3, ge=1, le=1000, description="Probes at once while it is half open."
    )


class ConcurrencyConfig(Table):
    """How many calls may be under way at once."""

    enabled: Annotated[Flag, IN_PLACE] = Field(default=True, description="false: no limit.")
    max: Annotated[Integer, IN_PLACE] = Field(
        default=100, ge=1, le=100_000, description="Calls under way at once."
    )
    queue: Annotated[Integer, IN_PLACE] = Field(
        default=100, ge=0, le=1_000_000, description="Calls that may wait for their turn."
    )
    queue_timeout: Annotated[Duration, IN_PLACE] = Field(
        default=5.0, description="How long one waits before it fails."
    )
    mode: Annotated[Literal["fixed", "adaptive"], IN_PLACE] = Field(
        default="fixed", description="adaptive: the limit follows the peer's response time."
    )


class RateLimitConfig(Table):
    """How many calls a second are sent; off until a rate is written."""

    enabled: Annotated[Flag, IN_PLACE] = Field(default=True, description="false: no limit.")
    rate: Annotated[Rate | None, IN_PLACE] = Field(
        default=None, description="Calls in a time; without it there is no limit."
    )
    burst: Annotated[Integer, IN_PLACE] = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="Calls that may come at once; 0: those of one second.",
    )
    on_limit: Annotated[Literal["wait", "fail"], IN_PLACE] = Field(
        default="wait", description="What a call over the limit does."
    )
    max_wait: Annotated[Duration, IN_PLACE] = Field(
        default=5.0, description="How long one waits before it fails."
    )
