"""Footage and tables that are sent, as the raw body of a request: streamed to the disk, never held."""

from __future__ import annotations

from email.message import Message
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from secondlook.errors import Invalid
from secondlook.server.actors import Actor, May
from secondlook.server.acts import uploads as acts
from secondlook.server.acts.uploads import Incoming, Upload
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute, operation_id
from secondlook.server.api.paging import Cursor, Limit, Page, of_cursor, page_of
from secondlook.server.api.problems import RESPONSES

AT_ONCE = 1 << 20
"""Bytes that are gathered before they are written."""
_ANY_SIZE = 1 << 50
"""For the framework: the limit is the service's own setting."""

router = APIRouter(prefix="/api/v1/uploads", tags=["uploads"], route_class=OnceRoute, responses=RESPONSES)
Sender = Annotated[Actor, Depends(Allowed(May.UPLOAD))]
FileName = Annotated[
    str,
    Header(
        alias="content-disposition",
        max_length=2048,
        description="Says what the file is called (RFC 6266).",
        examples=["attachment; filename*=UTF-8''crowd%20at%20noon.mp4"],
    ),
]
_BODY = {
    "required": True,
    "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
}


@router.post(
    "",
    status_code=201,
    summary="Send a photograph, a video or a table of scores",
    openapi_extra={"requestBody": _BODY},
    max_body_size=_ANY_SIZE,
)
async def send(request: Request, service: TheService, actor: Sender, content_disposition: FileName) -> Upload:
    id_ = await run_in_threadpool(operation_id, request)
    incoming = await run_in_threadpool(Incoming, service, actor, id_, _name(content_disposition))
    try:
        length = request.headers.get("content-length", "")
        incoming.expect(int(length) if length.isdecimal() else 0)
        waiting = bytearray()
        async for part in request.stream():
            waiting += part
            if len(waiting) >= AT_ONCE:
                await run_in_threadpool(incoming.write, waiting)
                waiting = bytearray()
        await run_in_threadpool(incoming.write, waiting)
        return await run_in_threadpool(incoming.finish)
    except ClientDisconnect as error:
        raise Invalid("The upload broke off: send it again.") from error
    finally:
        incoming.drop()  # quick, and done even where the request was cancelled


@router.get("", summary="One's own uploads, the newest first")
def uploads(service: TheService, actor: Sender, cursor: Cursor = None, limit: Limit = 50) -> Page[Upload]:
    seen = of_cursor(cursor, 2)
    after = None if seen is None else (seen[0], seen[1])
    return page_of(acts.uploads(service, actor, after=after, most=limit + 1), limit, "created_at", "id")


@router.get("/{upload}", summary="One of them")
def upload(service: TheService, actor: Sender, upload: str) -> Upload:
    return acts.upload(service, actor, upload)


@router.delete("/{upload}", status_code=204, summary="Delete one that no job needs")
def delete(service: TheService, actor: Sender, upload: str) -> None:
    acts.delete(service, actor, upload)


def _name(disposition: str) -> str:
    """Raises Invalid."""
    read = Message()
    try:
        read["content-disposition"] = disposition
        name = read.get_filename()
    except (ValueError, LookupError, TypeError) as error:
        raise Invalid("Content-Disposition cannot be read: send attachment; filename*=UTF-8''crowd.jpg.") from error
    return acts.checked_name(name or "")
