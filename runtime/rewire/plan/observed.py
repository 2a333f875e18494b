"""What is live of one client: the side of a plan that only the running program knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.manifest.manifest import Declared
    from rewire.manifest.specs.client import ClientConfig

__all__ = ["Observed"]


@dataclass(frozen=True, slots=True)
class Observed:
    """One live client; `declared` is the text that it came from, if any."""

    id: str
    protocol: str
    source: Literal["manifest", "code"]
    spec: ClientConfig
    material: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    built: bool = False
    generation: int = 0
    in_flight: int = 0
    healthy: bool | None = None
    declared: Declared | None = field(default=None, repr=False, compare=False)
