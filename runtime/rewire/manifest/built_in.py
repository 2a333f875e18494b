"""The built-in policies that ``policy = [...]`` names: layers that nobody has to write.

``standard`` is what the models say by themselves. ``llm`` waits as long as a model thinks.
``bare`` keeps the timeouts and nothing else. Each passes all rules between values unclamped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rewire.manifest.merge import Layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["BUILT_IN", "policy_layers"]

BUILT_IN: Mapping[str, Mapping[str, Any]] = {
    "standard": {},
    "llm": {"timeout": {"read": "60s", "attempt": "600s", "total": "600s"}},
    "bare": {
        "retry": {"enabled": False},
        "breaker": {"enabled": False},
        "concurrency": {"enabled": False},
    },
}


def policy_layers(tables: Sequence[Layer]) -> Iterator[Layer]:
    """Yield the layers that the strongest of a client's tables with a ``policy`` names."""
    for table in reversed(tables):
        names = table.data.get("policy")
        if isinstance(names, list):
            for name in names:
                if isinstance(name, str) and name in BUILT_IN:
                    yield Layer(("policies", name), BUILT_IN[name], built_in=True)
            return
