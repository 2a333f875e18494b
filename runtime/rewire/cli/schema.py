"""``rewire schema``: the JSON Schema of a manifest, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from rewire.cli.terminal import Failure, color_option, say
from rewire.manifest.schema import schema_text

__all__ = ["command"]

PUBLISHED = Path("schemas/connections.schema.json")


@click.command("schema", short_help="Print the schema of a manifest, for editors.")
@click.option("--check", is_flag=True, help="Compare the file with it instead; exit 1 if unequal.")
@click.option(
    "--out",
    metavar="PATH",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"Write it there; with --check, compare that file and not {PUBLISHED}.",
)
@color_option
def command(out: Path | None, *, check: bool) -> None:
    """Print, write or check the JSON Schema of a manifest.

    An editor finds it by the first line of a manifest: "#:schema ./connections.schema.json".
    """
    text = schema_text()
    if check:
        _compare(out or PUBLISHED, text)
    elif out is not None:
        _write(out, text)
    else:
        say(text.removesuffix("\n"))


def _compare(path: Path, text: str) -> None:
    try:
        equal = path.read_text("utf-8") == text
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path}: {error}", f"write it: rewire schema --out {path}") from error
    if not equal:
        message = f"{path} is not the schema that this rewire has"
        raise Failure(message, f"write it anew: rewire schema --out {path}")
    say(f"{path}: up to date")


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}", "name a file that can be written") from error
