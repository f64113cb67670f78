"""Real faces, real models, the real log: somebody is enrolled over the API and found in another picture; no picture, template
or name lies anywhere in clear."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from secondlook.custody.verifying import Verified, verify
from secondlook.gallery import ById
from secondlook.ports import Action
from secondlook.server.actors import Role
from secondlook.server.service import Service
from secondlook.server.settings import Options
from service_samples import Door, account, door

NAME = "Somebody Enrolled"
PORTRAIT = "people/barack_obama/portrait.jpg"
FILE = "the president at noon.jpg"
PURPOSE = {"purpose": "a test on real faces"}


@pytest.fixture(scope="module")
def service(own_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service.open(Options(tmp_path_factory.mktemp("real") / "data", threads=1))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def opened(service: Service) -> Door:
    return door(service)


@pytest.fixture(scope="module")
def client(opened: Door, service: Service) -> TestClient:
    return opened.by_key(account(service, Role.OPERATOR, "operator"))


@pytest.fixture(scope="module")
def obama(client: TestClient, shared_data: Path) -> str:
    """The id of somebody enrolled with one picture."""
    sent = {"pictures": (FILE, (shared_data / PORTRAIT).read_bytes(), "image/jpeg")}
    answer = client.post("/api/v1/subjects", data={"name": NAME}, files=sent)
    assert answer.status_code == 201, answer.text
    return answer.json()["subject"]["id"]


def test_somebody_enrolled_over_the_api_is_found_in_another_picture(
    client: TestClient, service: Service, obama: str, shared_data: Path
) -> None:
    crowd = (shared_data / "crowd" / "two_people.jpg").read_bytes()
    answer = client.post("/api/v1/search", data=PURPOSE, files={"picture": ("crowd.jpg", crowd, "image/jpeg")})
    assert answer.status_code == 200, answer.text
    said = answer.json()
    found = [face for face in said["faces"] if face["outcome"] == "candidate"]
    assert len(said["faces"]) == 2 and len(found) == 1
    assert [candidate["subject_id"] for candidate in found[0]["candidates"]] == [obama]
    grounds = found[0]["grounds"]
    assert grounds["calibrated"] and grounds["score"] >= grounds["threshold"] and grounds["posterior"]["value"] > 0.5
    (sighting,) = client.get("/api/v1/sightings").json()["items"]
    assert sighting["id"] == found[0]["sighting"] and sighting["subject_id"] == obama


def test_its_template_is_found_as_well(client: TestClient, service: Service, obama: str) -> None:
    (template,) = service.gallery.templates(ById(obama))
    (quality,) = service.gallery.qualities(ById(obama))
    asked = {
        "pack": service.gallery.pack,
        "templates": [base64.b64encode(template.astype("<f4").tobytes()).decode()],
        "qualities": [
            {
                name: getattr(quality, name)
                for name in ("inter_eye_px", "sharpness", "yaw_deg", "pitch_deg", "exposure", "contrast", "visible")
            }
        ],
        **PURPOSE,
    }
    answer = client.post("/api/v1/search/templates", json=asked)
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    assert result["outcome"] == "candidate" and result["candidates"][0]["subject_id"] == obama


def test_the_log_tells_it_without_a_name(service: Service, client: TestClient, obama: str) -> None:
    said = verify(service.folder.gallery / "log")
    assert isinstance(said, Verified), said
    text = b"".join(file.read_bytes() for file in (service.folder.gallery / "log").iterdir())
    assert NAME.encode() not in text and f"subject:{obama}".encode() in text
    for action in (Action.ENROL, Action.SEARCH):
        assert f'"action":"{action}"'.encode() in text


def test_nothing_of_anybody_lies_in_clear(
    service: Service, client: TestClient, obama: str, shared_data: Path, tmp_path: Path
) -> None:
    (template,) = service.gallery.templates(ById(obama))
    (reference,) = service.gallery.references(ById(obama))
    wanted = {
        "name": NAME.encode(),
        "file name": FILE.encode(),
        "picture": (shared_data / PORTRAIT).read_bytes()[2000:2100],
        "template": np.asarray(template, "<f4").tobytes()[:64],
        "crop": reference.crop[500:600],
    }
    kept = b"".join(one.read_bytes() for one in service.folder.root.rglob("*") if one.is_file())
    assert [what for what, content in wanted.items() if content in kept] == []


def test_an_enrolled_face_is_shown_as_a_picture(client: TestClient, obama: str, tmp_path: Path) -> None:
    (reference,) = client.get(f"/api/v1/subjects/{obama}/references").json()
    shown = client.get(f"/api/v1/references/{reference['id']}/picture")
    (tmp_path / "face.jpg").write_bytes(shown.content)
    with Image.open(tmp_path / "face.jpg") as image:
        assert image.format == "JPEG" and min(image.size) >= 64
