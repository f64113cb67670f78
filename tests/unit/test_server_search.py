"""Searching over the API: a picture, and templates that a caller made."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from fake_people import BLUE, CYAN, GREEN, RED, crowd, fake_service, files, png, portrait
from secondlook.errors import OutputError, TooMany
from secondlook.fakes import FakeEmbedder, FakeLog
from secondlook.fakes import portrait as chip
from secondlook.ports import Action, Entry, Recorded
from secondlook.server.actors import Role
from secondlook.server.api.pictures import Looking
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service
from secondlook.types import Floats
from service_samples import account, door

PURPOSE = {"purpose": "missing child at the fair", "case": "2026-114"}
PACK = FakeEmbedder().pack
QUALITY = {
    "inter_eye_px": 60,
    "sharpness": 1,
    "yaw_deg": 2,
    "pitch_deg": 1,
    "exposure": 0.5,
    "contrast": 0.2,
    "visible": 1,
}


@pytest.fixture(scope="module")
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, log: FakeLog) -> Iterator[Service]:
    """Ruby and Skye are enrolled."""
    with fake_service(tmp_path_factory.mktemp("search"), log) as made:
        client = door(made).of(Role.OPERATOR)
        for name, colour in (("Ruby", RED), ("Skye", BLUE)):
            sent = client.post("/api/v1/subjects", data={"name": name}, files=files(portrait(colour)))
            assert sent.status_code == 201, sent.text
        yield made


@pytest.fixture(scope="module")
def _client(service: Service) -> TestClient:
    return door(service).by_key(account(service, Role.OPERATOR, "the searcher"))


@pytest.fixture
def client(_client: TestClient, service: Service, log: FakeLog) -> TestClient:
    """Nothing is kept or written down yet."""
    with service.database.writing() as session:
        for row in session.scalars(select(SightingRow)):
            session.delete(row)
    log.entries.clear()
    return _client


def template(colour: tuple[int, int, int]) -> Floats:
    return FakeEmbedder().embed(chip(colour))[0]


def written(vector: Floats) -> str:
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode()


def asked(*colours: tuple[int, int, int], **also: object) -> dict:
    return {"pack": PACK, "templates": [written(template(colour)) for colour in colours], **PURPOSE, **also}


def kept(service: Service) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(SightingRow)) or 0


# a picture


def test_everybody_has_a_decision_and_only_who_may_be_enrolled_is_kept(
    client: TestClient, service: Service, log: FakeLog
) -> None:
    answer = client.post("/api/v1/search", data=PURPOSE, files={"picture": ("crowd.png", png(crowd(RED, GREEN, CYAN)))})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["gallery_size"] == 2 and said["height"] == 176 and len(said["faces"]) == 3
    by_outcome = {face["outcome"]: face for face in said["faces"]}
    assert set(by_outcome) == {"candidate", "no_candidate"}
    found = by_outcome["candidate"]
    ruby = service.gallery.subject_id("Ruby")
    (candidate,) = found["candidates"]
    assert (candidate["subject_id"], candidate["subject"], candidate["rank"]) == (ruby, "Ruby", 1)
    assert found["grounds"]["sentence"].startswith("Ruby is a candidate") and found["quality"]["inter_eye_px"] > 24
    left, top, right, bottom = found["box"]
    assert (left, top, right, bottom) == pytest.approx((40, 40, 136, 136), abs=4)
    assert [face["sighting"] is not None for face in said["faces"]].count(True) == kept(service) == 1
    (entry,) = log.entries
    assert entry.action is Action.SEARCH and entry.object == (f"search:{said['id']}", f"subject:{ruby}")
    assert (entry.purpose, entry.case) == (PURPOSE["purpose"], PURPOSE["case"])
    wanted = {"faces": 3, "gallery": 2, "candidate": 1, "no_candidate": 2, "named": 1}
    assert {name: entry.details[name] for name in wanted} == wanted
    assert "Ruby" not in str(entry) and "crowd" not in str(entry)
    shown = client.get(f"/api/v1/sightings/{found['sighting']}").json()
    assert shown["source"] == "crowd.png" and shown["sighting"]["searched_by"] is not None
    assert client.get(f"/api/v1/sightings/{found['sighting']}/picture").status_code == 200


def test_a_picture_of_nobody_is_counted_too(client: TestClient, service: Service, log: FakeLog) -> None:
    said = client.post("/api/v1/search", data=PURPOSE, files={"picture": png(crowd())}).json()
    assert said["faces"] == [] and kept(service) == 0
    assert log.entries[0].details["faces"] == 0


def test_sent_again_with_its_key_it_is_kept_once(client: TestClient, service: Service) -> None:
    headers = {"idempotency-key": "once more", "content-type": f"multipart/form-data; boundary={'b' * 20}"}
    ids = set()
    for _ in range(2):
        answer = client.post("/api/v1/search", data=PURPOSE, files={"picture": portrait(RED)}, headers=headers)
        ids.add((answer.json()["id"], answer.json()["faces"][0]["sighting"]))
    assert len(ids) == 1 and kept(service) == 1


def test_a_search_says_why_and_names_nobody(client: TestClient, service: Service, log: FakeLog) -> None:
    for data in ({}, {"purpose": "  "}, {"purpose": "looking for Ruby"}):
        answer = client.post("/api/v1/search", data=data, files={"picture": portrait(RED)})
        assert answer.status_code == 422 and answer.json()["type"].endswith(("ReasonMissing", "CustodyError"))
    again = client.post("/api/v1/search/templates", json={**asked(RED), "purpose": "where is skye"})
    assert again.status_code == 422
    assert log.entries == [] and kept(service) == 0


@pytest.mark.parametrize(
    ("sent", "status", "words"),
    [
        ({"picture": b"no picture"}, 422, "The picture is not JPEG"),
        ({"picture": b""}, 422, "empty"),
        ({"picture": portrait(RED)[:300]}, 422, "cut off"),
        ({"other": portrait(RED)}, 422, "one picture"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(
    client: TestClient, log: FakeLog, sent: dict[str, bytes], status: int, words: str
) -> None:
    answer = client.post("/api/v1/search", data=PURPOSE, files=sent)
    assert answer.status_code == status and words in answer.json()["detail"]
    assert log.entries == []


def test_what_cannot_be_written_down_is_not_told(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def record(self, entry: Entry, /) -> Recorded:
            raise OutputError("The log cannot be written: free space.")

    monkeypatch.setattr(service, "log", Full())
    answers = (
        client.post("/api/v1/search", data=PURPOSE, files={"picture": portrait(RED)}),
        client.post("/api/v1/search/templates", json=asked(RED)),
    )
    for answer in answers:
        assert answer.status_code == 507 and "Ruby" not in answer.text
    assert kept(service) == 0


def test_few_pictures_are_looked_at_at_once(client: TestClient) -> None:
    client.app.state.looking, before = Looking(at_once=1, waiting=0), client.app.state.looking
    try:
        with ThreadPoolExecutor(6) as threads:
            sent = [
                threads.submit(client.post, "/api/v1/search", data=PURPOSE, files={"picture": portrait(RED)})
                for _ in range(6)
            ]
        answers = [one.result() for one in sent]
        assert {answer.status_code for answer in answers} <= {200, 429}
        assert any(answer.status_code == 200 for answer in answers)
        for answer in answers:
            if answer.status_code == 429:
                assert answer.json()["type"] == f"urn:secondlook:{TooMany.__name__}" and answer.headers["retry-after"]
        assert client.post("/api/v1/search", data=PURPOSE, files={"picture": portrait(RED)}).status_code == 200
    finally:
        client.app.state.looking = before


@pytest.mark.parametrize("told", [True, False])
def test_more_than_is_taken_is_refused_before_it_is_held(client: TestClient, log: FakeLog, told: bool) -> None:
    edge, megabyte = "b" * 20, bytes(1 << 20)

    def body() -> Iterator[bytes]:
        yield f'--{edge}\r\nContent-Disposition: form-data; name="picture"; filename="x"\r\n\r\n'.encode()
        for _ in range(70):
            yield megabyte

    headers = {"content-type": f"multipart/form-data; boundary={edge}"}
    sent = b"".join(body()) if told else body()
    answer = client.post("/api/v1/search", content=sent, headers=headers)
    assert answer.status_code == 413, answer.text
    many = client.post("/api/v1/search/templates", json={**asked(RED), "note": "x" * (5 << 20)})
    assert many.status_code == 413
    assert log.entries == []


# templates


def test_with_a_quality_there_is_a_decision(client: TestClient, service: Service, log: FakeLog) -> None:
    answer = client.post("/api/v1/search/templates", json=asked(RED, GREEN, qualities=[QUALITY, QUALITY]))
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["gallery_size"] == 2
    first, second = said["results"]
    ruby = service.gallery.subject_id("Ruby")
    assert first["outcome"] == "candidate" and [one["subject_id"] for one in first["candidates"]] == [ruby]
    assert first["grounds"]["threshold"] == 0.95 and first["sentence"] == first["grounds"]["sentence"]
    assert second["outcome"] == "no_candidate" and second["candidates"] == [], "who is only nearest is not told"
    (entry,) = log.entries
    assert entry.details["of"] == "templates" and entry.details["candidate"] == entry.details["no_candidate"] == 1
    assert entry.object == (f"search:{said['id']}", f"subject:{ruby}") and entry.purpose == PURPOSE["purpose"]
    assert kept(service) == 0, "there is no picture that anybody could look at"


def test_without_a_quality_it_is_undecided(client: TestClient, log: FakeLog) -> None:
    said = client.post("/api/v1/search/templates", json=asked(GREEN, k=1)).json()
    (result,) = said["results"]
    assert result["outcome"] == "undecided" and result["grounds"] is None and len(result["candidates"]) == 1
    assert "no threshold" in result["sentence"] and log.entries[0].details["named"] == 1
    mixed = client.post("/api/v1/search/templates", json=asked(RED, RED, qualities=[None, QUALITY])).json()
    assert [one["outcome"] for one in mixed["results"]] == ["undecided", "candidate"]


def test_a_poor_picture_carries_no_decision(client: TestClient, service: Service) -> None:
    limits = service.identifier().stages.limits
    assert limits.inter_eye_px == 0, "the fakes look at nothing"
    said = client.post("/api/v1/search/templates", json=asked(RED, qualities=[{**QUALITY, "inter_eye_px": 1}])).json()
    assert said["results"][0]["outcome"] == "candidate"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pack": "another@000000000000"}, 409),
        ({"templates": []}, 422),
        ({"templates": ["not base64!"]}, 422),
        ({"templates": [base64.b64encode(b"abc").decode()]}, 422),
        ({"templates": [written(np.ones(5, np.float32) / math.sqrt(5))]}, 422),
        ({"templates": [written(np.ones(4, np.float32))]}, 422),
        ({"templates": [written(np.full(4, np.nan, np.float32))]}, 422),
        ({"templates": [written(np.zeros(4, np.float32))]}, 422),
        ({"templates": [written(template(RED)), written(np.ones(5, np.float32))]}, 422),
        ({"qualities": [QUALITY, QUALITY]}, 422),
        ({"qualities": [{**QUALITY, "exposure": 2}]}, 422),
        ({"k": 0}, 422),
    ],
)
def test_templates_that_will_not_do_are_refused(
    client: TestClient, log: FakeLog, change: dict[str, object], status: int
) -> None:
    answer = client.post("/api/v1/search/templates", json={**asked(RED), **change})
    assert answer.status_code == status, answer.text
    assert log.entries == []


def test_many_at_once_get_their_own_answers(client: TestClient, log: FakeLog) -> None:
    def search(number: int) -> bool:
        colour, name = ((RED, "Ruby"), (BLUE, "Skye"))[number % 2]
        quality = [QUALITY] if number % 3 else None
        answer = client.post("/api/v1/search/templates", json=asked(colour, qualities=quality)).json()
        return answer["results"][0]["candidates"][0]["subject"] == name

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(search, range(60)))
    assert len(log.entries) == 60


def test_a_role_that_may_not_search_does_not(service: Service) -> None:
    app = door(service)
    for role in (Role.REVIEWER, Role.AUDITOR, Role.ADMIN):
        client = app.of(role)
        assert client.post("/api/v1/search/templates", json=asked(RED)).status_code == 403
        assert client.post("/api/v1/search", data=PURPOSE, files={"picture": b"x"}).status_code == 403


def test_a_gallery_that_nobody_is_in_gives_nobody(tmp_path: Path) -> None:
    with fake_service(tmp_path) as empty:
        client = door(empty).of(Role.OPERATOR)
        said = client.post("/api/v1/search/templates", json=asked(RED, RED, qualities=[QUALITY, None])).json()
        assert [one["outcome"] for one in said["results"]] == ["no_candidate", "undecided"]
        assert all(one["candidates"] == [] for one in said["results"])
