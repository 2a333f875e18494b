"""Where a request goes: the virtual origin, and how it becomes a real URL.

An SDK keeps the base URL that it was made with, so it is given one that never changes,
``https://<id>.rewire.invalid/…``. A :class:`Route` remembers, in the request's extensions, what
was asked of the virtual origin, so that every attempt can be placed on the view of its moment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf
from typing import TYPE_CHECKING

from rewire.drivers.http.prepared import Prepared, origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import httpx2

__all__ = ["Route", "place", "redirected", "route_of", "virtual_origin"]

_KEY = "rewire.route"


def virtual_origin(client: str) -> str:
    """Return the URL that stands for a client, whatever its manifest says."""
    return f"https://{client}.rewire.invalid/"


@dataclass(slots=True)
class Route:
    """What one request asks of its client; ``target`` None: an absolute URL of the caller's."""

    target: bytes | None
    relative: bool = True  # to the base URL's path, or to the origin
    stream: bool = False
    url: httpx2.URL | None = None
    placed_on: Prepared | None = None
    started: float = 0.0
    deadline: float = inf


def route_of(request: httpx2.Request, virtual_host: str) -> Route:
    """Return the route of a request about to be sent, and keep it with the request."""
    known = stored(request.extensions)
    if request.url.host == virtual_host:
        route = Route(request.url.raw_path)
    elif known is not None and known.target is not None and request.url == known.url:
        # Sent once already: it is placed anew, on the view of today.
        route = replace(known)
    else:
        route = Route(None)
    request.extensions = {**request.extensions, _KEY: route}
    return route


def stored(extensions: Mapping[str, Any]) -> Route | None:
    """Return the route that was kept with a request."""
    route = extensions.get(_KEY)
    return route if isinstance(route, Route) else None


def place(request: httpx2.Request, route: Route | None, prepared: Prepared) -> bool:
    """Give the request its real URL and Host on this view; return False for a foreign one."""
    if route is None or route.target is None:
        return origin_of(request.url) == prepared.origin
    if route.url is not None and request.url is not route.url and request.url != route.url:
        # A hook or an auth flow moved it on purpose.
        if route.placed_on is None or origin_of(request.url) != route.placed_on.origin:
            return origin_of(request.url) == prepared.origin
        route.target, route.relative = _under(route.placed_on.prefix, request.url.raw_path)
    elif route.placed_on is prepared:
        return True
    path = prepared.prefix + route.target if route.relative else route.target
    base = prepared.base
    url = request.url.copy_with(scheme=base.scheme, netloc=base.netloc, raw_path=path)
    host = request.headers.get("host")
    if host is None or host == request.url.netloc.decode("ascii"):
        request.headers["Host"] = url.netloc.decode("ascii")
    request.url = route.url = url
    route.placed_on = prepared
    return True


def redirected(request: httpx2.Request, onward: httpx2.Request) -> None:
    """Route a redirect: within the origin it stays the client's own, else it is foreign."""
    before = stored(request.extensions)
    route = Route(None) if before is None else Route(None, stream=before.stream)
    if before is not None:
        route.started, route.deadline = before.started, before.deadline
    was = before.placed_on if before is not None else None
    if was is not None and origin_of(onward.url) == was.origin:
        target, relative = _under(was.prefix, onward.url.raw_path)
        route = replace(route, target=target, relative=relative, url=onward.url, placed_on=was)
    onward.extensions = {**onward.extensions, _KEY: route}


def _under(prefix: bytes, path: bytes) -> tuple[bytes, bool]:
    inside = path == prefix or path.startswith((prefix + b"/", prefix + b"?"))
    return (path[len(prefix) :], True) if inside else (path, False)
