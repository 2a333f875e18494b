"""What is generated is what the code says today, and its links lead somewhere."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rewire
from rewire.manifest.codes import CODES
from rewire.manifest.specs import PROTOCOLS
from rewire.status import TRANSITIONS, ConnectionState

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
CODE = re.compile(r"^(```+).*?^\1|`[^`\n]+`", re.MULTILINE | re.DOTALL)


@pytest.fixture
def generate() -> ModuleType:
    """Return the script `docs/generate.py`."""
    return importlib.import_module("generate")


def test_every_generated_page_is_up_to_date(
    generate: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """`make docs` would change nothing."""
    assert (generate.main(["--check"]), capsys.readouterr().out) == (0, "")


def test_a_page_that_is_out_of_date_is_named_and_renewed(
    generate: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A check names it and writes nothing; without one it is written, and an orphan removed."""
    page, orphan = tmp_path / "errors" / "RW103.md", tmp_path / "errors" / "RW777.md"
    page.parent.mkdir()
    orphan.touch()
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "ERRORS", page.parent)
    monkeypatch.setattr(generate, "pages", lambda: {page: "new"})
    assert generate.main(["--check"]) == 1
    assert not page.exists()
    assert "errors/RW103.md" in (said := capsys.readouterr().out)
    assert "errors/RW777.md" in said
    assert generate.main([]) == 0
    assert page.read_text() == "new"
    assert not orphan.exists()


def test_a_fragment_is_renewed_and_the_text_around_it_stays(
    generate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty fragment is filled, a full one replaced, and nothing else is touched."""
    monkeypatch.setattr(generate, "FRAGMENTS", {"one": lambda: "ONE", "two": lambda: "TWO"})
    text = (
        "before\n<!-- generated: one -->\n<!-- end -->\nbetween\n"
        "<!-- generated: two -->\nold\nlines\n<!-- end -->\nafter\n"
    )
    new = (
        "before\n<!-- generated: one -->\nONE\n<!-- end -->\nbetween\n"
        "<!-- generated: two -->\nTWO\n<!-- end -->\nafter\n"
    )
    assert generate.renewed(text) == new
    assert generate.renewed(new) == new


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    """A link within the project names a file that is there, and a heading in it."""
    text = CODE.sub("", page.read_text("utf-8"))
    for target, anchor in LINK.findall(text):
        if target.startswith(("http://", "https://")):
            continue
        file = (page.parent / target) if target else page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), f"{target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_public_name_is_documented() -> None:
    """What `rewire.__all__` has is on the page of the API."""
    text = (ROOT / "docs" / "reference" / "api.md").read_text("utf-8")
    missing = [name for name in rewire.__all__ if not re.search(rf"\b{name}\b", text)]
    assert [name for name in missing if name != "__version__"] == []


def test_every_key_of_every_model_is_documented() -> None:
    """The page of the manifest has each key, however deep."""
    fields = importlib.import_module("generator.fields")
    text = (ROOT / "docs" / "reference" / "manifest.md").read_text("utf-8")
    keys = {row.path for spec in PROTOCOLS.values() for row in fields.rows(spec)} - {"id"}
    assert [key for key in sorted(keys) if f"| `{key}` |" not in text] == []


def test_every_diagnostic_has_its_page() -> None:
    """The URL of a diagnostic leads to a page, and there is no page of another code."""
    pages = {path.stem for path in (ROOT / "docs" / "reference" / "errors").glob("RW*.md")}
    assert pages == set(CODES)


def test_only_what_is_reported_is_documented_as_that() -> None:
    """The page of a code that no module reports says so."""
    package = ROOT / "runtime" / "rewire"
    catalogue = package / "manifest" / "codes"
    modules = [path for path in package.rglob("*.py") if catalogue not in path.parents]
    code = "\n".join(path.read_text("utf-8") for path in modules)
    unreported = {name for name in CODES if name not in code}
    assert unreported == importlib.import_module("generator.errors").RESERVED


def test_the_state_diagram_has_every_transition() -> None:
    """Each signal that changes a state is an arrow from it, or from the box around it."""
    diagram = importlib.import_module("generator.diagrams").state_diagram()
    arrows = set(re.findall(r"^ *(\w+) --> (\w+): (.*)$", diagram, re.MULTILINE))
    drawn = {(one, other, name) for one, other, names in arrows for name in names.split(", ")}
    for before, row in TRANSITIONS.items():
        for signal, after in row.items():
            starts = {before, "declared"} if before not in {"draining", "disabled"} else {before}
            ends = {after, "declared"} if after is ConnectionState.IDLE else {after}
            found = {(one, other, signal) for one in starts for other in ends}
            assert before is after or found & drawn, (before, signal, after)
