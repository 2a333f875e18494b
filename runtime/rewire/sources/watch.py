"""One thread that says "look": it gives hints that something may have changed, and no more.

It arms watchfiles on the directories that `places` computes, computes them again after every
hint, and arms anew when they differ. Every arming is followed by a hint, so whatever happened
before the watch stood is found by the look that follows. If watching fails, or is known to be
deaf, the thread hints at every poll interval and tries to watch again with backoff. It never
reads a manifest, and never says *what* changed: `file` compares content.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Literal, Protocol

from rewire.sources.mounts import deaf_mount
from rewire.sources.places import Coverage, cover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Mode", "Watcher"]

Mode = Literal["native", "poll", "off"]

# Measured: a hint comes after about twice the step, and waiting costs 0.8 % of a core.
DEBOUNCE_MS = 20
STEP_MS = 5
FIRST_RETRY = 1.0
LAST_RETRY = 60.0
ARMINGS = 5  # symlinks that move faster than that are left to the next hint and the resync
JOIN = 1.0  # a thread stuck in a dead mount is not waited for any longer


class Notifier(Protocol):
    """Be the part of `watchfiles.RustNotify` that is used here."""

    def watch(
        self, debounce_ms: int, step_ms: int, timeout_ms: int, stop_event: threading.Event
    ) -> set[tuple[int, str]] | str: ...

    def close(self) -> None: ...


def open_notifier(directories: list[str]) -> Notifier:
    """Start a native watch of these directories; not of what lies deeper."""
    from watchfiles._rust_notify import RustNotify  # noqa: PLC0415 -- 30 ms that a check need not pay

    notifier = RustNotify(directories, False, False, 1000, False, False)
    if "PollWatcher" in repr(notifier):  # it polls by itself, coarsely, where inotify is missing
        notifier.close()
        raise OSError("this system has no native file watching")
    return notifier


class Watcher:
    """Call `hint` from a thread whenever one of `paths` may have changed; `close` ends it."""

    def __init__(
        self,
        paths: Iterable[str],
        hint: Callable[[], object],
        *,
        native: bool,
        poll_interval: float,
    ) -> None:
        self.mode: Mode = "native" if native else "poll"
        self.degraded: str | None = None
        self._paths = tuple(paths)
        self._hint = hint
        self._native = native
        self._poll_interval = poll_interval
        self._failures = 0
        self._doubt: str | None = None
        self._closed = False
        self._nudge = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rewire-watch", daemon=True)
        self._thread.start()

    def follow(self, paths: Iterable[str]) -> None:
        """Watch these paths from now on, instead of the earlier ones."""
        paths = tuple(paths)
        if paths != self._paths:
            self._paths = paths
            self._nudge.set()

    def distrust(self, reason: str) -> None:
        """Poll for a while, because a change was found that no hint had announced."""
        if self.mode == "native":
            self._doubt = reason
            self._nudge.set()

    def close(self) -> None:
        """End the thread; it is gone when this returns, after a few milliseconds."""
        self._closed = True
        self._nudge.set()
        self._thread.join(JOIN)

    def _run(self) -> None:
        while not self._closed:
            if not self._native:
                self._poll(math.inf)
                continue
            try:
                self._listen()
            except BaseException as error:  # noqa: BLE001 -- a Rust panic is a BaseException too
                self.mode, self.degraded = "poll", str(error) or type(error).__name__
                self._poll(min(FIRST_RETRY * 2**self._failures, LAST_RETRY))
                self._failures = min(self._failures + 1, 16)

    def _listen(self) -> None:
        """Give hints from a native watch; return when closed, raise when it cannot go on."""
        while True:
            self._nudge.clear()
            if self._closed:
                return
            if self._doubt:
                doubt, self._doubt = self._doubt, None
                raise OSError(doubt)
            coverage, notifier = self._arm()
            try:
                self.mode, self.degraded = "native", None
                self._tell()
                while self._holds(coverage, notifier):
                    self._tell()
            finally:
                notifier.close()

    def _arm(self) -> tuple[Coverage, Notifier]:
        """Start a watch that fits the file system as it is once the watch stands."""
        left = ARMINGS
        while True:
            left -= 1
            coverage = cover(self._paths)
            if deaf := deaf_mount(coverage.paths):
                raise OSError(deaf)
            try:
                notifier = open_notifier(coverage.paths)
            except FileNotFoundError:  # a directory went away since it was computed
                if not left:
                    raise
                continue
            if not left or cover(self._paths) == coverage:
                return coverage, notifier
            notifier.close()

    def _holds(self, coverage: Coverage, notifier: Notifier) -> bool:
        """Wait for a change that matters; return False when the watch must be armed anew."""
        while not self._nudge.is_set():
            events = notifier.watch(DEBOUNCE_MS, STEP_MS, 0, self._nudge)
            if isinstance(events, str):
                continue
            changed = {path for _, path in events}
            if coverage.lost(changed):
                self._failures = 0
                return False
            if coverage.concerns(changed):
                self._failures = 0
                return cover(self._paths) == coverage
        return False

    def _poll(self, seconds: float) -> None:
        """Hint at every poll interval for this long, or until closed."""
        self.mode = "poll"
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._nudge.clear()
            if self._closed:
                return
            self._tell()
            self._nudge.wait(min(self._poll_interval, left))

    def _tell(self) -> None:
        try:
            self._hint()
        except RuntimeError:  # the event loop is closed: nobody listens any more
            self._closed = True
