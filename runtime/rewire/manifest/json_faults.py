"""Why a text is not the JSON that was expected; the counterpart of `rewire.manifest.toml_faults`.

None of the messages repeats a value: it may be a secret.
"""

from __future__ import annotations

import re

from rewire.manifest.fault import Fault, control_character, what_is

__all__ = ["explain_key", "explain_value"]

_WORD = re.compile(r"[^\s,\[\]{}:\"'#]++")
_INSIDE = re.compile(r'[^"\\\x00-\x1f]*+')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4})')
_HEX = re.compile(r"[0-9A-Fa-f]{0,4}+")
_ZERO = re.compile(r"-?0[0-9]+(?:\.[0-9]+)?")
_LITERALS = {
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "nil": "null",
    "undefined": "null",
}


def explain_key(text: str, pos: int) -> Fault:
    """Return why no key starts here."""
    if text.startswith('"', pos):
        return explain_string(text, pos)
    char = text[pos]
    if char < " ":
        return control_character(text, pos)
    word = _WORD.match(text, pos)
    if char == "'" or word:
        message = "a key stands in double quotes"
        return Fault("RW019", message, pos, word.end() if word else pos + 1)
    return Fault("RW019", f"expected a key, found {what_is(text, pos)}", pos, pos + 1)


def explain_value(text: str, pos: int) -> Fault:
    """Return why no value starts here."""
    if text.startswith('"', pos):
        return explain_string(text, pos)
    if text.startswith("'", pos):
        return Fault("RW013", "a string stands in double quotes", pos, pos + 1)
    if pos < len(text) and text[pos] < " ":
        return control_character(text, pos)
    word = _WORD.match(text, pos)
    if word is None:
        end = min(pos + 1, len(text))
        return Fault("RW013", f"expected a value, found {what_is(text, pos)}", pos, end)
    message, hint = _explain_word(word.group())
    return Fault("RW013", message, pos, word.end(), help=hint)


def _explain_word(word: str) -> tuple[str, str | None]:
    meant = _LITERALS.get(word.lower())
    if meant:
        return "this is not a value", f"did you mean {meant}?"
    if _ZERO.fullmatch(word):
        return "a number has no leading zeros", None
    if word.lstrip("+-").lower() in {"nan", "inf", "infinity"}:
        return "this is not a number", None
    if word[0] in "+-.0123456789":
        return "this is not a number", "a string stands in double quotes"
    return "this is not a value", "a string stands in double quotes"


def explain_string(text: str, start: int) -> Fault:
    """Return why the string that starts here is none."""
    fault = _explain_inside(text, start)
    # Read on from its quote: from the middle of it, the next quote would seem to open one.
    fault.resume = start
    return fault


def _explain_inside(text: str, start: int) -> Fault:
    pos = start + 1
    while True:
        inside = _INSIDE.match(text, pos)
        pos = inside.end() if inside else pos
        char = text[pos : pos + 1]
        if not char or char in '\r\n"':
            end = max(start + 1, start + len(text[start:pos].rstrip()))
            hint = 'add " where it ends'
            return Fault("RW011", "the string is not closed on its line", start, end, help=hint)
        if char != "\\":
            return control_character(text, pos)
        good = _ESCAPE.match(text, pos)
        if good is None:
            return _explain_escape(text, pos)
        pos = good.end()


def _explain_escape(text: str, pos: int) -> Fault:
    if text.startswith("u", pos + 1):
        digits = _HEX.match(text, pos + 2)
        end = digits.end() if digits else pos + 2
        return Fault("RW012", "the escape \\u takes 4 hexadecimal digits", pos, end)
    end = min(pos + 2, len(text))
    hint = "a backslash is written \\\\"
    return Fault("RW012", "unknown escape in a string", pos, end, help=hint)
