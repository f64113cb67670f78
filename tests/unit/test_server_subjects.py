"""Subjects over the API: enrolled from pictures, looked at, renamed, joined, divided, removed; each written down."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from fake_people import BLUE, CYAN, GREEN, ORANGE, RED, YELLOW, crowd, fake_service, files, png, portrait
from fake_people import portrait as one
from secondlook.enrolling import EnrolOptions
from secondlook.errors import OutputError
from secondlook.fakes import FakeLog
from secondlook.gallery import ById
from secondlook.ports import Action, Entry, Recorded
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import enrolment, joining
from secondlook.server.acts.enrolment import Sent
from secondlook.server.rows import IdempotencyRow, MergeRow, SightingRow
from secondlook.server.service import Service
from service_samples import account, door

NAME = "Ruby Redgrave"


@pytest.fixture(scope="module")
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, log: FakeLog) -> Iterator[Service]:
    with fake_service(tmp_path_factory.mktemp("subjects"), log) as made:
        yield made


@pytest.fixture(scope="module")
def operator(service: Service) -> Actor:
    return account(service, Role.OPERATOR)


@pytest.fixture(scope="module")
def _client(service: Service, operator: Actor) -> TestClient:
    return door(service).by_key(operator)


@pytest.fixture
def client(_client: TestClient, service: Service, log: FakeLog) -> Iterator[TestClient]:
    """Nobody is enrolled, nothing is written down yet."""
    for subject in service.gallery.subject_list():
        service.gallery.remove(subject.name)
    log.entries.clear()
    yield _client


def enrol(client: TestClient, name: str, *pictures: bytes, **also: str) -> dict:
    answer = client.post("/api/v1/subjects", data={"name": name, **also}, files=files(*pictures))
    assert answer.status_code == 201, answer.text
    return answer.json()


def id_of(client: TestClient, name: str, *pictures: bytes) -> str:
    return enrol(client, name, *pictures)["subject"]["id"]


def acts(log: FakeLog) -> list[Entry]:
    return [entry for entry in log.entries if entry.action not in (Action.ACCOUNT, Action.SIGN_IN)]


# enrolling


def test_somebody_is_enrolled_picture_by_picture(client: TestClient, service: Service, log: FakeLog) -> None:
    nobody, two = png(crowd()), png(crowd(RED, BLUE))
    answer = client.post(
        "/api/v1/subjects",
        data={"name": NAME},
        files=files(one(RED), nobody, two, b"no picture", one(RED, 0.9), names=["ruby at 9.png"]),
    )
    assert answer.status_code == 201, answer.text
    said = answer.json()
    subject = said["subject"]
    assert subject["name"] == NAME and subject["references"] == 2
    assert answer.headers["location"] == f"/api/v1/subjects/{subject['id']}"
    assert [r["status"] for r in said["results"]] == ["enrolled", "refused", "refused", "refused", "enrolled"]
    assert [r["number"] for r in said["results"]] == [1, 2, 3, 4, 5]
    assert said["results"][0]["picture"] == "ruby at 9.png" and said["results"][0]["reference"]
    assert "No face" in said["results"][1]["reason"] and said["results"][1]["fix"]
    assert "2 faces" in said["results"][2]["reason"]
    assert said["results"][3]["reason"].startswith("The picture is not JPEG")
    (entry,) = acts(log)
    assert entry.action is Action.ENROL and entry.object == (f"subject:{subject['id']}",)
    assert entry.details["enrolled"] == 2 and entry.details["refused"] == 3
    assert NAME not in str(entry) and "ruby" not in str(entry)


def test_where_no_picture_will_do_nobody_is_enrolled(client: TestClient, log: FakeLog) -> None:
    answer = client.post("/api/v1/subjects", data={"name": NAME}, files=files(png(crowd())))
    assert answer.status_code == 200 and answer.json()["subject"] is None
    assert client.get("/api/v1/subjects").json() == {"items": [], "next": None}
    assert acts(log) == [] and "location" not in answer.headers


def test_a_name_is_taken_once(client: TestClient) -> None:
    enrol(client, NAME, one(RED))
    answer = client.post("/api/v1/subjects", data={"name": NAME.upper()}, files=files(one(BLUE)))
    assert answer.status_code == 409 and answer.json()["type"] == "urn:secondlook:SubjectExists"


def test_what_looks_like_somebody_else_is_held_back_or_enrolled_all_the_same(client: TestClient) -> None:
    ruby = id_of(client, NAME, one(RED))
    held = client.post("/api/v1/subjects", data={"name": "Rosa"}, files=files(one(RED, 0.9)))
    (result,) = held.json()["results"]
    assert held.status_code == 200 and result["status"] == "suspicious"
    assert (result["nearest_id"], result["nearest"]) == (ruby, NAME) and result["score"] > 0.97
    said = enrol(client, "Rosa", one(RED, 0.9), on_suspicion="enrol")
    assert said["results"][0]["status"] == "enrolled" and NAME in said["results"][0]["reason"]


def test_pictures_are_added_and_known_again(client: TestClient, log: FakeLog) -> None:
    ruby = id_of(client, NAME, one(RED))
    answer = client.post(f"/api/v1/subjects/{ruby}/references", files=files(one(RED), one(RED, 0.9)))
    assert [r["status"] for r in answer.json()["results"]] == ["already_enrolled", "enrolled"]
    listed = client.get(f"/api/v1/subjects/{ruby}/references").json()
    assert [r["picture"] for r in listed] == ["0.png", "1.png"] and listed[0]["quality"]["inter_eye_px"] > 24
    assert listed[0]["enrolled_at"].endswith("Z")
    assert client.post(f"/api/v1/subjects/{'0' * 32}/references", files=files(one(RED))).status_code == 404
    assert [entry.action for entry in acts(log)] == [Action.ENROL, Action.ENROL]


def test_sent_again_with_its_key_it_is_one_subject(client: TestClient, service: Service) -> None:
    def send() -> dict:
        answer = client.post(
            "/api/v1/subjects",
            data={"name": NAME},
            files=files(one(RED)),
            headers={"idempotency-key": "once", "content-type": f"multipart/form-data; boundary={'b' * 20}"},
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    first = send()
    assert send() == first
    with service.database.writing() as session:  # as if it had been killed before the answer was kept
        for row in session.scalars(select(IdempotencyRow)):
            assert NAME.encode() not in row.body, "no name lies in clear"
            session.delete(row)
    again = send()
    assert again["subject"] == first["subject"] and again["results"][0]["status"] == "already_enrolled"


@pytest.mark.parametrize(
    ("data", "sent", "status"),
    [
        ({}, files(portrait(RED)), 422),
        ({"name": NAME}, [], 422),
        ({"name": " "}, files(portrait(RED)), 400),
        ({"name": NAME, "on_suspicion": "shrug"}, files(portrait(RED)), 422),
        ({"name": "x" * 300}, files(portrait(RED)), 422),
        ({"name": NAME}, files(*([b"x"] * 31)), 422),
    ],
)
def test_a_form_that_will_not_do_is_refused(client: TestClient, data: dict, sent: list, status: int) -> None:
    answer = client.post("/api/v1/subjects", data=data, files=sent or {"none": b""})
    assert answer.status_code == status, answer.text
    assert client.get("/api/v1/subjects").json()["items"] == []


def test_a_body_that_is_no_form_is_refused(client: TestClient) -> None:
    for kind in ("application/json", "multipart/form-data", "multipart/form-data; boundary=x"):
        answer = client.post("/api/v1/subjects", content=b"--y", headers={"content-type": kind})
        assert answer.status_code == 422, (kind, answer.text)


def test_who_may_not_enrol_sends_nothing(service: Service) -> None:
    answer = door(service).of(Role.REVIEWER).post("/api/v1/subjects", data={"name": "x"}, files=files(b"x" * 9))
    assert answer.status_code == 403


def test_no_picture_touches_the_disk_in_clear(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: object) -> None:
        raise AssertionError("a form was written to the disk")

    monkeypatch.setattr("tempfile.SpooledTemporaryFile.rollover", never)
    big = one(RED) + bytes(3_000_000)
    assert enrol(client, NAME, big)["results"][0]["status"] == "enrolled"


def test_what_cannot_be_written_down_is_not_enrolled(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def record(self, entry: Entry, /) -> Recorded:
            raise OutputError("The log cannot be written: free space.")

    monkeypatch.setattr(service, "log", Full())
    answer = client.post("/api/v1/subjects", data={"name": NAME}, files=files(one(RED)))
    assert answer.status_code == 507
    assert service.gallery.subject_list() == ()


# looking


def test_pages_by_name_without_a_name_in_any_address(client: TestClient, service: Service) -> None:
    # long ones: a cursor is any letters, and a short name is among them once in a hundred runs
    names = ["adalbert", "Bobette", "Émilienne", "Zoeanne", "zoeanne's brother"]
    for name, shade in zip(names, (1.0, 0.97, 0.94, 0.91, 0.88), strict=True):
        enrol(client, name, one(RED, shade), on_suspicion="enrol")
    seen, cursor, addresses = [], None, []
    while True:
        answer = client.get("/api/v1/subjects", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))
        addresses.append(str(answer.request.url))
        page = answer.json()
        seen += [one["name"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["adalbert", "Bobette", "Zoeanne", "zoeanne's brother", "Émilienne"] and len(addresses) == 3
    assert not any(name.casefold() in address.casefold() for name in names for address in addresses)
    found = client.post("/api/v1/subjects/find", json={"name": "ZOEANNE", "limit": 1}).json()
    assert [one["name"] for one in found["items"]] == ["Zoeanne"]
    rest = client.post("/api/v1/subjects/find", json={"name": "ZOEANNE", "cursor": found["next"]}).json()
    assert [one["name"] for one in rest["items"]] == ["zoeanne's brother"] and rest["next"] is None
    for wrong in ("nonsense", "AAAA", "é"):
        assert client.get("/api/v1/subjects", params={"cursor": wrong}).status_code == 422


def test_one_is_looked_at_and_renamed(client: TestClient, log: FakeLog) -> None:
    ruby = id_of(client, NAME, one(RED))
    enrol(client, "Blue", one(BLUE))
    assert client.get(f"/api/v1/subjects/{ruby}").json()["name"] == NAME
    assert client.patch(f"/api/v1/subjects/{ruby}", json={"name": "Ruby Smith"}).json()["name"] == "Ruby Smith"
    assert client.patch(f"/api/v1/subjects/{ruby}", json={"name": "blue"}).status_code == 409
    assert client.get(f"/api/v1/subjects/{'0' * 32}").status_code == 404
    assert [e.object for e in acts(log) if e.action is Action.RENAME] == [(f"subject:{ruby}",)]
    assert "Smith" not in str(log.entries)


def test_a_face_is_shown_and_that_is_written_down(client: TestClient, log: FakeLog) -> None:
    said = enrol(client, NAME, one(RED))
    ruby, reference = said["subject"]["id"], said["results"][0]["reference"]
    answer = client.get(f"/api/v1/references/{reference}/picture")
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "no-store"
    assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
    assert acts(log)[-1].action is Action.VIEW
    assert acts(log)[-1].object == (f"subject:{ruby}", f"reference:{reference}")
    assert client.get("/api/v1/references/99999/picture").status_code == 404
    assert client.get(f"/api/v1/references/{1 << 70}/picture").status_code == 422


def test_a_picture_is_removed_and_then_nobody_is_found(client: TestClient, service: Service) -> None:
    said = enrol(client, NAME, one(RED))
    ruby, reference = said["subject"]["id"], said["results"][0]["reference"]
    assert client.delete(f"/api/v1/references/{reference}").status_code == 204
    assert client.delete(f"/api/v1/references/{reference}").status_code == 404
    assert client.get(f"/api/v1/subjects/{ruby}").json()["references"] == 0
    assert service.gallery.subjects == 0


# joining, dividing, removing


def sighting(service: Service, operator: Actor, name: str, subject: str, id_: str) -> str:
    """A sighting of somebody enrolled; its id."""
    from secondlook.server import clock

    row = SightingRow(
        id=id_,
        origin=f"search:{id_}",
        number="1",
        searched_by=operator.id,
        purpose="",
        case_number="",
        subject_id=subject,
        outcome="candidate",
        seen_at=clock.now(),
        posterior=None,
        sealed_record=b"",
        sealed_crop=None,
        review="unreviewed",
        why="",
        version=1,
        created_at=clock.now(),
    )
    with service.database.writing() as session:
        session.add(row)
    return id_


def test_two_become_one_with_their_sightings(
    client: TestClient, service: Service, operator: Actor, log: FakeLog
) -> None:
    ruby, rosa = id_of(client, NAME, one(RED)), enrol(client, "Rosa", one(RED, 0.9), on_suspicion="enrol")
    rosa_id = rosa["subject"]["id"]
    found = client.post("/api/v1/search", data={"purpose": "test"}, files={"picture": one(RED, 0.9)}).json()
    kept = {face["sighting"] for face in found["faces"]}
    assert len(kept) == 1 and found["faces"][0]["candidates"][0]["subject_id"] in (ruby, rosa_id)
    answer = client.post(f"/api/v1/subjects/{ruby}/merge", json={"from": rosa_id})
    assert answer.status_code == 200 and answer.json() == {**answer.json(), "id": ruby, "references": 2}
    again = client.post(f"/api/v1/subjects/{ruby}/merge", json={"from": rosa_id})
    assert again.status_code == 200 and again.json() == answer.json()
    assert client.get(f"/api/v1/subjects/{rosa_id}").status_code == 404
    (entry,) = [one for one in acts(log) if one.action is Action.MERGE]
    assert entry.object == (f"subject:{ruby}", f"subject:{rosa_id}")
    seen = client.get("/api/v1/sightings").json()["items"]
    assert {(one["id"], one["subject_id"]) for one in seen} == {(kept.pop(), ruby)}
    assert client.get(f"/api/v1/sightings/{seen[0]['id']}/picture").status_code == 200, (
        "sealed with the key that is left"
    )
    assert client.post(f"/api/v1/subjects/{ruby}/merge", json={"from": ruby}).status_code == 422
    assert client.post(f"/api/v1/subjects/{ruby}/merge", json={"from": "0" * 32}).status_code == 404
    client.delete(f"/api/v1/subjects/{ruby}")


def test_a_merge_that_was_cut_off_is_finished_at_the_next_start(
    client: TestClient, service: Service, operator: Actor, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruby, blue = id_of(client, NAME, one(RED)), id_of(client, "Blue", one(BLUE))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(joining, "_record", killed)
        with pytest.raises(KeyboardInterrupt):
            joining.merge(service, operator, ruby, blue)
    assert service.gallery.subject(blue).references == 1, "the gallery is as it was"
    door(service)  # a start
    assert service.gallery.subject(ruby).references == 2
    assert client.get(f"/api/v1/subjects/{blue}").status_code == 404
    (entry,) = [one for one in acts(log) if one.action is Action.MERGE]
    assert entry.actor == "system" and entry.details["asked_by"] == f"account:{operator.id}"
    with service.database.reading() as session:
        assert session.get_one(MergeRow, blue).done_at is not None
    door(service)
    assert len([one for one in acts(log) if one.action is Action.MERGE]) == 1


def test_one_becomes_two(client: TestClient, service: Service, log: FakeLog) -> None:
    said = enrol(client, NAME, one(RED), one(RED, 0.9), one(BLUE), on_suspicion="enrol")
    ruby, (a, b, c) = said["subject"]["id"], [result["reference"] for result in said["results"]]
    answer = client.post(
        f"/api/v1/subjects/{ruby}/split", json={"references": [c], "name": "Blue"}, headers={"idempotency-key": "k"}
    )
    assert answer.status_code == 201 and answer.json()["name"] == "Blue"
    made = answer.json()["id"]
    assert [one["id"] for one in client.get(f"/api/v1/subjects/{made}/references").json()] == [c]
    assert [one["id"] for one in client.get(f"/api/v1/subjects/{ruby}/references").json()] == [a, b]
    assert joining.split(service, operator_of(service), made, ruby, [c], "Blue").id == made, (
        "twice with one id it is one"
    )
    found = client.post("/api/v1/search", data={"purpose": "test"}, files={"picture": one(BLUE)}).json()
    assert found["faces"][0]["candidates"][0]["subject_id"] == made
    for wrong, status in (([a, b], 400), ([c], 400), ([99999], 400)):
        body = {"references": wrong, "name": "Somebody"}
        assert client.post(f"/api/v1/subjects/{ruby}/split", json=body).status_code == status
    assert client.post(f"/api/v1/subjects/{ruby}/split", json={"references": [a], "name": "BLUE"}).status_code == 409
    for id_ in (ruby, made):
        client.delete(f"/api/v1/subjects/{id_}")


def operator_of(service: Service) -> Actor:
    return Actor("0" * 32, "x", Role.OPERATOR)


def test_somebody_is_removed_with_all_that_is_kept(client: TestClient, service: Service, log: FakeLog) -> None:
    ruby = id_of(client, NAME, one(RED))
    client.post("/api/v1/search", data={"purpose": "test"}, files={"picture": one(RED, 0.9)})
    assert len(client.get("/api/v1/sightings", params={"subject": ruby}).json()["items"]) == 1
    assert client.delete(f"/api/v1/subjects/{ruby}").status_code == 204
    assert client.get(f"/api/v1/subjects/{ruby}").status_code == 404
    assert client.delete(f"/api/v1/subjects/{ruby}").status_code == 404
    assert client.get("/api/v1/sightings", params={"subject": ruby}).json()["items"] == []
    removed = [entry for entry in acts(log) if entry.action is Action.REMOVE]
    assert [entry.object for entry in removed] == [(f"subject:{ruby}",)]


# duplicates


def test_who_looks_like_one_person_is_found_once(client: TestClient, service: Service) -> None:
    for name, colour, shade in (
        ("Ruby", RED, 1.0),
        ("Rosa", RED, 0.9),
        ("Blue", BLUE, 1.0),
        ("Gus", GREEN, 1.0),
        ("Cy", CYAN, 1.0),
        ("Olive", ORANGE, 1.0),
    ):
        enrol(client, name, one(colour, shade), on_suspicion="enrol")
    for limit in (1, 2, 100):
        found, cursor = [], None
        while True:
            where = {"limit": limit} | ({"cursor": cursor} if cursor else {})
            page = client.get("/api/v1/subjects/duplicates", params=where).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                break
        assert [{one["one_name"], one["other_name"]} for one in found] == [{"Ruby", "Rosa"}], limit
        assert found[0]["score"] >= found[0]["threshold"]
    ruby = service.gallery.subject_id("Ruby")
    (like,) = client.get(f"/api/v1/subjects/{ruby}/duplicates").json()
    assert like["name"] == "Rosa"
    blue = service.gallery.subject_id("Blue")
    assert client.get(f"/api/v1/subjects/{blue}/duplicates").json() == []


def test_somebody_without_a_picture_looks_like_nobody(client: TestClient, service: Service) -> None:
    said = enrol(client, NAME, one(YELLOW))
    client.delete(f"/api/v1/references/{said['results'][0]['reference']}")
    assert client.get("/api/v1/subjects/duplicates").json() == {"items": [], "next": None}
    assert client.get(f"/api/v1/subjects/{said['subject']['id']}/duplicates").json() == []


def test_an_act_asks_who_may(service: Service) -> None:
    from secondlook.errors import Forbidden

    with pytest.raises(Forbidden):
        enrolment.create(service, Actor("0" * 32, "x", Role.AUDITOR), "a" * 32, "x", [Sent("x", b"x")], EnrolOptions())
    assert ById("a" * 32).id


def test_who_was_removed_is_not_enrolled_again_by_a_request_that_comes_again(client: TestClient) -> None:
    """The removal forgets the answers that were kept for idempotency keys, and the id that such a key stands for has no key
    any more."""
    ask = {"data": {"name": NAME}, "files": files(one(RED)), "headers": {"idempotency-key": "sent twice"}}
    first = client.post("/api/v1/subjects", **ask)
    assert client.delete(f"/api/v1/subjects/{first.json()['subject']['id']}").status_code == 204
    again = client.post("/api/v1/subjects", **ask)
    assert again.status_code == 409 and again.json()["type"] == "urn:secondlook:SubjectErased", again.text
    assert "another Idempotency-Key" in again.json()["detail"]
    assert client.get("/api/v1/subjects").json()["items"] == []
    ask["headers"] = {"idempotency-key": "asked anew"}
    assert client.post("/api/v1/subjects", **ask).status_code == 201
