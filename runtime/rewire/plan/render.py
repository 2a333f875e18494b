"""A plan as text for people and as data for programs; secrets are masked in both.

Changes that have the same cause, such as one default that many clients share, are one group.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewire.manifest.place import dotted
from rewire.manifest.wording import place
from rewire.plan.fields import Line, declared_by, describe, plainly

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rewire.manifest.manifest import Declared
    from rewire.manifest.place import KeyPath
    from rewire.plan.diff import FieldChange
    from rewire.plan.plan import Action, Change, Plan

__all__ = ["as_json", "lines", "text", "to_json"]

SYMBOLS: Mapping[Action, str] = {
    "create": "+",
    "in place": "~",
    "replace": "-/+",
    "remove": "-",
    "keep": "=",
}
_NAMED = 6


@dataclass(frozen=True, slots=True)
class _Group:
    """Changes of one action with one cause."""

    changes: tuple[Change, ...]
    lines: tuple[Line, ...]

    @property
    def first(self) -> Change:
        return self.changes[0]


# ── text ─────────────────────────────────────────────────────────────────────────────────────


def text(plan: Plan) -> str:
    """Return a plan as a person reads it, with a line break at its end."""
    entries = [[f"  {_title(group)}", *_body(group)] for group in _groups(plan)]
    entries += [
        [f"  {SYMBOLS['keep']:<3} [{change.protocol}.{change.id}] {change.reason}"]
        for change in plan.changes
        if change.action == "keep" and change.reason
    ]
    if plan.held:
        entries.append([f"  held back: {', '.join(plan.held)}"])
    out = [_summary(plan)]
    for before, entry in zip([out, *entries], entries, strict=False):
        # Entries of one line stand together.
        spaced = before is out or len(before) > 1 or len(entry) > 1
        out = [*out, *([""] if spaced else []), *entry]
    return "\n".join([*out, ""])


def _summary(plan: Plan) -> str:
    counted = plan.count()
    done = [f"{counted[one]} {one}" for one in SYMBOLS if one != "keep" and counted[one]]
    kept = [f"{counted['keep']} unchanged"] if counted["keep"] else []
    return ", ".join([*(done or ["nothing to change"]), *kept])


def lines(plan: Plan) -> list[str]:
    """Return one line for each change or group of changes: what, how, and where in the file."""
    found: list[str] = []
    for group in _groups(plan):
        what = ", ".join(str(line) for line in group.lines)
        found.append(f"{_title(group)}{': ' if what else ''}{what}")
    return found


def _title(group: _Group) -> str:
    change, many = group.first, len(group.changes)
    symbol = f"{SYMBOLS[change.action]:<3} "
    where = _where(group)
    if many > 1:
        names = ", ".join(one.id for one in group.changes[:_NAMED])
        more = f" and {many - _NAMED} more" if many > _NAMED else ""
        subject = f"{many} clients ({names}{more})"
    else:
        subject = f"[{change.protocol}.{change.id}]"
    return f"{symbol}{subject} {change.action}{where}{_load(group.changes)}"


def _where(group: _Group) -> str:
    """Return by what the change was caused, and at which place in the file."""
    declared = declared_by(group.first)
    if declared is None or group.first.action == "remove":
        return ""
    written = list(dict.fromkeys(line.written for line in group.lines if line.written))
    if len(group.changes) > 1 and group.lines[0].reference:
        return f" by {group.lines[0].reference}"
    if len(written) == 1 and written[0][0] == "defaults":
        gone = declared.document.value_span(written[0]) is None
        at = "" if gone else f" at {declared.file}:{_lineno(declared, written[0])}"
        return f" by {place(written[0])}{at}"
    own = next((path for path in written if path[0] != "defaults"), declared.path)
    return f" at {declared.file}:{_lineno(declared, own)}"


def _lineno(declared: Declared, path: KeyPath) -> int:
    document = declared.document
    span = document.key_span(path) or document.nearest(path)
    return document.source.position(span.start).line


def _load(changes: Iterable[Change]) -> str:
    busy = [change for change in changes if change.in_flight]
    if not busy:
        return ""
    calls = sum(change.in_flight for change in busy)
    only = busy[0].before
    if len(busy) == 1 and only is not None:
        return f", {calls} in flight on generation {only.generation}"
    return f", {calls} in flight"


def _body(group: _Group) -> list[str]:
    width = max((len(line.path) for line in group.lines), default=0)
    sides = [f"{line.before} → {line.after}" for line in group.lines]
    return [
        f"        {line.path:<{width}}  {side}{'   forces the replacement' if line.forces else ''}"
        for line, side in zip(group.lines, sides, strict=True)
    ]


def _groups(plan: Plan) -> list[_Group]:
    """Put together what has one cause: the same edit of the same shared value."""
    found: dict[object, _Group] = {}
    for change in plan.changed:
        shown = tuple(describe(change, one) for one in change.fields)
        shared = shown and all(_is_shared(line) for line in shown)
        key: object = (change.id, change.protocol, change.action)
        if shared:
            key = (change.protocol, change.action, tuple(line.key for line in shown))
        group = found.get(key)
        members = (*group.changes, change) if group is not None else (change,)
        found[key] = _Group(members, shown)
    return list(found.values())


def _is_shared(line: Line) -> bool:
    return line.reference != "" or (line.written is not None and line.written[0] == "defaults")


# ── data ─────────────────────────────────────────────────────────────────────────────────────


def as_json(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON data; what is kept is only counted."""
    counted = plan.count()
    return {
        "summary": {action.replace(" ", "_"): counted[action] for action in SYMBOLS},
        "changes": [_change(change) for change in plan.changed],
        "held_back": sorted(
            {*plan.held, *(one.id for one in plan.changes if one.reason == "held back")}
        ),
    }


def to_json(plan: Plan) -> str:
    """Return a plan as JSON text."""
    return json.dumps(as_json(plan), indent=2, ensure_ascii=False) + "\n"


def _change(change: Change) -> dict[str, Any]:
    live, declared = change.before, declared_by(change)
    origin = None
    if declared is not None and change.action != "remove":
        origin = {"file": declared.file, "line": declared.position.line}
    return {
        "id": change.id,
        "protocol": change.protocol,
        "action": change.action,
        "origin": origin,
        "generation": live.generation if live is not None else None,
        "built": live.built if live is not None else False,
        "in_flight": change.in_flight,
        "forced_by": [dotted(path) for path in change.forced_by],
        "fields": [_field(change, one) for one in change.fields],
    }


def _field(change: Change, one: FieldChange) -> dict[str, Any]:
    line = describe(change, one)
    return {
        "path": line.path,
        "before": line.before if line.secret else plainly(one.before),
        "after": line.after if line.secret else plainly(one.after),
        "contents": one.contents,
        "applies": one.applies,
        "secret": line.secret,
        "cause": dotted(line.written) if line.written is not None else None,
    }
