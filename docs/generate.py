"""Write the generated parts of the documentation: `python docs/generate.py`, or `make docs`.

With `--check` nothing is written: what is out of date is listed, and the exit code is 1. What is
generated is decided by the modules in `docs/generator`; only files are handled here. A whole page
is either generated or written by hand; a hand-written one may hold generated fragments::

    <!-- generated: state-diagram -->
    …
    <!-- end -->
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from generator.api import api_page
from generator.command_line import command_line_page
from generator.diagrams import state_diagram
from generator.errors import error_page, errors_index
from generator.manifest import change_classes, manifest_page
from generator.plans import plan_actions, results
from generator.status import status_page

from rewire.manifest.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
ERRORS = DOCS / "reference" / "errors"

FRAGMENT = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(?:(?!<!--).)*(<!-- end -->)", re.DOTALL)
FRAGMENTS: Mapping[str, Callable[[], str]] = {
    "plan-actions": plan_actions,
    "results": results,
    "state-diagram": state_diagram,
    "replaced-keys": lambda: change_classes("replace"),
    "in-place-keys": lambda: change_classes("in place"),
}


def pages() -> dict[Path, str]:
    """Return every generated page, and every hand-written one with its fragments renewed."""
    reference = DOCS / "reference"
    made = {
        reference / "manifest.md": manifest_page(),
        reference / "api.md": api_page(),
        reference / "command-line.md": command_line_page(),
        reference / "status.md": status_page(),
        ERRORS / "README.md": errors_index(),
    }
    made |= {ERRORS / f"{code}.md": error_page(code) for code in CODES}
    by_hand = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
    made |= {path: renewed(path.read_text("utf-8")) for path in by_hand if path not in made}
    return made


def renewed(text: str) -> str:
    """Return a text with each of its fragments generated anew."""
    return FRAGMENT.sub(lambda found: f"{found[1]}{FRAGMENTS[found[2]]()}\n{found[3]}", text)


def orphans() -> list[Path]:
    """Return the pages of codes that are no longer there."""
    return [path for path in ERRORS.glob("RW*.md") if path.stem not in CODES]


def main(arguments: list[str]) -> int:
    """Write what has changed, or with `--check` say what would."""
    check = arguments == ["--check"]
    made = pages()
    stale = [path for path, text in made.items() if _read(path) != text]
    unwanted = orphans()
    for path in [*stale, *unwanted]:
        print(f"{'out of date' if check else 'renewed'}: {path.relative_to(ROOT)}")
    if check:
        return 1 if stale or unwanted else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made[path], "utf-8")
    for path in unwanted:
        path.unlink()
    return 0


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
