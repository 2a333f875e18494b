"""Bytes become text with positions, or a diagnostic that says where they are not text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.manifest.diagnostics import Diagnostic
from rewire.manifest.source import Position, SourceText, Span, decode


def refused(data: bytes, **options: int) -> Diagnostic:
    """Return the diagnostic of bytes that are refused."""
    found = decode("m.toml", data, **options)
    assert isinstance(found, Diagnostic)
    return found


def accepted(data: bytes) -> SourceText:
    """Return the text of bytes that are accepted."""
    found = decode("m.toml", data)
    assert isinstance(found, SourceText)
    return found


def test_a_byte_order_mark_is_accepted_and_counts_for_nothing() -> None:
    """The first character after a BOM is at column 1."""
    source = accepted(b"\xef\xbb\xbfversion = 1")
    assert source.text == "version = 1"
    assert source.position(0) == Position(1, 1)


def test_crlf_ends_a_line_and_belongs_to_none() -> None:
    """The text of a line has neither CR nor LF."""
    source = accepted(b"a = 1\r\nb = 2\r\n")
    assert [source.line(number) for number in (1, 2, 3)] == ["a = 1", "b = 2", ""]
    assert source.position(7) == Position(2, 1)


def test_columns_count_characters() -> None:
    """Not bytes, and not UTF-16 units."""
    source = accepted('x = "日本🎉" y'.encode())
    assert source.position(source.text.index("y")) == Position(1, 11)


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"a = 1\nb = '\xfc'", Position(2, 6), "the text is not UTF-8: unexpected byte 0xFC"),
        (b"\xef\xbb\xbfa\xff", Position(1, 2), "the text is not UTF-8: unexpected byte 0xFF"),
        ("ä".encode() + b"\xe4", Position(1, 2), "the text is not UTF-8: unexpected byte 0xE4"),
        (b"a\n\xe2\x82", Position(2, 1), "the text is not UTF-8: unexpected byte 0xE2"),
    ],
)
def test_bytes_that_are_not_utf8_are_refused_at_their_place(
    data: bytes, place: Position, message: str
) -> None:
    """Latin-1, a cut sequence and a stray byte are named with line and column."""
    found = refused(data)
    assert (found.code, found.start, found.message) == ("RW001", place, message)


def test_utf16_is_recognised() -> None:
    """The help names what an editor did."""
    assert refused("a = 1".encode("utf-16")).help == "save the file as UTF-8: it looks like UTF-16"


def test_nul_is_refused_at_its_place() -> None:
    """A NUL is no text, and the line of it is shown without its values."""
    found = refused(b"a = 1\ntoken = 's\x00ecret'")
    assert (found.code, found.start) == ("RW002", Position(2, 11))
    assert found.excerpt is not None
    assert "ecret" not in found.excerpt.text


def test_size_is_looked_at_first() -> None:
    """What is too large is not decoded, whatever it holds."""
    found = refused(b"\xff" * 11, max_size=10)
    assert found.code == "RW003"
    assert found.message == "the manifest has 11 bytes; at most 10 are read"
    assert isinstance(decode("m", b"x" * 10, max_size=10), SourceText)


def test_a_line_that_is_not_there_is_empty() -> None:
    """Lines are counted from one."""
    source = SourceText("m", "a\nb")
    assert source.line(0) == source.line(3) == ""
    assert source.line_count == 2


def test_the_repr_of_a_source_does_not_show_its_text() -> None:
    """A text may hold secrets."""
    assert "secret" not in repr(SourceText("m", "token = 'secret'"))


@given(st.text(), st.integers(min_value=-5, max_value=200))
def test_position_and_offset_undo_each_other(text: str, offset: int) -> None:
    """Every offset has one line and column, which lead back to it."""
    source = SourceText("m", text)
    position = source.position(offset)
    clamped = min(max(offset, 0), len(text))
    assert source.offset(position.line, position.column) == clamped
    assert text[:clamped].count("\n") == position.line - 1


@given(st.binary())
def test_any_bytes_are_text_or_a_diagnostic(data: bytes) -> None:
    """Decoding raises nothing."""
    found = decode("m", data)
    if isinstance(found, Diagnostic):
        assert found.start >= (1, 1)
    else:
        assert found.text == data.decode("utf-8-sig")


def test_warnings_are_known_by_their_code() -> None:
    """RW9xx warns; everything else refuses, unless it is told otherwise."""
    source = SourceText("m", "a")
    assert source.diagnose("RW901", "x", Span(0, 1)).severity == "warning"
    assert source.diagnose("RW101", "x", Span(0, 1)).is_error
