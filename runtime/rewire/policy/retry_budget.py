"""How much load retries and hedges may add: a share of the calls, and a small reserve.

Finagle's rule: within a window every call deposits `ratio` of a retry, every retry and every hedge
withdraws one, and `min_per_second` of them are there anyway, so that a client with little traffic
can retry at all. So at 100 % failure, however many attempts a call is allowed, a server gets at
most `ratio` more than the calls themselves, plus the reserve of each window begun.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rewire.policy.window import Window

__all__ = ["BudgetSettings", "RetryBudget"]

_ROUNDING: Final = 1e-9  # 0.1 + 0.2 is a little more than 0.3: ten tenths must be a whole retry


@dataclass(frozen=True, slots=True)
class BudgetSettings:
    """The `retry_budget` table; `window` in seconds."""

    ratio: float = 0.2
    min_per_second: float = 1.0
    window: float = 10.0

    def starts_afresh(self, before: BudgetSettings) -> bool:
        """Say whether the counts kept under other settings mean nothing under these."""
        return self.window != before.window


class RetryBudget:
    """What a client's calls have earned and its retries have spent, per client id."""

    __slots__ = ("_settings", "_window")

    def __init__(self, settings: BudgetSettings) -> None:
        self._settings = settings
        self._window = Window(settings.window)

    def deposit(self, now: float) -> None:
        """Count one call, at its first attempt."""
        window = self._window
        if now >= window.edge:
            window.turn(now)
        window.total += 1

    def withdraw(self, now: float) -> bool:
        """Take one retry or hedge out, or say that there is none; then nothing is counted."""
        if self.balance(now) < 1 - _ROUNDING:
            return False
        self._window.marked += 1
        return True

    def charge(self, now: float) -> None:
        """Count a call that is itself a retry, made by a layer above: it earns nothing, and costs.

        Retries upon retries multiply; so ours give way to those that cannot be refused.
        """
        self._window.counts(now)
        self._window.marked += 1

    def balance(self, now: float) -> float:
        """Return how many retries could be made now."""
        calls, retries = self._window.counts(now)
        settings = self._settings
        return settings.min_per_second * settings.window + settings.ratio * calls - retries

    def retune(self, settings: BudgetSettings) -> None:
        """Take new settings; the counts are kept, unless the window has changed."""
        if settings.starts_afresh(self._settings):
            self._window = Window(settings.window)
        self._settings = settings

    def __repr__(self) -> str:
        return f"<RetryBudget {self._settings}>"
