"""What the terminal gets: colour or not, answers to stdout, failures to stderr.

Colour is decided once: ``--color`` before ``NO_COLOR`` before ``FORCE_COLOR`` before whether the
stream is a terminal. A failure names the object, the reason and the way out.
"""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PROGRAM", "Failure", "color_option", "colored", "fail", "paint", "say"]

PROGRAM = "rewire"

_F = TypeVar("_F", bound="Callable[..., Any] | click.Command")


def _choice(choice: str | None, environment: Mapping[str, str]) -> bool | None:
    """Return whether colour is wanted; None: if the stream is a terminal."""
    if choice in {"always", "never"}:
        return choice == "always"
    if choice == "auto":
        return None
    if environment.get("NO_COLOR"):  # an empty one counts as unset: no-color.org
        return False
    if environment.get("FORCE_COLOR"):
        return True
    return None


def _decide(ctx: click.Context, _: click.Parameter, choice: str | None) -> None:
    if choice is not None or ctx.parent is None:
        ctx.color = _choice(choice, os.environ)


def color_option(command: _F) -> _F:
    """Add ``--color``; every command has it, and so has ``rewire`` itself."""
    option: Callable[[_F], _F] = click.option(
        "--color",
        type=click.Choice(["auto", "always", "never"]),
        expose_value=False,
        is_eager=True,
        callback=_decide,
        help="Colour the output; else NO_COLOR and FORCE_COLOR say so.",
    )
    return option(command)


def colored(stream: IO[str] | None = None) -> bool:
    """Say whether what goes to a stream (stdout, unless told) is coloured."""
    context = click.get_current_context(silent=True)
    if context is not None and context.color is not None:
        return context.color
    return (stream or sys.stdout).isatty()


def paint(text: str, *, error: bool = False, **style: Any) -> str:
    """Style a text as ``click.style`` does, if its stream is coloured."""
    stream = sys.stderr if error else sys.stdout
    return click.style(text, **style) if colored(stream) else text


def say(text: str, *, error: bool = False) -> None:
    """Print a text to stdout, or with ``error`` to stderr, now."""
    # Colour has been decided by whoever made the text, for this very stream.
    click.echo(text, err=error, color=True)


class Failure(click.ClickException):
    """The command cannot go on: what and why, how to get out of it, and the exit code."""

    def __init__(self, message: str, way_out: str = "", *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.way_out = way_out
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it to stderr."""
        del file
        say(f"{paint('error:', error=True, fg='red', bold=True)} {self.message}", error=True)
        if self.way_out:
            say(f"  {paint('help:', error=True, fg='cyan')} {self.way_out}", error=True)


def fail(code: int) -> None:
    """End the command with this exit code; 0 is the usual end."""
    if code:
        raise click.exceptions.Exit(code)
