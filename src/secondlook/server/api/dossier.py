"""The dossier of a sighting: everything that whoever decides on it must know. Written down each time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from secondlook.server.actors import Actor, May
from secondlook.server.acts import dossier as acts
from secondlook.server.acts.dossier import Form, Given
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.pictures import Looking
from secondlook.server.api.problems import RESPONSES

router = APIRouter(prefix="/api/v1/sightings", tags=["sightings"], route_class=OnceRoute, responses=RESPONSES)
Export = Annotated[Actor, Depends(Allowed(May.EXPORT))]
_PAGE = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'none'"
)


def _answer(media_type: str, schema: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": "The dossier.", "content": {media_type: {"schema": schema}}}}


@router.get(
    "/{sighting}/dossier.html",
    summary="The dossier, as a page of its own",
    response_class=Response,
    responses=_answer("text/html", {"type": "string"}),
)
def html(service: TheService, actor: Export, sighting: str) -> Response:
    return _sent(acts.dossier(service, actor, sighting, Form.HTML))


@router.get(
    "/{sighting}/dossier.json",
    summary="The dossier, for machines",
    response_class=Response,
    responses=_answer("application/json", {"type": "object"}),
)
def json(service: TheService, actor: Export, sighting: str) -> Response:
    return _sent(acts.dossier(service, actor, sighting, Form.JSON))


@router.get(
    "/{sighting}/dossier.pdf",
    summary="The dossier, for printing; needs Chromium on the server",
    response_class=Response,
    responses=_answer("application/pdf", {"type": "string", "format": "binary"}),
)
async def pdf(request: Request, service: TheService, actor: Export, sighting: str) -> Response:
    looking: Looking = request.app.state.looking
    async with looking:  # a browser takes as much as looking at a picture
        return _sent(await looking(acts.dossier, service, actor, sighting, Form.PDF))


def _sent(given: Given) -> Response:
    page = given.media_type == "text/html"
    kind = "inline" if page else "attachment"
    headers = {"Content-Disposition": f'{kind}; filename="{given.name}"'}
    if page:
        headers["Content-Security-Policy"] = _PAGE
    return Response(given.content, media_type=given.media_type, headers=headers)
