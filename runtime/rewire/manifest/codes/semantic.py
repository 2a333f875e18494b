"""RW2xx: what fields say together, after merging, without environment, files or network."""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["SEMANTIC"]

_GOOD = 'version = 1\n\n[http.api]\nbase_url = "https://api.example"'

SEMANTIC: dict[str, CodeInfo] = {
    "RW201": CodeInfo(
        title="id used twice",
        explanation="""\
Two clients have the same id. Ids are unique across protocols, because handles, metrics and
environment names use the id alone. Both places are named.""",
        example_bad=f'{_GOOD}\n\n[websocket.api]\nurl = "wss://api.example/ws"',
        example_good=f'{_GOOD}\n\n[websocket.api-feed]\nurl = "wss://api.example/ws"',
    ),
    "RW202": CodeInfo(
        title="fields contradict each other",
        explanation="""\
Two written values break a rule between fields, such as: a connection's keep-alive limit is at most
its connection limit. The rule holds only between values that somebody wrote; a default is fitted
to them silently. Both places are named.""",
        example_bad=f"{_GOOD}\npool.max_connections = 10\npool.max_keepalive = 20",
        example_good=f"{_GOOD}\npool.max_connections = 20\npool.max_keepalive = 10",
    ),
    "RW203": CodeInfo(
        title="more than one kind of auth",
        explanation="""\
A client proves who it is in one way. Keep one of the tables under `auth`. A client's own `auth`
replaces that of `defaults` as a whole.""",
        example_bad=f'{_GOOD}\nauth.bearer = "${{TOKEN}}"\nauth.basic.username = "me"',
        example_good=f'{_GOOD}\nauth.bearer = "${{TOKEN}}"',
    ),
    "RW204": CodeInfo(
        title="not a reference",
        explanation="""\
References are `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `${scheme:ref}`, such as
`${file:/run/secrets/token}`; they do not nest. A dollar sign that is only that is written `$$`.""",
        example_bad=f'{_GOOD}\nauth.bearer = "${{TOKEN"',
        example_good=f'{_GOOD}\nauth.bearer = "${{TOKEN}}"',
    ),
    "RW205": CodeInfo(
        title="would remove too many clients",
        explanation="""\
The text is in order, but next to what is live it would remove all clients, or more than
`reload.max_deletes` of them, as a file that was cut does. Nothing is applied and no drain started.
If it is meant, raise `reload.max_deletes`, or set `reload.allow_empty = true` for an empty
manifest.""",
        example_bad="version = 1",
        example_good="version = 1\nreload.allow_empty = true",
    ),
}
