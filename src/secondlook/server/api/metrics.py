"""What Prometheus scrapes. Counts and times only: no name, no id of anybody."""

from __future__ import annotations

import logging
import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOG = logging.getLogger("secondlook.server")
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """One service's own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("secondlook_requests", "Requests answered", labels, registry=self.registry)
        self.seconds = Histogram(
            "secondlook_request_seconds",
            "Time to the answer's end",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.searches = Counter("secondlook_searches", "Faces searched", ("outcome",), registry=self.registry)
        self.subjects = Gauge("secondlook_subjects", "Subjects with a reference", registry=self.registry)
        self.jobs = Gauge("secondlook_jobs", "Jobs by state", ("state",), registry=self.registry)
        self.unreviewed = Gauge("secondlook_sightings_unreviewed", "Sightings not reviewed yet", registry=self.registry)
        self.camera_live = Gauge(
            "secondlook_camera_live", "1 where the camera gives frames", ("camera",), registry=self.registry
        )
        self.camera_dropped = Gauge(
            "secondlook_camera_dropped_frames", "Frames dropped", ("camera",), registry=self.registry
        )
        self.alerts = Gauge("secondlook_alerts", "Alerts by state", ("state",), registry=self.registry)


class Measured:
    """Counts and times every request by its route, never by its path, which holds ids."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, seen)
        finally:
            route, took = getattr(scope.get("route"), "path", "other"), time.perf_counter() - began
            self._metrics.requests.labels(scope["method"], route, status).inc()
            self._metrics.seconds.labels(route).observe(took)
            if route != "other":  # pages' own files
                said = {"method": scope["method"], "route": route, "status": status, "ms": round(1000 * took, 1)}
                _LOG.info("answered", extra=said)
