"""Why a text is not the TOML that was expected: each function looks again and names the reason.

They run only after a pattern of `rewire.manifest.toml_lexer` refused, so they may be slow, but
each looks at one token only. None of them repeats a value in its message: it may be a secret.
"""

from __future__ import annotations

import re

from rewire.manifest.fault import Fault, control_character, what_is
from rewire.manifest.toml_lexer import CONTROL, ESCAPE, SPACE, end_of

__all__ = ["explain_after_key", "explain_end", "explain_gap", "explain_key", "explain_value"]

_WORD = re.compile(r"[^\s,\]}#=\[{\"']++")
# What people write instead of a value, the first that fits; only what is plainly no secret is
# repeated in the help.
_WORDS = [
    (re.compile(pattern, re.IGNORECASE), message, hint)
    for pattern, message, hint in (
        (r"(?:true|false)\Z", "a boolean is written in lower case", "did you mean {lower}?"),
        (r"(?:null|none|nil)\Z", "TOML has no null", "leave the key out"),
        (r"(?:yes|no|on|off)\Z", "this is not a boolean", "write true or false"),
        (r"[0-9.]+(?:ms|us|[smhd])\Z", "a duration stands in quotes", 'write "{word}"'),
        (r"[0-9.]+(?:[kmgt]i?)?b\Z", "a size stands in quotes", 'write "{word}"'),
        (r"[0-9]{2,4}[-:][0-9]", "this is not a date or time", None),
        (r"[+-]?0[0-9_]+(?:\.[0-9]+)?\Z", "a number has no leading zeros", None),
        (r"[+-]?(?:nan|inf(?:inity)?)\Z", "this is not a number", None),
        (r"[-+.0-9]", "this is not a number", "a string stands in quotes"),
        (r"\$", "a reference stands in quotes", 'write "${{NAME}}"'),
    )
]
BARE_LETTERS = "without quotes a key has letters A-Z, digits, - and _"
_IN_STRING = {
    '"': re.compile(r'(?:[^"\\\r\n]|\\.)*+'),
    "'": re.compile(r"[^'\r\n]*+"),
}
_LINE = re.compile(r"[^\r\n]*+")
_ESCAPED_BREAK = re.compile(r"\\[ \t]*+\r?\n")


def explain_gap(text: str, pos: int) -> Fault | None:
    """Return the fault of a control character between statements or in a comment."""
    end = end_of(_LINE, text, pos)
    bad = CONTROL.search(text, pos, end + 1) if text.startswith("#", pos) else None
    at = bad.start() if bad else pos
    if at < len(text) and (at > pos or CONTROL.match(text, at)) and text[at] != "\n":
        return control_character(text, at)
    return None


def explain_end(text: str, pos: int, after: str) -> Fault:
    """Return why a statement does not end here; `after` names what it ended with."""
    quoted = text[pos - 1] == '"'
    start, pos = pos, end_of(SPACE, text, pos)
    fault = explain_gap(text, pos)
    if fault:
        return fault
    hint = None
    if text[pos] in "\"'" or (quoted and start == pos):
        hint = 'inside a "…" string a quote is written \\"'
    return Fault(
        "RW010",
        f"expected a line break after {after}, found {what_is(text, pos)}",
        pos,
        pos + 1,
        help=hint,
    )


def explain_key(text: str, pos: int, what: str = "a key") -> Fault:
    """Return why no key starts here."""
    char = text[pos : pos + 1]
    if char and char in "\"'":
        return _explain_string(text, pos)
    if not char or char in "\r\n":
        return Fault("RW019", f"expected {what}, found the end of the line", pos, pos)
    fault = explain_gap(text, pos)
    if fault:
        return fault
    if char == "=":
        return Fault("RW019", f'expected {what} before "="', pos, pos + 1)
    hint = BARE_LETTERS if not char.isascii() else None
    return Fault("RW019", f"expected {what}, found {what_is(text, pos)}", pos, pos + 1, help=hint)


