"""Cameras: searches that go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from secondlook.errors import NotFound
from secondlook.server.actors import Actor, May
from secondlook.server.acts import cameras as acts
from secondlook.server.acts.cameras import Asked, Camera, Look
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute, operation_id
from secondlook.server.api.problems import RESPONSES
from secondlook.server.service import Why
from secondlook.server.work.cameras import CameraStatus

router = APIRouter(prefix="/api/v1/cameras", tags=["cameras"], route_class=OnceRoute, responses=RESPONSES)
See = Annotated[Actor, Depends(Allowed(May.SEE_CAMERAS))]
Change = Annotated[Actor, Depends(Allowed(May.CHANGE_CAMERAS))]
Watch = Annotated[Actor, Depends(Allowed(May.SEE_SIGHTINGS))]
_JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "The newest picture"}}
_PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n"


class LookAsked(BaseModel):
    every_s: Annotated[float, Field(ge=0.05, le=60)] = 0.2
    side: Annotated[int, Field(ge=160, le=4096)] = 960
    tells: bool = True

    def look(self) -> Look:
        return Look(self.every_s, self.side, self.tells)


class CameraAsked(BaseModel):
    label: Annotated[str, Field(max_length=128, examples=["Hall 2"])]
    address: Annotated[str, Field(max_length=2000, examples=["rtsp://user:password@camera.example/stream1"])]
    purpose: Annotated[str, Field(max_length=500, examples=["a lost child"])] = ""
    case: Annotated[str, Field(max_length=128, examples=["2026-17"])] = ""
    look: LookAsked = LookAsked()


class CameraChange(BaseModel):
    label: Annotated[str | None, Field(max_length=128)] = None
    enabled: bool | None = None
    look: LookAsked | None = None


@router.get("", summary="All cameras; addresses without their passwords")
def cameras(service: TheService, actor: See) -> list[Camera]:
    return list(acts.cameras(service, actor))


@router.post("", status_code=201, summary="Add a camera; it is on at once")
def add(request: Request, service: TheService, actor: Change, body: CameraAsked) -> Camera:
    asked = Asked(body.label, body.address, Why(body.purpose, body.case), body.look.look())
    return acts.add(service, actor, operation_id(request), asked)


@router.get("/{camera}", summary="One camera")
def camera(service: TheService, actor: See, camera: str) -> Camera:
    return acts.camera(service, actor, camera)


@router.patch("/{camera}", summary="Switch on or off, or change how it is looked at")
def change(service: TheService, actor: Change, camera: str, body: CameraChange) -> Camera:
    look = None if body.look is None else body.look.look()
    return acts.change(service, actor, camera, label=body.label, enabled=body.enabled, look=look)


@router.delete("/{camera}", status_code=204, summary="Remove it; what was seen by it stays until its time is up")
def remove(service: TheService, actor: Change, camera: str) -> None:
    acts.remove(service, actor, camera)


@router.get("/{camera}/status", summary="How it is doing: frames, dropped frames, reconnects, age of the newest frame")
def status(service: TheService, actor: See, camera: str) -> CameraStatus:
    return acts.status(service, actor, camera)


@router.get("/{camera}/picture", summary="The newest picture", response_class=Response, responses=_JPEG)
def picture(service: TheService, actor: Watch, camera: str) -> Response:
    return Response(acts.picture(service, actor, camera), media_type="image/jpeg")


@router.get(
    "/{camera}/live", summary="The newest picture, once a second, for ever (MJPEG)", response_class=StreamingResponse
)
async def live(request: Request, service: TheService, actor: Watch, camera: str) -> StreamingResponse:
    await run_in_threadpool(acts.camera, service, actor, camera)

    async def pictures() -> AsyncIterator[bytes]:
        while not await request.is_disconnected():
            try:
                jpeg = await run_in_threadpool(acts.picture, service, actor, camera)
                yield _PART % (len(jpeg), jpeg)
            except NotFound:
                pass
            await asyncio.sleep(1)

    return StreamingResponse(pictures(), media_type="multipart/x-mixed-replace; boundary=frame")
