"""The rules of the house that no linter knows: purity, and what a commit must not name."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "runtime" / "rewire"

PURE = ("errors", "status", "events", "policy", "manifest", "plan", "ports")
FUNCTIONS = {"breakpoint", "input", "open", "print"}
FILE_METHODS = {
    "exists",
    "is_dir",
    "is_file",
    "iterdir",
    "mkdir",
    "open",
    "read_bytes",
    "read_text",
    "write_bytes",
    "write_text",
}
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
}

# Spelt in halves, so that this file does not name what it forbids.
REGISTRIES = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("pypi.", "org"),
            ("pythonhosted.", "org"),
            ("registry.npmjs.", "org"),
            ("registry.", "yarnpkg.com"),
            ("proxy.golang.", "org"),
            ("static.crates.", "io"),
            ("repo.maven.", "apache.org"),
            ("deb.", "debian.org"),
        )
    )
)
MACHINE_PATHS = re.compile("/wor" + r"k/(main|shared|tmp|\.library)\b|/opt/" + "(wheels|pypi)")


def pure_files() -> Iterator[Path]:
    """Find the modules of the pure core that exist."""
    for name in PURE:
        yield from sorted((PACKAGE / name).rglob("*.py"))
        if (single := PACKAGE / f"{name}.py").is_file():
            yield single


def impurities(source: str, *, protocols: bool = False) -> list[str]:
    """List what a pure module must not contain, as `line: what`.

    With `protocols`, a Protocol class may name asynchronous methods: it describes the shell.
    """
    tree = ast.parse(source)
    named = set(_protocol_methods(tree)) if protocols else set()
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and node not in named:
            found.append((node.lineno, f"async def {node.name}"))
        elif isinstance(node, ast.Call) and (word := _forbidden_call(node.func)):
            found.append((node.lineno, word))
    return [f"{line}: {what}" for line, what in sorted(found)]


def _protocol_methods(tree: ast.Module) -> Iterator[ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any(
            ast.unparse(parent).split("[")[0].rpartition(".")[2] == "Protocol"
            for parent in node.bases
        ):
            yield from (
                child
                for child in node.body
                if isinstance(child, ast.AsyncFunctionDef) and _only_names(child)
            )


def _only_names(method: ast.AsyncFunctionDef) -> bool:
    return all(
        isinstance(statement, ast.Pass)
        or (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
        for statement in method.body
    )


def _forbidden_call(function: ast.expr) -> str | None:
    if isinstance(function, ast.Name) and function.id in FUNCTIONS:
        return f"{function.id}("
    if isinstance(function, ast.Attribute):
        owner = ast.unparse(function.value).rpartition(".")[2]
        if function.attr in FILE_METHODS:
            return f".{function.attr}("
        if (owner, function.attr) in CLOCKS or owner == "time":
            return f"{owner}.{function.attr}("
    return None


@pytest.mark.parametrize(
    "path", list(pure_files()), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_the_pure_core_asks_the_world_nothing(path: Path) -> None:
    """A pure module has no coroutine, no file, no output and no clock."""
    assert impurities(path.read_text("utf-8"), protocols=path == PACKAGE / "ports.py") == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("async def fetch(): ...", "async def fetch"),
        ("class A:\n    async def aclose(self): ...", "async def aclose"),
        ("def read():\n    return open('x')", "open("),
        ("print('x')", "print("),
        ("Path('x').read_text()", ".read_text("),
        ("here.open()", ".open("),
        ("datetime.now(UTC)", "datetime.now("),
        ("datetime.datetime.utcnow()", "datetime.utcnow("),
        ("date.today()", "date.today("),
        ("time.monotonic()", "time.monotonic("),
    ],
)
def test_each_impurity_is_found(source: str, what: str) -> None:
    """The search finds each thing it is there for."""
    assert [line.partition(": ")[2] for line in impurities(source)] == [what]


def test_only_a_protocol_may_name_coroutines() -> None:
    """In ports.py a Protocol's bare methods are let through, and nothing beside them."""
    source = """
class Engine(Protocol[T]):
    async def send(self) -> None: ...
    async def close(self) -> None:
        \"\"\"Close.\"\"\"
    async def work(self) -> None:
        await self.send()
class Real:
    async def run(self) -> None: ...
"""
    assert impurities(source, protocols=True) == ["6: async def work", "9: async def run"]
    assert len(impurities(source)) == 4


def test_every_pure_module_is_under_the_import_contract() -> None:
    """A pure package that gets built is named in import-linter's forbidden contract too."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    (contract,) = (one for one in contracts if one["type"] == "forbidden")
    built = {
        f"rewire.{name}"
        for name in PURE
        if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()
    }
    assert built == set(contract["source_modules"])


def test_no_commit_names_a_registry_or_this_machine() -> None:
    """What is committed works anywhere: no package registry's host, no path of one machine."""
    guilty = [
        f"{path}:{number}: {found.group()}"
        for path in committed_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if (found := REGISTRIES.search(line) or MACHINE_PATHS.search(line))
    ]
    assert guilty == []


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://pypi." + "org/simple",
        "see https://files.pythonhosted." + "org/packages/x",
        '"resolved": "https://registry.npmjs.' + 'org/x"',
    ],
)
def test_a_registry_is_recognised(line: str) -> None:
    """The search finds each registry as it is usually written."""
    assert REGISTRIES.search(line)


@pytest.mark.parametrize("line", ["/wor" + "k/main/runtime", "--find-links /opt/" + "wheels"])
def test_a_machine_path_is_recognised(line: str) -> None:
    """The search finds the paths that leak from a developer's machine."""
    assert MACHINE_PATHS.search(line)
    assert not MACHINE_PATHS.search("~/" + "work/mainly")


def committed_files() -> list[Path]:
    """List what git tracks; skip where the sources are no checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listing.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Read as text whatever it is; a byte that is none cannot be part of a name."""
    return path.read_text("utf-8", errors="replace")
