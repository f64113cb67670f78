"""Files that are sent: streamed, told by their first bytes, and never half there."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from secondlook.errors import Invalid, NotFound, OutputError
from secondlook.fakes import FakeLog
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Role
from secondlook.server.acts import settings as settings_acts
from secondlook.server.acts import uploads
from secondlook.server.acts.uploads import Incoming, UploadKind, checked_name, told_kind
from secondlook.server.rows import JobRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service
from service_samples import account, door, picture, service_in

CSV = b"probe,reference,score,mated\na,b,0.5,yes\n"
NAMED = {"content-disposition": "attachment; filename*=UTF-8''f%C3%AAte%20%231.jpg"}


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def service(tmp_path: Path, log: FakeLog) -> Iterator[Service]:
    with service_in(tmp_path, people=0, log=log) as made:
        yield made


@pytest.fixture
def client(service: Service) -> TestClient:
    return door(service).of(Role.OPERATOR)


def files(service: Service) -> list[str]:
    return sorted(file.name for file in service.folder.uploads.iterdir())


def test_what_is_sent_is_there_and_known_by_its_bytes(service: Service, client: TestClient, log: FakeLog) -> None:
    content = picture(1) + os.urandom(3 << 20)
    sent = client.post("/api/v1/uploads", content=content, headers=NAMED)
    assert sent.status_code == 201, sent.text
    found = sent.json()
    assert (found["name"], found["kind"], found["size"]) == ("fête #1.jpg", "photo", len(content))
    assert found["sha256"] == hashlib.sha256(content).hexdigest()
    assert (service.folder.uploads / found["id"]).read_bytes() == content and files(service) == [found["id"]]
    assert (service.folder.uploads / found["id"]).stat().st_mode & 0o077 == 0
    (entry,) = [one for one in log.entries if one.action is Action.JOB]
    assert entry.object == (found["id"],) and entry.details["sha256"] == found["sha256"]
    assert client.get(f"/api/v1/uploads/{found['id']}").json() == found
    service.database.close()
    assert "fête".encode() not in b"".join(p.read_bytes() for p in service.folder.root.rglob("*") if p.is_file())


def test_without_a_length_it_is_taken_as_well(client: TestClient) -> None:
    parts = (CSV for _ in range(1))
    sent = client.post("/api/v1/uploads", content=parts, headers=NAMED)
    assert sent.status_code == 201 and sent.json()["kind"] == "table"


def test_a_list_in_pages_of_ones_own(service: Service, client: TestClient) -> None:
    ids = [client.post("/api/v1/uploads", content=picture(n), headers=NAMED).json()["id"] for n in range(3)]
    first = client.get("/api/v1/uploads", params={"limit": 2}).json()
    rest = client.get("/api/v1/uploads", params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["id"] for one in (*first["items"], *rest["items"])] == ids[::-1] and rest["next"] is None
    other = door(service).by_key(account(service, Role.AUDITOR, "another"))
    assert other.get("/api/v1/uploads").json()["items"] == []
    assert other.get(f"/api/v1/uploads/{ids[0]}").status_code == 404
    assert other.delete(f"/api/v1/uploads/{ids[0]}").status_code == 404


def test_sent_again_with_its_key_it_is_there_once(service: Service, client: TestClient) -> None:
    headers = {**NAMED, "idempotency-key": "k1"}
    first = client.post("/api/v1/uploads", content=CSV, headers=headers)
    again = client.post("/api/v1/uploads", content=CSV, headers=headers)
    assert first.json() == again.json() and len(files(service)) == 1


def test_killed_between_writing_down_and_answering_it_is_there_once(service: Service) -> None:
    """The act itself, without what the door remembers."""
    actor = account(service, Role.OPERATOR)
    id_ = new_id()

    def send(content: bytes) -> str:
        incoming = Incoming(service, actor, id_, "a.csv")
        try:
            incoming.write(content)
            return incoming.finish().sha256
        finally:
            incoming.drop()

    assert send(CSV) == send(CSV) and files(service) == [id_]
    with pytest.raises(Invalid, match="another file"):
        send(CSV + b"c,d,0.1,no\n")
    assert files(service) == [id_] and (service.folder.uploads / id_).read_bytes() == CSV


@pytest.mark.parametrize("declared", [True, False])
def test_too_much_is_refused_and_nothing_is_left(service: Service, client: TestClient, declared: bool) -> None:
    boss = account(service, Role.ADMIN)
    settings_acts.change(service, boss, {"upload_mb": 1})
    content = picture(1) + bytes(1_000_000)
    sent = client.post("/api/v1/uploads", content=content if declared else iter([content]), headers=NAMED)
    assert sent.status_code == 413 and "at most 1 MB" in sent.json()["detail"]
    assert files(service) == []


def test_larger_than_any_other_body_it_is_taken(service: Service, client: TestClient) -> None:
    from secondlook.server.api.app import MOST_BODY

    sent = client.post("/api/v1/uploads", content=picture(1) + bytes(MOST_BODY), headers=NAMED)
    assert sent.status_code == 201, sent.text


def test_a_full_disk_is_said_in_one_sentence(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = account(service, Role.OPERATOR)
    incoming = Incoming(service, actor, new_id(), "a.jpg")
    incoming.write(picture(1))

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"No space left on device.*make room"):
        incoming.finish()
    incoming.drop()
    assert files(service) == [] and uploads.uploads(service, actor) == ()


def test_what_cannot_be_written_down_is_not_kept(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = account(service, Role.OPERATOR)
    incoming = Incoming(service, actor, new_id(), "a.jpg")
    incoming.write(picture(1))

    def refuse(entry: object) -> None:
        raise OutputError("the log is full")

    monkeypatch.setattr(service, "log", type("Refusing", (), {"record": staticmethod(refuse)})())
    with pytest.raises(OutputError):
        incoming.finish()
    incoming.drop()
    assert files(service) == [] and uploads.uploads(service, actor) == ()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (picture(1), UploadKind.PHOTO),
        (b"\x1a\x45\xdf\xa3" + bytes(40), UploadKind.VIDEO),
        (b"PAR1" + bytes(40), UploadKind.PARQUET),
        (CSV, UploadKind.TABLE),
        ("Prüfling;Wert\nä;1\n".encode() * 400, UploadKind.TABLE),
    ],
)
def test_kinds(head: bytes, kind: UploadKind) -> None:
    assert told_kind(head[:4096]) is kind


@pytest.mark.parametrize(
    "head", [b"", b"%PDF-1.7\n%\xe2\xe3", b"MZ\0\0", b"just some words", b"#EXTM3U\nfile:///etc/passwd\n"]
)
def test_what_is_nothing_to_look_at_is_refused(service: Service, client: TestClient, head: bytes) -> None:
    sent = client.post("/api/v1/uploads", content=head, headers=NAMED)
    assert sent.status_code == 422 and files(service) == []


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\films\\a.mp4", "a.mp4"), ("a\nb\0.jpg", "ab.jpg"), ("x" * 999, "x" * 255)],
)
def test_names_lose_what_they_must_not_have(sent: str, kept: str) -> None:
    assert checked_name(sent) == kept


@pytest.mark.parametrize("name", ["", "..", "/", "\n"])
def test_a_name_that_is_none(name: str) -> None:
    with pytest.raises(Invalid):
        checked_name(name)


@pytest.mark.parametrize("header", ["attachment", "x", "attachment; filename*=bogus''%FF", 'attachment; filename=""'])
def test_without_a_name_it_is_refused(client: TestClient, header: str) -> None:
    sent = client.post("/api/v1/uploads", content=CSV, headers={"content-disposition": header})
    assert sent.status_code in (201, 422)
    assert client.post("/api/v1/uploads", content=CSV).status_code == 422


def test_one_that_a_job_needs_stays(service: Service, client: TestClient) -> None:
    id_ = client.post("/api/v1/uploads", content=CSV, headers=NAMED).json()["id"]
    owner = client.get("/api/v1/me").json()["id"]
    with service.database.writing() as session:
        session.add(job_row(owner, "queued", id_))
    assert client.delete(f"/api/v1/uploads/{id_}").status_code == 409
    with service.database.writing() as session:
        session.query(JobRow).update({"state": "done"})
    assert client.delete(f"/api/v1/uploads/{id_}").status_code == 204
    assert files(service) == [] and client.get(f"/api/v1/uploads/{id_}").status_code == 404


def job_row(owner: str, state: str, *uploads: str) -> JobRow:
    return JobRow(
        id=new_id(),
        kind="audit",
        owner_id=owner,
        purpose="",
        case_number="",
        state=state,
        request={"uploads": list(uploads)},
        claim="",
        attempts=0,
        deaths=0,
        done=0,
        total=None,
        doing="",
        sentence="",
        result={},
        tidied=False,
        created_at=clock.now(),
    )


def test_at_the_start_what_is_half_there_goes(service: Service, client: TestClient) -> None:
    id_ = client.post("/api/v1/uploads", content=CSV, headers=NAMED).json()["id"]
    for stray in (f".{new_id()}.abcd.part", new_id()):
        (service.folder.uploads / stray).write_bytes(CSV)
    assert uploads.clean(service) == 2 and files(service) == [id_]
    assert uploads.clean(service) == 0


def test_somebody_elses_is_none_of_ones_business(service: Service) -> None:
    ada, bob = account(service, Role.OPERATOR, "ada"), account(service, Role.OPERATOR, "bob")
    incoming = Incoming(service, ada, new_id(), "a.csv")
    incoming.write(CSV)
    made = incoming.finish()
    for act in (uploads.upload, uploads.delete):
        with pytest.raises(NotFound):
            act(service, bob, made.id)
