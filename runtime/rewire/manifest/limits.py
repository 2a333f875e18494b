"""How large a manifest may be in each direction, for every format alike.

The parsers behind us answer deep nesting with RecursionError and long dotted keys with quadratic
time (40 kB: 2.5 s), so these hold before, or instead of, what they would do.
"""

from __future__ import annotations

__all__ = [
    "MAX_DEPTH",
    "MAX_DIAGNOSTICS",
    "MAX_DIGITS",
    "MAX_INT",
    "MAX_KEY_LENGTH",
    "MAX_KEY_PARTS",
    "MIN_INT",
    "NOT_FINITE",
    "TOO_DEEP",
    "TOO_LARGE",
    "TOO_WIDE",
]

MAX_DEPTH = 64
MAX_KEY_PARTS = 32
MAX_KEY_LENGTH = 512
# Syntax errors told at once; a file of garbage would otherwise cost memory by the line.
MAX_DIAGNOSTICS = 100
MIN_INT = -(2**63)
MAX_INT = 2**63 - 1
# More than any 64-bit integer has; `int` refuses thousands of them with an error of its own.
MAX_DIGITS = 24

TOO_DEEP = f"values are nested more than {MAX_DEPTH} deep"
TOO_LARGE = "the number is too large for a 64-bit float"
TOO_WIDE = "the number does not fit into 64 bits"
NOT_FINITE = "NaN and infinity are not numbers that a manifest can hold"
