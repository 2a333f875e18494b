"""Shorthand for edits in tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import rewire
    from tests.fakes.source import MemorySource


async def edit(manager: rewire.ClientManager, source: MemorySource, text: str) -> rewire.Verdict:
    """Write a manifest and return the verdict on it."""
    source.text = f"version = 1\n{text}"
    return await manager.reload()


def http(client: str, url: str, *more: str) -> str:
    """Return the table of an HTTP client."""
    return "\n".join([f"[http.{client}]", f'base_url = "{url}"', *more, ""])
