"""References: what they are, what they need, what they become, and that no value gets out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.references import (
    MAX_EXPANSION,
    BadReference,
    Lookup,
    Missing,
    Needs,
    Problem,
    Reference,
    is_reference,
    misspelt,
    needs,
    resolve,
    segments,
    spelt,
)
from rewire.manifest.specs.types import ResolvedText

TEXTS = st.text(alphabet="${}AbC_:-?=/. \n", max_size=20)


def lookup(**values: str | bytes | Missing) -> Lookup:
    """Return a lookup in which nothing else is set."""

    def find(reference: Reference) -> str | bytes | Missing:
        return values.get(reference.name, Missing("it is not set"))

    return find


def only(text: str, **values: str | bytes | Missing) -> str | Problem:
    """Resolve one text; return the result or the one problem."""
    resolved, problems = resolve({"key": text}, lookup(**values))
    if problems:
        (problem,) = problems
        assert resolved == {}
        assert problem.path == ("key",)
        return problem
    return resolved["key"]


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("${A}", "one"),
        ("x${A}y${B}z", "xoneytwoz"),
        ("${A:-other}", "one"),
        ("${UNSET:-other}", "other"),
        ("${UNSET:-}", ""),
        ("${EMPTY:-other}", "other"),
        ("${UNSET:-a$$b}", "a$b"),
        ("${A:?say why}", "one"),
        ("$$", "$"),
        ("$${A}", "${A}"),
        ("$$${A}", "$one"),
        ("a $ b", "a $ b"),
        ("$A", "$A"),
        ("cost: 5$", "cost: 5$"),
        ("", ""),
    ],
)
def test_a_text_becomes_what_its_references_say(text: str, result: str) -> None:
    """Variables, defaults, and dollar signs that are only that."""
    assert only(text, A="one", B="two", EMPTY="") == result


def test_a_leaf_with_a_reference_is_marked_and_no_other() -> None:
    """What came out of a reference is known as such, also if it is a default or only a part."""
    data = {"a": "x${A}", "b": "plain $$", "c": ["${B:-z}", "${A}"], "n": 5, "t": {"d": "${A}"}}
    resolved, problems = resolve(data, lookup(A="one"))
    assert problems == []
    assert resolved == {"a": "xone", "b": "plain $", "c": ["z", "one"], "n": 5, "t": {"d": "one"}}
    assert isinstance(resolved["a"], ResolvedText)
    assert not isinstance(resolved["b"], ResolvedText)
    assert all(isinstance(item, ResolvedText) for item in resolved["c"])
    assert isinstance(resolved["t"]["d"], ResolvedText)


def test_what_was_put_in_is_not_looked_at_again() -> None:
    """FAULTS 24: `${A}` whose value is `${B}` stays that, so there are no cycles and no bombs."""
    assert only("${A}", A="${B}${A}$$", B="boom") == "${B}${A}$$"


def test_an_expansion_has_a_cap() -> None:
    """FAULTS 24: one leaf grows to at most a mebibyte."""
    big = "x" * (MAX_EXPANSION // 4)
    problem = only("${A}" * 5, A=big)
    assert isinstance(problem, Problem)
    assert problem.code == "RW303"
    assert only("${A}" * 4, A=big) == big * 4


def test_keys_are_never_resolved() -> None:
    """A reference in a key is text."""
    resolved, problems = resolve({"${A}": "x"}, lookup(A="one"))
    assert (resolved, problems) == ({"${A}": "x"}, [])
    assert needs({"${A}": "x"}) == Needs()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("${UNSET}", "RW301", "${UNSET} has no value: it is not set"),
        ("${EMPTY}", "RW301", "${EMPTY} has no value: it is empty"),
        ("${UNSET:?ask ops}", "RW301", "${UNSET} has no value: ask ops"),
        ("${file:/nowhere}", "RW302", "${file:/nowhere} has no value: it is not set"),
        ("${REFUSED}", "RW305", "${REFUSED} is not read: it is a pipe"),
        ("${REFUSED:-x}", "RW305", "${REFUSED:-…} is not read: it is a pipe"),
        ("${A", "RW204", 'a "${" is not closed'),
    ],
)
def test_what_has_no_value_is_a_problem_with_a_name(text: str, code: str, words: str) -> None:
    """FAULTS 28: the reference is named, and the reason."""
    problem = only(text, EMPTY="", REFUSED=Missing("it is a pipe", refused=True))
    assert isinstance(problem, Problem)
    assert (problem.code, problem.message) == (code, words)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", [str, bytes])
def test_one_line_break_at_the_end_is_taken_off(ending: str, kind: type) -> None:
    """FAULTS 30: editors and Kubernetes end secrets with one that nobody meant."""
    value = "hunter2" + ending
    assert only("${A}", A=value if kind is str else value.encode()) == "hunter2"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("hunter2\n\n", "line break"),
        ("hunter2\rx", "line break"),
        ("hunter2\r", "line break"),
        ("hun\nter2", "line break"),
        ("hunter2\0", "NUL"),
        ("hunter2ü", "not ASCII"),
        ("hunter2ü".encode(), "not ASCII"),
        (b"hunter2\xff", "not ASCII"),
    ],
)
def test_what_no_header_takes_is_refused_without_echo(value: str | bytes, words: str) -> None:
    """FAULTS 30: the value is not repeated, only what is wrong with it."""
    problem = only("Bearer ${A:-x}", A=value)
    assert isinstance(problem, Problem)
    assert problem.code == "RW303"
    assert words in problem.message
    assert "hun" not in repr(problem)


@pytest.mark.parametrize(
    "text",
    [
        "${",
        "${}",
        "${a}",
        "${A:b}",
        "${A-b}",
        "${A:-${B}}",
        "${9A}",
        "${vault:x}",
        "${file:}",
        "${A",
    ],
)
def test_a_misspelt_reference_is_found_in_the_text_alone(text: str) -> None:
    """No environment is needed to see that it is none; it needs nothing either."""
    (problem,) = misspelt({"t": {"k": [f"x{text}"]}})
    assert (problem.code, problem.path) == ("RW204", ("t", "k", 0))
    assert problem.help
    assert needs(text) == Needs()
    with pytest.raises(BadReference):
        segments(text)


def test_needs_are_the_names_in_strings_everywhere() -> None:
    """Variables and files, in tables and arrays, with or without a default."""
    data = {"a": "${A}${B:-x}", "l": ["${file:/run/t}", 5], "t": {"d": "$${NOT}${C:?m}"}}
    assert needs(data) == Needs(frozenset({"A", "B", "C"}), frozenset({"/run/t"}))


def test_a_default_is_not_shown() -> None:
    """A default may be a secret: neither the spelling for people nor a repr has it."""
    (reference,) = segments("${A:-hunter2}")
    assert spelt("Bearer ${A:-hunter2}") == "Bearer ${A:-…}"
    assert "hunter2" not in repr(reference)
    assert "hunter2" not in str(reference)


@given(TEXTS)
def test_a_reference_by_pattern_is_one_by_parse(text: str) -> None:
    """The pattern in the schema and the parser agree about every text that is well formed."""
    try:
        parts = segments(text)
    except BadReference:
        return
    assert is_reference(text) == any(isinstance(part, Reference) for part in parts)


@given(TEXTS)
def test_resolving_never_raises(text: str) -> None:
    """Whatever the text, there is a result or a problem."""
    assert isinstance(only(text, A="v"), str | Problem)


@given(st.text(max_size=20))
def test_a_doubled_dollar_is_the_way_to_write_any_text(text: str) -> None:
    """With every dollar sign doubled, a text resolves to itself, and nothing is looked up."""
    escaped = text.replace("$", "$$")
    assert not is_reference(escaped)
    assert only(escaped) == text


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_any_ascii_value_comes_through_unchanged(value: str) -> None:
    """A value is put in as it is, dollar signs and braces too."""
    assert only("<${A}>", A=value) == f"<{value}>"
