"""Sightings: what needs people first, opened with the subject's key, dropped by hand or when their time is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from report_samples import sighting as seen_there
from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.report.record import record_of
from secondlook.review.verdicts import DISAGREEMENT
from secondlook.server import clock
from secondlook.server.actors import Role
from secondlook.server.acts import uploads
from secondlook.server.acts.job_states import JobState
from secondlook.server.acts.keeping import Seen, keep_sightings
from secondlook.server.acts.uploads import Incoming
from secondlook.server.rows import JobRow, SightingRow, UploadRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import SYSTEM, Service, Why
from secondlook.server.work.retention import Dropped, Retention, drop_what_is_over
from secondlook.types import Outcome
from service_samples import account, door, picture, reference, service_in

AT = "/api/v1/sightings"


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, log: FakeLog) -> Iterator[Service]:
    with service_in(tmp_path, people=2, log=log) as made:
        made.gallery.enrol("Bo Li", [reference(99)], made.gallery.pack)
        yield made


@pytest.fixture
def client(service: Service) -> TestClient:
    return door(service).of(Role.OPERATOR)


def keep(service: Service, number: int, outcome: Outcome = Outcome.CANDIDATE, subject: str = "Person 1") -> str:
    record = record_of(seen_there(outcome, 0.95, subject, track=number))
    with service.database.writing() as session:
        kept = keep_sightings(
            service,
            session,
            "search:" + "0" * 32,
            [Seen(record, picture(number) if number else None)],
            searched_by=None,
            why=Why("a lost child", "C-1"),
            seen_at=f"2026-11-24T12:00:{number:02}.000Z",
        )
    return kept.ids[0]


def reviewed(service: Service, id_: str) -> None:
    with service.database.writing() as session:
        session.execute(update(SightingRow).where(SightingRow.id == id_).values(review="supported", version=2))


def listed(client: TestClient, **params: object) -> list[str]:
    found, cursor = [], None
    while True:
        page = client.get(AT, params={**params, **({"cursor": cursor} if cursor else {})})  # type: ignore[arg-type]
        assert page.status_code == 200, page.text
        found += [one["id"] for one in page.json()["items"]]
        cursor = page.json()["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 200])
def test_what_needs_people_comes_first(service: Service, client: TestClient, limit: int) -> None:
    done = keep(service, 9)
    reviewed(service, done)
    unsure = keep(service, 8, Outcome.INCONCLUSIVE)
    candidates = [keep(service, 3), keep(service, 2), keep(service, 1)]
    disagreed = keep(service, 7)
    with service.database.writing() as session:
        session.get_one(
            SightingRow, disagreed
        ).why = f"{DISAGREEMENT} 1 said 'same' of the candidate and 1 said 'different'."
    assert listed(client, limit=limit) == [*candidates, disagreed, unsure, done]


def test_filters(service: Service, client: TestClient) -> None:
    first, other = keep(service, 1), keep(service, 2, subject="Person 2")
    unsure = keep(service, 3, Outcome.INCONCLUSIVE)
    reviewed(service, other)
    assert listed(client, outcome="inconclusive") == [unsure]
    assert listed(client, review="supported") == [other]
    assert listed(client, subject=service.gallery.subject_id("Person 2")) == [other]
    assert listed(client, since="2026-11-24T13:00:01+01:00", review="unreviewed") == [first, unsure]
    assert listed(client, since="2026-11-24T12:00:01.001Z", review="unreviewed") == [unsure]
    assert listed(client, job=new_id()) == listed(client, camera=new_id()) == []
    for wrong in ({"since": "2026-11-24T12:00:00"}, {"since": "x"}, {"outcome": "x"}, {"cursor": "x"}):
        assert client.get(AT, params=wrong).status_code == 422


def test_one_is_opened_with_its_grounds(service: Service, client: TestClient) -> None:
    id_ = keep(service, 1)
    answer = client.get(f"{AT}/{id_}")
    found = answer.json()
    assert answer.headers["etag"] == '"1"'
    assert found["sighting"]["subject"] == "Person 1" and found["sighting"]["review"] == "unreviewed"
    assert found["grounds"]["sentence"].startswith("Person 1 is a candidate")
    assert [one["subject"] for one in found["candidates"]] == ["Person 1", "Bo Li"]
    assert found["quality"]["inter_eye_px"] == 31.4 and found["source"] == "crowd/group_25.jpg"
    service.gallery.rename("Person 1", "Ann Dee")
    assert client.get(f"{AT}/{id_}").json()["sighting"]["subject"] == "Ann Dee"


def test_a_measure_that_could_not_be_taken_is_null(service: Service, client: TestClient) -> None:
    one = seen_there(Outcome.CANDIDATE, 0.95, "Person 1")
    record = record_of(replace(one, quality=replace(one.quality, blockiness=float("nan")), detector_score=float("inf")))
    with service.database.writing() as session:
        (id_,) = keep_sightings(
            service, session, "search:1", [Seen(record)], searched_by=None, why=Why(), seen_at=clock.now()
        ).ids
    found = client.get(f"{AT}/{id_}").json()
    assert found["quality"]["blockiness"] is None and found["detector_score"] is None
    assert client.get(f"{AT}/{id_}/picture").status_code == 404


def test_a_look_at_the_face_is_written_down(service: Service, client: TestClient, log: FakeLog) -> None:
    id_ = keep(service, 1)
    answer = client.get(f"{AT}/{id_}/picture")
    assert answer.content == picture(1) and answer.headers["content-type"] == "image/jpeg"
    (entry,) = [one for one in log.entries if one.action is Action.VIEW]
    assert entry.object == (f"sighting:{id_}", f"subject:{service.gallery.subject_id('Person 1')}")


def test_of_somebody_erased_nothing_opens(service: Service, client: TestClient, log: FakeLog) -> None:
    id_ = keep(service, 1)
    service.gallery.remove("Person 1")
    (listed_one,) = client.get(AT).json()["items"]
    assert listed_one["subject"] is None
    assert client.get(f"{AT}/{id_}").status_code in (404, 410)
    assert client.get(f"{AT}/{id_}/picture").status_code in (404, 410)
    assert not any(one.action is Action.VIEW for one in log.entries)
    assert client.delete(f"{AT}/{id_}").status_code == 204


def test_dropped_where_it_is_still_what_was_looked_at(service: Service, client: TestClient, log: FakeLog) -> None:
    id_ = keep(service, 1)
    tag = client.get(f"{AT}/{id_}").headers["etag"]
    reviewed(service, id_)
    assert client.delete(f"{AT}/{id_}", headers={"if-match": tag}).status_code == 409
    assert client.delete(f"{AT}/{id_}", headers={"if-match": "mine"}).status_code == 422
    assert client.delete(f"{AT}/{id_}", headers={"if-match": '"2"'}).status_code == 204
    assert client.get(f"{AT}/{id_}").status_code == client.delete(f"{AT}/{id_}").status_code == 404
    assert log.entries[-1].action is Action.REMOVE


# Retention


def days_ago(days: float) -> str:
    return clock.after(-86_400 * days)


def test_what_is_over_goes_and_what_is_needed_stays(service: Service, log: FakeLog) -> None:
    actor = account(service, Role.OPERATOR)
    young, old = keep(service, 1), keep(service, 2)
    sent = []
    for _ in range(3):
        incoming = Incoming(service, actor, new_id(), "a.jpg")
        incoming.write(picture(1))
        sent.append(incoming.finish().id)
    fresh, waited_for, over = sent
    job, done = new_id(), new_id()
    with service.database.writing() as session:
        session.execute(update(SightingRow).where(SightingRow.id == old).values(created_at=days_ago(31)))
        session.execute(update(SightingRow).where(SightingRow.id == young).values(created_at=days_ago(29)))
        session.execute(update(UploadRow).where(UploadRow.id != fresh).values(created_at=days_ago(8)))
        session.add(job_row(job, actor.id, JobState.QUEUED, waited_for))
        session.add(job_row(done, actor.id, JobState.DONE, over, ended_at=days_ago(8)))
    for id_ in (job, done):
        (service.folder.jobs / id_ / "out").mkdir(parents=True)
    assert drop_what_is_over(service) == Dropped(sightings=1, uploads=1, jobs=1)
    with service.database.reading() as session:
        assert set(session.scalars(select(SightingRow.id))) == {young}
        assert set(session.scalars(select(JobRow.id))) == {job, done}
    assert {file.name for file in service.folder.uploads.iterdir()} == {fresh, waited_for}
    assert {one.id for one in uploads.uploads(service, actor)} == {fresh, waited_for}
    assert [folder.name for folder in service.folder.jobs.iterdir()] == [job]
    entry = log.entries[-1]
    assert (entry.actor, entry.action) == (SYSTEM, Action.REMOVE)
    assert entry.details == {"what": "retention", "sightings": 1, "uploads": 1, "jobs": 1}
    count = len(log.entries)
    assert drop_what_is_over(service) == Dropped() and len(log.entries) == count


def job_row(id_: str, owner: str, state: JobState, upload: str, ended_at: str | None = None) -> JobRow:
    return JobRow(
        id=id_,
        kind="find",
        owner_id=owner,
        purpose="",
        case_number="",
        state=state.value,
        request={"uploads": [upload]},
        claim="",
        attempts=0,
        deaths=0,
        done=0,
        total=None,
        doing="",
        sentence="",
        result={},
        tidied=False,
        created_at=days_ago(9),
        ended_at=ended_at,
    )


def test_it_begins_with_the_service_and_ends_with_it(service: Service) -> None:
    old = keep(service, 1)
    with service.database.writing() as session:
        session.execute(update(SightingRow).where(SightingRow.id == old).values(created_at=days_ago(31)))
    (service.folder.uploads / ".half.part").write_bytes(b"x")
    retention = Retention(service, every_s=3600)
    retention.start()
    assert list(service.folder.uploads.iterdir()) == []
    retention.stop()
    with service.database.reading() as session:
        assert list(session.scalars(select(SightingRow.id))) == []
