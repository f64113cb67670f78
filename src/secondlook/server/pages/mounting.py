"""The pages put on the app."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from nicegui import Client, core, ui
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Match, Mount
from starlette.types import Scope

from secondlook.errors import Forbidden, NotSignedIn, SecondLookError
from secondlook.server.api.asking import signed_in, the_service
from secondlook.server.api.problems import status_of
from secondlook.server.pages import door, handing, looks, parts
from secondlook.server.pages.frame import framed
from secondlook.server.pages.plain import refusal
from secondlook.server.pages.plan import PLAN, first_for
from secondlook.server.pages.policies import ScriptedRoute
from secondlook.server.pages.sockets import SocketDoor
from secondlook.server.pages.spec import PageSpec
from secondlook.server.pages.visits import UNFORESEEN, Visit, sign_in_path

_LOG = logging.getLogger("secondlook.server")
_BUILT_WITHIN_S = 60.0
"""A page waits for its acts, which on a busy machine take their time."""
_GONE_AFTER_S = 20.0
"""A page whose browser was away longer is loaded anew."""
_PROGRAMS = ("/api/", "/health/", "/metrics", "/hand/")
Answer = Callable[[Request, Any], Awaitable[Response]]


def add_pages(app: FastAPI) -> None:
    """Once a process: NiceGUI knows one app. Before the app starts."""
    for router in (door.router, looks.router, handing.router, _routes(PLAN)):
        app.include_router(router)
    app.add_middleware(SocketDoor)
    ui.run_with(
        app,
        title="Second Look",
        language="en-GB",
        dark=None,
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=_GONE_AFTER_S,
        show_welcome_message=False,
    )
    core.app.config.quasar_config["loadingBar"] = {"skipHijack": True}  # it has no name for a screen reader
    # what NiceGUI mounts under / is to answer for its own paths only
    app.router.routes[-1] = _Theirs()
    core.sio.eio.cors_allowed_origins = []  # SocketDoor has looked already, and says nothing to other origins
    for kind in (SecondLookError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, _for_people(app.exception_handlers[kind]))


def _routes(plan: Sequence[PageSpec]) -> APIRouter:
    router = APIRouter(route_class=ScriptedRoute, include_in_schema=False)
    for spec in plan:
        ui.page(spec.path, api_router=router, response_timeout=_BUILT_WITHIN_S)(_opening(spec, plan))  # type: ignore[arg-type]

    @router.get("/")
    async def first(request: Request) -> Response:
        try:
            session = await run_in_threadpool(signed_in, request)
        except NotSignedIn:
            session = None
        return RedirectResponse(first_for(session.actor.role) if session is not None else "/sign-in", 303)

    return router


def _opening(spec: PageSpec, plan: Sequence[PageSpec]) -> Callable[[Request], Awaitable[Response | None]]:
    async def opened(request: Request) -> Response | None:
        client = ui.context.client
        try:
            session = await run_in_threadpool(signed_in, request)
        except NotSignedIn:
            return _to_the_door(client, request, ended=True)
        if session is None:
            return _to_the_door(client, request, ended=False)
        visit = Visit(the_service(request), session, request, client)
        page = framed(visit, spec, plan)
        try:
            if spec.may is not None and not visit.may(spec.may):
                raise Forbidden(
                    f"The role {visit.actor.role} may not open this page: ask somebody whose role allows it."
                )
            with page:
                await spec.build(visit)
        except NotSignedIn:
            return _to_the_door(client, request, ended=True)
        except SecondLookError as error:
            client.status_code = status_of(error)
            _instead(page, str(error))
        except Exception:  # noqa: BLE001 - whoever opens a page is told, whatever it was
            _LOG.exception("unforeseen error", extra={"path": request.url.path})
            client.status_code = 500
            _instead(page, UNFORESEEN)
        return None

    return opened


def _to_the_door(client: Client, request: Request, *, ended: bool) -> Response:
    client.delete()  # nothing is held for who is not signed in
    return RedirectResponse(sign_in_path(request, ended=ended), 303)


def _instead(page: parts.Tag, sentence: str) -> None:
    page.clear()
    with page:
        parts.para(sentence, class_="sentence refused")
        parts.link("Go to the first page", "/")


class _Theirs(Mount):
    """What NiceGUI answers: its scripts and its socket. Everything else that nobody answers is not found. Without its own
    middleware, which takes a browser that went away for an error."""

    def __init__(self) -> None:
        super().__init__("/", app=GZipMiddleware(core.app.router))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not scope["path"].startswith(("/_nicegui/", "/_nicegui_ws/")):
            return Match.NONE, {}
        return super().matches(scope)


def _for_people(programs: Any) -> Answer:
    """The same sentence, on a page where a browser asks for one."""

    async def answer(request: Request, error: Any) -> Response:
        answered: Response = await programs(request, error)
        if request.url.path.startswith(_PROGRAMS) or "text/html" not in request.headers.get("accept", ""):
            return answered
        said = json.loads(bytes(answered.body))
        nowhere = answered.status_code == 404 and said["detail"] == said["title"]
        sentence = "There is no page at this address: look at it again." if nowhere else said["detail"]
        return refusal(said["title"], sentence, answered.status_code)

    return answer