def explain_after_key(text: str, start: int, key_end: int) -> Fault:
    """Return why neither an equals sign nor a closing bracket follows a key."""
    if text.startswith(('"""', "'''"), start):
        return Fault("RW019", "a key cannot be a multi-line string", start, start + 3)
    pos = end_of(SPACE, text, key_end)
    if text.startswith(".", pos):
        return explain_key(text, end_of(SPACE, text, pos + 1), "a key after the dot")
    fault = explain_gap(text, pos)
    if fault:
        return fault
    char = text[pos : pos + 1]
    if pos == key_end and char and char not in "=:\"'[]{}#," and not char.isspace():
        message = f"{what_is(text, pos)} cannot stand in a key without quotes"
        return Fault("RW019", message, pos, pos + 1, help=BARE_LETTERS)
    hint = None
    if char == ":":
        hint = 'TOML writes key = value, with "=" instead of ":"'
    elif char.isalnum():
        hint = "a key with a space in it stands in quotes"
    return Fault("RW014", 'expected "=" after the key', pos, min(pos + 1, len(text)), help=hint)


def explain_value(text: str, pos: int) -> Fault:
    """Return why no value starts here."""
    char = text[pos : pos + 1]
    if not char or char in "\r\n#":
        return Fault("RW013", "expected a value, found the end of the line", pos, pos)
    if char in "\"'":
        many = text.startswith(char * 3, pos)
        return _explain_many(text, pos) if many else _explain_string(text, pos)
    fault = explain_gap(text, pos)
    if fault:
        return fault
    word = _WORD.match(text, pos)
    if word is None:
        return Fault("RW013", f"expected a value, found {what_is(text, pos)}", pos, pos + 1)
    message, hint = _explain_word(word.group())
    return Fault("RW013", message, pos, word.end(), help=hint)


def _explain_word(word: str) -> tuple[str, str | None]:
    for pattern, message, hint in _WORDS:
        if pattern.match(word):
            return message, hint and hint.format(word=word, lower=word.lower())
    return "this is not a value", "a string stands in quotes"


def _explain_string(text: str, pos: int) -> Fault:
    quote = text[pos]
    end = end_of(_IN_STRING[quote], text, pos + 1)
    fault = _explain_inside(text, pos + 1, end, escapes=quote == '"')
    if fault:
        return fault
    end = len(text[pos:end].rstrip()) + pos
    return Fault(
        "RW011",
        "the string is not closed on its line",
        pos,
        max(end, pos + 1),
        help=f"add {quote} where it ends",
    )


def _explain_many(text: str, pos: int) -> Fault:
    quote = text[pos] * 3
    end = text.find(quote, pos + 3)
    fault = _explain_inside(text, pos + 3, len(text) if end < 0 else end, escapes=quote == '"""')
    if fault:
        fault.deep = True
        return fault
    message = f"the multi-line string is never closed: {quote} is missing"
    return Fault("RW011", message, pos, pos + 3, deep=True)


def _explain_inside(text: str, start: int, end: int, *, escapes: bool) -> Fault | None:
    many = text.startswith(text[start - 1] * 3, start - 3)
    at = start
    wrong = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\\]" if escapes else r"[\x00-\x08\x0b-\x1f\x7f]")
    while found := wrong.search(text, at, end):
        at = found.start()
        if text[at] != "\\":
            if text.startswith("\r\n", at):
                at += 2
                continue
            return control_character(text, at)
        good = ESCAPE.match(text, at) or (_ESCAPED_BREAK.match(text, at) if many else None)
        if good is None:
            return _explain_escape(text, at)
        at = good.end()
    return None


def _explain_escape(text: str, pos: int) -> Fault:
    kind = text[pos + 1 : pos + 2]
    digits = {"x": 2, "u": 4, "U": 8}.get(kind)
    if digits is None:
        return Fault(
            "RW012",
            "unknown escape in a string",
            pos,
            min(pos + 2, end_of(_LINE, text, pos)),
            help="a backslash is written \\\\, or use '…', in which it is itself",
        )
    end = end_of(re.compile(rf"[0-9A-Fa-f]{{0,{digits}}}"), text, pos + 2)
    if end - pos - 2 < digits:
        message = f"the escape \\{kind} takes {digits} hexadecimal digits"
    else:
        message = f"the escape \\{kind} does not name a character"
    return Fault("RW012", message, pos, end)
