"""A plan as text for people and as data for programs; secrets are masked in both.

Changes that have the same cause, such as one default that many clients share, are one group.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from rewire.manifest.credentials import looks_like_credential
from rewire.manifest.place import dotted
from rewire.manifest.references import is_reference, spelt
from rewire.manifest.wording import place
from rewire.plan.diff import Absent

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
_SECRET = "(secret)"  # noqa: S105 - what is shown instead of one
_NAMED = 6


@dataclass(frozen=True, slots=True)
class _Line:
    """One field of a change, ready to be shown."""

    path: str
    before: str
    after: str
    forces: bool
    secret: bool
    written: KeyPath | None
    reference: str  # whose value has changed, if that is what happened

    @property
    def key(self) -> tuple[str, str, str]:
        return self.path, self.before, self.after

    def __str__(self) -> str:
        return f"{self.path} {self.before} → {self.after}"


@dataclass(frozen=True, slots=True)
class _Group:
    """Changes of one action with one cause."""

    changes: tuple[Change, ...]
    lines: tuple[_Line, ...]

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
    declared = _declared(group.first)
    if declared is None or group.first.action == "remove":
        return ""
    written = list(dict.fromkeys(line.written for line in group.lines if line.written))
    if len(group.changes) > 1 and group.lines[0].reference:
        return f" by {group.lines[0].reference}"
    if len(written) == 1 and written[0][0] == "defaults":
        gone = declared.document.value_span(written[0]) is None
        at = "" if gone else f" at {declared.file}:{_line_of(declared, written[0])}"
        return f" by {place(written[0])}{at}"
    own = next((path for path in written if path[0] != "defaults"), declared.path)
    return f" at {declared.file}:{_line_of(declared, own)}"


def _line_of(declared: Declared, path: KeyPath) -> int:
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
        shown = tuple(_line(change, one) for one in change.fields)
        shared = shown and all(_is_shared(line) for line in shown)
        key: object = (change.id, change.protocol, change.action)
        if shared:
            key = (change.protocol, change.action, tuple(line.key for line in shown))
        group = found.get(key)
        members = (*group.changes, change) if group is not None else (change,)
        found[key] = _Group(members, shown)
    return list(found.values())


def _is_shared(line: _Line) -> bool:
    return line.reference != "" or (line.written is not None and line.written[0] == "defaults")


# ── fields ───────────────────────────────────────────────────────────────────────────────────


def _declared(change: Change) -> Declared | None:
    if change.after is not None and change.after.declared is not None:
        return change.after.declared
    return change.before.declared if change.before is not None else None


def _line(change: Change, one: FieldChange) -> _Line:
    new = change.after.declared if change.after is not None else None
    old = change.before.declared if change.before is not None else None
    before, secret_before = _side(one.before, one.path, old)
    after, secret_after = _side(one.after, one.path, new)
    same = before == after and not one.contents
    reference = before if same and before.startswith("${") else ""
    if one.contents:
        after = f"{after} (its content changed)"
    elif same:
        after = "(secret, changed)" if after == _SECRET else f"{after} (changed)"
    written = new.written_at(one.path) if new is not None else None
    if written is None and old is not None:
        written = old.written_at(one.path)
    return _Line(
        dotted(one.path),
        before,
        after,
        forces=one.applies == "replace",
        secret=secret_before or secret_after,
        written=written,
        reference=reference,
    )


def _side(value: object, path: tuple[str, ...], declared: Declared | None) -> tuple[str, bool]:
    """Return one side of a change as a person may see it, and whether it is a secret."""
    secret = isinstance(value, SecretStr) or (
        isinstance(value, str) and looks_like_credential(path, value)
    )
    if secret:
        written = declared.written(path) if declared is not None else None
        known = isinstance(written, str) and is_reference(written)
        return (spelt(str(written)) if known else _SECRET), True
    return _shown(value), False


def _shown(value: object) -> str:
    if isinstance(value, Absent):
        return value.value
    if isinstance(value, SecretStr):
        return _SECRET
    if isinstance(value, dict):
        present = {key: inner for key, inner in value.items() if inner is not None}
        pairs = (f"{dotted((key,))} = {_shown(inner)}" for key, inner in present.items())
        return f"{{ {', '.join(pairs)} }}" if present else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_shown, value))}]"
    if isinstance(value, str):
        # A query is where tokens travel.
        address, mark, _ = value.partition("?") if "://" in value else (value, "", "")
        return json.dumps(f"{address}?…" if mark else value, ensure_ascii=False)
    return json.dumps(value)


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
    live, declared = change.before, _declared(change)
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
    line = _line(change, one)
    return {
        "path": line.path,
        "before": line.before if line.secret else _plain(one.before),
        "after": line.after if line.secret else _plain(one.after),
        "contents": one.contents,
        "applies": one.applies,
        "secret": line.secret,
        "cause": dotted(line.written) if line.written is not None else None,
    }


def _plain(value: object) -> Any:
    if isinstance(value, Absent):
        return None
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, SecretStr) or (isinstance(value, str) and "://" in value):
        return _shown(value).strip('"')
    return value
