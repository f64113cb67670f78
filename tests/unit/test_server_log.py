"""The record over the service, and erasing somebody out of all that it keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from secondlook.custody.recording import gallery_log
from secondlook.errors import Conflict
from secondlook.report.record import SightingRecord
from secondlook.server import clock
from secondlook.server.actors import Role
from secondlook.server.acts import erasing
from secondlook.server.acts.keeping import Seen, keep_sightings
from secondlook.server.rows import JobRow, SightingRow
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Decision, Grounds, Outcome
from service_samples import PACK, QUALITY, account, door, picture, service_in, unit

NAME = "Person 7"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """With a real log."""
    monkeypatch.setenv("SECONDLOOK_HOME", str(tmp_path / "home"))
    with service_in(tmp_path) as made:
        made.log = gallery_log(made.gallery)
        yield made


@pytest.fixture
def auditor(service: Service) -> TestClient:
    return door(service).of(Role.AUDITOR)


def entries_file(service: Service) -> Path:
    return service.folder.gallery / "log" / "entries.jsonl"


def sighting(service: Service) -> None:
    decision = Decision(Outcome.CANDIDATE, Grounds(f"{NAME} is a candidate."), (Candidate(NAME, 7, 0.9, 1),))
    record = SightingRecord("a" * 16, "s", 3, 1.0, (1, 2, 30, 40), 1, 1.0, 2.0, 9, 0.9, QUALITY, decision, PACK)
    with service.database.writing() as session:
        keep_sightings(
            service,
            session,
            "search:1",
            [Seen(record, picture(99))],
            searched_by=None,
            why=Why("x"),
            seen_at=clock.now(),
        )


def test_entries_come_newest_first_a_page_at_a_time(service: Service, auditor: TestClient) -> None:
    for number in range(5):
        account(service, Role.OPERATOR, f"n{number}")
    first = auditor.get("/api/v1/log", params={"limit": 3}).json()
    second = auditor.get("/api/v1/log", params={"limit": 3, "cursor": first["next"]}).json()
    seqs = [one["seq"] for one in first["items"] + second["items"]]
    assert seqs == sorted(seqs, reverse=True) and len(set(seqs)) == 6
    only = auditor.get("/api/v1/log", params={"action": "account", "limit": 200}).json()["items"]
    assert {one["action"] for one in only} == {"account"}
    assert auditor.get("/api/v1/log", params={"cursor": "x"}).status_code == 422


def test_a_changed_entry_is_found_and_a_cut_one_by_its_witness(service: Service, auditor: TestClient) -> None:
    whole = auditor.post("/api/v1/log/verification", json={}).json()
    assert whole["whole"] is True and whole["entries"] > 0
    witness = auditor.get("/api/v1/log/head").text
    file = entries_file(service)
    before = file.read_bytes()
    file.write_bytes(before.replace(b'"action":"account"', b'"action":"search"', 1))
    broken = auditor.post("/api/v1/log/verification", json={}).json()
    assert broken["whole"] is False and broken["findings"][0]["seq"] >= 1
    file.write_bytes(b"".join(before.splitlines(keepends=True)[:-2]))
    assert auditor.post("/api/v1/log/verification", json={"witnesses": [witness]}).json()["whole"] is False


def test_erased_is_erased(service: Service, tmp_path: Path) -> None:
    """Rows, sightings, keys; and no byte of name, template or picture in any file of the service."""
    admin = account(service, Role.ADMIN)
    sighting(service)
    subject = service.gallery.subject_id(NAME)
    done = erasing.erase_subject(service, admin, subject, Why("asked for"))
    assert done.complete and {"what": "sightings", "count": 1} in done.receipt["removed"]
    with service.database.reading() as session:
        assert session.scalars(select(SightingRow)).all() == []
    service.database.close()
    template = unit(7)
    sought = [NAME.encode(), NAME.encode("utf-16-le"), picture(7)[100:200], picture(99)[100:200]]
    sought += [template.astype(kind).tobytes() for kind in (np.float32, np.float16, np.float64)]
    for file in (p for p in tmp_path.rglob("*") if p.is_file()):
        kept = file.read_bytes()
        assert not any(one in kept for one in sought), file


def test_a_receipt_is_given_over_http_and_only_to_who_may(service: Service) -> None:
    app = door(service)
    subject = service.gallery.subject_id(NAME)
    way = f"/api/v1/subjects/{subject}/erasure"
    assert app.of(Role.OPERATOR).post(way, json={}).status_code == 403
    admin = app.of(Role.ADMIN)
    answer = admin.post(way, json={"purpose": "asked for"})
    assert answer.status_code == 200 and answer.json()["complete"] is True, answer.text
    assert NAME not in json.dumps(answer.json()["receipt"])
    assert admin.post(way, json={}).status_code in (404, 410)


def test_nobody_is_merged_or_removed_while_somebody_is_erased(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def looked(subject: str, *_: object, **__: object) -> None:
        held.append(service.changing_subjects.locked())
        raise Conflict("enough")

    monkeypatch.setattr(erasing, "erase", looked)
    admin = account(service, Role.ADMIN, "another admin")
    with pytest.raises(Conflict, match="enough"):
        erasing.erase_subject(service, admin, "0" * 32, Why())
    assert held == [True] and not service.changing_subjects.locked()


def test_nobody_is_erased_while_a_job_works_on_pictures_in_clear(service: Service) -> None:
    admin = account(service, Role.ADMIN)
    job = JobRow(
        id="a" * 32, kind="find", owner_id=admin.id, purpose="", case_number="", state="running", request={}, claim="",
        attempts=1, deaths=0, tidied=False, done=0, total=None, doing="", sentence="", result={}, created_at=clock.now(),
        started_at=None, beat_at=None, ended_at=None,
    )  # fmt: skip
    with service.database.writing() as session:
        session.add(job)
    with pytest.raises(Conflict, match="running"):
        erasing.erase_subject(service, admin, service.gallery.subject_id(NAME), Why())


def test_a_purpose_names_nobody(service: Service) -> None:
    from secondlook.errors import CustodyError

    with pytest.raises(CustodyError, match="never be erased"):
        service.need_reason(Why(f"looking for {NAME} again"))
    service.need_reason(Why("a lost child", "7"))
