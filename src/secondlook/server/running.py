"""The service as a process: API, pages and what works beside them, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

import uvicorn
from fastapi import FastAPI

from secondlook.errors import OutputError
from secondlook.server.acts.accounts import first_admin
from secondlook.server.alerts.sending import Sender
from secondlook.server.api.app import make_app
from secondlook.server.logs import speak
from secondlook.server.pages.mounting import add_pages
from secondlook.server.service import Service
from secondlook.server.settings import Options
from secondlook.server.work.cameras import CameraWatch
from secondlook.server.work.dispatch import Dispatcher
from secondlook.server.work.packs import PackWatch
from secondlook.server.work.retention import Retention
from secondlook.server.work.warming import WarmUp

_SWITCH_S = 0.0005
"""How long a thread may go on while others wait for the interpreter. At Python's own 0.005 an answer waits that long at each
of several turns: at 100 searches a second the slowest of 20 took 85 ms, and 69 ms with this."""


class Beside(Protocol):
    """What works beside the API: jobs, cameras, alerts, retention. Each starts and stops with the service."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """Returns when it has stopped; what it was at goes on at the next start."""
        ...


def built(service: Service, workers: tuple[Beside, ...]) -> FastAPI:
    """The whole app. The workers run while it is served."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        for worker in workers:
            worker.start()
        try:
            yield
        finally:
            for worker in reversed(workers):
                await asyncio.to_thread(worker.stop)

    app = make_app(service, lifespan)
    add_pages(app)
    return app


def serve(options: Options, say: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM. say: told where it is, and at the first start the link for the first admin.

    Raises Invalid where it would be open to strangers, Conflict where another serves the same folder, OutputError.
    """
    options.check()
    speak()
    sys.setswitchinterval(_SWITCH_S)
    service = Service.open(options)
    try:
        with _bound(options) as listening:
            where = (
                f"{'https' if options.certificate else 'http'}://{_shown(options.host)}:{listening.getsockname()[1]}"
            )
            token = first_admin(service)
            if token is not None:
                say("Nobody administers this service yet. Choose the first admin's password with this link, once:")
                say(f"{where}/welcome?token={token}")
            say(f"Second Look is at {where}")
            server = _server(service, options)
            gc.collect()
            gc.freeze()  # what is there by now stays: no collection goes through it again while somebody waits
            server.run(sockets=[listening])
    finally:
        service.close()


def workers_of(service: Service) -> tuple[Beside, ...]:
    """All that works beside the API. Cameras come last, so that they stop first: what they see is still kept and told."""
    sender = Sender(service)
    service.cameras = CameraWatch(service, sender.nudge)
    return (WarmUp(service), PackWatch(service), Retention(service), sender, Dispatcher(service), service.cameras)


def _server(service: Service, options: Options) -> uvicorn.Server:
    config = uvicorn.Config(
        built(service, workers_of(service)),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=options.proxied,
        forwarded_allow_ips="*" if options.proxied else None,
        ssl_certfile=options.certificate,
        ssl_keyfile=options.certificate_key,
        timeout_graceful_shutdown=10,
    )
    return uvicorn.Server(config)


def _bound(options: Options) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((options.host, options.port))
        found.listen(2048)  # who reads the printed address and asks at once waits, and is not refused
    except OSError as error:
        found.close()
        raise OutputError(
            f"{options.host}:{options.port} cannot be used ({error.strerror}): choose another --host or --port."
        ) from error
    return found


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
