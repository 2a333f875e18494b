"""The specs of the built-in protocols, by the name of their top-level table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.manifest.specs.http import HTTPClientConfig
from rewire.manifest.specs.websocket import WebSocketClientConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.manifest.specs.client import ClientConfig

__all__ = ["PROTOCOLS"]

PROTOCOLS: Mapping[str, type[ClientConfig]] = {
    "http": HTTPClientConfig,
    "websocket": WebSocketClientConfig,
}
