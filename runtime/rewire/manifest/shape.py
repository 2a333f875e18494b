"""The schema level: what the published JSON Schema checks as well, in our words.

Each table is judged where it stands: a client's own by its protocol's model, `[defaults.*]` by
the same model with nothing required, so an error in a default is told once and not once a client.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date, time
from typing import TYPE_CHECKING, Any

from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.client import ID_PATTERN
from rewire.manifest.specs.reload import ReloadConfig
from rewire.manifest.wording import (
    Finding,
    examine,
    kind_of,
    missing_key,
    place,
    quoted,
    unknown_key,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.manifest.place import KeyPath

__all__ = ["OWN", "TOP_LEVEL", "VERSION", "findings"]

VERSION = 1
TOP_LEVEL = ("version", "reload", "defaults", *PROTOCOLS)

OWN: Mapping[str, frozenset[str]] = {
    name: frozenset(key for key, field in model.model_fields.items() if field.is_required())
    for name, model in PROTOCOLS.items()
}
"""What a client must say itself: a default for it would be one for all."""

_ID = re.compile(ID_PATTERN)
_ID_HELP = "an id is 1 to 63 of a-z, 0-9 and inner hyphens, and starts with a letter"


def findings(data: Mapping[str, Any]) -> list[Finding]:
    """Return everything that is wrong with the shape of a document.

    Of a document of an unknown version only that is said: its other keys are not ours to judge.
    """
    future = [one for one in _version(data) if one.code == "RW107"]
    if future:
        return future
    strange = list(_strange(data))
    known = {finding.path for finding in strange}
    found = [one for one in _findings(data) if one.path not in known]
    return strange + found


def _findings(data: Mapping[str, Any]) -> Iterator[Finding]:
    yield from _version(data)
    for key, value in data.items():
        if key == "version":
            continue
        if key == "$schema":
            if not isinstance(value, str):
                yield _wrong((key,), "a string", value)
        elif key not in TOP_LEVEL:
            yield unknown_key((key,), TOP_LEVEL)
        elif not isinstance(value, Mapping):
            yield _wrong((key,), "a table", value)
        elif key == "reload":
            yield from examine(ReloadConfig, value, (key,), references=False)
        elif key == "defaults":
            yield from _defaults(value)
        else:
            yield from _clients(key, value)


def _version(data: Mapping[str, Any]) -> Iterator[Finding]:
    version = data.get("version", data)
    if version is data:
        yield missing_key((), "version", hint=f"write version = {VERSION} above the first table")
    elif isinstance(version, bool) or not isinstance(version, int | float):
        yield _wrong(("version",), f"the integer {VERSION}", version)
    elif version != VERSION:
        message = f"version {version:g} is not known; this rewire reads version {VERSION}"
        hint = "a newer rewire may read it" if version > VERSION else None
        yield Finding("RW107", ("version",), message, hint)


def _defaults(defaults: Mapping[str, Any]) -> Iterator[Finding]:
    for protocol, table in defaults.items():
        path = ("defaults", protocol)
        if protocol not in PROTOCOLS:
            yield unknown_key(path, PROTOCOLS)
        elif not isinstance(table, Mapping):
            yield _wrong(path, "a table", table)
        else:
            yield from _default(protocol, table)


def _default(protocol: str, table: Mapping[str, Any]) -> Iterator[Finding]:
    path, own = ("defaults", protocol), OWN[protocol]
    for key in own & table.keys():
        message = f'the key "{key}" does not belong in [defaults.{protocol}]'
        yield Finding("RW103", (*path, key), message, f"write it in each [{protocol}.…]", "key")
    shared = {key: value for key, value in table.items() if key not in own}
    for finding in examine(PROTOCOLS[protocol], shared, path):
        if finding.code != "RW101" or len(finding.path) > len(path) + 1:
            yield finding


def _clients(protocol: str, clients: Mapping[str, Any]) -> Iterator[Finding]:
    for client, table in clients.items():
        path = (protocol, client)
        if not _ID.fullmatch(client):
            yield _bad_id(path)
        if not isinstance(table, Mapping):
            yield _wrong(path, "a table", table)
            continue
        if "id" in table:
            yield unknown_key((*path, "id"), (), hint="the id is the name of the table")
        yield from examine(PROTOCOLS[protocol], {**table, "id": "x"}, path)


def _bad_id(path: tuple[str, str]) -> Finding:
    protocol, client = path
    ascii_only = unicodedata.normalize("NFKD", client).encode("ascii", "ignore").decode("ascii")
    near = re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")
    hint = f'{_ID_HELP}; for example "{near}"' if _ID.fullmatch(near) else _ID_HELP
    message = f"{quoted(client)} in [{protocol}.…] is not an id"
    return Finding("RW105", path, message, hint, "key")


def _wrong(path: KeyPath, wanted: str, value: object) -> Finding:
    return Finding("RW102", path, f"{place(path)}: expected {wanted}, found {kind_of(value)}")


def _strange(value: object, path: KeyPath = ()) -> Iterator[Finding]:
    """Yield the values that no field of a manifest takes, wherever they are."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _strange(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strange(inner, (*path, index))
    elif value is None or isinstance(value, date | time):
        hint = "leave the key out" if value is None else "write it as a string"
        message = f"{place(path)}: no key of a manifest takes {kind_of(value)}"
        yield Finding("RW108", path, message, hint)
