"""Erasing somebody for good."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from secondlook.server.actors import Actor, May
from secondlook.server.acts import erasing as acts
from secondlook.server.acts.erasing import Erasure
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.problems import RESPONSES
from secondlook.server.service import Why

router = APIRouter(prefix="/api/v1/subjects", tags=["erasing"], route_class=OnceRoute, responses=RESPONSES)


class Reasons(BaseModel):
    purpose: Annotated[str, Field(max_length=500, examples=["the person asked for it"])] = ""
    case: Annotated[str, Field(max_length=128)] = ""


@router.post("/{subject}/erasure", summary="Remove all that is kept of somebody, drop the key, search for what is left")
def erase(
    service: TheService, actor: Annotated[Actor, Depends(Allowed(May.ERASE))], subject: str, body: Reasons
) -> Erasure:
    return acts.erase_subject(service, actor, subject, Why(body.purpose, body.case))
