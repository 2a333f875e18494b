"""The environment level: a client's references are resolved, and the same models judge again.

What is wrong here holds back one client and no other (law 3). The values themselves are never
repeated: a message names the reference and the field, and what the field takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

from rewire.manifest.manifest import Desired
from rewire.manifest.place import dotted
from rewire.manifest.references import resolve
from rewire.manifest.report import Report
from rewire.manifest.rules import broken, clamp
from rewire.manifest.specs import PROTOCOLS
from rewire.manifest.wording import place, worded
from rewire.status import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from rewire.manifest.diagnostics import Diagnostic
    from rewire.manifest.manifest import Declared
    from rewire.manifest.references import Lookup

__all__ = ["resolve_client"]


def resolve_client(declared: Declared, lookup: Lookup) -> Desired | tuple[Diagnostic, ...]:
    """Resolve what a client refers to; return what is to be live, or why it cannot be.

    The contents of the files that its spec names are for the caller to add.
    """
    data, problems = resolve(declared.merged, lookup)
    report = Report(declared.document, fresh=True)
    for problem in problems:
        where = declared.written_at(problem.path) or (*declared.path, *problem.path)
        report.say(problem.code, f"{place(where)}: {problem.message}", where, help=problem.help)
    if problems:
        return report.sorted()
    return _fit(declared, data, lookup, report)


def _fit(
    declared: Declared, data: Mapping[str, Any], lookup: Lookup, report: Report
) -> Desired | tuple[Diagnostic, ...]:
    model = PROTOCOLS[declared.protocol]
    try:
        spec = model.model_validate({**data, "id": declared.id})
    except ValidationError as error:
        for finding in worded(model, error, (), echo=False):
            where = declared.written_at(finding.path) or (*declared.path, *finding.path)
            what = finding.message.partition(": ")[2] or finding.message
            message = f"{place(where)}: the resolved value does not fit: {what}"
            report.say("RW304", message, where)
        return report.sorted()
    said, _ = resolve(declared.said, lookup)
    for rule in broken(declared.protocol, said):
        where = declared.written_at(rule.low) or declared.path
        other = declared.written_at(rule.high) or declared.path
        message = f"{place(where)}: once resolved, it is more than {dotted(rule.high)}"
        report.say("RW304", message, where, also=(other, "which is here"))
    if report.failed:
        return report.sorted()
    return Desired(
        id=declared.id,
        protocol=declared.protocol,
        spec=clamp(spec, said),
        origin=Origin(file=declared.file, line=declared.position.line),
        declared=declared,
    )
