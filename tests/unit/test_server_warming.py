"""What takes long is opened at the start; until then the service says that it is not ready."""

from __future__ import annotations

import threading
from pathlib import Path

from fake_people import fake_service
from secondlook.errors import PackMissing
from secondlook.server.work.warming import WarmUp
from service_samples import door


def test_it_is_ready_when_everything_is_open(tmp_path: Path) -> None:
    with fake_service(tmp_path) as service:
        go, opened = threading.Event(), service.identifier

        def slow():
            assert go.wait(60)
            return opened()

        service.identifier = slow
        client, warm_up = door(service).nobody(), WarmUp(service)
        assert client.get("/health/ready").status_code == 200, "where nothing is warmed up nothing is waited for"
        warm_up.start()
        answer = client.get("/health/ready")
        assert answer.status_code == 503 and answer.json()["type"] == "urn:secondlook:NotReady"
        assert client.get("/health/live").status_code == 200
        go.set()
        warm_up.stop()
        assert client.get("/health/ready").json()["status"] == "ok"


def test_what_cannot_be_opened_does_not_keep_it_from_starting(tmp_path: Path) -> None:
    def missing():
        raise PackMissing("the weights are not installed: run `secondlook packs pull`.")

    with fake_service(tmp_path) as service:
        service.identifier = missing
        warm_up = WarmUp(service)
        warm_up.start()
        warm_up.stop()
        assert service.ready.is_set()
