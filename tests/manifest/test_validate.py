"""From bytes to a checked manifest, and from a declaration to what is to be live."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from pydantic import SecretStr

from rewire.manifest.references import Lookup, Missing, Needs, Reference
from rewire.manifest.render import render
from rewire.manifest.validate import Desired, Manifest, read, resolve_client

TEXT = """\
version = 1

[reload]
quiet = "50ms"

[defaults.http]
timeout = { connect = "3s", read = "${READ:-9s}" }
headers = { User-Agent = "me", X-Shared = "1" }
auth.bearer = "${SHARED}"

[http.a]
base_url = "http://${HOST:-a.example}/v1"
headers = { X-Shared = "2" }

[http.b]
base_url = "http://b.example"
auth.basic = { username = "u", password = "${file:/run/p}" }
timeout.connect = "1s"

[websocket.c]
url = "ws://c.example/?token=${TOKEN}"
owner = "${OWNER}"
tls.ca = "${CA:-/ca.pem}"
subprotocols = ["v1", "${SUB:-v2}"]
"""


def good(text: str, name: str = "connections.toml") -> Manifest:
    """Read a text that must be accepted."""
    manifest = read(name, text.encode())
    assert isinstance(manifest, Manifest), render(manifest, (), "concise")
    return manifest


def env(values: Mapping[str, str | bytes]) -> Lookup:
    """Return a lookup with these names."""

    def find(reference: Reference) -> str | bytes | Missing:
        return values.get(reference.name, Missing("it is not set"))

    return find


ALL = env({"SHARED": "s3", "/run/p": b"hunter2\n", "TOKEN": "tok", "OWNER": "ops"})


def resolved(manifest: Manifest, client: str, lookup: Lookup = ALL) -> Desired:
    """Resolve one client, which must succeed."""
    desired = resolve_client(manifest.clients[client], lookup)
    assert isinstance(desired, Desired), desired
    return desired


def codes(text: str, name: str = "x.toml") -> list[tuple[str, str]]:
    """Return code and path of everything that is said about a text."""
    found = read(name, text.encode())
    said = found.warnings if isinstance(found, Manifest) else found
    return [(one.code, ".".join(map(str, one.path))) for one in said]


def test_a_good_manifest_is_read() -> None:
    """Its settings, its clients in order, what it needs, and no warning."""
    manifest = good(TEXT)
    assert manifest.name == "connections.toml"
    assert manifest.reload.quiet == 0.05
    assert list(manifest.clients) == ["a", "b", "c"]
    assert manifest.clients["c"].protocol == "websocket"
    assert manifest.warnings == ()
    assert manifest.needs == Needs(
        frozenset({"READ", "SHARED", "HOST", "TOKEN", "OWNER", "CA", "SUB"}), frozenset({"/run/p"})
    )


def test_a_client_is_its_defaults_and_its_own() -> None:
    """Tables merge, `auth` is replaced whole, and nothing is resolved yet."""
    clients = good(TEXT).clients
    assert clients["a"].merged == {
        "timeout": {"connect": "3s", "read": "${READ:-9s}"},
        "headers": {"User-Agent": "me", "X-Shared": "2"},
        "auth": {"bearer": "${SHARED}"},
        "base_url": "http://${HOST:-a.example}/v1",
    }
    assert clients["b"].merged["auth"] == {"basic": {"username": "u", "password": "${file:/run/p}"}}


def test_every_value_knows_where_it_was_written() -> None:
    """An origin is a path in the document; a declaration has a line and column."""
    client = good(TEXT).clients["a"]
    assert client.origins == {
        ("timeout", "connect"): ("defaults", "http", "timeout", "connect"),
        ("timeout", "read"): ("defaults", "http", "timeout", "read"),
        ("headers", "User-Agent"): ("defaults", "http", "headers", "User-Agent"),
        ("headers", "X-Shared"): ("http", "a", "headers", "X-Shared"),
        ("auth", "bearer"): ("defaults", "http", "auth", "bearer"),
        ("base_url",): ("http", "a", "base_url"),
    }
    assert client.position == (11, 1)
    assert client.written_at(("pool", "max_connections")) is None
    assert client.written(("timeout", "read")) == "${READ:-9s}"
    assert client.written(("timeout", "write")) is None


def test_resolving_makes_a_spec_in_which_secrets_are_secrets() -> None:
    """What came out of a reference is a secret, but for durations and the path of a URL."""
    manifest = good(TEXT)
    a, b, c = (resolved(manifest, client).spec for client in "abc")
    assert a.base_url == "http://a.example/v1"
    assert a.timeout.read == 9.0
    assert a.auth.bearer == SecretStr("s3")
    assert b.auth.basic.password == SecretStr("hunter2")
    assert b.auth.basic.username == "u"
    assert c.url == SecretStr("ws://c.example/?token=tok")
    assert c.owner == SecretStr("ops")
    assert c.tls.ca == SecretStr("/ca.pem")
    assert c.files() == ("/ca.pem",)
    assert c.subprotocols == ("v1", SecretStr("v2"))
    for secret in ("hunter2", "tok=", "ops", "s3"):
        assert secret not in repr((a, b, c))


def test_what_is_desired_knows_where_it_was_declared() -> None:
    """File and line of the declaration, and the text it came from."""
    desired = resolved(good(TEXT), "c")
    assert (desired.id, desired.protocol, desired.source) == ("c", "websocket", "manifest")
    assert (desired.origin.file, desired.origin.line) == ("connections.toml", 20)
    assert desired.material == {}
    assert desired.with_material({"/ca.pem": b"x"}).material == {"/ca.pem": b"x"}
    assert "b'x'" not in repr(desired.with_material({"/ca.pem": b"x"}))


def test_what_is_missing_holds_back_that_client_alone() -> None:
    """FAULTS 28: one unset variable is a diagnostic of one client, at the place it was written."""
    manifest = good(TEXT)
    lookup = env({"TOKEN": "tok", "OWNER": "ops", "/run/p": b"p"})
    found = resolve_client(manifest.clients["a"], lookup)
    assert isinstance(found, tuple)
    assert render(found, (), "full") == (
        "connections.toml:9:15: error[RW301] [defaults.http] auth.bearer: "
        "${SHARED} has no value: it is not set\n"
        '  9 | auth.bearer = "…"\n'
        "    |               ^^^ help: set SHARED in the environment"
    )
    assert isinstance(resolve_client(manifest.clients["b"], lookup), Desired)
    assert isinstance(resolve_client(manifest.clients["c"], lookup), Desired)


@pytest.mark.parametrize(
    ("line", "value", "words"),
    [
        ('timeout.read = "${X}"', "soon", "timeout.read: the resolved value does not fit"),
        ('pool.max_connections = "${X}"', "1e3", "expected an integer"),
        ('pool.max_connections = "${X}"', "0", "expected at least 1"),
        ('follow_redirects = "${X}"', "yes", "expected true or false"),
        ('headers.X = "${X}"', "hunter2 ", "without control characters or spaces around it"),
        ('auth.bearer = "${X:-}"', "", "and not empty"),
        ('base_url = "${X}"', "hunter2", "expected an http:// or https:// URL"),
    ],
)
def test_a_resolved_value_that_does_not_fit_is_not_repeated(
    line: str, value: str, words: str
) -> None:
    """The same models judge again, and say what was expected, not what came."""
    base = "" if line.startswith("base_url") else 'base_url = "http://a"\n'
    manifest = good(f"version = 1\n[http.a]\n{base}{line}\n")
    found = resolve_client(manifest.clients["a"], env({"X": value} if value else {}))
    assert isinstance(found, tuple)
    assert [one.code for one in found] == ["RW304"]
    assert words in found[0].message
    assert "hunter2" not in repr(found)
    assert value in {"", "0"} or value not in found[0].message


def test_a_rule_is_judged_again_when_its_values_are_known() -> None:
    """A reference is skipped before it is resolved, and not after."""
    manifest = good(
        'version = 1\n[http.a]\nbase_url = "http://a"\n'
        'pool.max_keepalive = "${KEEP}"\npool.max_connections = 10\n'
    )
    assert resolved(manifest, "a", env({"KEEP": "10"})).spec.pool.max_keepalive == 10
    found = resolve_client(manifest.clients["a"], env({"KEEP": "11"}))
    assert isinstance(found, tuple)
    (one,) = found
    assert (one.code, one.start.line, one.labels[0].start.line) == ("RW304", 4, 5)


def test_a_default_that_does_not_fit_is_clamped() -> None:
    """Writing one value obliges nobody to write another."""
    manifest = good('version = 1\n[http.a]\nbase_url = "http://a"\npool.max_connections = 5\n')
    assert resolved(manifest, "a").spec.pool.max_keepalive == 5


@pytest.mark.parametrize(
    "again",
    [
        TEXT.replace('"1s"', '"1000ms"'),
        "# a comment\n" + TEXT.replace("\n\n", "\n\n\n"),
        TEXT.replace(
            'headers = { User-Agent = "me", X-Shared = "1" }',
            'headers = { X-Shared = "1", User-Agent = "me" }',
        ),
        TEXT.replace("\n", "\r\n"),
        "\ufeff" + TEXT,
    ],
)
def test_another_way_to_write_the_same_is_the_same(again: str) -> None:
    """FAULTS 14: comments, order, white space and spelling change no resolved spec."""
    one, other = good(TEXT), good(again)
    for client in "abc":
        assert resolved(one, client).spec == resolved(other, client).spec


def test_json_means_the_same_as_toml() -> None:
    """A manifest in JSON gives equal specs; an integer written as 5.0 is that integer."""
    toml = good('version = 1\n[http.a]\nbase_url = "http://a"\npool.max_connections = 5\n')
    data = {
        "version": 1.0,
        "http": {"a": {"base_url": "http://a", "pool": {"max_connections": 5.0}}},
    }
    in_json = good(json.dumps(data), "connections.json")
    assert resolved(toml, "a").spec == resolved(in_json, "a").spec


def test_errors_of_all_levels_come_at_once_and_in_order() -> None:
    """Syntax, schema and semantic errors are in one list, sorted by place."""
    text = (
        'version = 1\n[http.a]\nbase_url = "http://a"\nauth.bearer = "${x}"\n'
        'connect = "lasy"\nowner = \n[websocket.a]\nurl = 5\n'
    )
    assert [code for code, _ in codes(text)] == ["RW204", "RW106", "RW013", "RW201", "RW102"]


def test_an_error_in_a_default_is_told_once() -> None:
    """However many clients share it."""
    clients = "".join(f'[http.c{n}]\nbase_url = "http://c"\n' for n in range(50))
    text = f'version = 1\n[defaults.http]\nconect = "x"\nauth.basic.username = "u"\n{clients}'
    assert codes(text) == [
        ("RW103", "defaults.http.conect"),
        ("RW101", "defaults.http.auth.basic.password"),
    ]


def test_nothing_is_required_of_defaults_but_in_auth() -> None:
    """A partial table is fine; half a credential is not, for `auth` is taken whole."""
    assert codes('version = 1\n[defaults.http]\nheaders.X = "1"\n[defaults.websocket]\n') == []


def test_a_key_that_an_unread_line_may_hold_is_not_missed() -> None:
    """After a syntax error a missing key may be its consequence, and is not reported."""
    assert codes("version = 1\n[http.a]\nbase_url = \n") == [("RW013", "http.a.base_url")]


@pytest.mark.parametrize(
    ("line", "warned"),
    [
        ('auth.bearer = "abc"', ["RW901"]),
        ('auth.bearer = "${A}"', []),
        ('auth.bearer = "x$${A}"', ["RW901"]),
        ('auth.basic = { username = "u", password = "p" }', ["RW901"]),
        ('auth.basic = { username = "sk_live_0123456789abcd", password = "${P}" }', ["RW901"]),
        ('headers.Authorization = "Bearer abc"', ["RW901"]),
        ('headers.X-Trace = "abc"', []),
        (f'headers.X-Trace = "ghp_{"a" * 36}"', ["RW901"]),
        ('query.api_key = "abc"', ["RW901"]),
        ("tls.verify = false", ["RW903"]),
        ('tls.verify = "${V}"', []),
        ('labels = { a = "1",\n}', ["RW902"]),
    ],
)
def test_a_warning_refuses_nothing(line: str, warned: list[str]) -> None:
    """Literal credentials, unchecked certificates and TOML 1.1 are said, masked, and applied."""
    manifest = good(f'version = 1\n[http.a]\nbase_url = "http://a"\n{line}\n')
    assert [one.code for one in manifest.warnings] == warned
    if warned == ["RW901"]:
        assert "abc" not in render(manifest.warnings, (), "full")


def test_a_warning_in_defaults_is_told_once() -> None:
    """At the default, not at each client."""
    text = "version = 1\n[defaults.http]\ntls.verify = false\n"
    text += '[http.a]\nbase_url = "http://a"\n[http.b]\nbase_url = "http://b"\n'
    assert codes(text) == [("RW903", "defaults.http.tls.verify")]


@pytest.mark.parametrize(
    "client",
    [
        *("GitHub", "git_hub", "-a", "a-", "1a", "g\u0456thub", "caf\u00e9", "cafe\u0301"),
        *("a\u200bb", "\u202eba", "", "a.b", "a b", "a" * 64, "A", "\uff41"),
    ],
)
def test_an_id_is_a_label_in_ascii(client: str) -> None:
    """FAULTS 19: case, confusables, forms of Unicode, direction and width marks are refused."""
    text = json.dumps({"version": 1, "http": {client: {"base_url": "http://a"}}})
    assert [code for code, _ in codes(text, "x.json")] == ["RW105"]
    found = read("x.json", text.encode())
    assert isinstance(found, tuple)
    assert found[0].message.isascii() or "…" in found[0].message


@pytest.mark.parametrize("client", ["a", "a1", "a-b", "a--b", "a" * 63])
def test_a_good_id_is_taken(client: str) -> None:
    """One to sixty-three of letters, digits and inner hyphens."""
    assert list(good(f'version = 1\n[http.{client}]\nbase_url = "http://a"\n').clients) == [client]


def test_an_id_stands_once_across_protocols() -> None:
    """FAULTS 18: refused, with both places."""
    text = 'version = 1\n[websocket.a]\nurl = "ws://a"\n[http.a]\nbase_url = "http://a"\n'
    found = read("x.toml", text.encode())
    assert isinstance(found, tuple)
    (one,) = found
    assert (one.code, one.start.line, one.labels[0].start.line) == ("RW201", 4, 2)


def test_equal_keys_of_json_are_refused_with_both_places() -> None:
    """FAULTS 18: JSON parsers would keep the last of them silently."""
    text = '{"version": 1, "http": {"a": {"base_url": "http://a"},\n"a": {"base_url": "http://b"}}}'
    found = read("x.json", text.encode())
    assert isinstance(found, tuple)
    (one,) = found
    assert (one.start.line, one.labels[0].start.line) == (2, 1)


@pytest.mark.parametrize(
    "line",
    [
        *("pool.max_connections = nan", "pool.max_connections = inf", 'timeout.read = "-1s"'),
        *("pool.max_connections = 9223372036854775808", "pool.max_connections = -1"),
    ],
)
def test_numbers_out_of_this_world_are_refused_with_their_place(line: str) -> None:
    """FAULTS 20: not a number, infinite, beyond 64 bits, negative."""
    found = read("x.toml", f'version = 1\n[http.a]\nbase_url = "http://a"\n{line}\n'.encode())
    assert isinstance(found, tuple)
    (one,) = found
    assert one.start == (4, line.index("=") + 3)


def test_two_equal_manifests_need_no_scan_of_the_text() -> None:
    """A good manifest is checked without asking where anything stands."""
    manifest = good(TEXT)
    assert "_scan" not in manifest.clients["a"].document.__dict__
