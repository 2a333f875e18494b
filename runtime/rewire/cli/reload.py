"""``rewire reload``: an acknowledged change; the exit code is the verdict."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from rewire.cli.link import Runtime, manifest_option
from rewire.cli.terminal import Failure, color_option, fail, paint, say
from rewire.telemetry.wording import duration

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["command"]

GRACE = 5.0  # the runtime measures the wait; this is for the way there and back
_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0}


def _seconds(ctx: click.Context, param: click.Parameter, value: str) -> float:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(|ms|s|m)", value)
    seconds = float(found[1]) * _UNITS[found[2]] if found else -1.0
    if not 0 <= seconds <= 600:
        message = f'"{value}" is no duration such as "30s" or "2m", of at most 10m'
        raise click.BadParameter(message, ctx, param)
    return seconds


@click.command("reload", short_help="Apply the manifest now, and say how that went.")
@click.option(
    "--wait", callback=_seconds, default="30s", show_default=True, help="For the verdict."
)
@manifest_option
@color_option
def command(wait: float, manifest: Path) -> None:
    """Let the running runtime read its manifest now; print the verdict.

    Exits with 0 applied, 1 refused (what ran goes on), 2 no runtime reached, 3 applied with
    clients held back or unhealthy, 4 no verdict in time.
    """
    with Runtime(manifest) as runtime:
        verdict = runtime.post("/v1/reload", {"wait": wait}, wait + GRACE)
    if "error" in verdict:
        raise Failure(verdict["error"]["message"], "see: rewire status", exit_code=4)
    fail(_show(verdict))


def _show(verdict: Mapping[str, Any]) -> int:
    release, took = verdict["release"], duration(verdict["seconds"])
    if verdict["result"] == "refused":
        say(verdict["text"] or verdict["reason"], error=True)
        raise Failure(
            f"the manifest is refused ({verdict['reason']}); release {release} keeps serving",
            "correct the file, it is applied as soon as it is saved",
        )
    for change in verdict["changes"]:
        say(change)
    say(f"{paint(verdict['result'], fg='green')}: release {release} ({took})")
    for client, reason in verdict["held_back"].items():
        say(f"{paint('held back', error=True, fg='yellow')}: {client}: {reason}", error=True)
    for client, reason in verdict["unhealthy"].items():
        say(f"{paint('unhealthy', error=True, fg='yellow')}: {client}: {reason}", error=True)
    return 3 if verdict["held_back"] or verdict["unhealthy"] else 0
