"""RW001-RW009: the bytes and the limits, before any language is looked at."""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["TEXT"]

TEXT: dict[str, CodeInfo] = {
    "RW001": CodeInfo(
        title="the text is not UTF-8",
        explanation="""\
A manifest is UTF-8 text; a byte order mark at its start and CRLF line ends are accepted. The
position is that of the first byte that is not UTF-8. Text saved as Latin-1 or UTF-16 is the usual
cause: save it as UTF-8.""",
        example_bad="a file saved as Latin-1, in which ü is the byte 0xFC",
        example_good="the same file saved as UTF-8",
    ),
    "RW002": CodeInfo(
        title="control character",
        explanation="""\
Control characters other than tab and line break may stand nowhere in a manifest, and NUL not even
in a string. A carriage return counts as one unless a line feed follows. Write such a character as
an escape (`\\u001b`) if it is meant; many of them mean that the file is not text, or was cut.""",
        example_bad='description = "a raw escape character \x1b"',
        example_good='description = "an escaped one \\u001b"',
    ),
    "RW003": CodeInfo(
        title="the manifest is too large",
        explanation="""\
A manifest may have 32 MiB, which is about 50,000 clients. The limit is looked at before the file
is read. Declare the clients in several programs, each with a manifest of its own.""",
        example_bad="a file of 100 MB",
        example_good="a file of 6 MB, which holds about 10,000 clients",
    ),
    "RW004": CodeInfo(
        title="nested too deep",
        explanation="""\
Tables and arrays may be nested 64 deep. No field of a manifest needs more than six; a deeper one
is the work of a generator gone wrong, or an attack on the parser.""",
        example_bad=f"version = 1\nx = {'[' * 70}{']' * 70}",
        example_good='version = 1\n[http.api]\nbase_url = "https://api.example"',
    ),
    "RW005": CodeInfo(
        title="key too long",
        explanation="""\
A dotted key has at most 32 parts, and each part at most 512 characters. Parsers take quadratic
time for long keys, so this is refused before they see them.""",
        example_bad=".".join("a" * 40) + " = 1",
        example_good='http.api.base_url = "https://api.example"',
    ),
}
