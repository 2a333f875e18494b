"""A thread with an event loop, and the way into it from every other thread.

A :class:`Call` is one coroutine that a caller's thread waits for. While it waits, the coroutine
may send it on an *errand*: to run something of the caller's in the caller's own thread. What a
call waits on is a queue of its own, so that no thread ever waits for another's lock.
"""

from __future__ import annotations

import asyncio
import os
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

__all__ = ["Call", "LoopThread", "Unreachable", "Work"]

T = TypeVar("T")
Work: TypeAlias = "Callable[[], Coroutine[Any, Any, T]]"
"""A function that makes a coroutine: it is made where it runs, or not at all."""


class Unreachable(Exception):  # noqa: N818  (a signal within this package; handles translate it)
    """The loop thread has ended, or is in the process that this one was forked from."""


class LoopThread:
    """One daemon thread that runs one event loop, from ``start`` to ``stop``."""

    def __init__(self) -> None:
        self.ended = False
        self.closing = False
        """Set, in the loop, when no task may be made any more: it might never be run."""
        self.entered = threading.Event()
        """Set when calls may be made, or never will."""
        self.calls: set[Call[Any]] = set()
        """The calls under way; each is in here before the loop hears of it, until it is over."""
        self.open: set[object] = set()
        """What callers have not closed yet: nothing of it may die in another thread."""
        self._process = os.getpid()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._chores: set[asyncio.Task[None]] = set()

    # ── start and end ────────────────────────────────────────────────────────────────────────

    def start(self) -> None:
        """Start the thread, and return when its loop runs."""
        running = threading.Event()
        self._process = os.getpid()
        self._thread = threading.Thread(
            target=self._main, args=(running,), name="rewire", daemon=True
        )
        self._thread.start()
        running.wait()

    def stop(self) -> None:
        """Cancel what still runs, and end the thread; any further time does nothing."""
        if self._thread is not None and self._stop is not None and self.running:
            self.post(self._stop.set)
            self._thread.join()
        self.ended = True
        self.entered.set()

    def _main(self, running: threading.Event) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve(running))
        finally:
            # The loop is closed, so no call can reach it any more: those in the set that it has
            # not ended were handed over at the last moment.
            self.ended = True
            for call in tuple(self.calls):
                call.abandon()

    async def _serve(self, running: threading.Event) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        running.set()
        try:
            await self._stop.wait()
        finally:
            self.closing = True

    @property
    def forked(self) -> bool:
        """Say whether this is another process than that of the thread."""
        return os.getpid() != self._process

    @property
    def here(self) -> bool:
        """Say whether the caller is the loop thread itself."""
        return self._thread is threading.current_thread()

    @property
    def running(self) -> bool:
        """Say whether a call can be made."""
        return self._loop is not None and not self.ended and not self.forked

    # ── the way in ───────────────────────────────────────────────────────────────────────────

    def run(self, work: Work[T]) -> T:
        """Run a coroutine function in the loop thread and return what it returns."""
        return Call[T](self).run(work)

    def post(self, callback: Callable[..., object], *args: Any) -> None:
        """Let the loop call back soon; raise :class:`Unreachable` if there is no loop any more."""
        if self._loop is None or self.forked:
            raise Unreachable
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:  # the loop is closed
            raise Unreachable from None

    def leave(self, work: Work[None]) -> None:
        """Let the loop run a coroutine for which nobody waits; safe in a finalizer."""
        with suppress(Unreachable):
            self.post(self._leave, work)

    def _leave(self, work: Work[None]) -> None:
        if not self.closing:
            self.chore(work)

    def chore(self, work: Work[None]) -> asyncio.Task[None]:
        """Start, in the loop, a coroutine that nobody's interruption may cancel."""
        task = asyncio.get_running_loop().create_task(work())
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)
        return task


class Call(Generic[T]):
    """One coroutine in the loop thread, and the caller's thread that waits for it."""

    __slots__ = ("_home", "_mail", "_over", "_task")

    def __init__(self, home: LoopThread) -> None:
        self._home = home
        self._mail: SimpleQueue[Any] = SimpleQueue()
        self._task: asyncio.Task[None] | None = None
        self._over = False

    # ── in the caller's thread ───────────────────────────────────────────────────────────────

    def run(self, work: Work[T], unwanted: Callable[[], object] | None = None) -> T:
        """Return what ``work`` returns, or raise what it raises; do its errands meanwhile.

        Whatever interrupts the wait (Ctrl-C, mostly) cancels the coroutine and is raised at once;
        if the coroutine had already returned, the loop calls ``unwanted``.
        """
        if self._home.here:
            msg = "used in the manager's own loop thread, which would wait for itself for ever"
            raise RuntimeError(msg)
        try:
            self._home.calls.add(self)
            self._home.post(self._begin, work)
            message = self._mail.get()
            while type(message) is _Errand:
                message.run(self._home)
                message = self._mail.get()
        except BaseException:
            try:
                self._home.post(self._cancel, unwanted)
            except Unreachable:
                self._home.calls.discard(self)
            raise
        if type(message) is _Failure:
            raise message.error
        result: T = message
        return result

    # ── in the loop thread ───────────────────────────────────────────────────────────────────

    def _begin(self, work: Work[T]) -> None:
        if self._home.closing:
            self.abandon()
            return
        # call_soon_threadsafe has brought the caller's context variables; the task inherits them.
        self._task = asyncio.get_running_loop().create_task(self._carry_out(work))

    async def _carry_out(self, work: Work[T]) -> None:
        try:
            self._mail.put(await work())
        except asyncio.CancelledError:
            self._mail.put(_Failure(Unreachable()))
            raise
        except BaseException as error:  # noqa: BLE001  (it is raised in the caller's thread)
            self._mail.put(_Failure(error))
        finally:
            self._over = True
            self._home.calls.discard(self)

    def _cancel(self, unwanted: Callable[[], object] | None) -> None:
        self._over = True
        self._home.calls.discard(self)
        if self._task is not None and not self._task.cancel() and unwanted is not None:
            unwanted()

    async def errand(self, function: Callable[..., Any], *args: Any) -> Any:
        """Run a function of the caller's in the caller's thread, and return what it returns.

        Raises:
            Unreachable: the caller does not wait any more.

        """
        if self._over:
            raise Unreachable
        answer = asyncio.get_running_loop().create_future()
        self._mail.put(_Errand(answer, function, args))
        return await answer

    def abandon(self) -> None:
        """Wake the caller up: there will be no result."""
        self._mail.put(_Failure(Unreachable()))


class _Failure:
    __slots__ = ("error",)

    def __init__(self, error: BaseException) -> None:
        self.error = error


class _Errand:
    __slots__ = ("_answer", "_args", "_function")

    def __init__(
        self, answer: asyncio.Future[Any], function: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        self._answer = answer
        self._function = function
        self._args = args

    def run(self, home: LoopThread) -> None:
        """Do it; what it raises is raised where the coroutine waits for it."""
        try:
            result = self._function(*self._args)
        except Exception as error:  # noqa: BLE001  (see above)
            home.post(_settle, self._answer, None, error)
        else:
            home.post(_settle, self._answer, result, None)


def _settle(answer: asyncio.Future[Any], result: Any, error: Exception | None) -> None:
    if answer.done():
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(result)
