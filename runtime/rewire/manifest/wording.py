"""What the models say against a table, in the words and codes of our diagnostics.

A `Finding` is an error without a place: a code, a path in the document, a sentence. Where that
path stands in the text, and whether its line may be shown, `rewire.manifest.report` knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from rewire.manifest.diagnostics import suggest
from rewire.manifest.place import dotted
from rewire.manifest.references import is_reference, spelt
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.types import EXPECTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pydantic_core import ErrorDetails

    from rewire.manifest.place import KeyPath

__all__ = [
    "Finding",
    "examine",
    "kind_of",
    "missing_key",
    "place",
    "quoted",
    "table_in",
    "unknown_key",
    "worded",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One error: `at` says whether its place is the key, the value, or the table of the path."""

    code: str
    path: KeyPath
    message: str
    help: str | None = None
    at: Literal["key", "value", "table"] = "value"


def examine(
    model: type[BaseModel], data: Mapping[str, Any], base: KeyPath, *, references: bool = True
) -> list[Finding]:
    """Return what a model has against unresolved text: a table at `base`.

    Where references may stand, an error at a leaf that is one is dropped: what it will be is
    known later.
    """
    try:
        model.model_validate(data)
    except ValidationError as error:
        return worded(model, error, base, references=references)
    return []


def worded(
    model: type[BaseModel],
    error: ValidationError,
    base: KeyPath,
    *,
    references: bool = False,
    echo: bool = True,
) -> list[Finding]:
    """Return the errors of a model in our words; without `echo`, no value is repeated."""
    details = error.errors(include_url=False)
    if references:
        details = [one for one in details if not _unresolved(one)]
    return [_finding(model, one, base, echo=echo) for one in details]


def _unresolved(error: ErrorDetails) -> bool:
    in_leaf = error["type"] == EXPECTED and error["loc"][-1] != "[key]"
    return in_leaf and is_reference(error["input"])


# ── sentences ────────────────────────────────────────────────────────────────────────────────


def place(path: KeyPath) -> str:
    """Return a path as a person would find it: `[http.github] timeout.connect`."""
    first = path[0] if path else ""
    depth = 2 if first == "defaults" or first in PROTOCOLS else 1 if first == "reload" else 0
    table, rest = dotted(path[:depth]), dotted(path[depth:])
    return f"[{table}] {rest}".rstrip() if table else rest


def quoted(text: str) -> str:
    """Return a text in quotes, short, with everything unusual in it escaped."""
    short = text if len(text) <= 48 else f"{text[:47]}…"
    escaped = "".join(
        c if c == "…" or (c.isascii() and c.isprintable()) else f"\\u{ord(c):04x}" for c in short
    )
    return f'"{escaped}"'


