"""Pictures that come in forms: asked who sends them first, then read, never onto the disk, and looked at a few at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from secondlook.errors import Invalid, TooMany
from secondlook.server.acts.enrolment import Sent

AT_ONCE = 2
"""Requests whose pictures are opened and looked at at the same time: each may hold hundreds of megabytes."""
MOST_WAITING = 16
"""Requests that may wait for that, each with its pictures in memory."""
_WAIT_S = 5.0
_LONGEST_FIELD = 64 << 10

T = TypeVar("T")


class Looking:
    """Few look at pictures at once; they have threads of their own, so that nobody else waits for one."""

    def __init__(self, at_once: int = AT_ONCE, waiting: int = MOST_WAITING) -> None:
        self._limiter, self._waiting, self._here = CapacityLimiter(at_once), waiting, 0

    async def __call__(self, act: Callable[..., T], *args: object) -> T:
        return await to_thread.run_sync(act, *args, limiter=self._limiter)

    async def __aenter__(self) -> None:
        """Before anything is read. Raises TooMany."""
        if self._here >= self._limiter.total_tokens + self._waiting:
            raise TooMany("Too many pictures are being looked at: send yours again in a few seconds.", _WAIT_S)
        self._here += 1

    async def __aexit__(self, *_: object) -> None:
        self._here -= 1


class _InMemory(MultiPartParser):
    spool_max_size = 1 << 40  # the body as a whole is limited, and nothing of it may lie on the disk in clear


async def form_of(request: Request, most_files: int) -> FormData:
    """Raises Invalid."""
    if not request.headers.get("content-type", "").casefold().startswith("multipart/form-data"):
        raise Invalid("Send a form with pictures (multipart/form-data).")
    parser = _InMemory(
        request.headers, request.stream(), max_files=most_files, max_fields=20, max_part_size=_LONGEST_FIELD
    )
    try:
        return await parser.parse()
    except MultiPartException as error:
        raise Invalid(f"The form cannot be read ({error.message.rstrip('.')}): send it again.") from error
    except ClientDisconnect as error:
        raise Invalid("The form broke off: send it again.") from error


async def pictures_in(form: FormData, field: str) -> tuple[Sent, ...]:
    """Every file under that name, as it was sent. Raises Invalid where something else stands there."""
    found = []
    for part in form.getlist(field):
        if not isinstance(part, UploadFile):
            raise Invalid(f"{field} is a file: send it with a file name.")
        found.append(Sent(part.filename or "", await part.read()))
    return tuple(found)


def text_in(form: FormData, field: str, most: int, instead: str | None = None) -> str:
    """instead: what is taken where there is none; None: raises Invalid."""
    value = form.get(field, instead)
    if not isinstance(value, str):
        raise Invalid(f"{field} is missing, or is a file: send it as text.")
    if len(value) > most:
        raise Invalid(f"{field} has at most {most} letters: shorten it.")
    return value


def form_documented(required: Sequence[str], **fields: dict[str, Any]) -> dict[str, Any]:
    """``openapi_extra`` of a route that reads such a form."""
    schema = {"type": "object", "required": list(required), "properties": fields}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


PICTURE: dict[str, Any] = {
    "type": "string",
    "format": "binary",
    "description": "JPEG, PNG, GIF, WebP, TIFF, BMP, AVIF, JPEG 2000 or PNM; of several pages the first.",
}
