"""The JSON Schema of a manifest, generated from the models and reworked for editors.

One self-contained document with a table for each protocol and no unions, because that is what
every language server completes and checks exactly. It never lies: about unresolved text it
accepts what `rewire.manifest.shape` accepts (property-tested). Hence the `${…}` beside every
number, boolean and pattern; choices and ids take none, as the models do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic.json_schema import models_json_schema

from rewire.manifest.references import REFERENCE_PATTERN
from rewire.manifest.shape import OWN, VERSION
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.client import ID_PATTERN
from rewire.manifest.specs.reload import ReloadConfig
from rewire.manifest.wording import table_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel

__all__ = ["json_schema", "schema_text"]

Schema = dict[str, Any]

_RENAMED = {"ge": "minimum", "le": "maximum"}


def schema_text() -> str:
    """Return the schema as it is published: indented, in a stable order, with a final newline."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def json_schema() -> Schema:
    """Return the schema of a manifest with the built-in protocols."""
    definitions = _definitions()
    tables = {name: _clients(name, model) for name, model in PROTOCOLS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "rewire manifest",
        "description": "The outbound connections that a program should have.",
        "type": "object",
        "x-tombi-toml-version": "v1.1.0",
        "properties": {
            "$schema": {
                "type": "string",
                "description": "Where an editor finds this schema; rewire does not read it.",
            },
            "version": {
                "type": "integer",
                "const": VERSION,
                "default": VERSION,
                "description": "The form of the manifest.",
            },
            "reload": _reference("ReloadConfig", definitions),
            "defaults": {
                "type": "object",
                "description": "What the clients of a protocol say unless they say otherwise.",
                "properties": {
                    name: _reference(_defaults_name(model), definitions)
                    for name, model in PROTOCOLS.items()
                },
                "additionalProperties": False,
            },
            **tables,
        },
        "required": ["version"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _clients(protocol: str, model: type[BaseModel]) -> Schema:
    return {
        "type": "object",
        "description": f"The {protocol} clients, each under its id.",
        "propertyNames": {"pattern": ID_PATTERN},
        "additionalProperties": {
            "$ref": f"#/$defs/{model.__name__}",
            "description": _first_line(model),
        },
    }


# ── definitions ──────────────────────────────────────────────────────────────────────────────


def _definitions() -> Schema:
    models: list[type[BaseModel]] = [*PROTOCOLS.values(), ReloadConfig]
    _, whole = models_json_schema([(model, "validation") for model in models])
    raw: Schema = whole["$defs"]
    found: Schema = {}
    for name, definition in raw.items():
        found[name] = _rework(definition, references=name != ReloadConfig.__name__)
    for model in _tables(models):
        _put_defaults(found[model.__name__], model)
    for protocol, model in PROTOCOLS.items():
        client = found[model.__name__]
        client["properties"].pop("id")
        client["required"].remove("id")
        found[_defaults_name(model)] = _partial(client, protocol)
    for definition in found.values():
        for one in definition["properties"].values():
            if "$ref" in one:
                target = found[one["$ref"].rpartition("/")[2]]
                one.setdefault("description", target["description"])
            one["x-taplo"] = _taplo(one)
    return {name: found[name] for name in sorted(found)}


def _rework(schema: Schema, *, references: bool) -> Schema:
    """Return a schema without what editors stumble over."""
    out = {_RENAMED.get(key, key): value for key, value in schema.items()}
    out.pop("title", None)
    if isinstance(out.get("anyOf"), list):
        (single,) = (one for one in out.pop("anyOf") if one != {"type": "null"})
        out = {**single, **out}
    if out.get("default", out) is None:
        del out["default"]
    if "patternProperties" in out:
        ((pattern, value),) = out.pop("patternProperties").items()
        out["propertyNames"] = {"pattern": pattern}
        out["additionalProperties"] = value
    for key in ("items", "additionalProperties"):
        if isinstance(out.get(key), dict):
            out[key] = _rework(out[key], references=references)
    if "properties" in out:
        inner = out["properties"].items()
        out["properties"] = {key: _rework(one, references=references) for key, one in inner}
    return _with_references(out) if references else out


def _with_references(leaf: Schema) -> Schema:
    kind = leaf.get("type")
    if kind in {"integer", "number", "boolean"}:
        return {**leaf, "type": [kind, "string"], "pattern": REFERENCE_PATTERN}
    if kind == "string" and "pattern" in leaf:
        return {**leaf, "pattern": f"{leaf['pattern']}|{REFERENCE_PATTERN}"}
    return leaf


def _put_defaults(definition: Schema, model: type[BaseModel]) -> None:
    """Write every default as a manifest would: "5s" and not 5.0."""
    written = model.model_construct().model_dump(mode="json", warnings=False)
    for name, one in definition["properties"].items():
        if "default" in one:
            one["default"] = written[name]


def _tables(models: list[type[BaseModel]]) -> list[type[BaseModel]]:
    """Return the models and those of the tables in them, each once."""
    found: dict[str, type[BaseModel]] = {}
    todo = list(models)
    while todo:
        model = todo.pop()
        if model.__name__ not in found:
            found[model.__name__] = model
            todo += [inner for inner in map(table_in, _annotations(model)) if inner is not None]
    return list(found.values())


def _annotations(model: type[BaseModel]) -> list[Any]:
    return [field.annotation for field in model.model_fields.values()]


def _partial(client: Schema, protocol: str) -> Schema:
    """Return the schema of `[defaults.<protocol>]`: nothing required, nothing that is one's own."""
    shared = {key: one for key, one in client["properties"].items() if key not in OWN[protocol]}
    return {
        **{key: value for key, value in client.items() if key != "required"},
        "description": f"What every {protocol} client says unless it says otherwise.",
        "properties": {key: dict(one) for key, one in shared.items()},
    }


def _defaults_name(model: type[BaseModel]) -> str:
    return f"{model.__name__.removesuffix('ClientConfig')}Defaults"


def _reference(name: str, definitions: Mapping[str, Schema]) -> Schema:
    return {"$ref": f"#/$defs/{name}", "description": definitions[name]["description"]}


def _taplo(one: Schema) -> Schema:
    docs: Schema = {"main": one["description"]}
    if "default" in one:
        docs["defaultValue"] = f"default: {json.dumps(one['default'])}"
    return {"docs": docs}


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().partition("\n")[0]
