"""Which commands there are, and how one is found: by name, late, with "did you mean"."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import cast

import click

from rewire.manifest.diagnostics import suggest

__all__ = ["Commands"]

# In the order of the help: first what needs the text alone, then what needs a runtime.
_NAMES = (
    "validate",
    "plan",
    "run",
    "status",
    "check",
    "reload",
    "schema",
    "explain",
    "demo",
)


class Commands(click.Group):
    """The commands by name; the file of one is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands that this installation has."""
        del ctx
        return [name for name in _NAMES if find_spec(f"rewire.cli.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load the command of this name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        return cast("click.Command", import_module(f"rewire.cli.{cmd_name}").command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments begin with, or say which one was meant."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            meant = suggest(name, self.list_commands(ctx))
            hint = f' Did you mean "{meant}"?' if meant else ""
            raise click.UsageError(f'There is no command "{name}".{hint}', ctx)
        return super().resolve_command(ctx, args)
