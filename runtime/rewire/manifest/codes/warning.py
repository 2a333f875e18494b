"""RW9xx: warnings; the manifest is applied all the same, unless they are denied."""

from __future__ import annotations

from rewire.manifest.codes.info import CodeInfo

__all__ = ["WARNING"]

_HEAD = 'version = 1\n\n[http.api]\nbase_url = "https://api.example"'

WARNING: dict[str, CodeInfo] = {
    "RW901": CodeInfo(
        title="looks like a credential",
        explanation="""\
A secret seems to stand in the manifest itself, where it is committed, copied and read by many. Put
it into the environment or a file, and a reference here.""",
        example_bad=f'{_HEAD}\nauth.bearer = "sk-live-0123456789abcdef"',
        example_good=f'{_HEAD}\nauth.bearer = "${{API_TOKEN}}"',
    ),
    "RW902": CodeInfo(
        title="TOML 1.1",
        explanation="""\
This is TOML 1.1: an inline table over several lines or with a comma at its end, the escapes `\\e`
and `\\xHH`, a time without seconds. rewire reads it; most editors still read 1.0 and report an
error.""",
        example_bad=f'{_HEAD}\nheaders = {{\n  Accept = "text/plain",\n}}',
        example_good=f'{_HEAD}\nheaders = {{ Accept = "text/plain" }}',
    ),
    "RW903": CodeInfo(
        title="certificates are not checked",
        explanation="""\
With `tls.verify = false` anybody on the way can read and change what is sent, credentials too. For
a private authority set `tls.ca` to its certificate.""",
        example_bad=f"{_HEAD}\ntls.verify = false",
        example_good=f'{_HEAD}\ntls.ca = "/etc/ssl/our-ca.pem"',
    ),
    "RW904": CodeInfo(
        title="secret file readable by everyone",
        explanation="""\
Every user of this machine may read the file that a secret comes from. `chmod 600` it, or `640` with
a group of its own.""",
        example_bad="a secret file with mode 0644",
        example_good="a secret file with mode 0600",
    ),
}
