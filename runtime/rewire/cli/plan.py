"""``rewire plan``: what a manifest would change, before it does.

The running runtime is asked, for it alone knows what is live; with ``--against`` two texts are
compared and nobody is asked. Either way no reference is resolved.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rewire.cli.terminal import Failure, color_option, colored, fail, say
from rewire.cli.text import DEFAULT_MANIFEST, read_bytes
from rewire.manifest.manifest import Manifest
from rewire.manifest.render import render
from rewire.manifest.validate import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["command"]

CHANGES = 2
_FLAG = "--detailed-exitcode"


class _DetailedExit(click.Command):
    """With the flag 2 means changes, so that every error, of usage too, has to be 1."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        given: Sequence[str] = list(args[1])
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            if _FLAG in given:
                error.exit_code = 1  # type: ignore[misc]  # click reads it from the instance
            raise


@click.command("plan", cls=_DetailedExit, short_help="Show what a manifest would change.")
@click.argument("file", metavar="[FILE]", type=click.Path(path_type=Path), required=False)
@click.option(
    "-m",
    "--manifest",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The manifest that the runtime runs, if that is not FILE.",
)
@click.option(
    "--against",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Compare with this manifest, not with a running runtime.",
)
@click.option("--format", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(_FLAG, is_flag=True, help="Exit with 2 if there are changes, and 1 on any error.")
@color_option
def command(
    file: Path | None,
    manifest: Path | None,
    against: Path | None,
    format: str,
    *,
    detailed_exitcode: bool,
) -> None:
    """Show what FILE (connections.toml, unless told) would change in the running runtime.

    References are compared as they are written, and never resolved. Exits with 0, with 1 if FILE
    is invalid, with 2 if no runtime is reached.
    """
    try:
        plan = _plan(file or Path(DEFAULT_MANIFEST), manifest, against)
    except Failure as failure:
        if detailed_exitcode:
            failure.exit_code = 1  # type: ignore[misc]  # click reads it from the instance
        raise
    say(plan.pop("text").removesuffix("\n") if format == "text" else json.dumps(plan, indent=2))
    fail(CHANGES if detailed_exitcode and plan["changes"] else 0)


def _plan(file: Path, manifest: Path | None, against: Path | None) -> dict[str, Any]:
    data = read_bytes(file)
    wanted = _manifest(file, data)
    if against is not None:
        return _compare(wanted, _manifest(against, read_bytes(against)))
    from rewire.cli.link import Runtime  # noqa: PLC0415 -- an HTTP library, which --against spares

    with Runtime(manifest or file) as runtime:
        answer: dict[str, Any] = runtime.post("/v1/plan", {"text": data.decode("utf-8-sig")})
    if "error" in answer:
        # This rewire accepts the text; the one that runs is another.
        say("\n".join(_headlines(answer.get("diagnostics", ()))), error=True)
        raise Failure(f"the runtime refuses {file}: {answer['error']['reason']}")
    return answer


def _compare(wanted: Manifest, against: Manifest) -> dict[str, Any]:
    from rewire.plan.foresight import as_observed, foresee  # noqa: PLC0415 -- see Runtime
    from rewire.plan.render import as_json, text  # noqa: PLC0415

    plan = foresee(wanted.clients, as_observed(against.clients))
    return {**as_json(plan), "text": text(plan)}


def _manifest(path: Path, data: bytes) -> Manifest:
    found = read(str(path), data)
    if isinstance(found, Manifest):
        return found
    say(render(found, color=colored()), error=True)
    raise Failure(f"{path} is invalid", "correct what is marked above")


def _headlines(diagnostics: Iterable[Mapping[str, Any]]) -> list[str]:
    from rewire.cli.status import headline  # noqa: PLC0415 -- rarely needed

    return [headline(one) for one in diagnostics]
