"""The way from the command line to a running runtime: JSON over its Unix socket.

Which runtime is meant is said by the manifest that it runs. What goes wrong on the way is a
``Failure`` with exit code 2 and the command that starts one.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from rewire.admin.rendezvous import UnsafeFolderError, demand_own, socket_path
from rewire.cli.terminal import Failure
from rewire.cli.text import DEFAULT_MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx2

__all__ = ["Runtime", "manifest_option"]

PATIENCE = 10.0  # seconds for what the runtime answers out of its memory

_F = TypeVar("_F", bound="Callable[..., Any] | click.Command")


def manifest_option(command: _F) -> _F:
    """Add ``--manifest``, which names the runtime that is meant."""
    option: Callable[[_F], _F] = click.option(
        "-m",
        "--manifest",
        type=click.Path(path_type=Path),
        default=DEFAULT_MANIFEST,
        envvar="REWIRE_MANIFEST",
        show_default=True,
        help="The manifest that the runtime runs.",
    )
    return option(command)


class Runtime:
    """A running runtime; use as a context manager."""

    def __init__(self, manifest: Path) -> None:
        self.manifest = manifest
        self._path = socket_path(manifest)
        self._client = self._open()

    def _open(self) -> httpx2.Client:
        import httpx2  # noqa: PLC0415 -- 60 ms that validate must not pay

        try:
            demand_own(self._path.parent)
            # httpx2 leaves its socket open when a Unix socket refuses, so that is found out here.
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(PATIENCE)
                probe.connect(str(self._path))
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise self._unreached("it is not running") from error
        except (UnsafeFolderError, OSError) as error:
            raise self._unreached(str(error)) from error
        # Nothing is verified for there is no TLS on a Unix socket; a context would cost 16 ms.
        transport = httpx2.HTTPTransport(uds=str(self._path), verify=False)
        return httpx2.Client(transport=transport, base_url="http://rewire", trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str) -> Any:
        """Return what a route says."""
        return self._ask("GET", path, None, PATIENCE)

    def post(self, path: str, body: dict[str, Any], patience: float = PATIENCE) -> Any:
        """Return what a mutation answers; a 504 is an answer, with an ``error``."""
        return self._ask("POST", path, body, patience)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, patience: float) -> Any:
        import httpx2  # noqa: PLC0415 -- see above

        try:
            response = self._client.request(method, path, json=body, timeout=patience)
            answer = response.json()
        except httpx2.TimeoutException as error:
            message = f"the runtime of {self.manifest} does not answer within {patience:g} s"
            raise Failure(message, "see its log", exit_code=2) from error
        except (httpx2.TransportError, ValueError) as error:
            raise self._unreached(str(error)) from error
        if response.is_error and response.status_code not in {422, 504}:
            raise Failure(answer["error"]["message"])
        return answer

    def _unreached(self, reason: str) -> Failure:
        return Failure(
            f"no runtime of {self.manifest} is reached: {reason}",
            f"start one with: rewire run {self.manifest}",
            exit_code=2,
        )
