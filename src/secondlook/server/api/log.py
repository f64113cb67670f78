"""The record of what was done."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from secondlook.custody.reading import Wanted
from secondlook.errors import Invalid
from secondlook.ports import Action
from secondlook.server.actors import Actor, May
from secondlook.server.acts import log as acts
from secondlook.server.acts.log import Check, Said
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.paging import Cursor, Limit, Page, of_cursor, page_of
from secondlook.server.api.problems import RESPONSES

router = APIRouter(prefix="/api/v1/log", tags=["log"], route_class=OnceRoute, responses=RESPONSES)
See = Annotated[Actor, Depends(Allowed(May.SEE_LOG))]


class Witnesses(BaseModel):
    """Heads of the log that were kept elsewhere."""

    witnesses: Annotated[list[Annotated[str, Field(max_length=2000)]], Field(max_length=100)] = []


@router.get("", summary="Entries, the newest first")
def entries(
    service: TheService,
    actor: See,
    action: Action | None = None,
    by: Annotated[str | None, Query(max_length=128, description="Who did it, as `account:ID`.")] = None,
    about: Annotated[str | None, Query(max_length=128, description="An id that it was done to.")] = None,
    case: Annotated[str | None, Query(max_length=128)] = None,
    since: datetime | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Said]:
    if since is not None and since.tzinfo is None:
        raise Invalid("`since` needs a time zone: add Z, or +01:00.")
    after = of_cursor(cursor, 1)
    if after is not None and not after[0].isdecimal():
        raise Invalid("This cursor is none of this list: take `next` of the page before.")
    wanted = Wanted(since=since, actor=by, action=action, object=about, case=case)
    found = acts.entries(service, actor, wanted, before=None if after is None else int(after[0]), most=limit + 1)
    return page_of(found, limit, "seq")


@router.get("/head", summary="Where it ends now, signed: keep it elsewhere, as a witness", response_class=Response)
def head(service: TheService, actor: See) -> Response:
    return Response(acts.head(service, actor), media_type="application/json")


@router.post("/verification", summary="Whether any entry was changed, removed, moved or put in")
def check(service: TheService, actor: See, body: Witnesses) -> Check:
    return acts.check(service, actor, body.witnesses)
