"""Work on uploads that takes long: queued, followed, cancelled, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field, TypeAdapter
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, StreamingResponse

from secondlook.errors import NotFound, SecondLookError
from secondlook.redact.results import ReviewSpot
from secondlook.server.actors import Actor, May
from secondlook.server.acts import job_files as files
from secondlook.server.acts import jobs as acts
from secondlook.server.acts.job_files import JobFile
from secondlook.server.acts.job_kinds import AnyAsked, AuditAsked, ExposureAsked, FindAsked, JobKind, RedactAsked, Spot
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.jobs import Job
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.once import OnceRoute, operation_id
from secondlook.server.api.paging import Cursor, Limit, Page, of_cursor, page_of
from secondlook.server.api.problems import RESPONSES
from secondlook.server.service import Service, Why

LOOKS_S = 0.5
"""Between two looks at a job that is followed."""
SILENCE_S = 15.0
"""After which a line is sent that says nothing, so that nothing on the way takes the connection for dead."""

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"], route_class=OnceRoute, responses=RESPONSES)
See = Annotated[Actor, Depends(Allowed(May.SEE_JOBS))]
Starter = Annotated[Actor, Depends(Allowed(May.START_JOBS))]
_JOB = TypeAdapter(Job)
_PAGE = "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; font-src data:; sandbox"
"""For a report that is looked at in the browser: nothing in it runs or leads anywhere."""


class Reasons(BaseModel):
    """Both go into the log for good: without anybody's name."""

    purpose: Annotated[str, Field(max_length=500, examples=["a lost child at the east gate"])] = ""
    case: Annotated[str, Field(max_length=128, examples=["2026-114"])] = ""

    @property
    def why(self) -> Why:
        return Why(self.purpose, self.case)


class NewFind(FindAsked, Reasons):
    pass


class NewRedaction(RedactAsked, Reasons):
    pass


class NewExposure(ExposureAsked, Reasons):
    pass


class NewAudit(AuditAsked, Reasons):
    pass


class Also(BaseModel):
    """also: faces that were seen and not covered."""

    also: Annotated[tuple[Spot, ...], Field(min_length=1, max_length=500)]


@router.post("/find", status_code=201, summary="Look for everybody enrolled in uploads")
def find(
    request: Request, service: TheService, actor: Annotated[Actor, Depends(Allowed(May.SEARCH))], body: NewFind
) -> Job:
    return _started(request, service, actor, FindAsked, body)


@router.post("/redact", status_code=201, summary="Cover the faces in uploads")
def redact(request: Request, service: TheService, actor: Starter, body: NewRedaction) -> Job:
    return _started(request, service, actor, RedactAsked, body)


@router.post("/exposure", status_code=201, summary="State who could be picked out of uploads")
def exposure(request: Request, service: TheService, actor: Starter, body: NewExposure) -> Job:
    return _started(request, service, actor, ExposureAsked, body)


@router.post("/audit", status_code=201, summary="Audit a table of scores")
def audit(
    request: Request, service: TheService, actor: Annotated[Actor, Depends(Allowed(May.RUN_AUDITS))], body: NewAudit
) -> Job:
    return _started(request, service, actor, AuditAsked, body)


@router.get("", summary="Jobs, the newest first")
def jobs(
    service: TheService,
    actor: See,
    kind: Annotated[JobKind | None, Query()] = None,
    state: Annotated[JobState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[Job]:
    seen = of_cursor(cursor, 2)
    after = None if seen is None else (seen[0], seen[1])
    found = acts.jobs(service, actor, kind=kind, state=state, after=after, most=limit + 1)
    return page_of(found, limit, "created_at", "id")


@router.get("/{job}", summary="One of them")
def job(service: TheService, actor: See, job: str) -> Job:
    return acts.job(service, actor, job)


@router.delete("/{job}", summary="Cancel it; what it was at is removed")
def cancel(service: TheService, actor: See, job: str) -> Job:
    return acts.cancel(service, actor, job)


@router.post("/{job}/again", status_code=201, summary="Redact once more, with faces that were seen and not covered")
def again(request: Request, service: TheService, actor: Starter, job: str, body: Also) -> Job:
    return acts.again(service, actor, operation_id(request), job, body.also)


_EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events `job`, each with the job as JSON, whenever it changes and until it has ended.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/{job}/events", summary="Follow it until it has ended", response_class=StreamingResponse, responses=_EVENTS
)
async def events(request: Request, service: TheService, actor: See, job: str) -> StreamingResponse:
    first = await run_in_threadpool(acts.job, service, actor, job)
    return StreamingResponse(
        _followed(request, service, actor, first), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


@router.get("/{job}/files", summary="What it has left to be fetched")
def job_files(service: TheService, actor: See, job: str) -> list[JobFile]:
    return list(files.job_files(service, actor, job))


@router.get("/{job}/review", summary="Where a person should look again at a redaction")
def review_spots(service: TheService, actor: See, job: str) -> list[ReviewSpot]:
    return list(files.review_spots(service, actor, job))


_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
}


@router.get("/{job}/files/{name:path}", summary="Fetch one", response_class=FileResponse, responses=_FILE)
def fetch(
    service: TheService, actor: Annotated[Actor, Depends(Allowed(*files.ANY_FILE))], job: str, name: str
) -> FileResponse:
    found = files.fetch(service, actor, job, name)
    page = found.file.media_type == "text/html"
    try:
        return FileResponse(
            found.path,
            media_type=found.file.media_type,
            filename=found.file.title,
            stat_result=found.path.stat(),
            content_disposition_type="inline" if page else "attachment",
            headers={"Content-Security-Policy": _PAGE} if page else None,
        )
    except OSError as error:
        raise NotFound(f"The files of job {job} are gone: their time is over.") from error


def _started(request: Request, service: Service, actor: Actor, kind: type[AnyAsked], body: Reasons) -> Job:
    asked = kind.model_validate(body.model_dump(exclude={*Reasons.model_fields}))
    return acts.start(service, actor, operation_id(request), asked, body.why)


async def _followed(request: Request, service: Service, actor: Actor, first: Job) -> AsyncIterator[str]:
    """Ends with the job, or when whoever follows has gone."""
    yield _event(first)
    known, quiet_s = first, 0.0
    while not known.state.ended:
        await asyncio.sleep(LOOKS_S)
        if await request.is_disconnected():
            return
        try:
            now = await run_in_threadpool(acts.job, service, actor, first.id)
        except SecondLookError:  # the answer has begun: whoever asks again is told why
            return
        quiet_s += LOOKS_S
        if now != known:
            known, quiet_s = now, 0.0
            yield _event(now)
        elif quiet_s >= SILENCE_S:
            quiet_s = 0.0
            yield ": still here\n\n"


def _event(job: Job) -> str:
    return f"event: job\ndata: {_JOB.dump_json(job).decode()}\n\n"
