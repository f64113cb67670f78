"""Who is enrolled, and with which pictures. In addresses subjects are called by their ids, never by their names."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from secondlook.enrolling import EnrolOptions
from secondlook.errors import GalleryError, Invalid
from secondlook.gallery import OnSuspicion, Place, Subject, place_of
from secondlook.server.actors import Actor, May
from secondlook.server.acts import duplicates, enrolment, joining
from secondlook.server.acts import subjects as acts
from secondlook.server.acts.duplicates import Alike, Pair
from secondlook.server.acts.enrolment import MOST_PICTURES, Enrolled
from secondlook.server.acts.subjects import Reference
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute, operation_id
from secondlook.server.api.paging import Cursor, Limit, Page
from secondlook.server.api.pictures import PICTURE, Looking, form_documented, form_of, pictures_in, text_in
from secondlook.server.api.problems import RESPONSES
from secondlook.server.service import Service

MOST_NAME = 200
_MOST_ID = (1 << 63) - 1
_CURSOR = "cursor of subjects"

router = APIRouter(prefix="/api/v1/subjects", tags=["subjects"], route_class=OnceRoute, responses=RESPONSES)
of_references = APIRouter(prefix="/api/v1/references", tags=["subjects"], route_class=OnceRoute, responses=RESPONSES)
See = Annotated[Actor, Depends(Allowed(May.SEE_SUBJECTS))]
Change = Annotated[Actor, Depends(Allowed(May.CHANGE_SUBJECTS))]
ReferenceId = Annotated[int, Path(ge=1, le=_MOST_ID)]
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {"description": "The face.", "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
}
_ID = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
_SUSPICION: dict[str, Any] = {
    "type": "string",
    "enum": [one.value for one in OnSuspicion],
    "default": OnSuspicion.HOLD.value,
    "description": "Pictures that seem to show somebody else: hold them back, or enrol them all the same.",
}
_PICTURES: dict[str, Any] = {"type": "array", "items": PICTURE, "minItems": 1, "maxItems": MOST_PICTURES}


class Called(BaseModel):
    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME, examples=["Ada Lovelace"])]


class Wanted(BaseModel):
    """name: whole or in part, whatever the case."""

    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME, examples=["lovelace"])]
    cursor: Annotated[str | None, Field(max_length=512)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class Other(BaseModel):
    """from: id of the subject that goes."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)
    from_: Annotated[str, Field(alias="from", max_length=32, examples=[_ID])]


class Division(BaseModel):
    """references: those that become somebody else; name: of the new subject."""

    references: Annotated[
        list[Annotated[int, Field(ge=1, le=_MOST_ID)]], Field(min_length=1, max_length=1000, examples=[[4, 7]])
    ]
    name: Annotated[str, Field(min_length=1, max_length=MOST_NAME, examples=["Ada's sister"])]


@router.get("", summary="Who is enrolled, by name")
def subjects(service: TheService, actor: See, cursor: Cursor = None, limit: Limit = 50) -> Page[Subject]:
    return _page(service, actor, cursor, limit, "")


@router.post("/find", summary="Who has this in the name")
def find(service: TheService, actor: See, body: Wanted) -> Page[Subject]:
    """A POST that changes nothing, so that no name stands in an address, where it would be written down on its way."""
    return _page(service, actor, body.cursor, body.limit, body.name)


@router.get("/duplicates", summary="Pairs of subjects that look like one person")
def pairs(
    service: TheService,
    actor: See,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=duplicates.LOOKED_AT, description="Subjects looked at for one page.")] = 100,
) -> Page[Pair]:
    """Each subject is searched for among the others, with the threshold that a search of a picture like its best reference has.
    Each pair comes once. A page may be empty and not the last: go on while there is a `next`.

    A pair is a lead, too: look at both before they are merged. Some people look alike, and in a large gallery pairs of
    strangers are to be expected at the rate that the settings allow.
    """
    found = duplicates.pairs(service, actor, after=_place(service, cursor), most=limit)
    return Page(items=list(found.pairs), next=_cursor(service, found.after))


@router.post(
    "",
    status_code=201,
    summary="Enrol somebody",
    responses={200: {"model": Enrolled, "description": "No picture could be enrolled, so nobody is."}},
    openapi_extra=form_documented(
        ["name", "pictures"],
        name={"type": "string", "minLength": 1, "maxLength": MOST_NAME, "example": "Ada Lovelace"},
        pictures=_PICTURES,
        on_suspicion=_SUSPICION,
    ),
)
async def create(request: Request, service: TheService, actor: Change, response: Response) -> Enrolled:
    """Each picture has a result: enrolled; refused, with what would fix it; suspicious, where it seems to show somebody else;
    or already_enrolled. All that is enrolled is enrolled at once, and is on the disk when this answers.

    201 with `subject`: somebody is there now. 200 with `subject` null: no picture could be enrolled, so nobody is. Sent again
    with the same Idempotency-Key it is one subject.
    """
    looking: Looking = request.app.state.looking
    async with looking:
        form = await form_of(request, MOST_PICTURES)
        name, sent = text_in(form, "name", MOST_NAME), await pictures_in(form, "pictures")
        options = _options(text_in(form, "on_suspicion", 16, OnSuspicion.HOLD.value))
        id_ = await looking(operation_id, request)
        found = await looking(enrolment.create, service, actor, id_, name, sent, options)
    if found.subject is None:
        response.status_code = 200
    else:
        response.headers["Location"] = f"{router.prefix}/{found.subject.id}"
    return found


