"""What the service is set to."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends

from secondlook.server.actors import Actor, May
from secondlook.server.acts import settings as acts
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.problems import RESPONSES
from secondlook.server.settings import Settings

router = APIRouter(prefix="/api/v1/settings", tags=["settings"], route_class=OnceRoute, responses=RESPONSES)


@router.get("", summary="All settings")
def settings(service: TheService, actor: Annotated[Actor, Depends(Allowed(May.SEE_SETTINGS))]) -> Settings:
    return acts.settings(service, actor)


@router.patch("", summary="Change some of them")
def change(
    service: TheService,
    actor: Annotated[Actor, Depends(Allowed(May.CHANGE_SETTINGS))],
    body: Annotated[dict[str, Any], Body(examples=[{"fpir": 0.001, "case_required": True}])],
) -> Settings:
    return acts.change(service, actor, body)
