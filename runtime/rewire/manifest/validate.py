"""From a document to a checked manifest, or to everything that is wrong with it.

The levels are `shape` (what the schema checks too) and `semantics` (what values say together);
both need the text alone. What needs the environment is `resolve_client`. Nothing here raises:
the answer is a `Manifest`, or every diagnostic there is, by position.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rewire.manifest.built_in import policy_layers
from rewire.manifest.document import parse
from rewire.manifest.environment import resolve_client
from rewire.manifest.manifest import Declared, Desired, Manifest
from rewire.manifest.merge import Layer
from rewire.manifest.references import Needs, needs
from rewire.manifest.report import Report
from rewire.manifest.semantics import judge_client, judge_ids, judge_table, warn_of_dialect
from rewire.manifest.shape import findings
from rewire.manifest.source import SourceText, decode
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.specs.reload import ReloadConfig

if TYPE_CHECKING:
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.document import Document

__all__ = ["Declared", "Desired", "Manifest", "check", "read", "resolve_client"]


def read(name: str, data: bytes) -> Manifest | tuple[Diagnostic, ...]:
    """Decode, parse and check the bytes of a manifest; never raises."""
    source = decode(name, data)
    if not isinstance(source, SourceText):
        return (source,)
    return check(parse(source))


def check(document: Document) -> Manifest | tuple[Diagnostic, ...]:
    """Return the manifest that a document holds, or everything that is wrong with it."""
    report = Report(document)
    shape = findings(document.data)
    report.add(shape)
    if any(finding.code == "RW107" for finding in shape):
        return report.sorted()
    judge_ids(report, document.data, PROTOCOLS)
    defaults, clients = _defaults(document), _clients(document)
    for table in (*defaults.values(), *(client.layers[-1] for client in clients)):
        judge_table(report, table)
    for client in clients:
        judge_client(report, client)
    warn_of_dialect(report, document)
    if report.failed:
        return report.sorted()
    return Manifest(
        name=document.source.name,
        reload=ReloadConfig.model_validate(document.data.get("reload", {})),
        clients={client.id: client for client in clients},
        warnings=report.sorted(),
        needs=_needs(document),
    )


def _defaults(document: Document) -> dict[str, Layer]:
    tables = document.data.get("defaults")
    if not isinstance(tables, Mapping):
        return {}
    return {
        protocol: Layer(("defaults", protocol), table)
        for protocol, table in tables.items()
        if protocol in PROTOCOLS and isinstance(table, Mapping)
    }


def _clients(document: Document) -> list[Declared]:
    """Return the declarations, in order of the text, also those with errors in them."""
    defaults = _defaults(document)
    found: list[Declared] = []
    for protocol, tables in document.data.items():
        if protocol not in PROTOCOLS or not isinstance(tables, Mapping):
            continue
        below = (defaults[protocol],) if protocol in defaults else ()
        for client, table in tables.items():
            if isinstance(table, Mapping):
                own = Layer((protocol, client), table)
                layers = (*below, *policy_layers((*below, own)), own)
                found.append(Declared(client, protocol, layers, document))
    return found


def _needs(document: Document) -> Needs:
    # An escape in a string may spell a dollar sign, too.
    if "$" not in document.source.text and "\\" not in document.source.text:
        return Needs()
    return needs({name: document.data.get(name, {}) for name in ("defaults", *PROTOCOLS)})