@router.get("/{subject}", summary="One of them")
def subject(service: TheService, actor: See, subject: str) -> Subject:
    return acts.subject(service, actor, subject)


@router.patch("/{subject}", summary="Give somebody another name")
def rename(service: TheService, actor: Change, subject: str, body: Called) -> Subject:
    return acts.rename(service, actor, subject, body.name)


@router.delete("/{subject}", status_code=204, summary="Remove somebody")
def remove(service: TheService, actor: Change, subject: str) -> None:
    """With all references, and everything that was kept of sightings: the subject's key is dropped, so no copy of any of it can
    be read any more. For a search of every file for remains and a signed receipt, an admin erases the subject."""
    acts.remove(service, actor, subject)


@router.get("/{subject}/references", summary="The pictures somebody is enrolled with, oldest first")
def references(service: TheService, actor: See, subject: str) -> list[Reference]:
    return list(acts.references(service, actor, subject))


@router.post(
    "/{subject}/references",
    summary="Add pictures of somebody",
    openapi_extra=form_documented(["pictures"], pictures=_PICTURES, on_suspicion=_SUSPICION),
)
async def add(request: Request, service: TheService, actor: Change, subject: str) -> Enrolled:
    """As enrolling somebody. A picture that is enrolled for this subject already, told by its bytes, stays as it is."""
    looking: Looking = request.app.state.looking
    async with looking:
        form = await form_of(request, MOST_PICTURES)
        sent = await pictures_in(form, "pictures")
        options = _options(text_in(form, "on_suspicion", 16, OnSuspicion.HOLD.value))
        return await looking(enrolment.add, service, actor, subject, sent, options)


@router.get("/{subject}/duplicates", summary="Who looks like somebody, the likest first")
def alike(service: TheService, actor: See, subject: str) -> list[Alike]:
    return list(duplicates.alike(service, actor, subject))


@router.post("/{subject}/merge", summary="Make one subject of two")
def merge(
    service: TheService,
    actor: Change,
    subject: str,
    body: Annotated[
        Other,
        Body(
            openapi_examples={
                "two entries for one person": {
                    "summary": "Two entries for one person",
                    "description": (
                        "The references of `from` become references of the subject in the path, sealed anew with its key, and "
                        "keep their ids; a picture that both had stays once. Sightings of `from` become sightings of the "
                        "subject, with their reviews. `from` is no more: its key is dropped, its id answers 404. Blind sets "
                        "that show one of the two and were not answered are drawn anew. Asked again, it is done already."
                    ),
                    "value": {"from": _ID},
                }
            }
        ),
    ],
) -> Subject:
    return joining.merge(service, actor, subject, body.from_)


@router.post("/{subject}/split", status_code=201, summary="Make a new subject of some references")
def split(
    request: Request,
    service: TheService,
    actor: Change,
    subject: str,
    body: Annotated[
        Division,
        Body(
            openapi_examples={
                "two people under one name": {
                    "summary": "Two people under one name",
                    "description": (
                        "References 4 and 7 become those of a new subject, sealed anew with its own key, and keep their ids. At "
                        "least one has to stay. Sightings stay with the subject that was divided, for nobody has said yet whom "
                        "of the two they show: search again."
                    ),
                    "value": {"references": [4, 7], "name": "Ada's sister"},
                }
            }
        ),
    ],
) -> Subject:
    return joining.split(service, actor, operation_id(request), subject, body.references, body.name)


@of_references.get(
    "/{reference}/picture", summary="The enrolled face, as JPEG; written down", response_class=Response, responses=_JPEG
)
def picture(service: TheService, actor: See, reference: ReferenceId) -> Response:
    return Response(acts.picture(service, actor, reference), media_type="image/jpeg")


@of_references.delete("/{reference}", status_code=204, summary="Remove one picture of somebody")
def remove_reference(service: TheService, actor: Change, reference: ReferenceId) -> None:
    """The subject stays, even without any; then nobody finds it."""
    acts.remove_reference(service, actor, reference)


def _options(on_suspicion: str) -> EnrolOptions:
    try:
        return EnrolOptions(on_suspicion=OnSuspicion(on_suspicion))
    except ValueError as error:
        raise Invalid(f"on_suspicion is {' or '.join(OnSuspicion)}.") from error


def _page(service: Service, actor: Actor, cursor: str | None, limit: int, containing: str) -> Page[Subject]:
    found = acts.subjects(service, actor, after=_place(service, cursor), most=limit + 1, containing=containing)
    items = list(found[:limit])
    after = place_of(items[-1].name, items[-1].id) if len(found) > limit else None
    return Page(items=items, next=_cursor(service, after))


def _cursor(service: Service, place: Place | None) -> str | None:
    """Sealed, for it holds the beginning of a name and stands in an address."""
    if place is None:
        return None
    sealed = service.gallery.seal(json.dumps(place).encode(), _CURSOR)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def _place(service: Service, cursor: str | None) -> Place | None:
    """Raises Invalid where it is none of ours."""
    if cursor is None:
        return None
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, id_ = json.loads(service.gallery.unseal(sealed, _CURSOR))
    except (binascii.Error, GalleryError, ValueError) as error:
        raise Invalid("This cursor is none of this list: take `next` of the page before.") from error
    return str(name), str(id_)
