"""The life of ``rewire run``: manager, admin socket, status file, signals; one event loop.

It owns nothing of the manager's work. It starts it, says aloud what happens, and turns signals
into a reload, a drain, or an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rewire.admin.rendezvous import AlreadyRunningError, Rendezvous, UnsafeFolderError
from rewire.cli.reports import Reports
from rewire.cli.signals import Signals
from rewire.cli.terminal import Failure, say
from rewire.control.manager import ClientManager
from rewire.errors import ManifestError, MissingExtraError
from rewire.telemetry.acknowledgement import Acknowledgement

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator
    from pathlib import Path

__all__ = ["serve"]


def serve(manifest: Path, status_file: Path | None, *, watch: bool) -> int:
    """Run a manifest until told to stop; return the exit code."""
    with Reports(), contextlib.ExitStack() as stack:
        listener = _claim(manifest, stack)
        return asyncio.run(_live(manifest, status_file, listener, stack, watch=watch))


def _claim(manifest: Path, stack: contextlib.ExitStack) -> socket.socket | None:
    """Return the socket of the admin API; without one the runtime does its work all the same."""
    if not (find_spec("starlette") and find_spec("uvicorn")):
        say(f"without admin API: {MissingExtraError('it', 'admin')}", error=True)
        return None
    rendezvous = Rendezvous(str(manifest))
    try:
        return stack.enter_context(rendezvous)
    except AlreadyRunningError as error:
        raise Failure(str(error), f"ask it: rewire status -m {manifest}", exit_code=2) from error
    except (UnsafeFolderError, OSError) as error:
        say(f"without admin API: {error}", error=True)
        return None


async def _live(
    manifest: Path,
    status_file: Path | None,
    listener: socket.socket | None,
    stack: contextlib.ExitStack,
    *,
    watch: bool,
) -> int:
    manager = ClientManager(manifest, watch=watch)
    written = Acknowledgement(status_file)
    with Signals(give_up=stack.close) as signals:
        try:
            async with manager, written.of(manager), _admin(manager, listener):
                _welcome(manifest, manager, listener)
                signals.started(manager.reload)
                await signals.stop.wait()
                say("draining; a second signal stops at once")
        except ManifestError:
            # Its diagnostics have been printed as an event like any other.
            await written.write(manager)
            return 1
        except asyncio.CancelledError:
            if not signals.stop.is_set():
                raise
    say("stopped")
    return 0


def _welcome(manifest: Path, manager: ClientManager, listener: socket.socket | None) -> None:
    count = len(manager)
    clients = "1 client" if count == 1 else f"{count} clients"
    where = f"; admin API at {listener.getsockname()}" if listener else ""
    say(f"running {clients} of {manifest} as process {os.getpid()}{where}")


@contextlib.asynccontextmanager
async def _admin(manager: ClientManager, listener: socket.socket | None) -> AsyncIterator[None]:
    if listener is None:
        yield
        return
    from rewire.admin.server import AdminServer  # noqa: PLC0415 -- an extra

    server = AdminServer(manager, listener)
    serving = asyncio.create_task(server.run_until_told(), name="rewire: admin")
    try:
        yield
    finally:
        server.should_exit = True
        await serving
