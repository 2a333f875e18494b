"""The edits that ``demo --edit`` makes by itself, as a person at an editor would.

An edit is a function of the text; a script of them runs in a circle, and one of them breaks the
file. None asks for a refused request, so in such a demo a refused one counts as lost.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["SCRIPT", "Edit", "line_of", "save", "value_of"]


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit: what it does, in a few words, and how."""

    what: str
    change: Callable[[str], str]


def _key(client: str, key: str) -> re.Pattern[str]:
    # From the client's header, over lines that start no other table, to the key.
    header = rf"\[[a-z]+\.{client}\][^\n]*\n(?:(?!\[)[^\n]*\n)*?"
    return re.compile(rf"^({header}{re.escape(key)}[ \t]*=[ \t]*)([^\n]*)", re.MULTILINE)


def value_of(text: str, client: str, key: str) -> str | None:
    """Return what is written after a key of a client, quotes included, or None."""
    found = _key(client, key).search(text)
    return found[2] if found else None


def line_of(text: str, client: str, key: str) -> int | None:
    """Return the line, from 1 on, in which a key of a client is written, or None."""
    found = _key(client, key).search(text)
    return text.count("\n", 0, found.start(2)) + 1 if found else None


def _set(client: str, key: str, change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: _key(client, key).sub(lambda found: found[1] + change(found[2]), text)


def _next_port(value: str) -> str:
    """Move to the other one of a pair of neighbours: the demo's pairs begin at its first port."""
    return re.sub(r":([0-9]+)", lambda found: f":{int(found[1]) + 1}", value)


def _previous_port(value: str) -> str:
    return re.sub(r":([0-9]+)", lambda found: f":{int(found[1]) - 1}", value)


SCRIPT = (
    Edit("catalog moves from blue to green", _set("catalog", "base_url", _next_port)),
    Edit("a slip: a quote is missing", _set("catalog", "base_url", lambda value: value[:-1])),
    Edit("the quote is back", _set("catalog", "base_url", lambda value: value + '"')),
    Edit("prices moves to the other feed", _set("prices", "url", _next_port)),
    Edit("reports gets more time", _set("reports", "timeout.read", lambda _: '"20s"')),
    Edit("catalog moves back to blue", _set("catalog", "base_url", _previous_port)),
    Edit("prices moves back, too", _set("prices", "url", _previous_port)),
    Edit("reports gets less time again", _set("reports", "timeout.read", lambda _: '"10s"')),
)


def save(path: Path, text: str) -> None:
    """Replace the file as editors do: write beside it, then rename."""
    draft = path.with_name(f"{path.name}~")
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)  # noqa: PTH105
