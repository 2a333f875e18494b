"""The reader of code blocks itself."""

from __future__ import annotations

from pathlib import Path

from tests.docs.blocks import Block, blocks


def test_a_block_has_its_language_role_text_and_line(tmp_path: Path) -> None:
    """What a page's info lines say is what a test gets, also of a fence within a longer one."""
    page = tmp_path / "page.md"
    page.write_text(
        "# A page\n\n```toml\nversion = 1\n```\n\n```text output\none\n```\n\n"
        "````text\n```python\nx\n```\n````\n"
    )
    assert blocks(page) == [
        Block("toml", None, "version = 1\n", 4),
        Block("text", "output", "one\n", 8),
        Block("text", None, "```python\nx\n```\n", 12),
    ]
