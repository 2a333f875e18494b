"""A plan as text and as JSON: grouped by cause, with its places, without secrets."""

from __future__ import annotations

import json

from rewire.manifest.validate import Desired
from rewire.plan.plan import Plan, plan
from rewire.plan.render import lines, text, to_json
from tests.plan.worlds import desired_from, live

BEFORE = """\
version = 1

[defaults.http]
timeout.read = "5s"

[http.a]
base_url = "http://a"

[http.b]
base_url = "http://b"
auth.bearer = "${TOKEN}"

[http.c]
base_url = "http://c"
auth.basic = { username = "me", password = "hunter2" }
headers.Authorization = "hunter2"

[http.gone]
base_url = "http://gone"

[websocket.feed]
url = "ws://feed/?token=hunter2"
tls.ca = "/ca.pem"
on_connect = ["${FIRST:-hunter2}", "plain"]
"""
AFTER = (
    BEFORE.replace('"5s"', '"8s"')
    .replace("http.gone", "http.new")
    .replace('"http://c"', '"http://c2"')
    .replace('password = "hunter2"', 'password = "hunter22"')
    .replace('Authorization = "hunter2"', 'Authorization = "hunter22"')
    .replace('owner = "me"', "")
    .replace("token=hunter2", "token=hunter22")
    .replace("${FIRST:-hunter2}", "${SECOND:-hunter22}")
)


TEXT = """\
1 create, 2 in place, 2 replace, 1 remove

  ~   [http.a] in place by [defaults.http] timeout.read \
at connections.toml:4, 2 in flight on generation 3
        timeout.read  "5s" → "8s"

  ~   [http.b] in place at connections.toml:11, 2 in flight on generation 3
        auth.bearer   ${TOKEN} → ${TOKEN} (changed)
        timeout.read  "5s" → "8s"

  -/+ [http.c] replace at connections.toml:14, 2 in flight on generation 3
        base_url               "http://c" → "http://c2"   forces the replacement
        headers.Authorization  (secret) → (secret, changed)
        auth.basic.password    (secret) → (secret, changed)
        timeout.read           "5s" → "8s"

  -/+ [websocket.feed] replace at connections.toml:22, 2 in flight on generation 3
        url         "ws://feed/?…" → "ws://feed/?…" (changed)   forces the replacement
        on_connect  [(secret), "plain"] → [(secret), "plain"] (changed)
        tls.ca      "/ca.pem" → "/ca.pem" (its content changed)   forces the replacement

  -   [http.gone] remove, 2 in flight on generation 3
  +   [http.new] create at connections.toml:18
"""


def example(**observed: object) -> Plan:
    """Return a plan in which everything happens."""
    before = desired_from(BEFORE, TOKEN="hunter2")
    return plan(desired_from(AFTER, TOKEN="hunter22", ca="other"), live(before, **observed))


def nine(default: str = "1s", own: str = "", token: str = "t") -> dict[str, Desired]:
    """Declare nine clients that share a default and a variable; the first has something own."""
    shared = f'[defaults.http]\ntimeout.read = "{default}"\n' if default else ""
    tables = [f'[http.c{n}]\nbase_url = "http://c"\nauth.bearer = "${{T}}"\n' for n in range(9)]
    tables.insert(1, own)
    return desired_from(f"version = 1\n{shared}{''.join(tables)}", T=token)


def test_a_plan_as_text() -> None:
    """Symbols, places, classes, what forces a replacement, and what is in flight."""
    shown = text(example(in_flight=2, generation=3))
    assert shown == TEXT


def test_a_plan_as_lines() -> None:
    """One line for each change, for a log: the same words."""
    first, second, *others = lines(example())
    assert first == (
        "~   [http.a] in place by [defaults.http] timeout.read at connections.toml:4: "
        'timeout.read "5s" → "8s"'
    )
    assert second == (
        "~   [http.b] in place at connections.toml:11: "
        'auth.bearer ${TOKEN} → ${TOKEN} (changed), timeout.read "5s" → "8s"'
    )
    assert others[-2:] == [
        "-   [http.gone] remove",
        "+   [http.new] create at connections.toml:18",
    ]


