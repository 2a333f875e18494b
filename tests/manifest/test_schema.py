"""The published schema: what it is made of, and that it never lies."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rewire.manifest.references import REFERENCE_PATTERN
from rewire.manifest.schema import json_schema, schema_text
from rewire.manifest.shape import findings
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.validate import Manifest, read
from tests.manifest.documents import EVERYTHING, SCALARS, mutated

PUBLISHED = Path(__file__).parents[2] / "schemas" / "connections.schema.json"
RUST = jsonschema_rs.Draft202012Validator(json_schema())


def _pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Any:
    # JSON Schema means ECMAScript's `$`: Python's lets a final line break through.
    exact = pattern.replace("$|^", r"\Z|^")
    exact = re.sub(r"\$$", r"\\Z", exact)
    if isinstance(instance, str) and not re.search(exact, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


PYTHON = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})(
    json_schema()
)


def nodes(schema: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """List every object of a schema with its path."""
    found = []
    if isinstance(schema, dict):
        found.append((path, schema))
        for key, inner in schema.items():
            found += nodes(inner, (*path, key))
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            found += nodes(inner, (*path, index))
    return found


def shape_errors(document: dict[str, Any]) -> list[str]:
    """Return what the models say about the shape of a document."""
    outcome = read("x.json", json.dumps(document).encode())
    if isinstance(outcome, Manifest):
        return []
    syntax = [str(one) for one in outcome if one.code.startswith("RW0")]
    assert syntax == []
    return [str(one) for one in outcome if one.code.startswith("RW1")]


def agree(document: dict[str, Any]) -> None:
    """Assert that both schema validators and the models have the same opinion."""
    mine = shape_errors(document)
    rust = [f"{one.instance_path}: {one.message}" for one in RUST.iter_errors(document)]
    python = [f"{one.json_path}: {one.message}" for one in PYTHON.iter_errors(document)]
    assert bool(mine) == bool(rust) == bool(python), {
        "models": mine,
        "jsonschema_rs": rust,
        "jsonschema": python,
    }


def test_the_published_schema_is_the_generated_one() -> None:
    """What editors read is what the models say today; `make schema` renews it."""
    assert PUBLISHED.read_text("utf-8") == schema_text()


def test_the_schema_is_a_schema() -> None:
    """The generated document is valid against its own meta-schema."""
    jsonschema.Draft202012Validator.check_schema(json_schema())


def test_a_manifest_with_every_field_is_accepted() -> None:
    """The schema and the models take a document in which every field is written."""
    assert shape_errors(EVERYTHING) == []
    agree(EVERYTHING)


def test_every_field_is_in_that_manifest() -> None:
    """The generated documents leave out no field, so the property test reaches all of them."""
    written = set(re.findall(r'"([a-z_0-9]+)":', json.dumps(EVERYTHING)))
    named = {
        key
        for name, definition in json_schema()["$defs"].items()
        if not name.endswith("Defaults")
        for key in definition["properties"]
    }
    assert named - written == set()


# 300 here and 1,700 in the slow part: 2,000 in all.
@given(document=mutated())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_schema_and_models_agree(document: dict[str, Any]) -> None:
    """About unresolved text the schema and the models accept and refuse the same documents."""
    agree(document)


@pytest.mark.slow
@given(document=mutated(most=6))
@settings(max_examples=1700, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_schema_and_models_agree_at_length(document: dict[str, Any]) -> None:
    """The same on many more documents, with more mutations each."""
    agree(document)


LEAVES = [
    path
    for path, node in nodes(EVERYTHING)
    for path in [(*path, key) for key, value in node.items() if not isinstance(value, dict)]
]


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
def test_schema_and_models_agree_on_each_field(path: tuple[Any, ...]) -> None:
    """Each field of the manifest, with each odd value in its place."""
    document = copy.deepcopy(EVERYTHING)
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    for value in ODD:
        holder[path[-1]] = value
        assert bool(findings(document)) == (not RUST.is_valid(document)), (path, value)


ODD = SCALARS.elements  # type: ignore[attr-defined]


def test_nothing_in_it_that_editors_stumble_over() -> None:
    """No unions, no null, no automatic titles, no references to elsewhere, no look-around."""
    for path, node in nodes(json_schema()):
        where = "/".join(map(str, path))
        if path and path[-1] in {"properties", "$defs"}:
            continue
        assert not node.keys() & {"anyOf", "oneOf", "allOf", "if", "discriminator"}, where
        assert not node.keys() & {"dependentRequired", "prefixItems", "unevaluatedProperties"}
        assert node.get("type") != "null", where
        assert "title" not in node or path == (), where
        assert node.get("$ref", "#/").startswith("#/$defs/") or "$ref" not in node, where
        assert "(?" not in node.get("pattern", ""), where


def test_every_key_is_described_where_it_stands() -> None:
    """A description stands on both sides of a `$ref`, and beside every key."""
    schema = json_schema()
    for name, definition in schema["$defs"].items():
        assert definition["description"], name
        for key, one in definition["properties"].items():
            assert one["description"], f"{name}.{key}"
            assert one["x-taplo"]["docs"]["main"] == one["description"], f"{name}.{key}"
    for key, one in schema["properties"].items():
        assert one["description"], key


def test_every_field_of_a_client_says_how_an_edit_is_applied() -> None:
    """`x-rewire-applies` stands at every key of every client's table."""
    for model in PROTOCOLS.values():
        definition = json_schema()["$defs"][model.__name__]
        for key, one in definition["properties"].items():
            assert one["x-rewire-applies"] in {"in place", "replace"}, key


def test_a_default_in_the_schema_is_one_that_a_manifest_may_say() -> None:
    """Every default and example is a value that its own schema accepts."""
    schema = json_schema()
    for path, node in nodes(schema):
        if not path or path[-1] in {"properties", "$defs"} or "type" not in node:
            continue
        validator = jsonschema_rs.validator_for({**node, "$defs": schema["$defs"]})
        for value in [*([node["default"]] if "default" in node else []), *node.get("examples", [])]:
            assert validator.is_valid(value), (path, value)


@given(text=st.text(alphabet="${}aA:-\\ \n", max_size=12))
@settings(max_examples=500, deadline=None)
def test_what_a_reference_is_the_schema_knows_too(text: str) -> None:
    """The pattern of a reference means the same to Python and to Rust."""
    schema = jsonschema_rs.validator_for({"type": "string", "pattern": REFERENCE_PATTERN})
    assert schema.is_valid(text) == (re.search(REFERENCE_PATTERN, text) is not None)
