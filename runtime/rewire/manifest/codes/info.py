"""What the catalogue says about one code."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CodeInfo"]


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """One code's page: a title, why it is refused and what to do, a wrong and a right example."""

    title: str
    explanation: str
    example_bad: str
    example_good: str