def kind_of(value: object) -> str:
    """Return what a value is, in the words of a manifest."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    names = ((bool, "a boolean"), (int, "an integer"), (float, "a number"), (str, "a string"))
    return next((name for kind, name in names if isinstance(value, kind)), "a date or time")


def missing_key(table: KeyPath, key: str, hint: str | None = None) -> Finding:
    """Return the finding that a table lacks a key."""
    where = f"in [{dotted(table)}]" if table else "at the top level"
    return Finding("RW101", (*table, key), f'missing key "{key}" {where}', hint, "table")


def unknown_key(
    path: KeyPath,
    known: Iterable[str],
    elsewhere: Iterable[str] = (),
    hint: str | None = None,
) -> Finding:
    """Return the finding that a table has a key that nobody knows; `elsewhere`: dotted keys."""
    table, key = path[:-1], str(path[-1])
    names = sorted(known)
    where = f"in [{dotted(table)}]" if table else "at the top level"
    near = suggest(key, names)
    homes = [name for name in elsewhere if name.rpartition(".")[2] == key]
    if near or homes:
        hint = f'did you mean "{homes[0] if homes else near}"?'
    elif 0 < len(names) <= 8:
        hint = f"known here: {', '.join(names)}"
    return Finding("RW103", path, f"unknown key {quoted(key)} {where}", hint, "key")


def _finding(model: type[BaseModel], error: ErrorDetails, base: KeyPath, *, echo: bool) -> Finding:
    kind, loc, value = error["type"], error["loc"], error["input"]
    path = (*base, *loc)
    if kind == "missing":
        return missing_key(path[:-1], str(loc[-1]), _example(_table_at(model, loc[:-1]), loc[-1]))
    if kind == "extra_forbidden":
        table = _table_at(model, loc[:-1])
        known = [name for name in table.model_fields if name != "id"] if table else []
        return unknown_key(path, known, _elsewhere(model, loc[:-1]))
    if loc[-1] == "[key]":
        message = f"{place(path[:-2])}: the key {quoted(str(value))} is not {_what(error)}"
        return Finding("RW104", path[:-1], message, at="key")
    wanted, fits = _wanted(error)
    found = _found(value, wanted) if fits and echo else "" if fits else f", found {kind_of(value)}"
    message = f"{place(path)}: expected {wanted}{found}"
    code = "RW102" if not fits else "RW106" if kind == "literal_error" else "RW104"
    return Finding(code, path, message, _hint(error, wanted))


_DURATION = "a duration"
_PYTHON: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
}


def _what(error: ErrorDetails) -> str:
    return str(error.get("ctx", {}).get("what", "as expected"))


def _wanted(error: ErrorDetails) -> tuple[str, bool]:
    """Return what was expected, and whether at least the kind of value was right."""
    context, value = error.get("ctx", {}), error["input"]
    match error["type"]:
        case "expected":
            kinds = _PYTHON[context["kind"]]
            fits = isinstance(value, kinds) and isinstance(value, bool) == (bool in kinds)
            wanted = str(context["what"])
        case "greater_than_equal":
            wanted, fits = f"at least {context['ge']:g}", True
        case "less_than_equal":
            wanted, fits = f"at most {context['le']:g}", True
        case "literal_error":
            words = str(context["expected"]).replace("'", '"')
            wanted, fits = words, isinstance(value, str)
        case "tuple_type":
            wanted, fits = "an array", False
        case _:  # model_type, dict_type
            wanted, fits = "a table", False
    return wanted, fits


def _found(value: object, wanted: str) -> str:
    if isinstance(value, bool):
        return f", found {str(value).lower()}"
    if isinstance(value, int | float):
        return f", found {value:g}" if abs(value) < 1e15 else ""
    # Only what cannot be a credential is repeated: the caret shows the rest, masked if need be.
    if isinstance(value, str) and wanted.startswith((_DURATION, "a size", "a percentage", '"')):
        return f", found {quoted(spelt(value) if is_reference(value) else value)}"
    return ""


def _hint(error: ErrorDetails, wanted: str) -> str | None:
    value = error["input"]
    if is_reference(value):
        return "a reference cannot stand here"
    if isinstance(value, str):
        if error["type"] == "literal_error":
            words = str(error.get("ctx", {}).get("expected", "")).split("'")[1::2]
            near = suggest(value, words)
            return f'did you mean "{near}"?' if near else None
        if "URL" in wanted and "@" in value:
            return "a credential belongs under auth"
        digits = value.isascii() and value.isdecimal() and len(value) < 7
        return f'did you mean "{value}s"?' if digits and wanted.startswith(_DURATION) else None
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if wanted.startswith(_DURATION) and number and 0 < value < 1e6:
        return f'did you mean "{value:g}s"?'
    return None


def _example(model: type[BaseModel] | None, key: str | int) -> str | None:
    examples = model.model_fields[str(key)].examples if model is not None else None
    return f'for example {key} = "{examples[0]}"' if examples else None


# ── the models, by path ──────────────────────────────────────────────────────────────────────


def _table_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in loc:
        field = here.model_fields.get(str(part)) if here is not None else None
        here = table_in(field.annotation) if field is not None else None
    return here


def table_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model of the table that an annotation allows, if it allows one."""
    if get_origin(annotation) in {Union, UnionType}:
        found = (table_in(one) for one in get_args(annotation))
        return next((one for one in found if one is not None), None)
    return (
        annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    )


def _elsewhere(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """Return the dotted keys of the tables below one, to find a key that was put too high."""
    top = _table_at(model, loc)
    if top is None:
        return []
    found: list[str] = []
    for name, field in top.model_fields.items():
        inner = table_in(field.annotation)
        if inner is not None:
            found += [f"{name}.{key}" for key in inner.model_fields]
            found += [f"{name}.{deeper}" for deeper in _elsewhere(inner, ())]
    return found
