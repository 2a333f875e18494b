"""One call through its policies, fused: no chain of wrappers, nothing paid for what is off.

It asks the pure core in order (total deadline, rate limit, concurrency, retry within its budget,
breaker, attempt deadline) and does what it says. Each attempt takes one view: base URL,
credentials, policies and pool. What the client remembers across generations is in its
:class:`Memory`.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

from rewire.drivers.deadline import current
from rewire.drivers.http import route as routes
from rewire.drivers.http.memory import Memory
from rewire.drivers.http.wire import Outgoing, wired
from rewire.errors import (
    CircuitOpenError,
    ConcurrencyLimitError,
    DeadlineExceededError,
    ForeignURLError,
    RateLimitedError,
    RewireError,
)
from rewire.policy.breaker import is_failure
from rewire.policy.deadline import of_attempt, of_call
from rewire.policy.retry import AttemptEnd, RequestFacts, Stop, decide, replayable
from rewire.policy.retry_after import retry_after
from rewire.ports import Outcome

if TYPE_CHECKING:
    from rewire.drivers.http.body import Body
    from rewire.drivers.http.family import Family
    from rewire.drivers.http.line import Line
    from rewire.drivers.http.policies import Policies
    from rewire.drivers.http.prepared import Prepared
    from rewire.policy.breaker import Breaker
    from rewire.policy.retry import Category, RetrySettings
    from rewire.ports import ClientContext, HTTPEngine, Lease

__all__ = ["Executor"]

# A failed answer of at most this size is read, so that its connection can be used again.
SMALL = 64 * 1024

_CATEGORIES: dict[str, Category] = {
    "ConnectError": "connect",
    "ConnectTimeout": "connect",
    "ProxyError": "connect",
    "ReadError": "reset",
    "WriteError": "reset",
    "CloseError": "reset",
    "RemoteProtocolError": "reset",
    "ReadTimeout": "timeout",
    "WriteTimeout": "timeout",
}


class Executor:
    """What stands where the library's own transport would: it owns no connection."""

    family: ClassVar[Family]
    body: ClassVar[type[Body]]
    compressed: ClassVar[Any]
    """The class of a response whose body is compressed."""

    def __init__(self, context: ClientContext) -> None:
        self._context = context
        self._memory: Memory = context.memory.setdefault("http", Memory(context))

    async def handle_async_request(self, request: Any) -> Any:
        """Send a request under all policies of its client."""
        route = routes.stored(request.extensions) or routes.Route(None)
        now = time.monotonic()
        policies = self._policies(request)
        self._memory.tuned(policies, now)
        if route.deadline == inf:
            route.started = now
            route.deadline = of_call(policies.deadline, now, current())
        if policies.rate_limit is not None:
            await self._turn(route, request, now)
        line = self._memory.line if policies.concurrency is not None else None
        if line is not None and not line.try_enter():
            await self._queue(line, policies, route, request)
        try:
            response = await self._tries(request, route)
        except BaseException:
            if line is not None:
                line.leave()
            raise
        if line is not None:
            response.stream.afterwards(line.leave)
        return response

    def _policies(self, request: Any) -> Policies:
        try:
            policies: Policies = self._context.view.prepared.policies
        except RewireError as error:
            raise self.family.in_family(error, request) from error
        return policies

    async def _turn(self, route: routes.Route, request: Any, now: float) -> None:
        pace = self._memory.pace
        if pace is not None and not await pace.turn(now, max(0.0, route.deadline - now)):
            late = RateLimitedError(self._context.id, pace.bucket.estimate(now))
            raise self.family.in_family(late, request)

    async def _queue(
        self, line: Line, policies: Policies, route: routes.Route, request: Any
    ) -> None:
        settings = policies.concurrency
        assert settings is not None  # noqa: S101  (there is a line only with settings)
        started = time.monotonic()
        patience = min(settings.queue_timeout, max(0.0, route.deadline - started))
        if not await line.enter(patience):
            waited = round(time.monotonic() - started, 3)
            full = ConcurrencyLimitError(self._context.id, line.limit.limit, waited)
            raise self.family.in_family(full, request)

    # ── retry ────────────────────────────────────────────────────────────────────────────────

    async def _tries(self, request: Any, route: routes.Route) -> Any:
        memory = self._memory
        stream = request.stream
        body = stream if isinstance(stream, self.family.lib.ByteStream) else Outgoing(stream)
        attempts = 0
        while True:
            attempts += 1
            try:
                lease = self._context.lease(f"{request.method} {request.url.path}")
            except RewireError as error:
                raise self.family.in_family(error, request) from error
            policies: Policies = lease.view.prepared.policies
            now = time.monotonic()
            memory.tuned(policies, now)
            if attempts == 1 and memory.budget is not None:
                memory.budget.deposit(now)
            end, result = await self._attempt(request, body, route, lease, now)
            if end is None:
                _describe(result, attempts, lease)
                return result
            delay = self._delay(end, request, body, policies, attempts, route)
            if delay is None:
                if isinstance(result, Exception):
                    raise result
                _describe(result, attempts, lease)
                return result
            await _discard(result)
            await asyncio.sleep(delay)

    def _delay(
        self,
        end: AttemptEnd,
        request: Any,
        body: Any,
        policies: Policies,
        attempts: int,
        route: routes.Route,
    ) -> float | None:
        """Return how long to wait before the next attempt; None: there is none."""
        settings = policies.retry
        if settings is None:
            return None
        decision = decide(
            end,
            _facts(request, body, settings, sent=end.sent),
            settings,
            attempts=attempts,
            now=time.monotonic(),
            deadline=route.deadline,
            budget=self._memory.budget if policies.budget is not None else None,
            rng=self._memory.rng,
        )
        return None if isinstance(decision, Stop) else decision.delay

    # ── one attempt ──────────────────────────────────────────────────────────────────────────

    async def _attempt(
        self, request: Any, body: Any, route: routes.Route, lease: Lease, now: float
    ) -> tuple[AttemptEnd | None, Any]:
        """Return (None, response), (how it failed, response), or (how it failed, exception)."""
        context, prepared = self._context, lease.view.prepared
        try:
            own = self._place(request, route, prepared)
            breaker = self._memory.breaker(prepared.origin, prepared.policies) if own else None
            permit = self._admitted(breaker, request, now)
        except BaseException:
            lease.release()
            raise
        if route.stream:
            lease.become_stream()
        until = of_attempt(prepared.policies.deadline, now, route.deadline)
        alarm = None
        if until != inf:
            alarm = context.arm(until, lambda: lease.stop(self._late(until, route, prepared)))
        engine: HTTPEngine = lease.view.resource
        try:
            with lease.guard():
                wire = wired(request, body, prepared, self.family.defaults, own=own)
                if own and prepared.credentials is not None:
                    head = await prepared.credentials.send(engine, wire, context)
                else:
                    head = await engine.request(wire)
        except Exception as error:  # noqa: BLE001  (sorted by the border, one by one)
            lease.release()
            return self._failed(error, request, breaker, permit)
        except BaseException:
            lease.release()
            if breaker is not None:
                breaker.cancel(permit)
            raise
        finally:
            if alarm is not None:
                context.disarm(alarm)
        ended = time.monotonic()
        stream = self.body(head, lease, request)
        if not route.stream and route.deadline != inf:
            self._bound(stream, lease, route, prepared)
        coded = any(name.lower() == b"content-encoding" for name, _ in head.headers)
        make = self.compressed if coded else self.family.lib.Response
        response = make(
            head.status, headers=head.headers, stream=stream, extensions=dict(head.extensions)
        )
        return self._answered(response, breaker, permit, prepared, ended - now)

    def _place(self, request: Any, route: routes.Route, prepared: Prepared) -> bool:
        own = routes.place(request, route, prepared)
        if not own and not prepared.allow_foreign:
            origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            foreign = ForeignURLError(self._context.id, origin)
            raise self.family.in_family(foreign, request) from None
        return own

    def _admitted(self, breaker: Breaker | None, request: Any, now: float) -> int:
        if breaker is None:
            return 0
        permit = breaker.admit(now)
        if not permit:
            origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            shut = CircuitOpenError(self._context.id, origin, max(0.0, breaker.until - now))
            raise self.family.in_family(shut, request)
        return permit

    def _late(self, until: float, route: routes.Route, prepared: Prepared) -> RewireError:
        settings = prepared.policies.deadline
        if until == route.deadline:
            seconds = round(until - route.started, 3)
            return DeadlineExceededError(self._context.id, "total", seconds)
        return DeadlineExceededError(self._context.id, "attempt", settings.attempt or 0.0)

    def _bound(self, stream: Body, lease: Lease, route: routes.Route, prepared: Prepared) -> None:
        """Let the total deadline hold for the body, too."""
        context = self._context
        alarm = context.arm(
            route.deadline, lambda: lease.stop(self._late(route.deadline, route, prepared))
        )
        stream.afterwards(lambda: context.disarm(alarm))

    # ── what came of it ──────────────────────────────────────────────────────────────────────

    def _answered(
        self,
        response: Any,
        breaker: Breaker | None,
        permit: int,
        prepared: Prepared,
        seconds: float,
    ) -> tuple[AttemptEnd | None, Any]:
        memory, status, now = self._memory, response.status_code, time.monotonic()
        failed = is_failure(status)
        if breaker is not None:
            (breaker.fail if failed else breaker.succeed)(permit, now, memory.rng)
        code = f"HTTP{status}" if failed else ""
        self._context.observe(Outcome(not failed, seconds, code, code))
        settings = prepared.policies.retry
        if settings is None or status not in settings.statuses:
            return None, response
        asked = retry_after(
            response.headers.get_list("retry-after"),
            wall_now=time.time(),
            served=response.headers.get("date"),
        )
        return AttemptEnd("status", status=status, retry_after=asked), response

    def _failed(
        self, error: Exception, request: Any, breaker: Breaker | None, permit: int
    ) -> tuple[AttemptEnd, Exception]:
        end, mapped = self._sorted(error, request)
        counts = end.category in {"connect", "reset", "timeout"}
        if breaker is not None and counts:
            breaker.fail(permit, time.monotonic(), self._memory.rng)
        elif breaker is not None:
            breaker.cancel(permit)
        if counts or end.category == "other":
            name = type(mapped).__name__
            unreachable = self.family.unreachable(mapped) and not isinstance(mapped, RewireError)
            self._context.observe(Outcome(False, None, name, str(mapped) or name, unreachable))
        mapped.__cause__ = error
        return end, mapped

    def _sorted(self, error: Exception, request: Any) -> tuple[AttemptEnd, Exception]:
        if isinstance(error, DeadlineExceededError):
            category: Category = "timeout" if error.scope == "attempt" else "other"
            return AttemptEnd(category), self.family.in_family(error, request)
        if isinstance(error, RewireError):
            return AttemptEnd("other"), self.family.in_family(error, request)
        mapped: Exception = self.family.translate(error, request) or error
        name = type(mapped).__name__
        category = _CATEGORIES.get(name, "other")
        if category == "connect" and _untrusted(error):
            category = "other"
        unsent = category == "connect" or name in {"PoolTimeout", "UnsupportedProtocol"}
        return AttemptEnd(category, sent=not unsent), mapped


def _untrusted(error: BaseException | None) -> bool:
    """Say whether a certificate was refused: that does not pass by itself."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _facts(request: Any, body: Any, settings: RetrySettings, *, sent: bool) -> RequestFacts:
    touched = isinstance(body, Outgoing)
    size = None if touched or not sent else _length(request)
    return RequestFacts(
        request.method.upper(),
        "idempotency-key" in request.headers,
        # What has not left needs no replay: a large body in memory is still there.
        replayable(size, settings, touched=touched and body.touched),
    )


def _length(request: Any) -> int:
    written = request.headers.get("content-length", "")
    return int(written) if written.isdecimal() else 0


def _describe(response: Any, attempts: int, lease: Lease) -> None:
    response.extensions["rewire"] = {
        "attempts": attempts,
        "generation": lease.view.number,
        "endpoint": "{}://{}:{}".format(*lease.view.prepared.origin),
    }


async def _discard(result: Any) -> None:
    """Read a small answer that nobody wants, so that its connection can be used again."""
    if isinstance(result, Exception):
        return
    try:
        if int(result.headers.get("content-length", SMALL + 1)) <= SMALL:
            with suppress(Exception):  # nobody wants it: whatever becomes of it is no failure
                await result.aread()
    finally:
        await result.aclose()
