"""What the admin API answers, as plain data: public, and the same for every transport."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rewire.manifest.render import render
from rewire.plan.render import as_json, lines, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rewire.control.verdict import Verdict
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.plan.plan import Plan

__all__ = ["diagnostics_data", "error_data", "plan_data", "verdict_data"]


def error_data(reason: str, message: str) -> dict[str, Any]:
    """Return the body of every answer that is not what was asked for."""
    return {"error": {"reason": reason, "message": message}}


def diagnostics_data(diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """Return diagnostics as ``--format json`` has them, each with its file."""
    found = list(diagnostics)
    if not found:
        return []
    files = json.loads(render(found, format="json"))
    return [
        {"file": file["file"], **diagnostic}
        for file in (files if isinstance(files, list) else [files])
        for diagnostic in file["diagnostics"]
    ]


def verdict_data(verdict: Verdict) -> dict[str, Any]:
    """Return how a reconcile ended."""
    return {
        "result": verdict.result,
        "release": verdict.release,
        "reason": verdict.reason,
        "digest": verdict.digest,
        "seconds": verdict.seconds,
        "changes": list(lines(verdict.plan)) if verdict.plan is not None else [],
        "held_back": dict(verdict.held_back),
        "unhealthy": dict(verdict.unhealthy),
        "diagnostics": diagnostics_data(verdict.diagnostics),
        "text": verdict.text,
    }


def plan_data(plan: Plan) -> dict[str, Any]:
    """Return a plan as data, and in ``text`` as a person reads it."""
    return {**as_json(plan), "text": text(plan)}
