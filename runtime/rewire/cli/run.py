"""``rewire run``: the runtime in the foreground; the file is its desired state.

This file is the command; :mod:`rewire.cli.runtime` is what it runs, loaded only then.
"""

from __future__ import annotations

from pathlib import Path

import click

from rewire.cli.terminal import Failure, color_option, fail
from rewire.cli.text import DEFAULT_MANIFEST

__all__ = ["command"]


@click.command("run", short_help="Run the clients of a manifest, and follow its edits.")
@click.argument(
    "manifest",
    metavar="[FILE]",
    type=click.Path(path_type=Path),
    envvar="REWIRE_MANIFEST",
    default=DEFAULT_MANIFEST,
)
@click.option(
    "--status-file",
    metavar="PATH",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the status there, as JSON, after every reconcile.",
)
@click.option("--no-watch", is_flag=True, help="Apply edits on SIGHUP and `rewire reload` only.")
@color_option
def command(manifest: Path, status_file: Path | None, *, no_watch: bool) -> None:
    """Validate and apply FILE, then follow its edits until told to stop.

    SIGHUP reloads now. SIGTERM and SIGINT drain and exit with 0, a second one stops at once.
    Exits with 1 if the manifest is invalid at the start, with 2 if it cannot be read.
    """
    try:
        with manifest.open("rb"):
            pass
    except OSError as error:
        raise Failure(
            f"{manifest}: {error.strerror}", "name the manifest: rewire run FILE", exit_code=2
        ) from error
    from rewire.cli.runtime import serve  # noqa: PLC0415 -- HTTP libraries and asyncio, for run alone

    fail(serve(manifest, status_file, watch=not no_watch))
