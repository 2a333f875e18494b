"""The catalogue of diagnostic codes: one entry a code, from which its page is written.

0xx syntax, 1xx schema, 2xx semantic, 3xx environment, 9xx warnings. A code is public and never
gets another meaning. The texts are in one file a family; what a code refuses is decided elsewhere.
"""

from __future__ import annotations

from rewire.manifest.codes.environment import ENVIRONMENT
from rewire.manifest.codes.info import CodeInfo
from rewire.manifest.codes.schema import SCHEMA
from rewire.manifest.codes.semantic import SEMANTIC
from rewire.manifest.codes.syntax import SYNTAX
from rewire.manifest.codes.text import TEXT
from rewire.manifest.codes.warning import WARNING

__all__ = ["CODES", "CodeInfo"]

CODES: dict[str, CodeInfo] = TEXT | SYNTAX | SCHEMA | SEMANTIC | ENVIRONMENT | WARNING