def test_one_changed_default_is_one_group() -> None:
    """However many clients share it; what is in flight is added up."""
    assert (
        text(plan(nine("2s"), live(nine(), in_flight=1)))
        == """\
9 in place

  ~   9 clients (c0, c1, c2, c3, c4, c5 and 3 more) in place by [defaults.http] timeout.read \
at connections.toml:3, 9 in flight
        timeout.read  "1s" → "2s"
"""
    )


def test_a_default_that_was_taken_out_is_named_too() -> None:
    """It has no place any more."""
    assert (
        text(plan(nine(""), live(nine())))
        == """\
9 in place

  ~   9 clients (c0, c1, c2, c3, c4, c5 and 3 more) in place by [defaults.http] timeout.read
        timeout.read  "1s" → "30s"
"""
    )


def test_one_rotated_secret_is_one_group() -> None:
    """The variable is named, and its value is not."""
    assert (
        text(plan(nine(token="new"), live(nine())))
        == """\
9 in place

  ~   9 clients (c0, c1, c2, c3, c4, c5 and 3 more) in place by ${T}
        auth.bearer  ${T} → ${T} (changed)
"""
    )


def test_an_edit_of_one_client_is_a_group_of_its_own() -> None:
    """It is shown at the line of the first value that changed."""
    assert (
        text(plan(nine(own='timeout.read = "7s"\nlabels.x = "1"\n'), live(nine())))
        == """\
1 in place, 8 unchanged

  ~   [http.c0] in place at connections.toml:8
        labels.x      (absent) → "1"
        timeout.read  "1s" → "7s"
"""
    )


def test_who_is_held_back_is_named() -> None:
    """Those that keep their view, and those that could not be created."""
    assert (
        text(plan({}, live(desired_from(BEFORE, TOKEN="t")), ["a", "z"]))
        == """\
4 remove, 1 unchanged

  -   [http.b] remove
  -   [http.c] remove
  -   [websocket.feed] remove
  -   [http.gone] remove
  =   [http.a] held back
  held back: z
"""
    )


def test_nothing_to_change_is_said() -> None:
    """In one line."""
    assert text(plan(nine(), live(nine()))) == "nothing to change, 9 unchanged\n"
    assert text(plan({}, {})) == "nothing to change\n"


def test_a_plan_as_json() -> None:
    """Everything a pipeline needs, with the values as a manifest would say them."""
    data = json.loads(to_json(example(generation=3)))
    assert data["summary"] == {"create": 1, "in_place": 2, "replace": 2, "remove": 1, "keep": 0}
    assert data["changes"][2] == {
        "id": "c",
        "protocol": "http",
        "action": "replace",
        "origin": {"file": "connections.toml", "line": 13},
        "generation": 3,
        "built": True,
        "in_flight": 0,
        "forced_by": ["base_url"],
        "fields": [
            {
                "path": "base_url",
                "before": "http://c",
                "after": "http://c2",
                "contents": False,
                "applies": "replace",
                "secret": False,
                "cause": "http.c.base_url",
            },
            {
                "path": "headers.Authorization",
                "before": "(secret)",
                "after": "(secret, changed)",
                "contents": False,
                "applies": "in place",
                "secret": True,
                "cause": "http.c.headers.Authorization",
            },
            {
                "path": "auth.basic.password",
                "before": "(secret)",
                "after": "(secret, changed)",
                "contents": False,
                "applies": "in place",
                "secret": True,
                "cause": "http.c.auth.basic.password",
            },
            {
                "path": "timeout.read",
                "before": "5s",
                "after": "8s",
                "contents": False,
                "applies": "in place",
                "secret": False,
                "cause": "defaults.http.timeout.read",
            },
        ],
    }
    assert data["held_back"] == []


def test_no_form_of_a_plan_has_a_secret_in_it() -> None:
    """Neither a resolved one, nor a literal one, nor a default, nor a query."""
    shown = example()
    for form in (text(shown), to_json(shown), "\n".join(lines(shown)), repr(shown)):
        assert "hunter2" not in form
