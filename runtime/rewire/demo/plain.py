"""The demo without a terminal: a line a second, and a line for whatever happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.demo.scene import LABELS, totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.demo.scene import Scene
    from rewire.telemetry.wording import Sentence

__all__ = ["PlainScreen", "progress"]


class PlainScreen:
    """Print lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._hints: tuple[str, ...] = ()
        self._next = 0.0

    def open(self) -> None:
        """Begin; there is nothing to prepare."""

    def tell(self, sentences: tuple[Sentence, ...]) -> None:
        """Print what has just happened."""
        for sentence in sentences:
            self._say(f"       {sentence.text}")

    def refresh(self, scene: Scene) -> None:
        """Print how things are, once a second."""
        if not self._hints and scene.hints:
            self._hints = scene.hints
            for hint in scene.hints:
                self._say(f"try    {hint}")
        if scene.seconds >= self._next:
            self._next = int(scene.seconds) + 1.0
            self._say(progress(scene))

    def close(self) -> None:
        """End; there is nothing to put back."""


def progress(scene: Scene) -> str:
    """Return one line: the counts, and who answers whom."""
    counts = totals(scene.tallies)
    shown = [
        f"{label} {counts[column]}"
        for column, label in LABELS.items()
        if counts[column] or column != "refused"
    ]
    answers = [
        f"{client} ← {scene.tallies[client].newest}"
        for client in ("catalog", "prices")
        if client in scene.tallies and scene.tallies[client].newest
    ]
    return f"{int(scene.seconds):3d} s  {' · '.join(shown)}   {', '.join(answers)}".rstrip()
