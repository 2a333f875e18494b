"""One built connection resource under a handle: counted while it is used, closed once.

A :class:`Lease` is one call in flight. It is released when the response *stream* closes, not
when its headers arrive; a retired generation is closed when its last lease is gone, or when
the drain's deadline cuts what is left. The drain itself is in :mod:`rewire.control.drain`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from rewire.errors import DrainCutError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from types import TracebackType

    from rewire.errors import RewireError
    from rewire.manifest.specs.client import ClientConfig

__all__ = ["Generation", "Lease", "View"]


class Generation:
    """A numbered resource, its calls in flight, and whether it has been retired."""

    __slots__ = ("_build", "_drained", "_resource", "client", "closed", "leases", "number")

    def __init__(self, client: str, number: int, build: Callable[[View], Any]) -> None:
        self.client = client
        self.number = number
        self.leases: set[Lease] = set()
        self.closed = False
        self._build = build
        self._resource: Any = None
        self._drained: asyncio.Event | None = None

    @property
    def built(self) -> bool:
        """Say whether a resource exists: nothing is built before its first use."""
        return self._resource is not None

    def resource_for(self, view: View) -> Any:
        """Return the resource, built now if this is its first use."""
        if self._resource is None:
            self._resource = self._build(view)
        return self._resource

    def peek(self) -> Any:
        """Return the resource as it is, without building it."""
        return self._resource

    def release(self, lease: Lease) -> None:
        """Take a call off the count."""
        self.leases.discard(lease)
        if self._drained is not None and not self.leases:
            self._drained.set()

    async def drained(self) -> None:
        """Wait until nothing is in flight."""
        self._drained = asyncio.Event()
        if self.leases:
            await self._drained.wait()

    def __repr__(self) -> str:
        state = "closed" if self.closed else "built" if self.built else "unbuilt"
        return f"<Generation {self.client}/{self.number} {state}, {len(self.leases)} in flight>"


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """The immutable pair of spec and generation; an attempt reads it once."""

    spec: ClientConfig
    generation: Generation
    prepared: Any
    material: Mapping[str, bytes] = field(default_factory=dict)

    @property
    def number(self) -> int:
        """Return the generation's number."""
        return self.generation.number

    @property
    def resource(self) -> Any:
        """Return the generation's resource, built on first use."""
        return self.generation.resource_for(self)

    def __repr__(self) -> str:
        return f"<View of {self.generation!r}>"


class Lease:
    """One call in flight; it keeps its generation open until it is released."""

    __slots__ = ("_closer", "_depth", "_stop", "_task", "stream", "view", "what")

    def __init__(self, view: View, what: str) -> None:
        self.view = view
        self.what = what
        self.stream = False
        self._stop: RewireError | None = None
        self._task: asyncio.Task[Any] | None = None
        self._depth = 0
        self._closer: Callable[[], Coroutine[Any, Any, None]] | None = None
        view.generation.leases.add(self)

    def release(self) -> None:
        """Give the generation back; any further time does nothing."""
        self.view.generation.release(self)

    def become_stream(self) -> None:
        """Count as a stream from now on."""
        self.stream = True

    def on_cut(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Say how to close what is held when a cut comes while nobody awaits."""
        self._closer = close

    def guard(self) -> Self:
        """Return a context manager for one await."""
        return self

    # The same dance as asyncio.timeout's: cancel the task that waits, and turn that one
    # cancellation, and no other, into a typed error.
    def __enter__(self) -> Self:
        if self._stop is not None:
            raise self._stop
        self._task = asyncio.current_task()
        self._depth = self._task.cancelling() if self._task is not None else 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        task, self._task = self._task, None
        if (
            self._stop is not None
            and task is not None
            and task.uncancel() <= self._depth
            and kind is asyncio.CancelledError
        ):
            raise self._stop from error

    def stop(self, error: RewireError) -> bool:
        """End the call with ``error``: now if it awaits something, else at its next await.

        Returns whether somebody was waiting.
        """
        if self._stop is None:
            self._stop = error
            if self._task is not None:
                self._task.cancel()
        return self._task is not None

    def cut(self, after: float) -> Coroutine[Any, Any, None] | None:
        """Cut the call off; return what must still be awaited to close it, if anything."""
        generation = self.view.generation
        if self.stop(DrainCutError(generation.client, generation.number, after)):
            return None
        self.release()
        return self._closer() if self._closer is not None else None
