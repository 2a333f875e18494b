"""``rewire status``: what a running runtime knows about its clients, and its last reload."""

from __future__ import annotations

import json
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from rewire.cli.link import Runtime, manifest_option
from rewire.cli.table import show_table
from rewire.cli.terminal import color_option, fail, paint, say
from rewire.telemetry.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["command"]

INTERVAL = 1.0
FAILED = ("error", "disconnected")
HEADER = ("id", "protocol", "state", "generation", "in flight", "p50", "p95", "last error")


@click.command("status", short_help="Show the clients of a running runtime.")
@click.argument("client", metavar="[ID]", required=False)
@click.option("-w", "--watch", is_flag=True, help="Show it again whenever it changes.")
@click.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True
)
@manifest_option
@color_option
def command(client: str | None, output: str, manifest: Path, *, watch: bool) -> None:
    """Show what the running runtime knows: every client, or the one that is named.

    Exits with 0, with 1 if a client is in error or held back or the last reload was refused, with
    2 if no runtime is reached.
    """
    with Runtime(manifest) as runtime:
        seen = _look(runtime, client)
        _show(seen, output)
        if watch:
            with suppress(KeyboardInterrupt):
                _follow(runtime, client, seen, output)
    fail(1 if _failed(seen) else 0)


def _follow(runtime: Runtime, client: str | None, seen: dict[str, Any], output: str) -> None:
    while True:
        time.sleep(INTERVAL)
        before, seen = seen, _look(runtime, client)
        if seen != before:
            if sys.stdout.isatty():
                click.clear()
            _show(seen, output)


def _look(runtime: Runtime, client: str | None) -> dict[str, Any]:
    if client is not None:
        one: dict[str, Any] = runtime.get(f"/v1/clients/{quote(client, safe='')}")
        return {"clients": [one]}
    everything: dict[str, Any] = runtime.get("/v1/status")
    return everything


def _failed(seen: Mapping[str, Any]) -> bool:
    refused = (seen.get("last_reload") or {}).get("result") == "refused"
    return refused or any(map(_client_failed, seen["clients"]))


def _client_failed(client: Mapping[str, Any]) -> bool:
    return client["state"] in FAILED or _held(client) is not None


def _held(client: Mapping[str, Any]) -> Mapping[str, Any] | None:
    conditions: Iterable[Mapping[str, Any]] = client["conditions"]
    found = (one for one in conditions if one["type"] == "Reconciled" and not one["status"])
    return next(found, None)


# ── how it looks ─────────────────────────────────────────────────────────────────────────────


def _show(seen: Mapping[str, Any], output: str) -> None:
    if output == "json":
        alone = "release" not in seen
        say(json.dumps(seen["clients"][0] if alone else seen, indent=2))
        return
    if "release" in seen:
        _show_manager(seen)
    if seen["clients"]:
        show_table(HEADER, [_row(client) for client in seen["clients"]])
    for client in seen["clients"]:
        if (held := _held(client)) is not None:
            say(f"{client['id']} is held back: {held['reason']}: {held['message']}")


def _show_manager(seen: Mapping[str, Any]) -> None:
    last = seen["last_reload"]
    say(f"{seen['source']}: release {seen['release']}, watch {seen['watch']}")
    for condition in seen["conditions"]:
        if condition["type"] == "Degraded" and condition["status"]:
            say(paint(f"{condition['reason']}: {condition['message']}", fg="yellow"))
    if last is not None and last["result"] == "refused":
        say(paint(f"the last reload was refused ({last['reason']}), what ran goes on", fg="red"))
        for one in last["diagnostics"]:
            say(f"  {headline({'file': seen['source'], **one})}")


def headline(one: Mapping[str, Any]) -> str:
    """Return the one-line form of a diagnostic that came as JSON."""
    where = f"{one['file']}:{one['line']}:{one['column']}"
    return f"{where}: {one['severity']}[{one['code']}] {one['message']}"


def _row(client: Mapping[str, Any]) -> tuple[str, ...]:
    times, error = client["response_time"], client["last_error"]
    return (
        client["id"],
        client["protocol"],
        client["state"],
        str(client["generation"]),
        str(sum(client["in_flight"].values())),
        _time(times["p50"]),
        _time(times["p95"]),
        f"{error['code']}: {error['message']}" if error else "",
    )


def _time(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)
