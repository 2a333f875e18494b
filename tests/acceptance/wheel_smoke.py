"""What the wheel must do in an empty environment; `make wheel-test` runs it there, as a script.

It knows neither pytest nor the checkout, and refuses to run on the checkout's own sources.
"""

from __future__ import annotations

import asyncio
import http.server
import importlib.resources
import importlib.util
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import rewire


class Hello(http.server.BaseHTTPRequestHandler):
    """Say hello to whoever comes with the manifest's token."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200 if self.headers["authorization"] == "Bearer s3cret" else 401)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def check_contents() -> None:
    """Look for what is not code in the installed package."""
    assert Path(rewire.__file__).is_relative_to(sys.prefix), rewire.__file__
    files = importlib.resources.files("rewire")
    assert files.joinpath("py.typed").is_file()
    assert files.joinpath("demo", "connections.toml").is_file()
    json.loads(files.joinpath("schemas", "connections.schema.json").read_text("utf-8"))


async def check_a_request(manifest: Path) -> None:
    """Send one request through a client that the manifest declares."""
    async with rewire.ClientManager(manifest) as manager:
        response = await manager.http("hello").get("/")
        assert (response.status_code, response.text) == (200, "hello"), response


def check_the_command(manifest: Path) -> None:
    """Validate the same manifest by the installed command."""
    command = Path(sys.executable).parent / "rewire"
    subprocess.run([command, "validate", manifest], check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """Run every check."""
    check_contents()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with tempfile.TemporaryDirectory() as folder:
            manifest = Path(folder) / "connections.toml"
            manifest.write_text(
                f'version = 1\n[http.hello]\nbase_url = "http://127.0.0.1:{server.server_port}"\n'
                'auth.bearer = "s3cret"\n'
            )
            asyncio.run(check_a_request(manifest))
            if importlib.util.find_spec("rewire.cli"):
                check_the_command(manifest)
        server.shutdown()
    print("the wheel works")


if __name__ == "__main__":
    main()
