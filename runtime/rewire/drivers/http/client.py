"""The HTTP handle: an ``httpx2.AsyncClient`` that stays valid across every edit.

It holds what is the caller's (headers, cookies, hooks, auth, a timeout of their own) and knows
no connection; all the rest is asked of the current view, attempt by attempt. Closing it does
nothing: a borrower cannot close what it borrowed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar, Self

import httpx2

from rewire.drivers.deadline import current
from rewire.drivers.http import route as routes
from rewire.drivers.http.errors import HTTPX2
from rewire.drivers.http.transport import Transport
from rewire.drivers.http.wire import ManifestTimeout
from rewire.errors import RewireError
from rewire.policy.deadline import of_call

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from rewire.drivers.http.family import Family
    from rewire.drivers.http.prepared import Prepared
    from rewire.ports import ClientContext, View

__all__ = ["AsyncManaged", "HTTPClient", "Managed", "TimeoutOfView"]


_COOKIES = "rewire.cookies"


class Managed:
    """What makes a client of either library a handle; goes before the library's class."""

    family: ClassVar[Family]
    _context: ClientContext
    _virtual: Any
    _timeout_of_view: ClassVar[type[Any]]

    def _adopt(self, context: ClientContext, transport: Any) -> None:
        self._context = context
        self._virtual = self.family.lib.URL(routes.virtual_origin(context.id))
        self._own_timeout: Any = None
        self._own_follow: bool | None = None
        self._own_max: int | None = None
        library: Any = super()
        library.__init__(transport=transport, trust_env=False, base_url=self._virtual)
        # The constructor has set its own defaults; from here on None means "the manifest's".
        self._own_timeout = self._own_follow = self._own_max = None

    # ── what the manifest decides until the caller does ──────────────────────────────────────

    @property
    def base_url(self) -> Any:
        """Return the client's virtual origin; where it leads is the manifest's to say."""
        return self._virtual

    @base_url.setter
    def base_url(self, url: Any) -> None:  # noqa: ARG002
        msg = f'base_url of "{self._context.id}" is read-only: edit the manifest instead'
        raise AttributeError(msg)

    @property
    def timeout(self) -> Any:
        """Return the timeout that the caller set on the handle, else the manifest's."""
        if self._own_timeout is not None:
            return self._own_timeout
        prepared = self._prepared()
        make = self._timeout_of_view
        return make(**prepared.timeout) if prepared is not None else make(5.0)

    @timeout.setter
    def timeout(self, timeout: Any) -> None:
        self._own_timeout = self.family.lib.Timeout(timeout)

    @property
    def follow_redirects(self) -> bool:
        """Return what the caller set on the handle, else the manifest's."""
        if self._own_follow is not None:
            return self._own_follow
        prepared = self._prepared()
        return prepared.follow_redirects if prepared else False

    @follow_redirects.setter
    def follow_redirects(self, follow: bool) -> None:
        self._own_follow = follow

    @property
    def max_redirects(self) -> int:
        """Return what the caller set on the handle, else the manifest's."""
        if self._own_max is not None:
            return self._own_max
        prepared = self._prepared()
        return prepared.max_redirects if prepared else 20

    @max_redirects.setter
    def max_redirects(self, most: int) -> None:
        self._own_max = most

    def _prepared(self) -> Prepared | None:
        try:
            prepared: Prepared = self._context.view.prepared
        except RewireError:
            return None
        return prepared

    def build_request(self, method: str, url: Any, **options: Any) -> Any:
        """Build a request; the timeout of a view that somebody kept is not a timeout of theirs.

        The OpenAI SDK reads ``client.timeout`` once, when it is made, and gives it to each call.
        """
        if isinstance(options.get("timeout"), self._timeout_of_view):
            del options["timeout"]
        library: Any = super()
        request = library.build_request(method, url, **options)
        if request.url.host == self._virtual.host:
            self._keep_cookies(request, options)
        return request

    def _keep_cookies(self, request: Any, options: Mapping[str, Any]) -> None:
        """Keep the cookie jar with a request: which of it to send is known once the host is."""
        library: Any = self
        cookies = library._merge_cookies(options.get("cookies"))  # noqa: SLF001  (our own base)
        if cookies and "cookie" not in library._merge_headers(options.get("headers")):  # noqa: SLF001
            request.extensions[_COOKIES] = cookies

    def retuned(self, view: View) -> None:
        """Take the policies of a new view at once: those who wait under a limit see it."""
        memory = self._context.memory.get("http")
        if memory is not None:
            memory.tuned(view.prepared.policies, time.monotonic())

    def _set_out(self, request: Any, *, stream: bool) -> None:
        """Give a request that is about to be sent its route, its deadline and its real URL."""
        route = routes.route_of(request, self._virtual.host)
        route.stream = stream
        prepared = self._prepared()
        if prepared is not None:
            route.started = time.monotonic()
            route.deadline = of_call(prepared.policies.deadline, route.started, current())
            # Placed here, before auth and redirects, so that signatures, cookies, hooks and
            # response.url see the real URL; the attempt places it again if the view has changed.
            routes.place(request, route, prepared)
        cookies = request.extensions.pop(_COOKIES, None)
        if cookies is not None:
            request.headers.pop("cookie", None)
            cookies.set_cookie_header(request)

    def _build_redirect_request(self, request: Any, response: Any) -> Any:
        library: Any = super()
        onward = library._build_redirect_request(request, response)  # noqa: SLF001  (our own base)
        routes.redirected(request, onward)
        return onward

    @property
    def is_closed(self) -> bool:
        """Say whether the manager has ended."""
        return self._context.closed

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._context.id!r}>"


class AsyncManaged(Managed):
    """A handle of an event loop."""

    async def send(self, request: Any, *, stream: bool = False, **options: Any) -> Any:
        """Send a request; a relative URL or the virtual origin goes where the manifest says."""
        if not self._context.ready:
            try:
                await self._context.started()
            except RewireError as error:
                raise self.family.in_family(error, request) from error
        self._set_out(request, stream=stream)
        library: Any = super()
        return await library.send(request, stream=stream, **options)

    # ── a borrower cannot close what it borrowed ─────────────────────────────────────────────

    async def aclose(self) -> None:
        """Do nothing: only the manager ends a client."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        return None


class TimeoutOfView(httpx2.Timeout):
    """A timeout that says, when it is laid into a request, that nobody chose it."""

    def as_dict(self) -> dict[str, float | None]:
        """Return the timeouts, marked as nobody's choice."""
        return ManifestTimeout(super().as_dict())


class HTTPClient(AsyncManaged, httpx2.AsyncClient):
    """An ``httpx2.AsyncClient`` whose connections, target and credentials come from the manifest.

    Get it from ``manager.http(id)``; it is the same object each time and good for ever. Headers,
    cookies, params, hooks, auth, ``timeout`` and ``follow_redirects`` set on it are kept across
    edits and are stronger than the manifest's. ``base_url`` is read-only.

    >>> async with rewire.ClientManager("connections.toml") as manager:  # doctest: +SKIP
    ...     response = await manager.http("github").get("/zen")
    """

    family = HTTPX2
    _timeout_of_view = TimeoutOfView

    def __init__(self, context: ClientContext) -> None:
        self._adopt(context, Transport(context))
