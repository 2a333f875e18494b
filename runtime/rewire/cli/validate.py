"""``rewire validate``: everything that is wrong with manifests, at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from rewire.cli.terminal import Failure, color_option, colored, fail, paint, say
from rewire.cli.text import DEFAULT_MANIFEST, read_bytes
from rewire.manifest.manifest import Manifest
from rewire.manifest.render import Style, render
from rewire.manifest.source import SourceText
from rewire.manifest.validate import read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.manifest.diagnostics import Diagnostic

__all__ = ["command"]

# The first digit of the codes that a level finds; 9 is a warning, and about meaning.
_FAMILIES = {"syntax": "0", "schema": "01", "semantic": "0129", "environment": "01239"}


@click.command("validate", short_help="Find every error of manifests, without running anything.")
@click.argument("files", metavar="[FILE …]", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--level",
    type=click.Choice(list(_FAMILIES)),
    default="semantic",
    show_default=True,
    help="How far to look; only environment reads variables and the files that are named.",
)
@click.option(
    "--format", type=click.Choice(["full", "concise", "json"]), default="full", show_default=True
)
@click.option("--deny-warnings", is_flag=True, help="Exit with 3 if there are warnings.")
@color_option
def command(files: tuple[Path, ...], level: str, format: str, *, deny_warnings: bool) -> None:
    """Check manifests (connections.toml, unless told) and print every diagnostic.

    Exits with 0 valid, 1 invalid, 2 not readable, 3 warnings denied.
    """
    found: list[Diagnostic] = []
    sources: list[SourceText] = []
    unread = False
    for path in files or (Path(DEFAULT_MANIFEST),):
        try:
            data = read_bytes(path)
        except Failure as failure:
            failure.show()
            unread = True
            continue
        sources.append(SourceText(str(path), ""))
        found += _judge(path, data, level)
    _show(found, sources, format)
    errors = any(one.is_error for one in found)
    denied = deny_warnings and len(found) > 0
    fail(2 if unread else 1 if errors else 3 if denied else 0)


def _judge(path: Path, data: bytes, level: str) -> list[Diagnostic]:
    manifest = read(str(path), data)
    found = list(manifest.warnings if isinstance(manifest, Manifest) else manifest)
    if level == "environment" and isinstance(manifest, Manifest):
        from rewire.cli.surroundings import judge  # noqa: PLC0415 -- reads files, needs asyncio

        found += judge(manifest, path.resolve().parent)
    return [one for one in found if one.code[2] in _FAMILIES[level]]


def _show(found: Sequence[Diagnostic], sources: Sequence[SourceText], format: str) -> None:
    if format == "json":
        if sources:
            say(render(found, sources, "json"))
        return
    if found:
        say(render(found, format=cast("Style", format), color=colored()))
    if format == "full":
        for source in sources:
            say(_summary(source.name, [one for one in found if one.file == source.name]))


def _summary(name: str, found: Sequence[Diagnostic]) -> str:
    errors = sum(one.is_error for one in found)
    warnings = len(found) - errors
    verdict = paint("invalid", fg="red") if errors else paint("valid", fg="green")
    counts = [_count(errors, "error"), _count(warnings, "warning")]
    counted = ", ".join(count for count in counts if count)
    return f"{name}: {verdict}" + (f" ({counted})" if counted else "")


def _count(number: int, what: str) -> str:
    return "" if not number else f"1 {what}" if number == 1 else f"{number} {what}s"
