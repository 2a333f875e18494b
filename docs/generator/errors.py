"""A page for each diagnostic, from the catalogue; what it says is printed has been printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.markdown import cell, fence, page, table
from rewire.manifest.codes import CODES
from rewire.manifest.references import Missing
from rewire.manifest.render import render
from rewire.manifest.validate import Manifest, read, resolve_client

if TYPE_CHECKING:
    from rewire.manifest.codes import CodeInfo

__all__ = ["RESERVED", "error_page", "errors_index", "printed"]

SOURCE = "the catalogue in `runtime/rewire/manifest/codes`"

_FAMILIES = {
    "RW0": (
        "Syntax",
        "The text is not TOML or JSON. The manifest is refused, and the last good one serves.",
    ),
    "RW1": (
        "Schema",
        "A key, a type or a value is not one that a manifest has. The manifest is refused.",
    ),
    "RW2": (
        "Semantics",
        "Values contradict each other, or an edit is unsafe. The manifest is refused.",
    ),
    "RW3": (
        "Environment",
        "A variable or a file that a reference names. One client is held back; the others go on.",
    ),
    "RW9": ("Warnings", "The manifest is applied; `validate --deny-warnings` fails."),
}


# In the catalogue so that the number is taken; nothing reports it yet.
RESERVED = frozenset({"RW904"})


def errors_index() -> str:
    """Return `reference/errors/README.md`."""
    parts = []
    for family, (title, meaning) in _FAMILIES.items():
        found = ((c, info) for c, info in sorted(CODES.items()) if c.startswith(family))
        rows = [(f"[{code}]({code}.md)", _title(code, info)) for code, info in found]
        parts += [f"## {title}", meaning, table(["code", "title"], rows)]
    introduction = (
        "Every diagnostic has a code. `rewire explain CODE` shows the same page on the terminal."
    )
    return page("Diagnostics", SOURCE, introduction, *parts)


def error_page(code: str) -> str:
    """Return `reference/errors/<code>.md`."""
    info = CODES[code]
    family, meaning = _FAMILIES[code[:3]]
    parts = ["## Wrong", fence(*_block(info.example_bad, wrong=True))]
    shown = printed(code, info)
    if shown:
        parts += ["rewire prints:", fence("text diagnostics", shown)]
    parts += ["## Right", fence(*_block(info.example_good))]
    head = f"*{family}.* {meaning}"
    if code in RESERVED:
        head += " This version of rewire does not report it yet."
    return page(f"{code}: {cell(info.title)}", SOURCE, head, info.explanation.strip(), *parts)


def _title(code: str, info: CodeInfo) -> str:
    return f"{info.title} (not reported yet)" if code in RESERVED else info.title


def printed(code: str, info: CodeInfo) -> str:
    """Return what is printed for the wrong example; "" when it takes more than a text."""
    outcome = read(_name(info.example_bad), info.example_bad.encode())
    found = outcome.warnings if isinstance(outcome, Manifest) else outcome
    if isinstance(outcome, Manifest) and code in _WORLD:
        (client,) = outcome.clients.values()
        resolved = resolve_client(client, lambda _: _WORLD[code])
        found = resolved if isinstance(resolved, tuple) else ()
    return render(found) if any(one.code == code for one in found) else ""


# What the world answers to the one reference of an example about the environment.
_WORLD: dict[str, str | Missing] = {
    "RW301": Missing("it is not set"),
    "RW302": Missing("No such file or directory"),
    "RW304": "soon",
    "RW305": Missing("it is below /proc", refused=True),
}


def _name(example: str) -> str:
    return f"connections.{'json' if _is_json(example) else 'toml'}"


def _is_json(example: str) -> bool:
    return example.startswith(("{", "[{"))


def _block(example: str, *, wrong: bool = False) -> tuple[str, str]:
    """Return the info line and the text of an example's fence; one in words is no manifest."""
    if _is_json(example):
        return f"json {'wrong' if wrong else 'part'}", example
    shown = "".join(c if c.isprintable() or c == "\n" else f"\\x{ord(c):02x}" for c in example)
    if shown == example and ("=" in example or example.startswith("[")):
        return f"toml {'wrong' if wrong else 'part'}", example
    return "text", shown
