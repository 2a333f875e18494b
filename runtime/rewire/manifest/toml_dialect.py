"""A cheap look whether a text may use what TOML 1.1 has and 1.0 has not.

Editors read 1.0, so such places get a warning; finding them takes a whole scan, which nearly no
manifest needs. This may say yes for nothing, and never says no wrongly.
"""

from __future__ import annotations

import re

__all__ = ["may_use_toml11"]

_MANY = re.compile(r"\"\"\"|'''")
_ESCAPE = re.compile(r"\\[ex]")
_SHORT_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(?![0-9:])")
_OPAQUE = re.compile(r"\"(?:[^\"\\\n]++|\\.)*+\"|'[^'\n]*+'|#[^\n]*+")
_TRAILING = re.compile(r",[ \t]*+\}")
_BRACES = re.compile(r"^[^\n{}]*+[{}][^\n]*+", re.MULTILINE)


def may_use_toml11(text: str) -> bool:
    """Tell whether a well-formed text may hold anything newer than TOML 1.0."""
    if _ESCAPE.search(text) or _SHORT_TIME.search(text):
        return True
    if "{" not in text:
        return False
    if _MANY.search(text):
        return True
    # No string goes on over a line break here, so lines can be judged one by one.
    lines = _OPAQUE.sub("", "\n".join(_BRACES.findall(text)))
    if _TRAILING.search(lines):
        return True
    return any(line.count("{") != line.count("}") for line in lines.split("\n"))
