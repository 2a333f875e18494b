"""The semantic level: what values say together, still without environment, files or network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rewire.manifest.credentials import literal_credentials
from rewire.manifest.place import dotted
from rewire.manifest.references import misspelt
from rewire.manifest.rules import broken
from rewire.manifest.wording import place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire.manifest.document import Document
    from rewire.manifest.manifest import Declared
    from rewire.manifest.merge import Layer
    from rewire.manifest.report import Report

__all__ = ["judge_client", "judge_ids", "judge_table", "warn_of_dialect"]

_CREDENTIAL_HELP = 'keep it out of the file: "${NAME}" or "${file:/path}"'


def judge_table(report: Report, table: Layer) -> None:
    """Judge what one table says by itself, a client's or that of its defaults."""
    misread = misspelt(table.data)
    for problem in misread:
        path = (*table.path, *problem.path)
        report.say(problem.code, f"{place(path)}: {problem.message}", path, help=problem.help)
    auth = table.data.get("auth")
    if isinstance(auth, Mapping) and len(auth) > 1:
        first, *others = auth
        for other in others:
            path = (*table.path, "auth", other)
            report.say(
                "RW203",
                f'{place(table.path)}: auth has both "{first}" and "{other}"',
                path,
                key=True,
                also=((*table.path, "auth", first), "the first is here"),
                help="a call carries one credential: keep one of them",
            )
    meant = {problem.path for problem in misread}
    for found in literal_credentials(table.data):
        if found in meant:
            continue
        path = (*table.path, *found)
        message = f"{place(path)} looks like a credential"
        report.say("RW901", message, path, help=_CREDENTIAL_HELP, secret=True)
    tls = table.data.get("tls")
    if isinstance(tls, Mapping) and tls.get("verify") is False:
        path = (*table.path, "tls", "verify")
        message = f"{place(path)} = false: nobody checks whom this client talks to"
        report.say("RW903", message, path, help="set tls.ca to trust a private authority")


def judge_client(report: Report, client: Declared) -> None:
    """Judge a client over all its layers."""
    tls = client.merged.get("tls")
    if isinstance(tls, Mapping) and "key" in tls and "cert" not in tls:
        path = client.written_at(("tls", "key")) or (*client.path, "tls", "key")
        report.say(
            "RW202",
            f"{place(path)} has no certificate beside it",
            path,
            help="set tls.cert too; a private key alone proves nothing",
        )
    for rule in broken(client.protocol, client.said):
        low, high = client.written_at(rule.low), client.written_at(rule.high)
        if low is None or high is None:  # pragma: no cover - a broken rule has two written values
            continue
        # The value of the stronger layer is the one that somebody put on top of the other.
        if low[0] == "defaults" and high[0] != "defaults":
            sides, relation = (high, low), f"is less than {dotted(rule.low)}"
        else:
            sides, relation = (low, high), f"is more than {dotted(rule.high)}"
        report.say(
            "RW202", f"{place(sides[0])} {relation}", sides[0], also=(sides[1], "which is here")
        )


def judge_ids(report: Report, data: Mapping[str, Any], protocols: Iterable[str]) -> None:
    """Judge whether each id is there once; two of one protocol are an error of syntax."""
    seen: dict[str, str] = {}
    for protocol in protocols:
        tables = data.get(protocol)
        for client in tables if isinstance(tables, Mapping) else ():
            first = seen.setdefault(client, protocol)
            if first != protocol:
                report.twice(client, (first, client), (protocol, client))


def warn_of_dialect(report: Report, document: Document) -> None:
    """Warn of what editors do not read yet."""
    for span in document.toml11:
        report.say("RW902", "this is TOML 1.1; editors still read TOML 1.0", (), span=span)
