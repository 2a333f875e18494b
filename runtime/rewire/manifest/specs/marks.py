"""What marks a value type: its error, its schema, its change class, and what makes it a secret.

A value that came out of ``${…}`` arrives as :class:`ResolvedText`; texts made of it become secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pydantic import SecretStr, WithJsonSchema
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import CoreSchema

__all__ = ["EXPECTED", "Applies", "ResolvedText", "expected", "plain", "shown", "written_as"]

EXPECTED = "expected"
"""The type of every error that a value type raises; its context has `what` and `kind`."""

Kind = Literal["boolean", "integer", "number", "string"]


def expected(what: str, kind: Kind) -> PydanticCustomError:
    """Return the error that says what a value should have been, and of which kind."""
    return PydanticCustomError(EXPECTED, "expected {what}", {"what": what, "kind": kind})


def written_as(pattern: str, *examples: str) -> WithJsonSchema:
    """Return the mark that gives a type its JSON Schema: strings of this pattern."""
    schema: dict[str, object] = {"type": "string", "pattern": pattern}
    return WithJsonSchema({**schema, "examples": list(examples)} if examples else schema)


@dataclass(frozen=True, slots=True)
class Applies:
    """Mark how an edit of a field is applied; nested fields inherit the mark of their table."""

    change: Literal["in place", "replace"]

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Tell the schema's readers too."""
        return {**handler(core_schema), "x-rewire-applies": self.change}


class ResolvedText(str):
    """A string in which a ``${…}`` was resolved: a secret, unless the field is not a text."""

    __slots__ = ()


def plain(value: str | SecretStr) -> str:
    """Return the text itself, secret or not: for the wire, never for a person."""
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def shown(value: str | SecretStr) -> str:
    """Return the text as a person may see it."""
    return "(secret)" if isinstance(value, SecretStr) else value
