"""What editors make of the published schema: taplo's and tombi's linters, without network.

Editors use their language servers, whose linters these are. They must be silent about a good
manifest, and about a wrong one say exactly what is wrong, and nothing else.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rewire.manifest.schema import schema_text
from rewire.manifest.validate import Manifest, read

GOOD = """\
#:schema ./connections.schema.json
version = 1

[reload]
quiet = "200ms"
max_deletes = "30%"

[defaults.http]
timeout.connect = "3s"
headers = { User-Agent = "shop/1.0" }

[http.github]
base_url = "https://api.github.com"
auth.bearer = "${GITHUB_TOKEN}"
timeout.read = "${READ:-10s}"
pool.max_connections = "${POOL:-20}"
follow_redirects = "${FOLLOW}"

[http.billing]
base_url = "https://billing.example/v2"
tls.ca = "/etc/ssl/ours.pem"
labels = { team = "money" }

[http.billing.auth.basic]
username = "shop"
password = "${file:/run/secrets/billing}"

[websocket.prices]
url = "wss://prices.example/ws"
on_connect = ['{"subscribe": "BTC"}']
reconnect.initial = "500ms"
handover.sequence = "/seq"
"""

# What is edited in the good one; the line of the fault; what taplo and tombi say of it.
WRONG = {
    "unknown key": (
        ("timeout.read", "timeot.read"),
        15,
        "'timeot' was unexpected",
        '"timeot" is not allowed',
    ),
    "wrong type": (
        ('connect = "3s"', "connect = 3"),
        9,
        '3 is not of type "string"',
        "String",
    ),
    "no duration": (('"500ms"', '"half a second"'), 31, "does not match", "pattern"),
    "no choice": (
        ("handover.sequence", 'handover.mode = "both"\nhandover.sequence'),
        32,
        '"both" is not one of ["overlap","gap"]',
        "both",
    ),
    "missing key": (
        ('url = "wss://prices.example/ws"\n', ""),
        28,
        '"url" is a required property',
        '"url" is required',
    ),
    "no id": (("[http.billing]", "[http.Billing_2]"), 19, "Billing_2", "Billing_2"),
    "unknown table": (
        ("[websocket.prices]", "[websockets.prices]"),
        28,
        "websockets",
        "websockets",
    ),
    "out of range": (('"${POOL:-20}"', "0"), 16, "0 is less than the minimum of 1", "1"),
}

SHIPPED = Path(__file__).parents[2] / "connections.toml"


def wrong(name: str) -> str:
    """Return the good manifest with one edit."""
    before, after = WRONG[name][0]
    assert GOOD.count(before) == 1
    text = GOOD.replace(before, after)
    if name == "no id":
        text = text.replace("[http.billing.auth", "[http.Billing_2.auth")
    return text


def run(tool: str, *arguments: str, cwd: Path) -> tuple[int, str]:
    """Run a tool of this environment; return its exit code and output, without colour."""
    binary = Path(sys.executable).with_name(tool)
    if not binary.exists():
        pytest.skip(f"{tool} is not installed")
    done = subprocess.run(
        [binary, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=30
    )
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def taplo(text: str, folder: Path) -> tuple[int, set[str]]:
    """Return taplo's verdict and each different thing that it says."""
    (folder / "connections.schema.json").write_text(schema_text(), "utf-8")
    (folder / "connections.toml").write_text(text, "utf-8")
    schema = f"file://{folder / 'connections.schema.json'}"
    code, output = run("taplo", "check", "--schema", schema, "connections.toml", cwd=folder)
    return code, set(re.findall(r"^error: (.*)$", output, re.MULTILINE))


def tombi(text: str, folder: Path) -> tuple[int, list[tuple[str, int]]]:
    """Return tombi's verdict and what it says in which line."""
    (folder / "connections.schema.json").write_text(schema_text(), "utf-8")
    (folder / "connections.toml").write_text(text, "utf-8")
    code, output = run("tombi", "lint", "--offline", "connections.toml", cwd=folder)
    said = re.compile(r"^\s*(?:Error|Warning): (.*)\n\s*at connections\.toml:(\d+)", re.MULTILINE)
    return code, [(message, int(line)) for message, line in said.findall(output)]


def test_both_are_silent_on_a_good_manifest(tmp_path: Path) -> None:
    """A manifest that rewire accepts gives an editor nothing to underline."""
    assert isinstance(read("connections.toml", GOOD.encode()), Manifest)
    assert taplo(GOOD, tmp_path) == (0, set())
    assert tombi(GOOD, tmp_path) == (0, [])


@pytest.mark.skipif(not SHIPPED.exists(), reason="the shipped manifest comes with the demo")
def test_both_are_silent_on_the_shipped_manifest(tmp_path: Path) -> None:
    """The first manifest that anybody sees is clean in an editor."""
    text = SHIPPED.read_text("utf-8").replace("./schemas/", "./")
    assert taplo(text, tmp_path) == (0, set())
    assert tombi(text, tmp_path) == (0, [])


@pytest.mark.parametrize("name", WRONG)
def test_taplo_finds_exactly_the_fault(name: str, tmp_path: Path) -> None:
    """Taplo says one thing about a manifest with one fault."""
    code, said = taplo(wrong(name), tmp_path)
    assert code == 1
    assert len(said) == 1, said
    assert WRONG[name][2] in said.pop()


@pytest.mark.parametrize("name", WRONG)
def test_tombi_finds_exactly_the_fault(name: str, tmp_path: Path) -> None:
    """Tombi says one thing about a manifest with one fault, in its line."""
    code, said = tombi(wrong(name), tmp_path)
    assert code == 1
    assert len(said) == 1, said
    message, line = said[0]
    assert WRONG[name][3] in message
    assert line == WRONG[name][1]


@pytest.mark.parametrize("name", WRONG)
def test_rewire_finds_exactly_the_fault(name: str) -> None:
    """And so do we: one error, in the same line."""
    found = read("connections.toml", wrong(name).encode())
    assert not isinstance(found, Manifest)
    assert [one.start.line for one in found] == [WRONG[name][1]], [str(one) for one in found]
