"""The map of faults is whole: every row has its tests, and every test that it names is there."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest
import tomli

ROOT = Path(__file__).parents[2]
ROWS = {*range(1, 28), 30, 33, *range(40, 45), *range(46, 51), 54, 55, 57, *range(59, 63), 83}
MAP = {
    int(number): tests
    for section in tomli.loads((ROOT / "tests/acceptance/faults.toml").read_text("utf-8")).values()
    for number, tests in section.items()
}


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Return the names of a file's test functions, without importing it."""
    return frozenset(
        node.name
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_the_map_has_exactly_the_rows_that_this_release_answers_for() -> None:
    """A new row comes in here and there together."""
    assert sorted(MAP) == sorted(ROWS)


@pytest.mark.parametrize("number", sorted(MAP))
def test_every_test_of_a_row_exists(number: int) -> None:
    """By file and function; each is named once."""
    tests = MAP[number]
    assert tests
    assert len(set(tests)) == len(tests)
    for test in tests:
        path, _, name = test.partition("::")
        assert name.startswith("test_"), test
        assert name in functions_of(ROOT / path), f"{test} is not there"


def test_a_test_that_is_named_after_a_fault_is_in_its_row() -> None:
    """`test_fault_48_…` belongs to row 48, if this release has it."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in functions_of(path):
            number = name.removeprefix("test_fault_").partition("_")[0]
            if name.startswith("test_fault_") and number.isdigit() and int(number) in ROWS:
                test = f"{path.relative_to(ROOT).as_posix()}::{name}"
                assert test in MAP[int(number)], f"{test} is missing in row {number}"
