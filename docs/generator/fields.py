"""The fields of the manifest's models, as rows that a person can read.

A field says everything about itself in its annotation: its type through its JSON Schema, how an
edit of it is applied through `Applies`, its meaning through its description.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticUndefined

from rewire.manifest.specs import types as values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

__all__ = ["Row", "literal", "rows", "submodel"]

# What a pattern means, in the words of the page's section on types.
_PATTERNS = {
    values.DURATION_PATTERN: "duration",
    values.POSITIVE_DURATION_PATTERN: "duration, longer than 0",
    values.SIZE_PATTERN: "size",
    values.PERCENT_PATTERN: "percentage",
    values.TEXT_PATTERN: "line of text",
    values.HEADER_TEXT_PATTERN: "header value",
    values.HEADER_SECRET_PATTERN: "header value, not empty",
    values.HEADER_NAME_PATTERN: "header name",
    values.USER_NAME_PATTERN: "line of text without a colon",
    values.PATH_PATTERN: "path of a file",
    values.POINTER_PATTERN: "JSON pointer",
    values.SCOPE_PATTERN: "scope",
    values.SERVER_NAME_PATTERN: "host name",
    values.PROXY_PATTERN: '`"none"`, `"env"` or `http://`, `https://` or `socks5://` URL',
    values.HTTP_URL_PATTERN: "`http://` or `https://` URL",
    values.WEBSOCKET_URL_PATTERN: "`ws://` or `wss://` URL",
}
_SCALARS = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean"}


@dataclass(frozen=True, slots=True)
class Row:
    """One key of one table."""

    path: str
    type: str
    default: str | None
    applies: str
    description: str
    examples: tuple[str, ...] = ()


def rows(model: type[BaseModel], prefix: str = "", applies: str = "") -> Iterator[Row]:
    """Yield every key of a model and of the tables in it, dotted, in the order of declaration."""
    schemas = model.model_json_schema()
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        how = _applies(field) or applies
        inner = submodel(field)
        if inner is not None:
            yield from rows(inner, f"{path}.", how)
            continue
        schema = schemas["properties"][name]
        yield Row(
            path,
            _type(schema) + _range(field.metadata),
            _default(field),
            how,
            field.description or "",
            tuple(map(literal, field.examples or ())),
        )


def submodel(field: FieldInfo) -> type[BaseModel] | None:
    """Return the model of a field that is a table with keys of its own."""
    kinds = [field.annotation, *getattr(field.annotation, "__args__", ())]
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
    return None


def literal(value: object) -> str:
    """Write a value as TOML does."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, str) and '"' in value and "'" not in value:
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False)


def _applies(field: FieldInfo) -> str:
    return next((mark.change for mark in field.metadata if isinstance(mark, values.Applies)), "")


def _default(field: FieldInfo) -> str | None:
    """Return the default as it would be written; "" for none at all, None for a required key."""
    if field.is_required():
        return None
    if field.default is PydanticUndefined or field.default is None:
        return ""
    annotated: Any = field.annotation
    if field.metadata:
        annotated = Annotated[(field.annotation, *field.metadata)]
    written = TypeAdapter(annotated).dump_python(field.default, mode="json")
    return literal(written) if written != [] else ""


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:  # a field that may be left out is not one that may be null
        (schema,) = (one for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return " or ".join(f"`{literal(word)}`" for word in schema["enum"])
    if schema.get("type") == "array":
        return f"list of: {_type(schema['items'])}"
    if schema.get("type") == "object":
        (inner,) = schema.get(
            "patternProperties", {"": schema.get("additionalProperties")}
        ).values()
        return f"table of: {_type(inner)}"
    return _PATTERNS.get(schema.get("pattern", "")) or _SCALARS[schema["type"]]


def _range(metadata: list[Any]) -> str:
    bounds = [
        getattr(mark, side) for side in ("ge", "le") for mark in metadata if hasattr(mark, side)
    ]
    return f", {' to '.join(f'{bound:,}' for bound in bounds)}" if bounds else ""
