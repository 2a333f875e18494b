"""``rewire check``: let a running runtime open a connection of each client, now."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import click

from rewire.cli.link import Runtime, manifest_option
from rewire.cli.terminal import color_option, fail, paint, say
from rewire.telemetry.wording import duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["command"]

AT_ONCE = 16
PATIENCE = 120.0  # a check ends by itself, by the client's own warmup.timeout


@click.command("check", short_help="Open a connection of each client, now.")
@click.argument("clients", metavar="[ID …]", nargs=-1)
@manifest_option
@color_option
def command(clients: tuple[str, ...], manifest: Path) -> None:
    """Probe the named clients of the running runtime, or all that are not disabled.

    Exits with 0 if each could open a connection, with 1 if not, with 2 if no runtime is reached.
    """
    with Runtime(manifest) as runtime:
        chosen = clients or [
            one["id"] for one in runtime.get("/v1/clients") if one["state"] != "disabled"
        ]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            results = pool.map(lambda client: _check(runtime, client), chosen)
            verdicts = [_show(result) for result in results]
    fail(0 if all(verdicts) else 1)


def _check(runtime: Runtime, client: str) -> dict[str, Any]:
    path = f"/v1/clients/{quote(client, safe='')}/check"
    answer: dict[str, Any] = runtime.post(path, {}, PATIENCE)
    return answer


def _show(client: Mapping[str, Any]) -> bool:
    well = client["state"] in {"connected", "degraded"}
    name = f"{client['protocol']}.{client['id']}"
    last, error = client["response_time"]["last"], client["last_error"]
    if well:
        took = "" if last is None else f" ({duration(last)})"
        say(f"{name}: {paint(client['state'], fg='green')}{took}")
    else:
        why = f": {error['code']}: {error['message']}" if error else ""
        say(f"{name}: {paint(client['state'], fg='red')}{why}")
    return well
