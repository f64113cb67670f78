"""Cameras in the service: what is on is watched, what is seen is kept and told once, and what is taken back is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from secondlook.errors import Invalid, ReasonMissing, UnsupportedSource
from secondlook.fakes import FakeLog
from secondlook.identify import Alert, LiveSighting, Stage
from secondlook.report.record import Watched
from secondlook.runs.watch_state import Broke, CameraSighting, Counts, Preview, WatchState
from secondlook.runs.watch_worker import CameraTask
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import alerts, cameras, settings
from secondlook.server.acts.cameras import Asked, Look
from secondlook.server.alerts.queue import State
from secondlook.server.rows import DeliveryRow, SightingRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service, Why
from secondlook.server.work.cameras import CameraWatch
from secondlook.sources.camera_state import CameraState, Link
from secondlook.track.alerting import Because, Withdrawal
from secondlook.types import Candidate, Decision, Estimate, Grounds, Outcome, Sighting
from service_samples import PACK, QUALITY, account, door, service_in

BOSS = Actor("0" * 32, "boss", Role.ADMIN)
CHANCE = Estimate(0.002, 0.001, 0.004)
GROUNDS = Grounds("Person 1 is a candidate.", 0.9, 0.8, 12, 0.1, True, (), 0.003, CHANCE, CHANCE, 2.0, 0.01, CHANCE)
WHY = Why("a lost child", "7")


class Fake:
    """A ``Watching`` that starts nothing."""

    def __init__(self) -> None:
        self.tasks: dict[str, CameraTask] = {}
        self.begun = 0

    def add(self, task: CameraTask) -> None:
        self.tasks[task.camera] = task
        self.begun += 1

    def remove(self, camera: str) -> None:
        del self.tasks[camera]

    def stop(self) -> None:
        self.tasks.clear()


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, log: FakeLog) -> Iterator[Service]:
    with service_in(tmp_path, log=log) as made:
        yield made


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def watch(service: Service, fake: Fake) -> Iterator[CameraWatch]:
    service.cameras = CameraWatch(service, watching=fake)  # type: ignore[arg-type]
    service.cameras.start()
    yield service.cameras
    service.cameras.stop()


@pytest.fixture
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR)


def added(
    service: Service, actor: Actor, address: str = "rtsp://ann:sesame@10.0.0.9/a", look: Look | None = None
) -> str:
    return cameras.add(service, actor, new_id(), Asked("Hall 2", address, WHY, look or Look())).id


def seen(
    camera: str,
    stage: Stage,
    outcome: Outcome = Outcome.CANDIDATE,
    alert: Alert = Alert.NONE,
    withdraws: Withdrawal | None = None,
    followed: int = 1,
) -> CameraSighting:
    named = () if outcome is Outcome.NO_CANDIDATE else (Candidate("Person 1", 1, 0.9, 1),)
    sighting = Sighting(
        "cam", 3, 1.0, (1, 2, 30, 40), followed, 1.0, 2.0, 9, 0.9, QUALITY, Decision(outcome, GROUNDS, named), PACK,
        np.zeros((40, 30, 3), np.uint8),
    )  # fmt: skip
    now = datetime.now(UTC)
    live = LiveSighting(sighting, stage, followed, 1, alert, withdraws)
    return CameraSighting(camera, live, Watched("session", followed, now), now, 0.1)


def rows(service: Service) -> list[SightingRow]:
    with service.database.reading() as session:
        return list(session.scalars(select(SightingRow)))


def told(service: Service) -> list[str]:
    with service.database.reading() as session:
        return [row.state for row in session.scalars(select(DeliveryRow))]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_what_is_on_is_watched_as_it_is_set(service: Service, watch: CameraWatch, fake: Fake, operator: Actor) -> None:
    id_ = added(service, operator)
    assert fake.tasks[id_].address.text == "rtsp://ann:sesame@10.0.0.9/a"
    cameras.change(service, operator, id_, label="Hall 3")
    assert fake.begun == 1, "a new label interrupted the camera"
    cameras.change(service, operator, id_, look=Look(every_s=0.5, side=640))
    assert fake.begun == 2 and fake.tasks[id_].settings.every_s == 0.5
    settings.change(service, BOSS, {"fpir": 0.001})
    watch.follow()
    assert fake.tasks[id_].settings.fpir == 0.001
    service.gallery.reembed("other@ba9876543210", 8, lambda reference: np.eye(8, dtype=np.float32)[0])
    watch.follow()
    assert fake.begun == 4, "a camera goes on with templates of a pack that the gallery has no more"
    cameras.change(service, operator, id_, enabled=False)
    assert fake.tasks == {} and cameras.status(service, operator, id_).state == "off"
    cameras.change(service, operator, id_, enabled=True)
    cameras.remove(service, operator, id_)
    assert fake.tasks == {} and cameras.cameras(service, operator) == ()


def test_a_camera_added_twice_with_one_id_is_one(
    service: Service, watch: CameraWatch, fake: Fake, operator: Actor
) -> None:
    asked = Asked("Hall", "rtsp://10.0.0.9/a", WHY)
    first, again = (cameras.add(service, operator, "a" * 32, asked) for _ in range(2))
    assert first == again and fake.begun == 1


def test_a_password_is_neither_shown_nor_kept_in_clear(
    service: Service, watch: CameraWatch, operator: Actor, log: FakeLog, tmp_path: Path
) -> None:
    added(service, operator)
    (camera,) = cameras.cameras(service, operator)
    assert "sesame" not in str(camera) and camera.address == "rtsp://10.0.0.9/a"
    assert "sesame" not in str(log.entries)
    service.database.close()
    assert b"sesame" not in b"".join(p.read_bytes() for p in (tmp_path / "data").rglob("*") if p.is_file())


def test_a_camera_is_a_search_and_needs_a_purpose(service: Service, watch: CameraWatch, operator: Actor) -> None:
    with pytest.raises(ReasonMissing):
        cameras.add(service, operator, new_id(), Asked("Hall", "rtsp://10.0.0.9/a", Why()))


@pytest.mark.parametrize("address", ["loop:/etc/passwd", "file:///etc/passwd", "/etc/passwd", "upload:" + "0" * 32, ""])
def test_no_file_of_the_machine_is_played(service: Service, watch: CameraWatch, operator: Actor, address: str) -> None:
    with pytest.raises((Invalid, UnsupportedSource)):
        added(service, operator, address)


def test_a_candidate_is_kept_and_told_once_for_a_person(
    service: Service, watch: CameraWatch, operator: Actor, log: FakeLog
) -> None:
    alerts.add_webhook(service, BOSS, new_id(), "room", "http://127.0.0.1:9/", "")
    id_ = added(service, operator)
    watch._hear(seen(id_, Stage.EARLY, alert=Alert.RAISED))
    watch._hear(seen(id_, Stage.FINAL, alert=Alert.STANDS))
    watch._hear(seen(id_, Stage.FINAL, Outcome.NO_CANDIDATE, followed=2))
    until(lambda: len(rows(service)) == 1 and rows(service)[0].version == 2)
    (row,) = rows(service)
    assert (row.camera_id, row.searched_by, row.case_number) == (id_, operator.id, "7")
    assert told(service) == [State.WAITING]
    assert [e.details["done"] for e in log.entries if e.actor == f"camera:{id_}"] == ["candidate"]


def test_a_candidate_that_is_taken_back_is_no_candidate_any_more(
    service: Service, watch: CameraWatch, operator: Actor
) -> None:
    id_ = added(service, operator)
    watch._hear(seen(id_, Stage.EARLY, alert=Alert.RAISED))
    watch._hear(seen(id_, Stage.FINAL, Outcome.INCONCLUSIVE, withdraws=Withdrawal("Person 1", Because.DOUBTFUL)))
    until(lambda: bool(rows(service)) and rows(service)[0].outcome == Outcome.INCONCLUSIVE)
    assert rows(service)[0].why.startswith("Taken back") and len(rows(service)) == 1


def test_a_camera_that_only_looks_tells_nobody(service: Service, watch: CameraWatch, operator: Actor) -> None:
    alerts.add_webhook(service, BOSS, new_id(), "room", "http://127.0.0.1:9/", "")
    id_ = added(service, operator, look=Look(tells=False))
    watch._hear(seen(id_, Stage.EARLY, alert=Alert.RAISED))
    until(lambda: len(rows(service)) == 1)
    assert told(service) == []


def test_how_it_is_doing_and_what_it_shows(service: Service, watch: CameraWatch, operator: Actor) -> None:
    id_ = added(service, operator)
    link = CameraState(Link.LIVE, datetime.now(UTC), received=90, given=80, dropped=10, reconnects=1, newest_age_s=0.1)
    watch._hear(WatchState(id_, datetime.now(UTC), link, Counts(received=90, dropped=10), 0.21))
    watch._hear(Preview(id_, b"\xff\xd8 picture"))
    client = door(service).by_key(operator)
    said = client.get(f"/api/v1/cameras/{id_}/status").json()
    assert (said["state"], said["counts"]["dropped"], said["every_s"]) == ("live", 10, 0.21)
    assert client.get(f"/api/v1/cameras/{id_}/picture").content == b"\xff\xd8 picture"
    watch._hear(Broke(id_, "The camera's process ended.", 1.0))
    assert client.get(f"/api/v1/cameras/{id_}/status").json()["sentence"] == "The camera's process ended."
    assert client.get(f"/api/v1/cameras/{id_}/picture").status_code == 404


def test_a_full_disk_loses_no_candidate(
    service: Service, watch: CameraWatch, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    from secondlook.errors import OutputError
    from secondlook.server.work import cameras as work

    full = iter([True, True])
    kept = work.keep_sightings

    def keep(*given: object, **named: object) -> object:
        if next(full, False):
            raise OutputError("The disk is full: make room.")
        return kept(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(work, "keep_sightings", keep)
    monkeypatch.setattr(work, "_AGAIN_S", 0.01)
    watch._hear(seen(added(service, operator), Stage.EARLY, alert=Alert.RAISED))
    until(lambda: len(rows(service)) == 1)
