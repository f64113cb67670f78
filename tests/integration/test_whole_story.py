"""The whole story, with real models, real pictures and real browsers: a face in a crowd is searched, two people who see nothing
but faces agree, the dossier and the log say the same, and then the person is erased and nothing of it is left."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import numpy as np
import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from browser import DESK, installed
from secondlook.review.sets import SetKind
from secondlook.server.actors import Role
from secondlook.server.acts import review
from secondlook.server.rows import ReviewTaskRow
from secondlook.server.service import Service
from secondlook.server.settings import Options

NAME = "Barack Obama"
OTHERS = 60
PASSWORD = "correct horse battery staple"
SECONDLOOK = [str(Path(sys.executable).parent / "secondlook")]


@dataclass(frozen=True)
class Running:
    place: str
    admin: httpx2.Client
    data: Path

    def account(self, name: str, role: Role) -> None:
        made = self.admin.post("/accounts", json={"name": name, "role": role.value}).json()
        assert self.admin.post("/password", json={"token": made["token"], "password": PASSWORD}).is_success

    def client(self, name: str) -> httpx2.Client:
        """Signed in."""
        client = httpx2.Client(base_url=f"{self.place}/api/v1", timeout=240)
        said = client.post("/session", json={"name": name, "password": PASSWORD})
        client.headers["x-csrf-token"] = said.json()["csrf"]
        return client


@pytest.fixture
def people(shared_data: Path, tmp_path: Path) -> Path:
    """Him, with two pictures, and sixty others."""
    folder = tmp_path / "people"
    shutil.copytree(shared_data / "people" / "barack_obama", folder / NAME)
    for person in sorted((shared_data / "lfw").iterdir())[: 4 * OTHERS : 4]:
        if "obama" not in person.name.lower():
            (folder / person.name).mkdir()
            first = sorted(person.iterdir())[0]
            shutil.copy(first, folder / person.name / first.name)
    return folder


@contextmanager
def serving(people: Path, tmp_path: Path) -> Iterator[Running]:
    data, words = tmp_path / "station", {**os.environ}
    enrol = [
        *SECONDLOOK,
        "enrol",
        str(people),
        "--gallery",
        str(data / "gallery"),
        "--on-suspicion",
        "enrol",
        "--quiet",
    ]
    assert subprocess.run([*enrol, "--pack", "dlib-resnet"], env=words, timeout=600, check=False).returncode == 0
    serve = [*SECONDLOOK, "serve", "--data", str(data), "--port", "0"]
    with subprocess.Popen(serve, env=words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(3)]
            place, token = lines[2].split()[-1], lines[1].strip().partition("token=")[2]
            with closing(httpx2.Client(base_url=f"{place}/api/v1", timeout=240)) as admin:
                assert admin.post("/password", json={"token": token, "password": PASSWORD}).is_success
                said = admin.post("/session", json={"name": "admin", "password": PASSWORD})
                admin.headers["x-csrf-token"] = said.json()["csrf"]
                yield Running(place, admin, data)
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def browsers(count: int) -> Iterator[list[Browser]]:
    """Programs of their own, which share nothing."""
    program = installed()
    words = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        opened = [playwright.chromium.launch(executable_path=program, args=words) for _ in range(count)]
        yield opened
        for browser in opened:
            browser.close()


def signed_in(browser: Browser, running: Running, name: str) -> Page:
    """By the door, as a person."""
    context = browser.new_context(viewport={"width": DESK, "height": 900})
    context.set_default_timeout(120_000)
    page = context.new_page()
    page.goto(running.place)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="My API keys").first.wait_for(state="attached")
    page.wait_for_load_state("networkidle")
    return page


def truth(service: Service, task: str) -> tuple[SetKind, str | None]:
    """What a person tells by looking; a test has no eyes."""
    with service.database.reading() as session:
        found = review._truth(service, session.get_one(ReviewTaskRow, task))
    return found.kind, found.token


def opened(page: Page, address: str) -> None:
    """Also while the page is on its way to another by itself."""
    for _ in range(5):
        try:
            page.goto(address)
            return
        except Error as error:
            assert "ERR_ABORTED" in str(error), error
            page.wait_for_load_state()
    raise AssertionError(f"{address} does not open")


def compare_all(page: Page, running: Running, service: Service, reviewer: httpx2.Client) -> None:
    """By keyboard, until nothing waits: the right face is the same, all others are different."""
    for done in range(30):
        task = reviewer.post("/review/next").json()
        if task is None:
            return
        kind, token = truth(service, task["id"])
        opened(page, f"{running.place}/review")
        page.get_by_role("heading", name="This face").wait_for()
        assert "Obama" not in page.content()
        page.get_by_role("main").focus()
        for face in task["faces"]:
            page.keyboard.press("1" if face == token and kind in (SetKind.CANDIDATE, SetKind.SAME) else "2")
            page.keyboard.press("Space")
            page.keyboard.press("n")
        page.get_by_role("button", name="Send all answers").click()
        page.get_by_text(f"You answered {done + 1} set").wait_for()
    raise AssertionError("the sets never end")


@pytest.mark.prove
@pytest.mark.timeout(1500)
def test_the_whole_story(people: Path, shared_data: Path, tmp_path: Path) -> None:
    with serving(people, tmp_path) as running, browsers(3) as (first, second, third):
        running.account("ada", Role.OPERATOR)
        running.account("ann", Role.REVIEWER)
        running.account("bob", Role.REVIEWER)

        page = signed_in(first, running, "ada")
        page.goto(f"{running.place}/search")
        page.get_by_label("Purpose").fill("a trial")
        page.get_by_label("Drop a picture").set_input_files(str(shared_data / "crowd" / "two_people.jpg"))
        page.get_by_role("article").filter(has_text=NAME).get_by_role("link", name="Open it").click()
        page.get_by_role("heading", name=f"Candidate: {NAME}").wait_for()
        sighting = page.url.rsplit("/", 1)[-1]

        service = Service.beside(Options(running.data))
        try:
            for browser, name in ((second, "ann"), (third, "bob")):
                with closing(running.client(name)) as reviewer:
                    assert reviewer.get(f"/sightings/{sighting}").status_code == 403
                    compare_all(signed_in(browser, running, name), running, service, reviewer)
            with service.database.reading() as session:
                assert {one.answer.reviewer for one in review.reviewed_of(service, session, sighting)}
            subject = service.gallery.subject_id(NAME)
            templates, crops = service.gallery.templates(NAME), [r.crop for r in service.gallery.references(NAME)]
        finally:
            service.close()

        with closing(running.client("ada")) as ada:
            assert ada.get(f"/sightings/{sighting}").json()["sighting"]["review"] == "supported"
            dossier = ada.get(f"/sightings/{sighting}/dossier.json")
            assert dossier.status_code == 200 and "supported" in dossier.text and NAME in dossier.text
            face = ada.get(f"/sightings/{sighting}/picture").content
        log = running.admin.get("/log", params={"limit": 200}).json()["items"]
        actions = [entry["action"] for entry in log if any(sighting in one for one in entry["object"])]
        assert {"review", "view", "export"} <= set(actions) and "search" in {entry["action"] for entry in log}
        assert NAME not in str(log)
        assert running.admin.post("/log/verification", json={}).json()["whole"] is True

        done = running.admin.post(f"/subjects/{subject}/erasure", json={"purpose": "asked for"}).json()
        assert done["complete"] is True, done
        assert running.admin.get(f"/subjects/{subject}").status_code in (404, 410)

    sought = [NAME.encode(), NAME.encode("utf-16-le"), *(crop[600:664] for crop in crops), face[400:464]]
    sought += [t.astype(kind).tobytes() for t in templates for kind in (np.float32, np.float16, np.float64)]
    looked = 0
    for file in (one for one in running.data.rglob("*") if one.is_file()):
        kept = file.read_bytes()
        looked += 1
        assert not any(one in kept for one in sought), file
    assert looked > 5
