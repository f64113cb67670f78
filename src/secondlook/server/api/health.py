"""Whether it lives, whether it can work, and what it counts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import func, select

from secondlook import __version__
from secondlook.server.actors import Actor, May
from secondlook.server.api.asking import Allowed, TheService
from secondlook.server.api.metrics import Metrics
from secondlook.server.api.problems import RESPONSES, Problem, problem
from secondlook.server.rows import DeliveryRow, JobRow, SightingRow

router = APIRouter(tags=["operations"], responses=RESPONSES)


class Health(BaseModel):
    status: str
    version: str


@router.get("/health/live", summary="The process answers")
def live() -> Health:
    return Health(status="ok", version=__version__)


@router.get(
    "/health/ready",
    summary="Database and gallery can be used, and are open",
    response_model=Health,
    responses={503: {"model": Problem, "description": "Not yet."}},
)
def ready(service: TheService) -> Health | Response:
    if not service.ready.is_set():
        return problem(503, "NotReady", "The gallery and the models are being opened: ask again in a moment.")
    with service.database.reading() as session:
        session.execute(select(1))
    _ = service.gallery.pack
    return Health(status="ok", version=__version__)


@router.get("/metrics", summary="For Prometheus", response_class=Response)
def metrics(
    request: Request, service: TheService, actor: Annotated[Actor, Depends(Allowed(May.SEE_METRICS))]
) -> Response:
    held: Metrics = request.app.state.metrics
    held.subjects.set(service.gallery.enrolled)
    with service.database.reading() as session:
        for state, count in session.execute(select(JobRow.state, func.count()).group_by(JobRow.state)):
            held.jobs.labels(state).set(count)
        for state, count in session.execute(select(DeliveryRow.state, func.count()).group_by(DeliveryRow.state)):
            held.alerts.labels(state).set(count)
        unreviewed = select(func.count()).where(SightingRow.review == "unreviewed")
        held.unreviewed.set(session.scalar(unreviewed) or 0)
    return Response(generate_latest(held.registry), media_type=CONTENT_TYPE_LATEST)
