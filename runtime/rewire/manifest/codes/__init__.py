"""The catalogue of diagnostic codes: one entry a code, from which its page is written.

0xx syntax, 1xx schema, 2xx semantic, 3xx environment, 9xx warnings. A code is public and never
gets another meaning. The texts are in one file a family.
"""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["CODES", "CodeInfo"]

CODES: dict[str, CodeInfo] = {}
