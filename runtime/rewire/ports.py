"""The borders of the core, as Protocols: what a driver, an engine, a source and a clock must do.

``control`` owns every task and every lifetime; a driver knows one protocol and asks its
:class:`ClientContext` for the view to use. Nothing here does anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterable,
        Callable,
        Coroutine,
        Iterable,
        Mapping,
    )

    from rewire.errors import RewireError
    from rewire.manifest.specs.client import ClientConfig
    from rewire.status import BreakerStatus, PoolStatus

__all__ = [
    "ClientContext",
    "Driver",
    "EngineRequest",
    "EngineResponse",
    "HTTPEngine",
    "Lease",
    "Outcome",
    "Snapshot",
    "Source",
    "View",
]


# ── where manifests come from ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The bytes of a manifest at one moment; ``data`` is None while the source is missing."""

    origin: str
    data: bytes | None = field(repr=False)
    revision: str | None = None
    why: str | None = None

    @property
    def digest(self) -> str:
        """Return SHA-256 over the bytes, in hex; empty when the source is missing."""
        return sha256(self.data).hexdigest() if self.data is not None else ""


class Source(Protocol):
    """Where manifest bytes come from; level-triggered: only content counts."""

    origin: str

    @property
    def mode(self) -> Literal["native", "poll", "off"]:
        """Return how changes are noticed right now."""

    @property
    def degraded(self) -> str | None:
        """Return why native watching does not work right now, or None."""

    def read(self) -> Snapshot:
        """Read everything, now."""

    async def settle(self) -> Snapshot:
        """Read until the content rests."""

    def accept(self, snapshot: Snapshot) -> None:
        """Take ``snapshot`` as the content that the caller already has."""

    def watch_also(
        self, paths: Iterable[str], *, seen: Mapping[str, bytes | None] | None = None
    ) -> None:
        """Watch these files too: the ones that the manifest names; ``seen`` is what was read."""

    def retune(self, *, quiet: float | None, max_delay: float | None, resync: float | None) -> None:
        """Take the manifest's own ``[reload]`` settings."""

    def changes(self) -> AsyncGenerator[Snapshot]:
        """Yield a settled snapshot whenever the content differs, and at every resync."""


# ── one client ───────────────────────────────────────────────────────────────────────────────


class View(Protocol):
    """The immutable pair of spec and generation that a handle points to."""

    @property
    def spec(self) -> ClientConfig:
        """Return the resolved spec."""

    @property
    def prepared(self) -> Any:
        """Return what the driver derived from the spec, once for each view."""

    @property
    def number(self) -> int:
        """Return the number of the generation."""

    @property
    def resource(self) -> Any:
        """Return the generation's connection resource, building it on first use."""


