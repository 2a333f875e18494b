r"""The words of TOML 1.1: one compiled pattern a kind of token.

Patterns match at an offset and never look back; possessive quantifiers (`*+`) keep each of them
linear on any text. What tokens mean together is `rewire.manifest.toml_scan`, and why a text is
none of them is `rewire.manifest.toml_faults`.
"""

from __future__ import annotations

import re

__all__ = [
    "BARE",
    "CONTROL",
    "END",
    "ESCAPE",
    "GAP",
    "HEADER",
    "KEY",
    "NEW_ESCAPE",
    "PAIR",
    "PART",
    "RESUME",
    "RESUME_DEEP",
    "SHORT_TIME",
    "SPACE",
    "VALUE",
    "end_of",
]

# Control characters that may stand nowhere on a line; a tab may.
_CONTROL = r"\x00-\x08\x0a-\x1f\x7f"
_HEX = r"[0-9A-Fa-f]"
# Four digits that are a Unicode scalar value, which a surrogate is not.
_SCALAR = rf"(?:[0-9A-CEFa-cef]{_HEX}|[dD][0-7]){_HEX}{{2}}"
_ESCAPE = (
    rf'\\(?:[btnfre"\\]|x{_HEX}{{2}}|u{_SCALAR}'
    rf"|U(?:0000{_SCALAR}|(?:000[1-9A-Fa-f]|0010){_HEX}{{4}}))"
)
_BASIC = rf'"(?:[^"\\{_CONTROL}]++|{_ESCAPE})*+"'
_LITERAL = rf"'[^'{_CONTROL}]*+'"
# Up to two quotes may stand before the closing three.
_ML_TEXT = r"\x00-\x08\x0b-\x1f\x7f"
_ML_BASIC = rf'"""(?:[^"\\{_ML_TEXT}]++|\r\n|{_ESCAPE}|\\[ \t]*+\r?\n|"{{1,2}}+(?!"))*+"{{3,5}}+'
_ML_LITERAL = rf"'''(?:[^'{_ML_TEXT}]++|\r\n|'{{1,2}}+(?!'))*+'{{3,5}}+"

_BARE = r"[A-Za-z0-9_-]++"
_PART = rf"(?:{_BARE}|{_BASIC}|{_LITERAL})"
_KEY = rf"{_PART}(?:[ \t]*+\.[ \t]*+{_PART})*+"
_COMMENT = rf"#[^{_CONTROL}]*+"
_END = rf"[ \t]*+(?:{_COMMENT})?+(?:\r?\n|\Z)"

# A number or a word ends where something else begins; `5s` is not the number 5.
_STOP = r"(?=[ \t\r\n,\]}#]|\Z)"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]++)?+)?+"
_ZONE = r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})?+"
_DIGITS = r"[0-9]++(?:_[0-9]++)*+"
_DECIMAL = r"(?:0|[1-9][0-9]*+(?:_[0-9]++)*+)"

BARE = re.compile(_BARE)
CONTROL = re.compile(rf"[{_CONTROL}]")
PART = re.compile(_PART)
KEY = re.compile(_KEY)
SPACE = re.compile(r"[ \t]*+")
END = re.compile(_END)
# What may stand between statements, and between the members of a bracket.
GAP = re.compile(rf"(?:[ \t\n]++|\r\n|{_COMMENT}(?=\r?\n|\Z))*+")
VALUE = re.compile(
    rf"""(?P<basic>(?!\"\"\"){_BASIC})"""
    rf"""|(?P<literal>(?!'''){_LITERAL})"""
    rf"""|(?P<open>[\[{{])"""
    rf"""|(?P<bool>(?:true|false){_STOP})"""
    rf"""|(?P<basics>{_ML_BASIC})"""
    rf"""|(?P<literals>{_ML_LITERAL})"""
    rf"""|(?P<time>(?:{_DATE}(?:[Tt ]{_TIME}{_ZONE})?+|{_TIME}){_STOP})"""
    rf"""|(?P<whole>[+-]?+{_DECIMAL}{_STOP})"""
    rf"""|(?P<based>(?:0x{_HEX}++(?:_{_HEX}++)*+|0o[0-7]++(?:_[0-7]++)*+|0b[01]++(?:_[01]++)*+)"""
    rf"""{_STOP})"""
    rf"""|(?P<real>[+-]?+{_DECIMAL}(?=[.eE])(?:\.{_DIGITS})?+(?:[eE][+-]?+{_DIGITS})?+{_STOP})"""
    rf"""|(?P<special>[+-]?+(?:inf|nan){_STOP})"""
)

# The two lines that most lines are, whole: nothing else need be looked at.
PAIR = re.compile(
    rf"""({_BARE}(?:\.{_BARE})*+)[ \t]*+=[ \t]*+"""
    rf"""("[^"\\{_CONTROL}]*+"(?!")|true|false|(?:0|[1-9][0-9]{{0,17}}+)(?=[ \t\r\n#]|\Z)){_END}"""
)
HEADER = re.compile(rf"(\[\[?+)[ \t]*+({_KEY})[ \t]*+(\]\]?+){_END}")

ESCAPE = re.compile(_ESCAPE)
NEW_ESCAPE = re.compile(rf"\\(?:(?P<new>e|x{_HEX}{{2}})|.)", re.DOTALL)
SHORT_TIME = re.compile(r"(?<![0-9:])[0-9]{2}:[0-9]{2}(?!:)")

# Where to read on after a fault: at the next line that holds something; after one inside a
# bracket or a multi-line string only at a line that can be nothing but a key or a header.
RESUME = re.compile(r"\n[ \t]*+(?=[^\s#\]}),])")
RESUME_DEEP = re.compile(
    rf"\n[ \t]*+(?=(?:{_KEY})[ \t]*+=|\[\[?+[ \t]*+(?=[A-Za-z_])"
    rf"(?!(?:true|false|inf|nan)[ \t]*+\]){_KEY}[ \t]*+\]\]?+{_END})"
)


def end_of(pattern: re.Pattern[str], text: str, pos: int) -> int:
    """Return where a pattern that also matches nothing ends."""
    match = pattern.match(text, pos)
    return match.end() if match else pos
