"""Which endpoint is left out for a while because it fails where others do not.

Envoy's passive detection: so many 5xx answers in a row, or so many failures in a row to get any
answer (`local`: refused, lost, timed out), eject an endpoint. Each ejection in a row lasts longer;
every `interval` without one takes one step back. At most `max_ejection_percent` of the endpoints
are out at a time, but one if there are two, and never the last. Here nothing runs in the
background: an ejection ends by being looked at late enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

__all__ = ["Outlier", "OutlierSettings", "may_eject"]


@dataclass(frozen=True, slots=True)
class OutlierSettings:
    """The `outlier` table; durations in seconds."""

    consecutive_5xx: int = 5
    consecutive_local: int = 5
    interval: float = 10.0
    base_ejection_time: float = 30.0
    max_ejection_time: float = 300.0
    max_ejection_percent: float = 50.0


def may_eject(settings: OutlierSettings, endpoints: int, out: int) -> bool:
    """Say whether one more of so many endpoints may be ejected, while `out` are out already."""
    if settings.max_ejection_percent <= 0:
        return False
    share = int(endpoints * settings.max_ejection_percent / 100 + _ROUNDING)
    # A share that rounds down to nobody would switch the policy off without a word.
    return out < min(max(1, share), endpoints - 1)


_ROUNDING: Final = 1e-9  # 29 % of 100 is a little less than 29


class Outlier:
    """How one endpoint does, per client id and authority."""

    __slots__ = ("_5xx", "_local", "_times", "clean", "out_until")

    def __init__(self) -> None:
        self._5xx = 0
        self._local = 0
        self._times = 0
        self.clean = True
        """Whether nothing is held against it, so that a good answer changes nothing."""
        self.out_until = -inf
        """Until when it is ejected; a time that has passed if it is not."""

    def answered(self, status: int) -> None:
        """Take note of an answer: it ends a row of local failures, and of 5xx if it is none."""
        self._local = 0
        self._5xx = self._5xx + 1 if status >= 500 else 0
        self.clean = not self._5xx

    def failed(self) -> None:
        """Take note that no answer came: refused, lost, timed out."""
        self._local += 1
        self.clean = False

    def suspect(self, settings: OutlierSettings) -> bool:
        """Say whether it is to be ejected, if that many may be."""
        return self._5xx >= settings.consecutive_5xx or self._local >= settings.consecutive_local

    def eject(self, settings: OutlierSettings, now: float) -> float:
        """Leave it out; return until when."""
        self._times = self._times_after(settings, now) + 1
        longest = max(settings.base_ejection_time, settings.max_ejection_time)
        self.out_until = now + min(settings.base_ejection_time * self._times, longest)
        self._5xx = self._local = 0
        self.clean = True
        return self.out_until

    def reinstate(self, now: float) -> None:
        """End an ejection early: an active health check says that it is well."""
        self.out_until = min(self.out_until, now)

    def retune(self, settings: OutlierSettings, now: float) -> None:
        """Take new settings: nobody stays out longer than they allow from now on."""
        longest = max(settings.base_ejection_time, settings.max_ejection_time)
        self.out_until = min(self.out_until, now + longest)

    def _times_after(self, settings: OutlierSettings, now: float) -> int:
        if not self._times:
            return 0
        return max(0, self._times - int((now - self.out_until) / settings.interval))
