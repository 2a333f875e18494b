"""RW3xx: what references name, found out at resolution; it holds back one client, not all."""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["ENVIRONMENT"]

_HEAD = 'version = 1\n\n[http.api]\nbase_url = "https://api.example"'

ENVIRONMENT: dict[str, CodeInfo] = {
    "RW301": CodeInfo(
        title="environment variable not set",
        explanation="""\
The variable of a reference is not set. Only this client is held back: it keeps the view it has,
and is tried again. Set the variable before the program starts, or give a default:
`${NAME:-default}`.""",
        example_bad=f'{_HEAD}\nauth.bearer = "${{TOKEN}}"   # and TOKEN is not set',
        example_good=f'{_HEAD}\nauth.bearer = "${{TOKEN:-none}}"',
    ),
    "RW302": CodeInfo(
        title="file cannot be read",
        explanation="""\
A file that the manifest names is missing, or the program may not read it. Only this client is held
back; the file is watched, and the client applied as soon as it can be read.""",
        example_bad=f'{_HEAD}\nauth.bearer = "${{file:/run/secrets/tokn}}"',
        example_good=f'{_HEAD}\nauth.bearer = "${{file:/run/secrets/token}}"',
    ),
    "RW303": CodeInfo(
        title="secret with characters that no header takes",
        explanation="""\
A resolved secret has a carriage return, a line feed, a NUL or a character outside ASCII in it. One
line break at the end of a file is taken off; anything else would let a secret forge a header. The
value is not shown. Look at the file with `od -c`.""",
        example_bad="a secret file of two lines",
        example_good="a secret file of one line",
    ),
    "RW304": CodeInfo(
        title="resolved value does not fit",
        explanation="""\
The reference was resolved, but the field does not take what came out of it. The value is not
shown.""",
        example_bad=f'{_HEAD}\ntimeout.connect = "${{CONNECT}}"   # and CONNECT is "soon"',
        example_good=f'{_HEAD}\ntimeout.connect = "${{CONNECT}}"   # and CONNECT is "5s"',
    ),
    "RW305": CodeInfo(
        title="path refused",
        explanation="""\
Files that a manifest names are regular files of at most 1 MiB, and not below /proc, /sys or /dev; a
symlink to such a file is fine. This keeps a manifest from reading a pipe for ever, or the
environment of a process.""",
        example_bad=f'{_HEAD}\nauth.bearer = "${{file:/proc/self/environ}}"',
        example_good=f'{_HEAD}\nauth.bearer = "${{file:/run/secrets/token}}"',
    ),
}
