"""The routes of the admin API, as an ASGI application over one manager.

It is thin: every answer is the manager's. No route connects to what a caller supplies, and none
resolves ``${…}`` for one: ``/v1/plan`` compares text (CVE-2023-37379 is what else happens).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rewire.admin.answers import diagnostics_data, error_data, plan_data, verdict_data
from rewire.admin.body import read_object
from rewire.errors import ClientRemovedError, ManifestError, RewireError, UnknownClientError
from rewire.manifest.source import MAX_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

    from rewire.control.manager import ClientManager
    from rewire.manifest.diagnostics import Diagnostic
    from rewire.status import ClientStatus

__all__ = ["make_app"]

LONGEST_WAIT = 600.0
PLAN_CAP = 2 * MAX_SIZE  # JSON writes a line break as two characters


def make_app(manager: ClientManager) -> Starlette:
    """Return the application that shows and commands ``manager``."""
    routes = _Routes(manager)
    return Starlette(
        routes=[
            Route("/livez", routes.livez, methods=["GET"]),
            Route("/readyz", routes.readyz, methods=["GET"]),
            Route("/v1/status", routes.status, methods=["GET"]),
            Route("/v1/clients", routes.clients, methods=["GET"]),
            Route("/v1/clients/{id}", routes.client, methods=["GET"]),
            Route("/v1/clients/{id}/check", routes.check, methods=["POST"]),
            Route("/v1/reload", routes.reload, methods=["POST"]),
            Route("/v1/plan", routes.plan, methods=["POST"]),
        ],
        exception_handlers={HTTPException: _refuse, RewireError: _explain},
    )


class _Routes:
    def __init__(self, manager: ClientManager) -> None:
        self._manager = manager

    async def livez(self, _: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(self, _: Request) -> Response:
        ready = self._manager.manager_status().release > 0
        return JSONResponse({"ready": ready}, status_code=200 if ready else 503)

    async def status(self, _: Request) -> Response:
        return _json(self._manager.manager_status().model_dump_json())

    async def clients(self, _: Request) -> Response:
        return JSONResponse([_data(status) for status in self._manager.statuses()])

    async def client(self, request: Request) -> Response:
        return JSONResponse(_data(self._manager.status(request.path_params["id"])))

    async def check(self, request: Request) -> Response:
        await read_object(request)
        return JSONResponse(_data(await self._manager.check(request.path_params["id"])))

    async def reload(self, request: Request) -> Response:
        wait = _seconds((await read_object(request)).get("wait", 30))
        try:
            # The pass itself goes on when nobody waits for it any more.
            async with asyncio.timeout(wait):
                verdict = await self._manager.reload()
        except TimeoutError:
            message = f"no verdict within {wait:g} s; the reload goes on"
            return JSONResponse(error_data("Timeout", message), status_code=504)
        return JSONResponse(verdict_data(verdict))

    async def plan(self, request: Request) -> Response:
        text = (await read_object(request, PLAN_CAP)).get("text")
        if not isinstance(text, str | None):
            raise HTTPException(400, '"text" is to be a string: the manifest')
        return JSONResponse(plan_data(await self._manager.plan(_utf8(text))))


def _utf8(text: str | None) -> bytes | None:
    try:
        return None if text is None else text.encode()
    except UnicodeEncodeError as error:  # JSON can spell half a surrogate pair
        raise HTTPException(400, '"text" is not Unicode') from error


def _seconds(wait: object) -> float:
    if isinstance(wait, bool) or not isinstance(wait, int | float) or not 0 <= wait <= LONGEST_WAIT:
        raise HTTPException(400, f'"wait" is to be seconds, at most {LONGEST_WAIT:g}')
    return float(wait)


def _data(status: ClientStatus) -> dict[str, Any]:
    return status.model_dump(mode="json")


def _json(text: str) -> Response:
    return Response(text, media_type="application/json")


async def _refuse(_: Request, error: Exception) -> Response:
    refusal = cast("HTTPException", error)  # the only class that it is registered for
    data = error_data(f"HTTP{refusal.status_code}", refusal.detail)
    return JSONResponse(data, status_code=refusal.status_code, headers=refusal.headers)


async def _explain(_: Request, error: Exception) -> Response:
    reason = type(error).__name__.removesuffix("Error")
    data = error_data(reason, str(error))
    if isinstance(error, ManifestError):
        data["diagnostics"] = diagnostics_data(cast("Iterable[Diagnostic]", error.diagnostics))
        return JSONResponse(data, status_code=422)
    missing = isinstance(error, UnknownClientError | ClientRemovedError)
    return JSONResponse(data, status_code=404 if missing else 409)
