"""What looks like a credential: for a warning about literal ones, and for hiding lines.

In doubt a line is hidden and a warning is not given: the first costs a little clarity, a false
second costs trust in all the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from rewire.manifest.references import is_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.manifest.place import KeyPath

__all__ = ["literal_credentials", "looks_like_credential", "may_hold_secret"]

_CREDENTIAL_FIELDS = frozenset(
    {("auth", "bearer"), ("auth", "basic", "password"), ("auth", "header", "value")}
    | {("auth", "query", "value"), ("auth", "oauth2", "client_secret")}
)
# Published token formats: GitHub, GitLab, Slack, Stripe, OpenAI/Anthropic, AWS, Google, PyPI, JWT.
_TOKEN = re.compile(
    r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}|[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|sk-[A-Za-z0-9_-]{20,}"
    r"|AKIA[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|pypi-[A-Za-z0-9_-]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,})"
)
_SENSITIVE_HEADER = re.compile(
    r"^(authorization|proxy-authorization|cookie)$|token|secret|passw|api[-_]?key|credential",
    re.IGNORECASE,
)
_SENSITIVE_LINE = re.compile(
    r"auth|bearer|basic|secret|token|passw|credential|key|cookie|header|sign|://[^/\s]*@",
    re.IGNORECASE,
)
_SENSITIVE_TABLES = frozenset({"auth", "headers", "query", "on_connect"})


def looks_like_credential(path: KeyPath, value: str) -> bool:
    """Tell whether a literal text in a client's table, at a path in it, looks like a credential."""
    if path in _CREDENTIAL_FIELDS or _TOKEN.search(value):
        return True
    if path == ("proxy",):
        return "@" in value
    if len(path) == 2 and path[0] in {"headers", "query"}:
        return bool(_SENSITIVE_HEADER.search(str(path[1])))
    return False


def literal_credentials(table: Mapping[str, object], path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the paths of literal texts that look like credentials."""
    for key, value in table.items():
        here = (*path, key)
        if isinstance(value, Mapping):
            yield from literal_credentials(value, here)
            continue
        texts = [(here, value)]
        if isinstance(value, list):
            texts = [((*here, index), item) for index, item in enumerate(value)]
        for where, text in texts:
            literal = isinstance(text, str) and text and not is_reference(text)
            if literal and looks_like_credential(where, str(text)):
                yield where


def may_hold_secret(line: str, path: KeyPath) -> bool:
    """Tell whether the line of a diagnostic may hold a secret."""
    return not _SENSITIVE_TABLES.isdisjoint(map(str, path)) or bool(
        _SENSITIVE_LINE.search(line) or _TOKEN.search(line)
    )
