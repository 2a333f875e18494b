"""The spec of an HTTP client: ``[http.<id>]``.

Defaults come from CONTRACT sections 0 and 1. A field enters this file when its feature works.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rewire.manifest.specs.client import IN_PLACE, REPLACE, ClientConfig, HTTPAuthConfig, Table
from rewire.manifest.specs.policies import (
    BreakerConfig,
    ConcurrencyConfig,
    RateLimitConfig,
    RetryBudgetConfig,
    RetryConfig,
    TimeoutConfig,
)
from rewire.manifest.specs.types import (
    HTTPURL,
    Duration,
    Flag,
    HeaderName,
    HeaderText,
    Integer,
    Proxy,
    Text,
)

__all__ = ["HTTPClientConfig", "PoolConfig", "TimeoutConfig"]


class PoolConfig(Table):
    """How many connections are kept, and for how long."""

    max_connections: Annotated[Integer, IN_PLACE] = Field(
        default=100,
        ge=1,
        le=100_000,
        description="Connections open at once; further requests wait.",
    )
    max_keepalive: Annotated[Integer, IN_PLACE] = Field(
        default=20, ge=0, le=100_000, description="Idle connections kept for reuse."
    )
    keepalive_expiry: Annotated[Duration, IN_PLACE] = Field(
        default=5.0, description="How long an idle connection is kept."
    )


class HTTPClientConfig(ClientConfig):
    """An HTTP client, used through an httpx2 handle."""

    protocol: ClassVar[str] = "http"

    base_url: Annotated[HTTPURL, REPLACE] = Field(
        description="Where the client sends to; a path in it is a prefix of every call.",
        examples=["https://api.github.com"],
    )
    policy: Annotated[tuple[Literal["standard", "llm", "bare"], ...], IN_PLACE] = Field(
        default=(),
        description=(
            "Built-in policies to start from, the stronger later: standard (what the defaults "
            "say), llm (waits up to 600s), bare (timeouts only)."
        ),
        examples=[["llm"]],
    )
    headers: Annotated[dict[HeaderName, HeaderText], IN_PLACE] = Field(
        default_factory=dict, description="Headers of every call; a caller's own win."
    )
    query: Annotated[dict[str, Text], IN_PLACE] = Field(
        default_factory=dict, description="Query parameters of every call; a caller's own win."
    )
    auth: Annotated[HTTPAuthConfig, IN_PLACE] = Field(
        default_factory=HTTPAuthConfig, description=HTTPAuthConfig.__doc__
    )
    timeout: Annotated[TimeoutConfig, IN_PLACE] = Field(
        default_factory=TimeoutConfig, description=TimeoutConfig.__doc__
    )
    retry: Annotated[RetryConfig, IN_PLACE] = Field(
        default_factory=RetryConfig, description=RetryConfig.__doc__
    )
    retry_budget: Annotated[RetryBudgetConfig, IN_PLACE] = Field(
        default_factory=RetryBudgetConfig, description=RetryBudgetConfig.__doc__
    )
    breaker: Annotated[BreakerConfig, IN_PLACE] = Field(
        default_factory=BreakerConfig, description=BreakerConfig.__doc__
    )
    concurrency: Annotated[ConcurrencyConfig, IN_PLACE] = Field(
        default_factory=ConcurrencyConfig, description=ConcurrencyConfig.__doc__
    )
    rate_limit: Annotated[RateLimitConfig, IN_PLACE] = Field(
        default_factory=RateLimitConfig, description=RateLimitConfig.__doc__
    )
    pool: Annotated[PoolConfig, IN_PLACE] = Field(
        default_factory=PoolConfig, description=PoolConfig.__doc__
    )
    proxy: Annotated[Proxy, REPLACE] = Field(
        default="none",
        description='The URL of a proxy; "env": what HTTP_PROXY and its kin say; "none": direct.',
        examples=["http://proxy.internal:3128"],
    )
    http2: Annotated[Flag, REPLACE] = Field(
        default=False, description="Speak HTTP/2 with a server that does, over TLS."
    )
    follow_redirects: Annotated[Flag, IN_PLACE] = Field(
        default=False, description="Follow redirects, within the client's own origin."
    )
    max_redirects: Annotated[Integer, IN_PLACE] = Field(
        default=20, ge=0, le=100, description="Redirects followed for one call."
    )
    allow_foreign: Annotated[Flag, IN_PLACE] = Field(
        default=False,
        description="Let calls and redirects go to other origins; no credentials go there.",
    )
