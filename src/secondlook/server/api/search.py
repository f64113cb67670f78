"""Searching: a picture, or templates that a caller made."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from secondlook.errors import Invalid
from secondlook.server.actors import Actor, May
from secondlook.server.acts import searching
from secondlook.server.acts.searching import Searched
from secondlook.server.acts.template_search import (
    MOST_CANDIDATES,
    MOST_TEMPLATES,
    Asked,
    TemplateSearch,
    TemplatesSearched,
)
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.metrics import Metrics
from secondlook.server.api.once import OnceRoute, operation_id
from secondlook.server.api.pictures import PICTURE, Looking, form_documented, form_of, pictures_in, text_in
from secondlook.server.api.problems import RESPONSES
from secondlook.server.service import Why
from secondlook.types import Floats, Quality

MOST_PURPOSE = 500
_LONGEST_TEMPLATE = 32 << 10
"""Letters of base64: 6,144 numbers."""
MOST_BODY = 4 << 20
"""Bytes of a request with templates."""

router = APIRouter(prefix="/api/v1/search", tags=["search"], route_class=OnceRoute, responses=RESPONSES)
Searcher = Annotated[Actor, Depends(Allowed(May.SEARCH))]
Number = Annotated[float, Field(allow_inf_nan=False)]
_PURPOSE: dict[str, Any] = {
    "type": "string",
    "maxLength": MOST_PURPOSE,
    "description": "What the search is for, in a few words and without names: it stands in the log for good.",
    "example": "missing child at the fair",
}
_CASE: dict[str, Any] = {"type": "string", "maxLength": MOST_PURPOSE, "example": "2026-114"}


class PictureQuality(BaseModel):
    """Of the picture that a template was made of; units as in docs/sightings.md."""

    inter_eye_px: Annotated[Number, Field(ge=0, examples=[61.5])]
    sharpness: Annotated[Number, Field(ge=0, examples=[0.9])]
    yaw_deg: Annotated[Number, Field(ge=-180, le=180, examples=[-3.0])]
    pitch_deg: Annotated[Number, Field(ge=-180, le=180, examples=[2.0])]
    exposure: Annotated[Number, Field(ge=0, le=1, examples=[0.45])]
    contrast: Annotated[Number, Field(ge=0, le=1, examples=[0.2])]
    visible: Annotated[Number, Field(ge=0, le=1, examples=[1.0])]

    def measured(self) -> Quality:
        """What a decision does not look at is nan."""
        unknown = float("nan")
        return Quality(
            self.inter_eye_px,
            self.sharpness,
            self.yaw_deg,
            self.pitch_deg,
            unknown,
            self.exposure,
            self.contrast,
            unknown,
            self.visible,
            unknown,
        )


class Templates(BaseModel):
    """pack: id of the pack that made them, which must be the gallery's. templates: float32, little endian, of unit length, in
    base64. qualities: of the pictures they were made of, one each; null where one is not known, left out where none is: then
    there is no threshold, and the nearest are told as they are. k: candidates wanted for each, at most."""

    pack: Annotated[str, Field(max_length=128, examples=["dlib-resnet@9e6b1ef3b1f9"])]
    templates: Annotated[
        list[Annotated[str, Field(max_length=_LONGEST_TEMPLATE)]], Field(min_length=1, max_length=MOST_TEMPLATES)
    ]
    qualities: Annotated[list[PictureQuality | None] | None, Field(max_length=MOST_TEMPLATES)] = None
    k: Annotated[int, Field(ge=1, le=MOST_CANDIDATES)] = 5
    purpose: Annotated[str, Field(max_length=MOST_PURPOSE, examples=["access to the archive"])] = ""
    case: Annotated[str, Field(max_length=MOST_PURPOSE, examples=["2026-114"])] = ""

    def asked(self) -> Asked:
        """Raises Invalid."""
        qualities = self.qualities or [None] * len(self.templates)
        if len(qualities) != len(self.templates):
            raise Invalid("There is one quality for each template: send as many, null where one is not known.")
        return Asked(
            self.pack,
            _stacked(self.templates),
            tuple(None if quality is None else quality.measured() for quality in qualities),
            self.k,
        )


@router.post(
    "",
    summary="Search everybody in a picture",
    openapi_extra=form_documented(["picture"], picture=PICTURE, purpose=_PURPOSE, case=_CASE),
)
async def search(request: Request, service: TheService, actor: Searcher) -> Searched:
    """Every face with one decision: candidate, no_candidate, inconclusive or not_searchable, and its grounds. A candidate is a
    lead and no identification: whoever may be enrolled is kept as a sighting (`sighting`), to be compared blind by two people
    other than who searched. Of everybody else nothing is kept; they are counted in the log. The picture itself is not kept.
    """
    looking: Looking = request.app.state.looking
    async with looking:
        form = await form_of(request, 1)
        sent = await pictures_in(form, "picture")
        if len(sent) != 1:
            raise Invalid("Send one picture.")
        why = Why(text_in(form, "purpose", MOST_PURPOSE, ""), text_in(form, "case", MOST_PURPOSE, ""))
        id_ = await looking(operation_id, request)
        found = await looking(searching.search, service, actor, id_, sent[0], why)
    _count(request, (face.outcome for face in found.faces))
    return found


@router.post("/templates", summary="Search templates", max_body_size=MOST_BODY)
async def search_templates(request: Request, actor: Searcher, body: Templates) -> TemplatesSearched:
    """For callers that find and embed faces themselves, with the gallery's own pack. There is no picture, so nothing is kept
    and nothing can be reviewed here: what comes out counts for nothing until people have compared the faces.

    With a quality there is a decision as for a picture. Without one the outcome is `undecided`.
    """
    search: TemplateSearch = request.app.state.template_search
    found = await run_in_threadpool(search, actor, operation_id(request), body.asked(), Why(body.purpose, body.case))
    _count(request, (one.outcome for one in found.results))
    return found


def _count(request: Request, outcomes: Any) -> None:
    metrics: Metrics = request.app.state.metrics
    for outcome in outcomes:
        metrics.searches.labels(str(outcome)).inc()


def _stacked(templates: list[str]) -> Floats:
    """(n, D). Raises Invalid."""
    try:
        rows = [np.frombuffer(base64.b64decode(one, validate=True), "<f4") for one in templates]
        return np.stack(rows).astype(np.float32)
    except (binascii.Error, ValueError) as error:
        raise Invalid("A template is base64 of float32 numbers, little endian, and all are of one length.") from error
