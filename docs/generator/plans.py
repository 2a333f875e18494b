"""What a plan can say of a client, and how a pass can end: every word there is."""

from __future__ import annotations

from typing import get_args

from generator.markdown import code, table
from rewire.plan.render import SYMBOLS
from rewire.status import LastReload

__all__ = ["plan_actions", "results"]

# A word without a meaning here breaks `make docs`.
_ACTIONS = {
    "create": "it is declared and was not live",
    "in place": "only values changed: used from the next call on, no connection is touched",
    "replace": "a new generation is built, warmed and swapped in; the old one drains",
    "remove": "it is no longer declared: new calls are refused, those in flight finish",
    "keep": "its resolved spec is equal: nothing happens",
}
_RESULTS = {
    "applied": "the manifest is in force; some clients may be held back or unhealthy",
    "refused": "its text has an error, or it would remove too much; what is live goes on",
    "unchanged": "every resolved spec equals what is live",
    "superseded": "a newer snapshot came while it was being applied; that one's verdict counts",
}


def plan_actions() -> str:
    """Return the actions of a plan, with the mark that `rewire plan` and the log use."""
    rows = [[code(mark), action, _ACTIONS[action]] for action, mark in SYMBOLS.items()]
    return table(["mark", "action", "when, and what it does"], rows)


def results() -> str:
    """Return the results of a pass."""
    words = get_args(LastReload.model_fields["result"].annotation)
    return table(["result", "meaning"], [[code(word), _RESULTS[word]] for word in words])
