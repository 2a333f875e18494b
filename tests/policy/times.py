"""Times and chance for the tests of policies: exact in binary, so that no law needs a tolerance."""

from __future__ import annotations

from typing import TypeVar

from hypothesis import strategies as st

STEP = 1 / 64

steps_of_time = st.sampled_from([step * STEP for step in (*range(9), *range(16, 640, 13), 640)])
"""From nothing to ten seconds, the shorter the likelier; sums of these are exact."""

T = TypeVar("T")


def series(elements: st.SearchStrategy[T], most: int) -> st.SearchStrategy[list[T]]:
    """Draw short lists and long ones: left alone, hypothesis draws five elements on average."""
    return st.lists(elements, max_size=most) | st.lists(elements, min_size=most // 2, max_size=most)


class Fixed:
    """Chance that always says the same."""

    def __init__(self, value: float) -> None:
        self.value = value

    def random(self) -> float:
        """Return what it was made with."""
        return self.value


ALMOST_ONE = 1 - 2**-53
