"""Times and chance for the tests of policies: exact in binary, so that no law needs a tolerance."""

from __future__ import annotations

from hypothesis import strategies as st

STEP = 1 / 64

steps_of_time = st.integers(0, 640).map(lambda steps: steps * STEP)
"""From nothing to ten seconds; sums of these are exact."""


class Fixed:
    """Chance that always says the same."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        """Return what it was made with."""
        return self.value


ALMOST_ONE = 1 - 2**-53
