"""The API put together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from secondlook import __version__
from secondlook.server.acts.joining import finish_merges
from secondlook.server.acts.template_search import TemplateSearch
from secondlook.server.api import (
    accounts,
    alerts,
    cameras,
    dossier,
    erasing,
    health,
    jobs,
    log,
    review,
    search,
    session,
    settings,
    sightings,
    subjects,
    uploads,
)
from secondlook.server.api.headers import StrictHeaders
from secondlook.server.api.metrics import Measured, Metrics
from secondlook.server.api.once import clean
from secondlook.server.api.pace import Pace
from secondlook.server.api.pictures import Looking
from secondlook.server.api.problems import Sized, answer_errors
from secondlook.server.service import Service

MOST_BODY = 64 << 20
"""Bytes; files of footage come in through ``/uploads``, which has a limit of its own."""

ROUTERS: tuple[APIRouter, ...] = (
    search.router,  # asked most often, and routes are tried in this order
    session.router,
    accounts.router,
    settings.router,
    alerts.router,
    cameras.router,
    uploads.router,
    jobs.router,
    subjects.router,
    subjects.of_references,
    sightings.router,
    dossier.router,
    review.router,
    erasing.router,
    log.router,
    health.router,
)

_ABOUT = """Finds enrolled people in photographs, footage and cameras, and returns *candidates* or says that it cannot tell. A
candidate is an investigative lead and no ground for an arrest; it counts for nothing until two people have compared the
faces blind. Errors are problem+json; lists come in pages; a POST may carry an `Idempotency-Key`."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def make_app(service: Service, lifespan: Lifespan | None = None) -> FastAPI:
    """The API of an open service. lifespan: what runs beside it (workers); the service itself is the caller's to close."""
    clean(service)
    finish_merges(service)
    app = StrictApp(
        title="Second Look",
        description=_ABOUT,
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its pages come from another address
        redoc_url=None,
        max_body_size=MOST_BODY,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        lifespan=lifespan or _nothing,
    )
    app.state.service = service
    app.state.metrics = Metrics()
    app.state.pace = Pace(service.settings().requests_per_minute)
    app.state.looking = Looking()
    app.state.template_search = TemplateSearch(service)
    app.state.door = Pace(a_minute=10, at_once=20)
    for router in ROUTERS:
        app.include_router(router)
    answer_errors(app)
    app.add_middleware(Measured, metrics=app.state.metrics)
    return app


class StrictApp(FastAPI):
    """Answers to what nobody foresaw come from outside all middleware, and are to be as strict as any."""

    def build_middleware_stack(self) -> ASGIApp:
        service: Service = self.state.service
        return StrictHeaders(Sized(super().build_middleware_stack()), tls=service.options.tls)


@asynccontextmanager
async def _nothing(app: FastAPI) -> AsyncIterator[None]:
    yield
