"""The reference of the status, from its models and its transition table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.diagrams import state_diagram, transition_table
from generator.markdown import code, page, plain, table
from rewire import status

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ["status_page"]

SOURCE = "`runtime/rewire/status.py`"

_MODELS = (
    status.ClientStatus,
    status.Condition,
    status.LastError,
    status.ResponseTime,
    status.PoolStatus,
    status.BreakerStatus,
    status.Origin,
    status.ManagerStatus,
    status.LastReload,
)

_INTRODUCTION = """\
`manager.status(id)` returns a `ClientStatus`, `manager.statuses()` one for each client, and
`manager.manager_status()` a `ManagerStatus` with all of them. They are frozen Pydantic models: a
photograph of one moment. `model_dump_json()` gives what `rewire status -o json` prints and what
`rewire run --status-file` writes."""

_SIGNALS = {
    status.Signal.OPENING: "a connection is being opened",
    status.Signal.SUCCEEDED: "an attempt got an answer, or a connection was opened",
    status.Signal.FAILED: "no connection could be opened, or the client is held back",
    status.Signal.LOST: "a standing connection was lost",
    status.Signal.REPLACED: "an edit put a generation in place of which nothing is built yet",
    status.Signal.REMOVED: "the client was taken out",
    status.Signal.DISABLED: "an edit set `enabled = false`",
    status.Signal.DECLARED: "the client was declared again, or enabled again",
}

# A field without a meaning here breaks `make docs`.
_MEANINGS = {
    "ClientStatus": {
        "id": "the client's id",
        "protocol": "`http` or `websocket`",
        "state": "see above",
        "generation": "the number of the generation in use, or of the last one; 0 before any",
        "observed_release": "the release in which the client was last confirmed",
        "conditions": "`Reconciled`: whether what is declared is what runs, and if not, why",
        "last_check": "when `check` last opened a connection",
        "response_time": "over the last 512 answers",
        "success_rate": "the share of the last 512 attempts that succeeded, 0 to 1; a 5xx is a "
        "failure",
        "error_rate": "1 minus that",
        "last_error": "the newest failure",
        "in_flight": "calls in flight, by generation; retired ones too",
        "breaker": "what the breaker of the endpoint says, once it has been asked",
        "pool": "the connections of an HTTP client; none until the first is needed",
        "origin": "where it is declared",
        "labels": "as in the manifest",
        "owner": "as in the manifest",
    },
    "Condition": {
        "type": "the aspect; today `Reconciled`, and `Degraded` of a manager",
        "status": "whether it holds",
        "reason": "a CamelCase word, such as `Applied`, `SecretMissing`, `WarmupFailed`",
        "message": "a sentence for people, without secrets",
        "last_transition": "when `status` last changed",
    },
    "LastError": {
        "time": "when",
        "code": "the name of the exception or verdict, or `HTTP503` for an answer",
        "message": "what it says",
    },
    "ResponseTime": {
        "last": "seconds, of the newest answer",
        "p50": "seconds; half of the answers came sooner",
        "p95": "seconds",
        "p99": "seconds",
    },
    "BreakerStatus": {
        "endpoint": "scheme, host and port",
        "state": "`closed`, `open` (nothing is sent) or `half-open` (a few probes are)",
        "seconds": "while it is open: until it lets a probe through",
    },
    "PoolStatus": {
        "open": "connections that are open",
        "idle": "of these, the idle ones",
        "waiting": "calls that wait for a connection",
    },
    "Origin": {
        "file": "the manifest, or `code`",
        "line": "the line of the declaration",
    },
    "ManagerStatus": {
        "release": "the number of the release in force; 0 before the first",
        "source": "where the manifest comes from",
        "last_attempted_digest": "SHA-256 of the newest manifest that was looked at",
        "last_applied_digest": "SHA-256 of the manifest in force",
        "last_reload": "how the newest reconcile ended",
        "watch": "how edits are noticed: by the system, by polling, or not",
        "conditions": "of the manager itself",
        "clients": "one for each client, in order of id",
    },
    "LastReload": {
        "time": "when it ended",
        "result": "`applied`, `refused` (what ran goes on), `unchanged`, `superseded`",
        "reason": "a CamelCase word",
        "held_back": "the ids of clients that were held back",
        "diagnostics": "those of the text, as `validate --format json` prints them",
    },
}

_STATES = {
    status.ConnectionState.IDLE: "declared, and nothing is built yet",
    status.ConnectionState.CONNECTING: "a connection is being opened",
    status.ConnectionState.CONNECTED: "there is a connection: the last attempt got an answer",
    status.ConnectionState.DEGRADED: "not entered yet: health checks are not built",
    status.ConnectionState.DISCONNECTED: "a standing connection was lost",
    status.ConnectionState.ERROR: "no connection could be opened, or the client is held back",
    status.ConnectionState.DRAINING: "taken out of the manifest; calls in flight may finish",
    status.ConnectionState.DISABLED: "`enabled = false`",
}


def status_page() -> str:
    """Return `reference/status.md`."""
    states = [[code(state), meaning] for state, meaning in _STATES.items()]
    return page(
        "Status",
        SOURCE,
        _INTRODUCTION,
        "## States",
        table(["state", "meaning"], states),
        "A signal is what happened to a client. Diagram and table are made from the one table "
        "that the program runs by.",
        table(["signal", "meaning"], [[code(s), meaning] for s, meaning in _SIGNALS.items()]),
        state_diagram(),
        "What a signal (column) makes of a state (row). An empty cell: nothing changes.",
        transition_table(),
        *(part for model in _MODELS for part in (f"## {model.__name__}", *_model(model))),
    )


def _model(model: type[BaseModel]) -> tuple[str, str]:
    properties = model.model_json_schema()["properties"]
    meanings = _MEANINGS[model.__name__]
    rows = [[code(name), _type(properties[name]), meanings[name]] for name in model.model_fields]
    return plain(model.__doc__ or ""), table(["field", "type", "meaning"], rows)


_SCALARS = {"string": "text", "null": "none", "integer": "integer"}
_SCALARS |= {"number": "number", "boolean": "boolean"}


def _type(schema: dict[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return "a state" if name == "ConnectionState" else f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(code(word) for word in schema["enum"])
    if schema["type"] == "array":
        return f"list of: {_type(schema['items'])}"
    if schema["type"] == "object":
        inner = schema.get("additionalProperties")
        return f"table of: {_type(inner)}" if isinstance(inner, dict) else "table"
    return "time" if schema.get("format") == "date-time" else _SCALARS[schema["type"]]
