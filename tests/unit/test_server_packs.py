"""The gallery's pack is changed by another process while the service runs: the service takes the new one up."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postgres_server import PASSWORD
from secondlook import assemble
from secondlook.errors import PackMismatch, PackMissing
from secondlook.gallery import ById
from secondlook.server.actors import Role
from secondlook.server.service import Service
from secondlook.server.work.packs import PackWatch
from service_samples import PACK, door, picture, service_in, unit

OTHER, WIDTH = "other@ba9876543210", 8
REEMBEDS = """
import sys
from pathlib import Path
import numpy as np
from secondlook.gallery import Gallery, KeyFile
gallery = Gallery.open(sys.argv[1], key=KeyFile(Path(sys.argv[2])))
gallery.reembed(sys.argv[3], 8, lambda reference: np.eye(8, dtype=np.float32)[reference.id % 8])
gallery.close()
"""


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Compared as an identifier compares, like one that was opened. Its models are fakes that know their pack."""
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(assemble, "assemble", lambda gallery, settings: gallery.pack)
    with service_in(tmp_path, people=7) as made:
        made.gallery = assemble.compared(made.gallery)
        yield made


def reembedded(service: Service, pack: str = OTHER) -> None:
    place = (service.gallery.place, str(service.folder.root.parent / "keys" / "gallery.key"), pack)
    # the password of a gallery in PostgreSQL is no part of its address
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([sys.executable, "-c", REEMBEDS, *place], check=True, timeout=120, env=environment)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_another_pack_is_taken_up_without_a_restart(service: Service) -> None:
    client = door(service).of(Role.OPERATOR)
    assert service.gallery.subjects == 7 and service.identifier() == PACK
    assert service.gallery.search(unit(3), PACK, 1)[0].subject == "Person 3"
    reembedded(service)
    stale = client.get("/api/v1/subjects")
    assert stale.status_code == 409 and stale.json()["type"] == "urn:secondlook:PackMismatch"
    watch = PackWatch(service, every_s=0.02)
    watch.start()
    try:
        until(lambda: client.get("/api/v1/subjects").status_code == 200)
        until(lambda: client.get("/health/ready").status_code == 200)
        assert service.identifier() == OTHER
        (found,) = service.gallery.search(unit(3, WIDTH), OTHER, 1)
        assert found.subject.startswith("Person")
        with pytest.raises(PackMismatch):
            service.gallery.search(unit(3), PACK, 1)
        # what is changed from here on is found by the same index
        service.gallery.rename(ById(service.gallery.subject_id("Person 3")), "Ada")
        assert "Ada" in {one["name"] for one in client.get("/api/v1/subjects").json()["items"]}
        reembedded(service, PACK.replace("test", "third"))
        until(lambda: service.identifier() == "third@0123456789ab")
    finally:
        watch.stop()


def test_cameras_are_begun_anew(service: Service) -> None:
    class Cameras:
        followed = 0

        def follow(self) -> None:
            self.followed += 1

    service.cameras = cameras = Cameras()  # type: ignore[assignment]
    watch = PackWatch(service, every_s=3600)
    watch._look()
    assert cameras.followed == 0
    reembedded(service)
    watch._look()
    watch._look()
    assert cameras.followed == 1


def test_where_the_models_are_not_there_whoever_searches_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise PackMissing("the weights of other are not installed: run `secondlook packs pull`.")

    monkeypatch.setattr(assemble, "assemble", missing)
    reembedded(service)
    watch = PackWatch(service, every_s=0.02)
    watch.start()
    try:
        until(lambda: service._pack == OTHER)
        client = door(service).of(Role.OPERATOR)
        until(lambda: client.get("/health/ready").status_code == 200)
        answer = client.post("/api/v1/search", files={"picture": ("a.jpg", picture(1))}, data={"purpose": "x"})
        assert answer.status_code == 503 and "packs pull" in answer.json()["detail"]
        assert client.get("/api/v1/subjects").status_code == 200
    finally:
        watch.stop()
