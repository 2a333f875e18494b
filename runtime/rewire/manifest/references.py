"""References in string values: what they are, what they need, and what they become.

``${NAME}``, ``${NAME:-default}`` and ``${NAME:?message}`` stand for an environment variable,
``${file:/path}`` for a file's content, ``$$`` for a dollar sign. A single pass, strings only,
never keys, no nesting: what was put in is not looked at again. This module asks a `Lookup` that
the shell prepared; it knows neither the environment nor files, and echoes no value, ever.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rewire.manifest.specs.types import ResolvedText

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.manifest.place import KeyPath

__all__ = [
    "REFERENCE",
    "REFERENCE_PATTERN",
    "BadReference",
    "Lookup",
    "Missing",
    "Needs",
    "Problem",
    "Reference",
    "is_reference",
    "misspelt",
    "needs",
    "resolve",
    "segments",
    "spelt",
]

MAX_EXPANSION = 1 << 20

# Each `$` takes the next character with it unless that is a brace: what is left is unescaped.
REFERENCE_PATTERN = r"^([^$]|\$[^{])*\$\{[^}]*\}"
REFERENCE = re.compile(REFERENCE_PATTERN)
_VARIABLE = re.compile(r"([A-Z_][A-Z0-9_]*)(?:(:-|:\?)(.*))?", re.DOTALL)
_SCHEME = re.compile(r"([a-z][a-z0-9-]*):(.+)", re.DOTALL)
_HOW = 'write ${NAME}, ${NAME:-default}, ${NAME:?message} or ${file:/path}; a "$" itself is "$$"'


@dataclass(frozen=True, slots=True)
class Reference:
    """One ``${…}``: its scheme (`env` or `file`), a name, and what to do without a value."""

    scheme: str
    name: str
    default: str | None = field(default=None, repr=False)
    message: str | None = None

    def __str__(self) -> str:
        """Return it as it was written, without a default, which may be a secret."""
        prefix = "" if self.scheme == "env" else f"{self.scheme}:"
        suffix = ":-…" if self.default is not None else ""
        return f"${{{prefix}{self.name}{suffix}}}"


@dataclass(frozen=True, slots=True)
class Missing:
    """What a lookup returns for what is not there; `refused`: there, but not to be read."""

    reason: str
    refused: bool = False


Lookup = Callable[[Reference], str | bytes | Missing]
"""Given by the shell, which has read the environment and the files already."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The names of what has to be looked up."""

    variables: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def __or__(self, other: Needs) -> Needs:
        return Needs(self.variables | other.variables, self.files | other.files)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a value could not be resolved; says nothing of the value."""

    code: str
    path: KeyPath
    message: str
    help: str | None = None


class BadReference(Exception):  # noqa: N818 - says what is wrong with a text, not with the program
    """A ``${`` that is no reference."""

    def __init__(self, message: str, help: str = _HOW) -> None:  # noqa: A002 - the users' word
        super().__init__(message)
        self.message = message
        self.help = help


# ── reading ──────────────────────────────────────────────────────────────────────────────────


def is_reference(value: object) -> bool:
    """Tell whether a value stands for another one: a string with an unescaped ``${…}``."""
    return isinstance(value, str) and "${" in value and REFERENCE.match(value) is not None


def segments(text: str) -> list[str | Reference]:
    """Split a text into literal parts and references; raise `BadReference`."""
    parts: list[str | Reference] = []
    here = 0
    while (dollar := text.find("$", here)) >= 0:
        parts.append(text[here:dollar])
        follower = text[dollar + 1 : dollar + 2]
        if follower == "{":
            end = text.find("}", dollar)
            if end < 0:
                raise BadReference('a "${" is not closed')
            parts.append(_reference(text[dollar + 2 : end]))
            here = end + 1
        else:
            parts.append("$")
            here = dollar + (2 if follower == "$" else 1)
    parts.append(text[here:])
    return [part for part in parts if part != ""]


def _reference(inner: str) -> Reference:
    if "${" in inner:
        raise BadReference("references do not nest", "a default is plain text")
    if variable := _VARIABLE.fullmatch(inner):
        name, mark, rest = variable.groups()
        rest = rest.replace("$$", "$") if rest is not None else None
        if mark == ":-":
            return Reference("env", name, default=rest)
        return Reference("env", name, message=rest or None)
    if scheme := _SCHEME.fullmatch(inner):
        kind, name = scheme.groups()
        if kind != "file":
            raise BadReference(f'there is no scheme "{kind}" for references')
        return Reference("file", name)
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", inner):
        raise BadReference(
            f'"${{{inner}}}" is no reference: variables have upper-case names',
            f'did you mean "${{{inner.upper()}}}"?',
        )
    raise BadReference('"${…}" holds neither the name of a variable nor "file:" with a path')


def spelt(value: str) -> str:
    """Return a text with references as a person may see it: literal parts, defaults hidden."""
    try:
        return "".join(str(part) for part in segments(value))
    except BadReference:
        return "${…}"


def _leaves(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        if "$" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))


def misspelt(value: object) -> list[Problem]:
    """Return every ``${`` that is no reference: found in the text, without an environment."""
    found: list[Problem] = []
    for path, text in _leaves(value):
        try:
            segments(text)
        except BadReference as bad:
            found.append(Problem("RW204", path, bad.message, bad.help))
    return found


def needs(value: object) -> Needs:
    """Return what the references in a value need; what is misspelt needs nothing."""
    variables: set[str] = set()
    files: set[str] = set()
    for _, text in _leaves(value):
        try:
            parts = segments(text)
        except BadReference:
            continue
        for part in parts:
            if isinstance(part, Reference):
                (files if part.scheme == "file" else variables).add(part.name)
    return Needs(frozenset(variables), frozenset(files))


# ── resolving ────────────────────────────────────────────────────────────────────────────────


def resolve(data: Mapping[str, Any], lookup: Lookup) -> tuple[dict[str, Any], list[Problem]]:
    """Replace every reference; a leaf that had one becomes `ResolvedText`.

    A leaf that cannot be resolved is left out of the result and named in the problems.
    """
    problems: list[Problem] = []
    resolved = _resolve(data, (), lookup, problems)
    return resolved, problems


def _resolve(value: Any, path: KeyPath, lookup: Lookup, problems: list[Problem]) -> Any:
    if isinstance(value, str):
        return _text(value, path, lookup, problems) if "$" in value else value
    if isinstance(value, Mapping):
        pairs = ((k, _resolve(v, (*path, k), lookup, problems)) for k, v in value.items())
        return {key: inner for key, inner in pairs if inner is not None}
    if isinstance(value, list):
        items = (_resolve(v, (*path, i), lookup, problems) for i, v in enumerate(value))
        return [inner for inner in items if inner is not None]
    return value


def _text(text: str, path: KeyPath, lookup: Lookup, problems: list[Problem]) -> str | None:
    try:
        parts = segments(text)
    except BadReference as bad:
        problems.append(Problem("RW204", path, bad.message, bad.help))
        return None
    out: list[str] = []
    size = 0
    for part in parts:
        piece = _value(part, path, lookup) if isinstance(part, Reference) else part
        if isinstance(piece, Problem):
            problems.append(piece)
            return None
        size += len(piece)
        if size > MAX_EXPANSION:
            message = f"the resolved value is longer than {MAX_EXPANSION:,} characters"
            problems.append(Problem("RW303", path, message))
            return None
        out.append(piece)
    whole = "".join(out)
    return ResolvedText(whole) if any(isinstance(part, Reference) for part in parts) else whole


def _value(reference: Reference, path: KeyPath, lookup: Lookup) -> str | Problem:
    found = lookup(reference)
    if isinstance(found, Missing):
        return _without(reference, path, found)
    if isinstance(found, bytes):
        found = found.decode("latin-1")
    # Editors, `echo` and Kubernetes end a secret with a line break that nobody meant.
    found = found.removesuffix("\n").removesuffix("\r") if found.endswith("\n") else found
    if not found:
        return _without(reference, path, Missing("it is empty"))
    if not found.isascii() or re.search(r"[\x00\r\n]", found):
        message = f"the value of {reference} {_unfit(found)}"
        return Problem("RW303", path, message, "one line of ASCII, with at most one line break")
    return found


def _without(reference: Reference, path: KeyPath, missing: Missing) -> str | Problem:
    if missing.refused:
        return Problem("RW305", path, f"{reference} is not read: {missing.reason}")
    if reference.default is not None:
        return reference.default
    reason = reference.message or missing.reason
    code = "RW302" if reference.scheme == "file" else "RW301"
    help_ = None if reference.scheme == "file" else f"set {reference.name} in the environment"
    return Problem(code, path, f"{reference} has no value: {reason}", help_)


def _unfit(value: str) -> str:
    if "\0" in value:
        return "contains a NUL character"
    if "\r" in value or "\n" in value:
        return "contains a line break"
    return "contains a character that is not ASCII"
