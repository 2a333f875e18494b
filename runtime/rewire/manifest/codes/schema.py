"""RW1xx: the shape, which the published schema checks as well."""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["SCHEMA"]

_GOOD = 'version = 1\n\n[http.api]\nbase_url = "https://api.example"'

SCHEMA: dict[str, CodeInfo] = {
    "RW101": CodeInfo(
        title="missing key",
        explanation="""\
A table lacks a key that it must have. The place is the header of the table.""",
        example_bad='version = 1\n\n[websocket.prices]\ndescription = "ticks"',
        example_good='version = 1\n\n[websocket.prices]\nurl = "wss://prices.example/ws"',
    ),
    "RW102": CodeInfo(
        title="wrong type",
        explanation="""\
The value is of another type than the field. Durations are strings with a unit (`"5s"`), sizes too
(`"1MiB"`); a number in quotes is a string.""",
        example_bad=f'{_GOOD}\nfollow_redirects = "yes"',
        example_good=f"{_GOOD}\nfollow_redirects = true",
    ),
    "RW103": CodeInfo(
        title="unknown key",
        explanation="""\
The table has no such key. Unknown keys are errors, because a misspelt one would silently leave its
default in force. If a near key exists, it is suggested. A key of a later version of rewire is
unknown to this one.""",
        example_bad=f'{_GOOD}\ntime_out.connect = "5s"',
        example_good=f'{_GOOD}\ntimeout.connect = "5s"',
    ),
    "RW104": CodeInfo(
        title="value not allowed",
        explanation="""\
The type is right, but the value is out of range or not of the form that the field takes: a negative
duration, a port of 70000, a URL without a scheme. The message gives the form.""",
        example_bad=f'{_GOOD}\ntimeout.connect = "-5s"',
        example_good=f'{_GOOD}\ntimeout.connect = "5s"',
    ),
    "RW105": CodeInfo(
        title="not an id",
        explanation="""\
A client's id is 1 to 63 characters of a-z, 0-9 and `-`, starts with a letter and does not end with
`-`, so that it can be a host-name label and the name of an environment variable.""",
        example_bad='version = 1\n\n[http.My_API]\nbase_url = "https://api.example"',
        example_good='version = 1\n\n[http.my-api]\nbase_url = "https://api.example"',
    ),
    "RW106": CodeInfo(
        title="not one of the choices",
        explanation="""\
The field takes one of a few words, which the message lists. A reference cannot stand here.""",
        example_bad=f'{_GOOD}\nconnect = "lasy"',
        example_good=f'{_GOOD}\nconnect = "lazy"',
    ),
    "RW107": CodeInfo(
        title="unknown version",
        explanation="""\
`version` names the form of the manifest; this rewire knows version 1. A newer number means that
the manifest was written for a newer rewire: update it.""",
        example_bad="version = 2",
        example_good="version = 1",
    ),
    "RW108": CodeInfo(
        title="not a value that a manifest holds",
        explanation="""\
Dates, times and null are values of TOML or JSON, but no field of a manifest takes one. Write a
string, or leave the key out.""",
        example_bad=f"{_GOOD}\ndescription = 2026-11-25",
        example_good=f'{_GOOD}\ndescription = "since 2026-11-25"',
    ),
}
