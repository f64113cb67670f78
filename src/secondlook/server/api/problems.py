"""Every error as problem+json (RFC 9457): one sentence that says what to do, never a trace."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from secondlook import errors

_STATUS: tuple[tuple[type[errors.SecondLookError], int], ...] = (
    (errors.NotSignedIn, 401),
    (errors.Forbidden, 403),
    (errors.NotFound, 404),
    (errors.UnknownSubject, 404),
    (errors.Conflict, 409),
    (errors.SubjectExists, 409),
    (errors.SubjectErased, 409),
    (errors.PackMismatch, 409),
    (errors.PackError, 503),
    (errors.CalibrationError, 409),
    (errors.GalleryLocked, 410),
    (errors.TooLarge, 413),
    (errors.SourceTooLarge, 413),
    (errors.LogUnusable, 409),
    (errors.CustodyError, 422),
    (errors.Invalid, 422),
    (errors.SourceError, 422),
    (errors.TooMany, 429),
    (errors.ExtraMissing, 501),
    (errors.OutputError, 507),
)
_LOG = logging.getLogger("secondlook.server")


class Problem(BaseModel):
    """What went wrong. type: the error's own name; detail: one sentence that says what to do."""

    type: str
    title: str
    status: int
    detail: str


RESPONSES: dict[int | str, dict[str, Any]] = {
    code: {"model": Problem, "description": HTTPStatus(code).phrase, "content": {"application/problem+json": {}}}
    for code in (400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 501, 503, 507)
}
"""For every route's documentation."""


def problem(status: int, kind: str, sentence: str, headers: dict[str, str] | None = None) -> JSONResponse:
    body = Problem(type=f"urn:secondlook:{kind}", title=HTTPStatus(status).phrase, status=status, detail=sentence)
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")


def too_large() -> JSONResponse:
    return problem(
        413, "TooLarge", "This is more than a request may hold: send less at once, and footage to /api/v1/uploads."
    )


class Sized:
    """Where a request says that it will be too large, the framework answers in plain text, in place of whatever was answered:
    that answer is ours again."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        instead = False

        async def explained(message: Message) -> None:
            nonlocal instead
            if message["type"] == "http.response.start" and message["status"] == 413:
                instead = Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
                if instead:
                    await too_large()(scope, receive, send)
            if not instead:
                await send(message)

        await self._app(scope, receive, explained if scope["type"] == "http" else send)


def status_of(error: errors.SecondLookError) -> int:
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def answer_errors(app: FastAPI) -> None:
    @app.exception_handler(errors.SecondLookError)
    async def ours(request: Request, error: errors.SecondLookError) -> JSONResponse:
        headers = {"Retry-After": f"{max(1, round(error.after_s))}"} if isinstance(error, errors.TooMany) else None
        if isinstance(error, errors.NotSignedIn):
            headers = {"WWW-Authenticate": 'Bearer realm="secondlook"'}
        return problem(status_of(error), type(error).__name__, str(error), headers)

    @app.exception_handler(RequestValidationError)
    async def unusable(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        return problem(422, "Invalid", f"{place}: {first['msg']}.")

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code == 413:
            return too_large()
        return problem(error.status_code, "HTTP", str(error.detail), dict(error.headers or {}))

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        _LOG.exception("unforeseen error", extra={"path": request.url.path}, exc_info=error)
        return problem(500, "Unforeseen", "Something went wrong that nobody foresaw: the service's own log says what.")
