"""The reference of the manifest, from the models of the built-in protocols."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from generator.fields import Row, rows, submodel
from generator.markdown import code, fence, page, table
from rewire.manifest.rules import RULES
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.client import ID_PATTERN, ClientConfig
from rewire.manifest.specs.reload import ReloadConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pydantic import BaseModel

__all__ = ["change_classes", "manifest_page"]

SOURCE = "the models in `runtime/rewire/manifest/specs`"

_INTRODUCTION = """\
A manifest is one TOML or JSON document. It has these keys at the top:

| key | type | meaning |
|---|---|---|
| `version` | `1` | the form of the manifest; required |
| `reload` | table | how edits of the file are noticed and judged, see [below](#reload) |
| `defaults.<protocol>` | table | values for every client of a protocol; a client's own keys win |
{protocols}
| `$schema` | text | in JSON only, for editors |

An id is 1 to 63 characters and matches `{pattern}`. Ids are unique
across protocols. A key that is not on this page is an error, not a value that is ignored."""

_TYPES = """\
## Types

| type | written as |
|---|---|
| duration | text of numbers with the units `ms`, `s`, `m`, `h`, `d`: `"250ms"`, `"1m30s"` |
| size | text of a whole number with the unit `B`, `KiB`, `MiB` or `GiB`: `"1MiB"` |
| percentage | text: `"50%"` |
| text | a string |
| line of text | a string without control characters (a tab is allowed) |
| header value | a line of text that neither begins nor ends with a space |
| header name | letters, digits and the marks that RFC 9110 allows |
| path of a file | a string; a relative one starts at the manifest's folder |
| JSON pointer | RFC 6901, and not empty: `"/seq"` |
| URL | with scheme, host, and port or path if needed; never with user name or password |

Strings may contain references: `${NAME}` is an environment variable, `${NAME:-default}` gives a
default, `${NAME:?message}` gives the message of the error, `${file:path}` is the content of a file,
`$$` is a dollar sign. A number, boolean or duration may be a string with a reference. Words from a
list, ids, and everything in `[reload]` may not. See [secrets](../explanation/secrets.md)."""

_APPLIES = """\
## How an edit of a key is applied

The column *edit* of each table says it. **in place**: the new value is used from the next call on,
and no connection is touched. **replace**: a new generation is built, a first connection is opened
if the old one had any, and only then it takes over; the old generation drains. See
[how a reconcile works](../explanation/reconcile.md)."""


def manifest_page() -> str:
    """Return `reference/manifest.md`."""
    protocols = "\n".join(
        f"| `{name}.<id>` | table | one client of protocol `{name}`, see [below](#{name}) |"
        for name in PROTOCOLS
    )
    return page(
        "The manifest",
        SOURCE,
        _INTRODUCTION.format(protocols=protocols, pattern=ID_PATTERN),
        _TYPES,
        _APPLIES,
        "## Every client",
        "These keys are in the table of a client, whatever its protocol.",
        *_tables(_common(), ClientConfig),
        *(part for name, spec in PROTOCOLS.items() for part in _protocol(name, spec)),
        "## reload",
        f"{ReloadConfig.__doc__} A changed value is used at once.",
        _keys(rows(ReloadConfig, "reload."), edit=False),
        _rules(),
    )


def change_classes(change: str) -> str:
    """Return the keys whose edit is applied in this way, for each protocol, as a list."""
    lines = []
    for name, spec in PROTOCOLS.items():
        keys = [row for row in rows(spec) if row.applies == change]
        groups = groupby(keys, key=lambda row: row.path.split(".")[0])
        lines.append(f"- `{name}`: {', '.join(code(_short(list(group))) for _, group in groups)}")
    return "\n".join(lines)


def _short(group: list[Row]) -> str:
    head, dot, _ = group[0].path.partition(".")
    return group[0].path if len(group) == 1 or not dot else f"{head}.*"


def _common() -> list[Row]:
    return [row for row in rows(ClientConfig) if row.path not in {"id", "connect"}]


def _protocol(name: str, spec: type[BaseModel]) -> Iterator[str]:
    common = {row.path for row in _common()} | {"id"}
    yield f"## {name}"
    yield spec.__doc__ or ""
    yield f"Its table is `[{name}.<id>]`, and `[defaults.{name}]` holds values for all of them."
    yield fence("toml", _EXAMPLES[name])
    yield from _tables([row for row in rows(spec) if row.path not in common], spec)


def _tables(keys: list[Row], model: type[BaseModel]) -> Iterator[str]:
    """Yield a table of the model's own keys, then one for each table within it."""
    yield _keys(row for row in keys if "." not in row.path)
    nested = (row for row in keys if "." in row.path)
    for name, group in groupby(nested, key=lambda row: row.path.split(".")[0]):
        inner = submodel(model.model_fields[name])
        yield f"### {name}"
        yield inner.__doc__ or "" if inner else ""
        yield _keys(group)


def _keys(keys: Iterable[Row], *, edit: bool = True) -> str:
    head = ["key", "type", "default", *(["edit"] if edit else []), "meaning"]
    return table(
        head,
        (
            [
                code(row.path),
                row.type,
                "required" if row.default is None else code(row.default) if row.default else "",
                *([row.applies] if edit else []),
                _meaning(row),
            ]
            for row in keys
        ),
    )


def _meaning(row: Row) -> str:
    examples = ", ".join(map(code, row.examples))
    return f"{row.description} Example: {examples}" if examples else row.description


def _rules() -> str:
    lines = [
        f"- `{protocol}`: {code('.'.join(rule.low))} is at most {code('.'.join(rule.high))}."
        for protocol, rules in RULES.items()
        for rule in rules
    ]
    return "\n".join([_RULES, "", *lines, "- `auth` has at most one kind."])


_RULES = """\
## Rules between keys

A rule holds between values that somebody wrote. A default that does not fit a written value is
fitted to it, and nothing is reported."""

_EXAMPLES = {
    "http": """\
version = 1

[http.github]
base_url = "https://api.github.com"
auth.bearer = "${GITHUB_TOKEN}"
headers.Accept = "application/vnd.github+json"
timeout.read = "10s"

[http.internal]
base_url = "https://inventory.example/v2"
auth.header = { name = "X-Api-Key", value = "${file:/run/secrets/inventory}" }
tls.ca = "/etc/ssl/internal-ca.pem"
pool = { max_connections = 50, max_keepalive = 10 }
drain.stream_timeout = "15m"
""",
    "websocket": """\
version = 1

[websocket.prices]
url = "wss://prices.example/ws"
on_connect = ['{"subscribe": "BTC"}']
handover.sequence = "/seq"
reconnect = { initial = "500ms", max = "30s" }
""",
}
