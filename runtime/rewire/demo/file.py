"""Which ``connections.toml`` the demo opens, and what it says about that choice.

The file of the current folder, if it is the demo's own; a new one there, if there is none; else a
copy in a temporary folder. It never overwrites, and never sends its load through a file that may
be a real one: "its own" is a file that declares its clients and leads to loopback alone.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from rewire.demo.upstreams import FIRST_PORT, ports

__all__ = ["NAME", "Choice", "bundled", "choose", "is_ours", "move_ports"]

NAME = "connections.toml"

_ADDRESS = re.compile(r"""^[ \t]*(?:[\w-]+\.)*(?:base_)?url[ \t]*=[ \t]*["'](.*)""", re.MULTILINE)
_LOOPBACK = re.compile(r"(?:http|ws)://(?:127\.0\.0\.1|localhost)(?::[0-9]*)?(?:[/\"'?]|\s*$)")
_CLIENT = re.compile(r"^[ \t]*\[(?:http|websocket)\.([a-z0-9-]+)\]", re.MULTILINE)
_SCHEMA_LINE = "#:schema ./schemas/connections.schema.json"


@dataclass(frozen=True, slots=True)
class Choice:
    """The manifest to open; ``temporary`` is the folder to remove at the end, if any."""

    path: Path
    said: str
    temporary: Path | None = None


def bundled() -> str:
    """Return the text of the manifest that comes with rewire."""
    return files("rewire.demo").joinpath(NAME).read_text("utf-8")


def is_ours(text: str) -> bool:
    """Say whether a text, broken or not, is the demo's manifest after some edits."""
    declared = set(_CLIENT.findall(text)) & set(_CLIENT.findall(bundled()))
    addresses = _ADDRESS.findall(text)
    # A person who plays removes a client or two; a file of their own has hardly three of these.
    return len(declared) >= 3 and all(_LOOPBACK.match(address) for address in addresses)


def move_ports(text: str, first_port: int) -> str:
    """Return the text with the demo's ports moved, in comments too."""
    moved = dict(zip(ports().values(), ports(first_port).values(), strict=True))
    pattern = re.compile(r"\b(" + "|".join(map(str, moved)) + r")\b")
    return pattern.sub(lambda found: str(moved[int(found[0])]), text)


def choose(folder: Path, *, first_port: int = FIRST_PORT, copy: bool = False) -> Choice:
    """Choose, and write what is missing; ``copy``: a temporary one whatever there is."""
    path = folder / NAME
    if copy or first_port != FIRST_PORT:
        why = "for the demo's own edits" if copy else f"with ports from {first_port} on"
        return _temporary(first_port, f"a copy {why}")
    try:
        text = path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return _write(path)
    except OSError as error:
        return _temporary(first_port, f"a copy, as {path} is not readable ({error.strerror})")
    if is_ours(text):
        return Choice(path, f"{path} is the demo's own")
    return _temporary(first_port, f"a copy, as {path} is not the demo's: it stays untouched")


def _write(path: Path) -> Choice:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_with_schema(bundled()))
    except FileExistsError:
        return choose(path.parent)
    except OSError as error:
        why = f"a copy, as nothing can be written to {path.parent} ({error.strerror})"
        return _temporary(FIRST_PORT, why)
    return Choice(path, f"{path} was not there and has been written; remove it when you like")


def _temporary(first_port: int, said: str) -> Choice:
    folder = Path(tempfile.mkdtemp(prefix="rewire-demo-"))
    path = folder / NAME
    path.write_text(_with_schema(move_ports(bundled(), first_port)), encoding="utf-8")
    return Choice(path, f"{path} is {said}", folder)


def _with_schema(text: str) -> str:
    """Lead editors to the schema of this installation: beside the file there is none."""
    package = Path(str(files("rewire")))
    for root in (package, package.parent.parent):  # a wheel's place, and a checkout's
        schema = root / "schemas" / "connections.schema.json"
        if schema.is_file():
            return text.replace(_SCHEMA_LINE, f"#:schema {schema.as_uri()}", 1)
    return text