class Lease(Protocol):
    """One call in flight: it keeps its generation open until it is released."""

    @property
    def view(self) -> View:
        """Return the view that the call was made on."""

    def release(self) -> None:
        """Give the generation back; any further time does nothing."""

    def become_stream(self) -> None:
        """Count as a stream from now on: ``drain.stream_timeout`` bounds it."""

    def guard(self) -> Any:
        """Return a context manager for one await: a stop cancels it and raises its error."""

    def stop(self, error: RewireError) -> bool:
        """End the call with ``error``, now or at its next await; say if somebody was waiting."""

    def on_cut(self, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Say how to close what is held when a cut comes while nobody awaits."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: what status, latency and state are made of."""

    ok: bool
    seconds: float | None = None
    code: str = ""
    message: str = ""
    connection: bool = False  # the failure says that there is no connection


class ClientContext(Protocol):
    """What ``control`` gives to a driver for one client."""

    id: str
    protocol: str
    memory: dict[str, Any]
    """What the driver keeps of the client across generations and handles."""

    @property
    def ready(self) -> bool:
        """Say whether the manager is started and this is its event loop (else await start)."""

    @property
    def closed(self) -> bool:
        """Say whether the manager has ended."""

    async def started(self) -> None:
        """Wait for the manager's start; raise WrongLoopError in another event loop."""

    @property
    def view(self) -> View:
        """Return the current view, or raise why there is none."""

    def lease(self, what: str) -> Lease:
        """Count one call in the current view's generation; ``what`` names it if it is cut."""

    def lease_of(self, view: View, what: str) -> Lease:
        """Count one call in the generation of a given view."""

    def observe(self, outcome: Outcome) -> None:
        """Take note of how an attempt ended."""

    def opening(self) -> None:
        """Take note that a connection is being opened."""

    def lost(self, reason: str) -> None:
        """Take note that a standing connection was lost."""

    def arm(self, when: float, callback: Callable[[], object]) -> Any:
        """Call back at a moment of the loop's clock, unless it is taken back by ``disarm``."""

    def disarm(self, alarm: Any) -> None:
        """Take a call back back."""

    def client(self, client: str) -> Any:
        """Return the handle of another client, of the same protocol."""

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> Any:
        """Run a coroutine as a task that ``control`` owns."""


class Driver(Protocol):
    """One protocol: how its handles, resources and probes are made."""

    protocol: str
    background: bool
    """Whether ``open`` alone connects (WebSocket), or first use does (HTTP)."""

    def handle(self, context: ClientContext, family: str | None = None) -> Any:
        """Make the handle of a client, once for ever; ``family`` names another library's kind."""

    def prepare(self, spec: ClientConfig, material: Mapping[str, bytes]) -> Any:
        """Derive from a spec what each call needs; no network, no files."""

    def open(self, view: View, context: ClientContext) -> Any:
        """Build the resource of a generation; connects nothing by itself."""

    async def warm(self, view: View, context: ClientContext) -> None:
        """Open a connection that the first call will use; raise ProbeError if there is none."""

    async def check(self, view: View, context: ClientContext) -> float:
        """Open a connection, close it, and return the seconds that it took."""

    def swapped(self, handle: Any, before: View | None, after: View | None) -> None:
        """Take note of a swap, in the same event-loop step; None: there is no such view."""

    def retune(self, view: View, context: ClientContext) -> None:
        """Apply a new view of the same generation to its resource."""

    def pool(self, resource: Any) -> PoolStatus | None:
        """Return how many connections a resource holds."""

    def breaker(self, view: View, context: ClientContext) -> BreakerStatus | None:
        """Return what the breaker of the view's endpoint says, if there is one."""

    async def close(self, resource: Any) -> None:
        """Close a resource; whatever is still in flight on it is cut."""


# ── HTTP engines ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One HTTP request as it goes on the wire; free of any client library's types."""

    method: bytes
    scheme: bytes
    host: bytes
    port: int | None
    target: bytes
    headers: list[tuple[bytes, bytes]]
    body: Any  # an (async) iterable of bytes
    timeout: Mapping[str, float | None]
    extensions: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineResponse:
    """The head of a response, and its body as a stream that must be closed."""

    status: int
    headers: list[tuple[bytes, bytes]]
    stream: AsyncIterable[bytes]
    close: Callable[[], Coroutine[Any, Any, None]]
    extensions: Mapping[str, Any]


class HTTPEngine(Protocol):
    """A pool of HTTP connections."""

    async def request(self, request: EngineRequest) -> EngineResponse:
        """Send a request and return the response's head; raises the engine's exceptions."""

    async def connect(
        self, scheme: bytes, host: str, port: int, *, timeout: float, keep: bool
    ) -> None:
        """Open one connection; keep it for the next request, or close it."""

    def retune(self, *, max_connections: int, max_keepalive: int, keepalive_expiry: float) -> None:
        """Change the limits; a lowered one closes idle connections only."""

    async def trim(self) -> None:
        """Close the connections that are over the limits and idle."""

    def pool(self) -> PoolStatus:
        """Return how many connections there are."""

    async def aclose(self) -> None:
        """Close every connection."""
