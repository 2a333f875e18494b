"""RW010-RW099: the languages, TOML and JSON."""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["SYNTAX"]

SYNTAX: dict[str, CodeInfo] = {
    "RW010": CodeInfo(
        title="unexpected text",
        explanation="""\
Something stands where the language allows nothing, or something else: more text after a value, two
values without a comma between them, text after the end of a JSON document. In TOML each key with
its value has a line of its own.""",
        example_bad='version = 1 http.api.base_url = "https://api.example"',
        example_good='version = 1\nhttp.api.base_url = "https://api.example"',
    ),
    "RW011": CodeInfo(
        title="string not closed",
        explanation="""\
A string ends on the line it starts on, with the quote it starts with. For text of several lines
TOML has `\"\"\"`, which must be closed with `\"\"\"`.""",
        example_bad='[http.api]\nbase_url = "https://api.example',
        example_good='[http.api]\nbase_url = "https://api.example"',
    ),
    "RW012": CodeInfo(
        title="unknown escape",
        explanation="""\
In a `"…"` string a backslash starts an escape, and this is none. Write a backslash as `\\\\`, or
use a TOML literal string, `'…'`, in which a backslash is only that.""",
        example_bad='[http.api]\ntls.ca = "C:\\certs\\ca.pem"',
        example_good="[http.api]\ntls.ca = 'C:\\certs\\ca.pem'",
    ),
    "RW013": CodeInfo(
        title="not a value",
        explanation="""\
What stands after the `=` (or `:`) is no value. Strings, durations, sizes, URLs and references all
stand in quotes; booleans are `true` and `false`; numbers have no leading zeros. TOML has no null:
leave the key out.""",
        example_bad="[http.api]\ntimeout.connect = 5s",
        example_good='[http.api]\ntimeout.connect = "5s"',
    ),
    "RW014": CodeInfo(
        title='no "=" after the key',
        explanation="""\
A line of TOML is `key = value`, a member of a JSON object `"key": value`. The mark between the two
is missing. A key with spaces in it stands in quotes.""",
        example_bad='[http.api]\nbase_url: "https://api.example"',
        example_good='[http.api]\nbase_url = "https://api.example"',
    ),
    "RW015": CodeInfo(
        title="bracket not closed",
        explanation="""\
A table header, an array, an inline table or a JSON object is opened and never closed. The place is
where it is opened; where there is one, a second place tells what was met instead.""",
        example_bad='[http.api\nbase_url = "https://api.example"',
        example_good='[http.api]\nbase_url = "https://api.example"',
    ),
    "RW016": CodeInfo(
        title="duplicate key",
        explanation="""\
The same key has two values in one table; both places are named. Many parsers silently keep the
last one, so nobody could tell which is meant: delete one.""",
        example_bad='[http.api]\nbase_url = "https://a.example"\nbase_url = "https://b.example"',
        example_good='[http.api]\nbase_url = "https://b.example"',
    ),
    "RW017": CodeInfo(
        title="table defined twice",
        explanation="""\
A table may be opened by one header only, and what was written as a value (`auth = { … }`) or by
dotted keys is complete where it stands. Put the keys together, or give one of two clients another
id.""",
        example_bad='[http.api]\nbase_url = "https://a.example"\n\n[http.api]\nenabled = false',
        example_good='[http.api]\nbase_url = "https://a.example"\nenabled = false',
    ),
    "RW018": CodeInfo(
        title="number out of range",
        explanation="""\
Integers are between -2^63 and 2^63-1, and floats are finite: NaN, infinity, and numbers too large
for 64 bits, which other parsers round or accept silently, are refused.""",
        example_bad="[http.api]\nmax_redirects = 99999999999999999999",
        example_good="[http.api]\nmax_redirects = 20",
    ),
    "RW019": CodeInfo(
        title="not a key",
        explanation="""\
A key was expected. In TOML it has letters A-Z, digits, `-` and `_`, or stands in quotes, and parts
are joined by dots; in JSON it always stands in double quotes.""",
        example_bad='[http.api]\n= "https://api.example"',
        example_good='[http.api]\nbase_url = "https://api.example"',
    ),
    "RW020": CodeInfo(
        title="comment in JSON",
        explanation="""\
JSON has no comments. Leave it out, say it in the field `description`, or write the manifest in
TOML.""",
        example_bad='{\n  "version": 1 // the only one\n}',
        example_good='{\n  "version": 1\n}',
    ),
    "RW021": CodeInfo(
        title="trailing comma in JSON",
        explanation="In JSON no comma may stand before the closing bracket. Delete it.",
        example_bad='{\n  "version": 1,\n}',
        example_good='{\n  "version": 1\n}',
    ),
    "RW022": CodeInfo(
        title="a JSON manifest is an object",
        explanation="The whole of a JSON manifest is one object, `{ … }`; this is something else.",
        example_bad='[{"version": 1}]',
        example_good='{"version": 1}',
    ),
}
