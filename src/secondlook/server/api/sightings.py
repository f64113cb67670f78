"""Who of the enrolled may have been seen."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response

from secondlook.errors import Invalid
from secondlook.review.verdicts import Verdict
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.acts import sightings as acts
from secondlook.server.acts.sightings import Opened, Place, Sighting, Urgency, Wanted
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.paging import Cursor, Limit, Page, of_cursor, page_of
from secondlook.server.api.problems import RESPONSES
from secondlook.types import Outcome

router = APIRouter(prefix="/api/v1/sightings", tags=["sightings"], route_class=OnceRoute, responses=RESPONSES)
See = Annotated[Actor, Depends(Allowed(May.SEE_SIGHTINGS))]
_PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The face.", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.get("", summary="Sightings, those first that need people")
def sightings(
    service: TheService,
    actor: See,
    review: Annotated[Verdict | None, Query()] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
    subject: Annotated[str | None, Query(max_length=32, description="A subject's id.")] = None,
    camera: Annotated[str | None, Query(max_length=32)] = None,
    job: Annotated[str | None, Query(max_length=32)] = None,
    since: Annotated[datetime | None, Query(description="Seen at that moment or later.")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Sighting]:
    wanted = Wanted(review, outcome, subject, camera, job, None if since is None else _moment(since))
    found = acts.sightings(service, actor, wanted, after=_after(cursor), most=limit + 1)
    return page_of(found, limit, "urgency", "seen_at", "id")


@router.get("/{sighting}", summary="One, with its grounds")
def sighting(service: TheService, actor: See, sighting: str, response: Response) -> Opened:
    found = acts.sighting(service, actor, sighting)
    response.headers["ETag"] = f'"{found.sighting.version}"'
    return found


@router.get(
    "/{sighting}/picture", summary="The face, as JPEG; written down", response_class=Response, responses=_PICTURE
)
def picture(service: TheService, actor: See, sighting: str) -> Response:
    return Response(acts.picture(service, actor, sighting), media_type="image/jpeg")


@router.delete("/{sighting}", status_code=204, summary="Drop it, with its reviews and alerts")
def drop(
    service: TheService,
    actor: Annotated[Actor, Depends(Allowed(May.DROP_SIGHTINGS))],
    sighting: str,
    if_match: Annotated[str | None, Header(max_length=64, description="The ETag that it must still have.")] = None,
) -> None:
    acts.drop(service, actor, sighting, _version(if_match))


def _version(tag: str | None) -> int | None:
    """Raises Invalid."""
    if tag is None or tag.strip() == "*":
        return None
    number = tag.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdecimal()):
        raise Invalid("If-Match repeats the ETag that the sighting came with: look at it again.")
    return int(number)


def _moment(since: datetime) -> str:
    """Raises Invalid."""
    if since.tzinfo is None:
        raise Invalid("since has no time zone: write 2026-11-24T15:04:05Z.")
    try:
        return clock.written(since)
    except OverflowError as error:
        raise Invalid("since lies beyond all calendars: write 2026-11-24T15:04:05Z.") from error


def _after(cursor: str | None) -> Place | None:
    parts = of_cursor(cursor, 3)
    if parts is None:
        return None
    if parts[0] not in {str(one.value) for one in Urgency}:
        raise Invalid("This cursor is none of this list: take `next` of the page before.")
    return Place(int(parts[0]), parts[1], parts[2])
