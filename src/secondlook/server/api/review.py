"""The second look, for reviewers: a blind set at a time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from secondlook.review.verdicts import LONGEST_NOTE, Feature, Said
from secondlook.server.actors import Actor, May
from secondlook.server.acts import review as acts
from secondlook.server.acts.review import FaceAnswer, Reviewer, Task
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute
from secondlook.server.api.problems import RESPONSES

router = APIRouter(prefix="/api/v1/review", tags=["review"], route_class=OnceRoute, responses=RESPONSES)
Review = Annotated[Actor, Depends(Allowed(May.REVIEW))]
_PNG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/png": {}}, "description": "A face"}}


class FaceAsked(BaseModel):
    token: Annotated[str, Field(max_length=64)]
    said: Annotated[Said, Field(examples=[Said.DIFFERENT])]
    features: Annotated[list[Feature], Field(max_length=18, examples=[[Feature.EARS]])] = []
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""


class Answers(BaseModel):
    faces: Annotated[list[FaceAsked], Field(max_length=12)]


@router.post("/next", summary="The set that is open, or the next one; null: nothing waits")
def next_task(service: TheService, actor: Review) -> Task | None:
    return acts.next_task(service, actor)


@router.get("/{task}/pictures/{token}", summary="The probe, or one face", response_class=Response, responses=_PNG)
def picture(service: TheService, actor: Review, task: str, token: str) -> Response:
    # identity: compressed on their way, files of one length would differ again
    headers = {"Content-Encoding": "identity"}
    return Response(acts.picture(service, actor, task, token), media_type="image/png", headers=headers)


@router.post("/{task}/answer", status_code=204, summary="Say of each face: same, different, or cannot tell")
def answer(service: TheService, actor: Review, task: str, body: Answers) -> None:
    faces = [FaceAnswer(one.token, one.said, tuple(one.features), one.note) for one in body.faces]
    acts.answer(service, actor, task, faces)


@router.get("/me", summary="How often I was wrong in trials, with counts and intervals")
def me(service: TheService, actor: Review) -> Reviewer:
    return acts.own_record(service, actor)


@router.get("/reviewers", summary="Every reviewer's error rates in trials")
def reviewers(service: TheService, actor: Annotated[Actor, Depends(Allowed(May.SEE_REVIEWERS))]) -> list[Reviewer]:
    return list(acts.reviewers(service, actor))
