"""What the demonstration puts on stage, and what it never touches."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from rewire.demo import show as module
from rewire.demo.plain import PlainScreen
from rewire.demo.show import Options, show

if TYPE_CHECKING:
    from pathlib import Path


class ChosenError(Exception):
    """End the demonstration once its file is chosen."""


@pytest.mark.parametrize("edit", [True, False])
async def test_only_a_copy_is_edited_by_the_demo_itself(
    tmp_path: Path, first_port: int, monkeypatch: pytest.MonkeyPatch, edit: bool
) -> None:
    """A person's file changes by that person's hand alone."""
    asked: list[dict[str, object]] = []

    def choose(folder: Path, **how: object) -> None:
        asked.append({"folder": folder, **how})
        raise ChosenError

    monkeypatch.setattr(module, "choose", choose)
    options = Options(seconds=0.0, edit=edit, first_port=first_port, folder=tmp_path)
    with pytest.raises(ChosenError):
        await show(options, PlainScreen(print), print)
    assert asked == [{"folder": tmp_path, "first_port": first_port, "copy": edit}]


async def test_the_log_is_given_back(first_port: int) -> None:
    """The demo keeps warnings out of its picture, and only of that."""
    logger = logging.getLogger("rewire")
    before = (logger.propagate, list(logger.handlers))
    said: list[str] = []
    report = await show(
        Options(seconds=0.0, first_port=first_port), PlainScreen(said.append), print
    )
    assert report.ok
    assert (logger.propagate, list(logger.handlers)) == before
