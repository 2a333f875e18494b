"""What a mutation may send: JSON, one object, and not more than a cap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["SMALL", "read_object"]

SMALL = 64 * 1024


async def read_object(request: Request, cap: int = SMALL) -> dict[str, Any]:
    """Return the JSON object of a request; an absent body is an empty one.

    The content type is demanded even then: a web page can send a form to another origin without
    being asked, but not JSON.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, "send content-type: application/json")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > cap:
            raise HTTPException(413, f"the body is larger than {cap} bytes")
    try:
        value = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "the body is not JSON") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return value
