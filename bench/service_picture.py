"""The README's picture of the service: the inbox, and a sighting's page, as a browser shows them.

    python -m bench.service_picture docs/service.png

A service in a folder of its own searches the demo's crowds for Grace Hopper (1906 to 1992; the picture is the US Navy's, in the
public domain). Everybody else's face is covered before the crowds are sent, since nobody asked these people. Needs Chromium.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image
from playwright.sync_api import BrowserContext, Page, sync_playwright

from secondlook.demo_scene import HOPPER, DemoCrowd, demo_scene
from secondlook.enrolling import EnrolOptions
from secondlook.gallery import KeyFile, NewReference
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import accounts, enrolment, jobs, sightings, signing_in
from secondlook.server.acts.enrolment import Sent
from secondlook.server.acts.job_kinds import FindAsked
from secondlook.server.acts.sightings import Wanted
from secondlook.server.acts.uploads import Incoming
from secondlook.server.rows.groundwork import new_id
from secondlook.server.running import built
from secondlook.server.service import Service, Why
from secondlook.server.settings import Options
from secondlook.server.work import claims
from secondlook.server.work.job import carry_out
from secondlook.server.work.ordered import Makers
from secondlook.types import Outcome, Pixels

WIDTH, HEIGHT = 1280, 1000
ENROLLED = 240
"""Made up, beside the two. SPREAD: how far they lie from the middle, of each number of a template, one standard deviation."""
SPREAD = 0.045
SHOWN = {"garage": 160, "launch": 56, "archive": 26}
"""The width in px of the one face that is left in each crowd."""
PASSWORD = "only for a picture, and gone with its folder"
WHY = Why("somebody lost at the fair", "2026-114")
COLOURS = 96
_LOADED = "[...document.images].every(one => one.getBoundingClientRect().top > innerHeight || one.naturalWidth)"
"""Those further down are asked for when they come into view."""


def main(out: Path) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ["SECONDLOOK_HOME"] = str(Path(place) / "home")
        folder = Path(place)
        service = Service.open(Options(folder / "data", key=KeyFile(folder / "keys" / "gallery.key")))
        try:
            operator = _operator(service)
            _seen(service, operator)
            shots = _shots(service, operator)
        finally:
            service.close()
    _beside(shots).quantize(COLOURS, dither=Image.Dither.NONE).save(out, optimize=True)


def _operator(service: Service) -> Actor:
    token = accounts.first_admin(service)
    assert token is not None
    admin = accounts.choose_password(service, token, PASSWORD)
    made = accounts.create(service, Actor(admin.id, admin.name, admin.role), "Maria Kovač", Role.OPERATOR)
    accounts.choose_password(service, made.token, PASSWORD)
    return Actor(made.account.id, made.account.name, Role.OPERATOR)


def _seen(service: Service, operator: Actor) -> None:
    """Enrolled, sent, searched: all as people do it, but for the worker, which is this process."""
    scene = demo_scene()
    for name, pixels in scene.enrol:
        sent = Sent(f"{name}.png", _file(pixels, "PNG"))
        enrolment.create(service, operator, new_id(), name, [sent], EnrolOptions())
    _enrol_nobody(service)
    uploads = []
    for crowd in scene.crowds:
        incoming = Incoming(service, operator, new_id(), f"{crowd.name} camera.jpg")
        incoming.write(_file(_covered(crowd), "JPEG"))
        uploads.append(incoming.finish().id)
    jobs.start(service, operator, new_id(), FindAsked(uploads=tuple(uploads)), WHY)
    claim, here = claims.next_claim(service), Path.cwd()
    assert claim is not None
    carry_out(service, claim, Makers())
    os.chdir(here)


def _enrol_nobody(service: Service) -> None:
    """Between the two and moved by chance; the picture is the portrait's, for there has to be one."""
    gallery, rng = service.gallery, np.random.default_rng(1906)
    (portrait,) = gallery.references(HOPPER)
    between = np.mean([gallery.templates(one.name)[0] for one in gallery.subject_list()], axis=0)
    people = []
    for number in range(ENROLLED):
        moved = between + rng.normal(0.0, SPREAD, between.shape)
        template = np.asarray(moved / np.linalg.norm(moved), np.float32)
        made_up = NewReference(
            template, portrait.crop, portrait.landmarks, "made up", f"{number:064x}", portrait.quality
        )
        people.append((f"Nobody {number}", [made_up]))
    gallery.enrol_many(people, gallery.pack)


def _covered(crowd: DemoCrowd) -> Pixels:
    """But for the face that is nearest to the wanted width."""
    pixels = crowd.pixels.copy()
    hers = (one for one in crowd.placed if one.subject == HOPPER)
    shown = min(hers, key=lambda one: abs(one.width_px - SHOWN[crowd.name.partition(".")[0]]))
    for one in crowd.placed:
        if one is not shown:
            x0, y0, x1, y1 = one.box
            dx, dy = (x1 - x0) * 0.15, (y1 - y0) * 0.15
            pixels[max(0, int(y0 - dy)) : int(y1 + dy) + 1, max(0, int(x0 - dx)) : int(x1 + dx) + 1] = 128
    return pixels


def _file(pixels: Pixels, format_: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, format_, quality=92)
    return file.getvalue()


def _shots(service: Service, operator: Actor) -> list[Image.Image]:
    cookie = signing_in.sign_in(service, operator.name, PASSWORD).token
    candidate = next(one for one in sightings.sightings(service, operator, Wanted(outcome=Outcome.CANDIDATE)))
    with _served(service) as address, _browser(address, cookie) as context:
        return [_shot(context.new_page(), f"{address}{path}") for path in ("/inbox", f"/sightings/{candidate.id}")]


def _shot(page: Page, address: str) -> Image.Image:
    page.goto(address)
    page.get_by_role("heading", level=2).first.wait_for()
    page.wait_for_function(_LOADED)
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


@contextmanager
def _served(service: Service) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(built(service, ()), log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


@contextmanager
def _browser(address: str, cookie: str) -> Iterator[BrowserContext]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        context = browser.new_context(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", timezone_id="UTC", locale="en-GB"
        )
        context.set_default_timeout(60_000)
        context.add_cookies(
            [{"name": "secondlook", "value": cookie, "url": address, "sameSite": "Strict", "httpOnly": True}]
        )
        yield context
        browser.close()


def _beside(shots: list[Image.Image], gap: int = 24) -> Image.Image:
    width = sum(shot.width for shot in shots) + gap * (len(shots) - 1)
    whole = Image.new("RGB", (width, max(shot.height for shot in shots)), "#9aa0a6")
    x = 0
    for shot in shots:
        whole.paste(shot, (x, 0))
        x += shot.width + gap
    return whole


if __name__ == "__main__":
    main(Path(sys.argv[1]))
