"""The spec of a WebSocket client: ``[websocket.<id>]``.

Defaults come from CONTRACT section 0. A field enters this file when its feature works.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from rewire.manifest.specs.client import IN_PLACE, REPLACE, AuthConfig, ClientConfig, Table
from rewire.manifest.specs.types import (
    Duration,
    FieldName,
    HeaderName,
    HeaderText,
    Integer,
    Message,
    Number,
    PointerText,
    PositiveDuration,
    Size,
    WebSocketURL,
)

__all__ = [
    "HandoverConfig",
    "InboundConfig",
    "OutboundConfig",
    "ReconnectConfig",
    "WebSocketClientConfig",
]

Status = Annotated[Integer, Field(ge=400, le=599)]


class ReconnectConfig(Table):
    """How a lost connection is opened again."""

    initial: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=1.0, description="The longest first wait."
    )
    max: Annotated[PositiveDuration, IN_PLACE] = Field(
        default=60.0, description="The longest wait."
    )
    multiplier: Annotated[Number, IN_PLACE] = Field(
        default=1.6,
        ge=1.0,
        le=10.0,
        description="How the longest wait grows from one attempt to the next.",
    )
    jitter: Annotated[Literal["full", "equal", "none"], IN_PLACE] = Field(
        default="full", description="How much of the wait is chance."
    )
    stable_after: Annotated[Duration, IN_PLACE] = Field(
        default=10.0, description="Uptime after which the waits start small again."
    )
    fatal_statuses: Annotated[tuple[Status, ...], IN_PLACE] = Field(
        default=(400, 401, 403, 404),
        description="Answers to the handshake after which only an edit makes it try again.",
    )


class InboundConfig(Table):
    """The queue of messages that a consumer has not read yet."""

    max_queue: Annotated[Integer, IN_PLACE] = Field(
        default=1024, ge=1, le=1_000_000, description="Messages held for one consumer."
    )
    overflow: Annotated[Literal["block", "drop-oldest", "error"], IN_PLACE] = Field(
        default="block", description="What a full queue does."
    )


class OutboundConfig(Table):
    """The queue of messages that are not sent yet."""

    max_queue: Annotated[Integer, IN_PLACE] = Field(
        default=1024,
        ge=1,
        le=1_000_000,
        description="Messages held while the connection is down or slow.",
    )
    when_down: Annotated[Literal["wait", "fail", "drop-oldest"], IN_PLACE] = Field(
        default="wait", description="What a send does while the connection is down."
    )


class HandoverConfig(Table):
    """How a replacement takes over from the connection before it."""

    mode: Annotated[Literal["overlap", "gap"], IN_PLACE] = Field(
        default="overlap",
        description="overlap: open the new one first, nothing missed; gap: never both at once.",
    )
    sequence: Annotated[PointerText | None, IN_PLACE] = Field(
        default=None,
        description="A JSON pointer (RFC 6901) to a message's number: none lost, none doubled.",
        examples=["/seq"],
    )


class WebSocketClientConfig(ClientConfig):
    """A WebSocket client that connects at start and stays connected."""

    protocol: ClassVar[str] = "websocket"

    connect: Annotated[Literal["lazy", "eager"], IN_PLACE] = Field(
        default="eager", description="Connect on first use, or at start."
    )
    url: Annotated[WebSocketURL, REPLACE] = Field(
        description="Where the client connects to.", examples=["wss://prices.example/ws"]
    )
    subprotocols: Annotated[tuple[FieldName, ...], REPLACE] = Field(
        default=(), description="Subprotocols to offer, the preferred one first."
    )
    headers: Annotated[dict[HeaderName, HeaderText], IN_PLACE] = Field(
        default_factory=dict, description="Headers of the handshake; used at the next connect."
    )
    auth: Annotated[AuthConfig, IN_PLACE] = Field(
        default_factory=AuthConfig, description="The credential of the handshake; at most one."
    )
    on_connect: Annotated[tuple[Message, ...], IN_PLACE] = Field(
        default=(),
        description="Messages sent after every connect.",
        examples=[['{"subscribe": "BTC"}']],
    )
    open_timeout: Annotated[PositiveDuration, REPLACE] = Field(
        default=10.0, description="To open the connection, TLS and handshake included."
    )
    ping_interval: Annotated[PositiveDuration, REPLACE] = Field(
        default=20.0, description="Between two pings; their round trip is the latency."
    )
    ping_timeout: Annotated[PositiveDuration, REPLACE] = Field(
        default=20.0, description="After a ping without a pong the connection counts as lost."
    )
    close_timeout: Annotated[PositiveDuration, REPLACE] = Field(
        default=10.0, description="To wait for the peer's part of the closing handshake."
    )
    max_size: Annotated[Size, REPLACE] = Field(
        default=1024 * 1024, description="The largest message accepted."
    )
    reconnect: Annotated[ReconnectConfig, IN_PLACE] = Field(
        default_factory=ReconnectConfig, description=ReconnectConfig.__doc__
    )
    inbound: Annotated[InboundConfig, IN_PLACE] = Field(
        default_factory=InboundConfig, description=InboundConfig.__doc__
    )
    outbound: Annotated[OutboundConfig, IN_PLACE] = Field(
        default_factory=OutboundConfig, description=OutboundConfig.__doc__
    )
    handover: Annotated[HandoverConfig, IN_PLACE] = Field(
        default_factory=HandoverConfig, description=HandoverConfig.__doc__
    )
