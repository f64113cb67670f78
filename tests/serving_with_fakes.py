"""The real server as a process, with fakes for models: ``serving_with_fakes.py FOLDER PAUSE_S``. Says its port in a line."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import uvicorn

from job_samples import KEY, WORKER, makers
from secondlook import assemble
from secondlook.assemble import Identifier
from secondlook.gallery import KeyFile
from secondlook.server.running import built
from secondlook.server.service import Service
from secondlook.server.settings import Options
from secondlook.server.work.dispatch import Dispatcher
from secondlook.server.work.retention import Retention


class ServiceWithFakes(Service):
    def identifier(self) -> Identifier:
        settings = self.settings()
        return makers().identifier(self.gallery, assemble.Settings(fpir=settings.fpir, prior=settings.prior))


def main(folder: Path, pause_s: str) -> None:
    service = ServiceWithFakes.open(Options(folder / "data", key=KeyFile(folder / KEY)))
    listening = socket.create_server(("127.0.0.1", 0))
    print(listening.getsockname()[1], flush=True)
    app = built(service, (Retention(service), Dispatcher(service, (*WORKER, pause_s))))
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
