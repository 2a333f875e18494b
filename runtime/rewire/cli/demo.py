"""``rewire demo``: see it work, with upstreams of its own.

This file is the command; :mod:`rewire.demo` is what it shows, loaded only then.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from rewire.cli.terminal import Failure, color_option, colored, fail, say

if TYPE_CHECKING:
    from rewire.demo.report import Report
    from rewire.demo.scene import Screen
    from rewire.demo.show import Options

__all__ = ["command"]

FIRST_PORT = 9801
LAST_FIRST_PORT = 65_529
OTHER_PORTS = 19801


class _Duration(click.ParamType[float]):
    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from pydantic_core import PydanticCustomError  # noqa: PLC0415 -- for this option alone

        from rewire.manifest.specs.types import parse_duration  # noqa: PLC0415

        try:
            return value if isinstance(value, float) else parse_duration(value)
        except PydanticCustomError as error:
            self.fail(f"{error.message()}, not {value!r}", param, ctx)


@click.command("demo", short_help="See it work: servers, clients under load, a file to edit.")
@click.option(
    "--for", "seconds", type=_Duration(), metavar="DURATION", help="End by itself: 20s, 5m."
)
@click.option("--edit", is_flag=True, help="Let the demo edit a copy of its manifest by itself.")
@click.option("--plain", is_flag=True, help="Print lines, as without a terminal.")
@click.option(
    "--port-base",
    type=click.IntRange(1024, LAST_FIRST_PORT),
    default=FIRST_PORT,
    show_default=True,
    help="The first of the seven ports to use; another one means a copy of the manifest.",
)
@color_option
def command(seconds: float | None, port_base: int, *, edit: bool, plain: bool) -> None:
    """Start seven small servers, six clients, and a load; edit connections.toml and watch.

    Uses connections.toml of this folder, and writes it if there is none. Nothing is overwritten,
    and a file that is not the demo's is left alone. Exits with 0, or with 1 if a request was lost.
    """
    from rewire.demo.show import Options  # noqa: PLC0415 -- HTTP libraries and asyncio

    options = Options(seconds=seconds, edit=edit, first_port=port_base)
    report = _play(options, _screen(plain=plain))
    for line in report.lines():
        say(line)
    fail(0 if report.ok else 1)


def _screen(*, plain: bool) -> Screen:
    from rewire.demo.plain import PlainScreen  # noqa: PLC0415

    if plain or not sys.stdout.isatty():
        return PlainScreen(say)
    if not find_spec("rich"):
        say("for a live table: pip install 'rewire[rich]'")
        return PlainScreen(say)
    from rewire.demo.table import LiveScreen  # noqa: PLC0415 -- an extra

    return LiveScreen(color=colored())


def _play(options: Options, screen: Screen) -> Report:
    import asyncio  # noqa: PLC0415

    from rewire.demo.show import show  # noqa: PLC0415
    from rewire.demo.upstreams import BusyPortError  # noqa: PLC0415
    from rewire.errors import ManifestError  # noqa: PLC0415

    try:
        return asyncio.run(show(options, screen, say))
    except BusyPortError as error:
        other = OTHER_PORTS if options.first_port == FIRST_PORT else options.first_port + 100
        raise Failure(
            str(error),
            f"is another demo running? Stop it, or: rewire demo --port-base {other}",
        ) from error
    except ManifestError as error:
        say(error.text, error=True)
        raise Failure(
            "the demo's manifest has a mistake",
            "mend it, or move it away and get a new one: rewire demo",
        ) from error
