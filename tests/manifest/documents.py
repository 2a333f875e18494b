"""Generated manifests: good ones with every field, and mutations of them in odd places."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

__all__ = ["EVERYTHING", "mutated"]

EVERYTHING: dict[str, Any] = {
    "$schema": "./schemas/connections.schema.json",
    "version": 1,
    "reload": {
        "quiet": "100ms",
        "max_delay": "2s",
        "resync": "1m",
        "max_deletes": "50%",
        "allow_empty": False,
    },
    "defaults": {
        "http": {
            "timeout": {"connect": "3s"},
            "headers": {"User-Agent": "me"},
            "auth": {"bearer": "${DEFAULT_TOKEN}"},
            "connect": "eager",
        },
        "websocket": {"ping_interval": "15s", "reconnect": {"jitter": "equal"}},
    },
    "http": {
        "full": {
            "base_url": "https://api.example:8443/v1",
            "enabled": True,
            "labels": {"team": "core", "tier": "${TIER}"},
            "owner": "someone",
            "description": "two\nlines",
            "connect": "lazy",
            "drain": {"timeout": "30s", "stream_timeout": "5m", "max_generations": 4},
            "warmup": {"timeout": "10s"},
            "tls": {
                "verify": True,
                "ca": "/etc/ssl/ca.pem",
                "cert": "client.pem",
                "key": "${KEY_FILE}",
                "server_name": "api.internal",
                "min_version": "1.3",
            },
            "proxy": "http://me:p%40ss@proxy.example:3128",
            "http2": True,
            "headers": {"X-Plain": "a b", "X-Made": "v${VERSION}"},
            "query": {"region": "eu", "any key": ""},
            "auth": {"basic": {"username": "me", "password": "${file:/run/secrets/p}"}},
            "policy": ["standard", "llm"],
            "timeout": {
                "total": "2h",
                "attempt": "none",
                "connect": "5s",
                "read": "1m30s",
                "write": "0.5h",
                "pool": "${POOL}",
            },
            "retry": {
                "enabled": True,
                "max_attempts": 4,
                "backoff": {
                    "initial": "100ms",
                    "max": "${LONGEST}",
                    "multiplier": 1.5,
                    "jitter": "equal",
                },
                "on": ["connect", "status"],
                "statuses": [429, 503],
                "methods": ["GET", "QUERY"],
                "retry_after": {"respect": "${RESPECT}", "max": "1m"},
                "max_body": "64KiB",
            },
            "retry_budget": {"enabled": True, "ratio": 0.1, "min_per_second": 2, "window": "20s"},
            "breaker": {
                "enabled": True,
                "failure_ratio": "${RATIO}",
                "min_requests": 10,
                "window": "1m",
                "consecutive_failures": 3,
                "open_for": "2s",
                "open_max": "30s",
                "jitter": 0.5,
                "half_open_requests": 1,
            },
            "concurrency": {
                "enabled": True,
                "max": 10,
                "queue": 0,
                "queue_timeout": "0s",
                "mode": "adaptive",
            },
            "rate_limit": {
                "enabled": True,
                "rate": "50/s",
                "burst": 5,
                "on_limit": "fail",
                "max_wait": "1s",
            },
            "pool": {"max_connections": 50, "max_keepalive": "${KEEP}", "keepalive_expiry": "0s"},
            "follow_redirects": True,
            "max_redirects": 5.0,
            "allow_foreign": "${FOREIGN:-false}",
        },
        "small": {"base_url": "http://127.0.0.1:8000", "proxy": "env"},
        "token": {
            "base_url": "https://api.example",
            "auth": {
                "oauth2": {
                    "token_url": "https://login.example/token",
                    "client_id": "me",
                    "client_secret": "${SECRET}",
                    "scopes": ["read", "${SCOPE}"],
                    "audience": "https://api.example",
                }
            },
        },
        "signed": {"base_url": "https://api.example", "auth": {"custom": "signed"}},
        "header": {
            "base_url": "http://[::1]/",
            "auth": {"header": {"name": "X-Api-Key", "value": "${KEY}"}},
        },
    },
    "websocket": {
        "feed": {
            "url": "wss://prices.example/ws?x=1",
            "subprotocols": ["v1", "v2"],
            "headers": {"Origin": "https://here.example"},
            "auth": {"query": {"name": "token", "value": "${T}"}},
            "on_connect": ['{"subscribe": "BTC"}', "${SECOND}"],
            "open_timeout": "10s",
            "ping_interval": "20s",
            "ping_timeout": "20s",
            "close_timeout": "10s",
            "max_size": "1MiB",
            "reconnect": {
                "initial": "1s",
                "max": "60s",
                "multiplier": 2,
                "jitter": "full",
                "stable_after": "10s",
                "fatal_statuses": [400, 401, "${STATUS}"],
            },
            "inbound": {"max_queue": 10, "overflow": "drop-oldest"},
            "outbound": {"max_queue": 10, "when_down": "fail"},
            "handover": {"mode": "overlap", "sequence": "/seq"},
        }
    },
}

SCALARS = st.sampled_from(
    [
        *(None, True, False, 0, -1, 1, 7, 5.0, 5.5, 1e300, -0.0, 10**9, 2**53, 100_001, 404, 600),
        *("", "x", "5", "5s", "5s\n", "0s", "0.0s", "-5s", "5 s", "5S", "1m30s", "1e3s", "٣s"),
        *("1MiB", "0B", "1MB", "50%", "101%", "150%", "lazy", "Lazy", "full", "gap", "true"),
        *("${X}", "${X}s", "a${X}b${Y:-z}", "$${X}", "$$${X}", "${", "${}", "${x}", "${X", "$X"),
        *("$" + "{A:-${B}}", "${file:/x}", "${vault:x}", "x$", "line\n${X}", "nul\x01${X}"),
        *(" padded", "padded ", "a\tb", "a\nb", "a\rb", "a\x00b", "a\x7fb", "ü", "a:b", "/a/b"),
        *(
            "http://x",
            "https://x/y?z",
            "http://u@x",
            "http://x:99999",
            "http://1.2.3.400",
            "ws://x",
        ),
        *("wss://x/y?z#f", "http://x/\u00e9", "http://[::1]:80/", "http://[:::]/", "\u2028"),
        *("none", "env", "socks5://u:p@[::1]:1080", "socks4://x", "http://u@x/y", "1.2", "1.3"),
    ]
)
VALUES = st.one_of(
    SCALARS,
    st.lists(SCALARS, max_size=3),
    st.dictionaries(
        st.sampled_from(["a", "X-Y", "bad key", "connect", "name", ""]), SCALARS, max_size=2
    ),
)
KEYS = st.sampled_from(
    [
        *("version", "reload", "defaults", "http", "websocket", "$schema", "id", "auth", "tls"),
        *("timeout", "connect", "read", "base_url", "url", "headers", "query", "enabled", "pool"),
        *("max_connections", "bearer", "basic", "header", "name", "value", "password", "verify"),
        *("ca", "time_out", "Bad", "ümlaut", "a b", "x-", "x", "with\n", "-", "0", "max_queue"),
        *("reconnect", "labels", "owner", "on_connect", "a" * 63, "a" * 64, "sequence", "drain"),
    ]
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the path of every node below a value."""
    pairs: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    found = []
    for key, inner in pairs:
        found += [(*here, key), *paths(inner, (*here, key))]
    return found


@st.composite
def mutated(draw: st.DrawFn, most: int = 3) -> dict[str, Any]:
    """Draw a manifest with up to `most` mutations: values, keys, whole tables."""
    document = copy.deepcopy(EVERYTHING)
    for _ in range(draw(st.integers(0, most))):
        places = paths(document)
        if not places:
            break
        *table, key = draw(st.sampled_from(places))
        holder: Any = document
        for part in table:
            holder = holder[part]
        match draw(st.sampled_from(["value", "value", "drop", "add", "rename", "move"])):
            case "value":
                holder[key] = draw(VALUES)
            case "drop":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(KEYS)] = draw(VALUES)
            case "rename" if isinstance(holder, dict):
                holder[draw(KEYS)] = holder.pop(key)
            case "move" if isinstance(holder, dict) and isinstance(document.get("http"), dict):
                document["http"][draw(KEYS)] = copy.deepcopy(holder[key])
            case _:
                pass
    return document
