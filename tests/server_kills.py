"""A server that is killed again and again while clients use it, and what they were promised."""

from __future__ import annotations

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import psutil
from PIL import Image

from job_samples import KEY, make_gallery
from secondlook.fakes import GREEN, RECOGNISER_PACK, RED, FakeEmbedder, Square, painted, portrait
from secondlook.gallery import KeyFile
from secondlook.review.blind import LEAST_PEOPLE
from secondlook.server.actors import Role
from secondlook.server.acts import settings as settings_acts
from secondlook.server.acts import signing_in
from secondlook.server.service import Service
from secondlook.server.settings import Options
from service_samples import account, reference

SERVER = (sys.executable, str(Path(__file__).parent / "serving_with_fakes.py"))
ENDED = ("done", "failed", "cancelled")


@dataclass
class Served:
    """The server and what is known of it. address: None while it is not there."""

    folder: Path
    pause_s: float
    process: subprocess.Popen[str] | None = None
    address: str | None = None
    kills: int = 0

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*SERVER, str(self.folder), str(self.pause_s)], stdout=subprocess.PIPE, text=True
        )

    def wait(self, seconds: float = 120) -> None:
        """Until it answers."""
        assert self.process is not None and self.process.stdout is not None
        port = self.process.stdout.readline().strip()
        assert port, "the server did not start"
        until, address = time.monotonic() + seconds, f"http://127.0.0.1:{port}"
        while time.monotonic() < until:
            with suppress(httpx2.HTTPError):
                if httpx2.get(f"{address}/health/live", timeout=5).status_code == 200:
                    self.address = address
                    return
            assert self.process.poll() is None, "the server ended by itself"
            time.sleep(0.02)
        raise AssertionError("the server does not answer")

    def kill(self) -> None:
        """As the system kills: at once. Its workers must be gone soon."""
        assert self.process is not None
        with suppress(psutil.NoSuchProcess):
            workers = psutil.Process(self.process.pid).children(recursive=True)
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.address, self.kills = None, self.kills + 1
            _, alive = psutil.wait_procs(workers, timeout=30)
            assert alive == [], "a worker lives on without its server"
        if self.process.stdout is not None:
            self.process.stdout.close()


@dataclass
class Ledger:
    """What was promised. uploads: SHA-256 by id. photos: those for jobs, with how many faces in each are Ruby's. jobs: how
    many candidates are expected, or None for a redaction, by id. cancelled: jobs that were. subjects: names by id.
    answered: what was said of each face of a blind set, by its id. answers: the server's, by status."""

    uploads: dict[str, str] = field(default_factory=dict)
    photos: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int | None] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
    subjects: dict[str, str] = field(default_factory=dict)
    answered: dict[str, dict[str, str]] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Client:
    """Somebody who uses the server and does not give up: what got no answer is sent again, with the same key."""

    served: Served
    ledger: Ledger
    secret: str
    stop: threading.Event
    random: random.Random

    def ask(self, method: str, path: str, **rest: Any) -> httpx2.Response | None:
        """The answer, however long it takes; None where all is over."""
        headers = {"authorization": f"Bearer {self.secret}", **rest.pop("headers", {})}
        if method == "POST":
            headers["idempotency-key"] = uuid.UUID(int=self.random.getrandbits(128)).hex
        while not self.stop.is_set():
            address = self.served.address
            if address is not None:
                with suppress(httpx2.HTTPError):
                    answer = httpx2.request(method, address + path, headers=headers, timeout=60, **rest)
                    with self.ledger.lock:
                        self.ledger.answers[answer.status_code] += 1
                        if answer.status_code >= 500:
                            self.ledger.complaints.append(f"{method} {path}: {answer.status_code} {answer.text}")
                    # sent a moment ago, before a kill, and not forgotten yet
                    if answer.status_code != 409 or "being worked on" not in answer.text:
                        return answer
            time.sleep(0.05)
        return None

    def promised(self, answer: httpx2.Response | None, what: str) -> dict[str, Any] | None:
        if answer is None:
            return None
        if answer.status_code not in (200, 201):
            with self.ledger.lock:
                self.ledger.complaints.append(f"{what}: {answer.status_code} {answer.text}")
            return None
        found: dict[str, Any] = answer.json()
        return found


def crowd(rng: random.Random) -> tuple[bytes, int]:
    """A picture of its own, and how many of the faces in it are Ruby's."""
    squares, rubies = [], 0
    for column in range(rng.randrange(4)):
        colour = rng.choice((RED, GREEN))
        rubies += colour == RED
        squares.append(Square(10 + 48 * column, 10 + rng.randrange(60), 24 + rng.randrange(8), colour))
    pixels = painted(120, 200, squares)
    pixels[-1, -1] = [rng.randrange(90, 160)] * 3
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue() + rng.randbytes(8), rubies


def uploader(client: Client) -> None:
    """Photographs for jobs, and now and then something large that a kill may cut in two."""
    rng = client.random
    while not client.stop.is_set():
        content, rubies = crowd(rng)
        large = rng.random() < 0.2
        if large:
            content = b"\xff\xd8\xff" + rng.randbytes(rng.randrange(1 << 20, 6 << 20))
        name = {"content-disposition": f"attachment; filename*=UTF-8''{rng.randrange(10**9)}.png"}
        found = client.promised(client.ask("POST", "/api/v1/uploads", content=content, headers=name), "upload")
        if found is not None:
            with client.ledger.lock:
                client.ledger.uploads[found["id"]] = hashlib.sha256(content).hexdigest()
                if not large:
                    client.ledger.photos[found["id"]] = rubies
        client.stop.wait(rng.random() * 0.5)


def starter(client: Client) -> None:
    """Searches and redactions, a few waiting at a time."""
    rng = client.random
    while not client.stop.is_set():
        with client.ledger.lock:
            photos = list(client.ledger.photos.items())
        listed = client.promised(client.ask("GET", "/api/v1/jobs?limit=20"), "jobs")
        if listed is not None and len(photos) >= 6:
            waiting = sum(one["state"] not in ENDED for one in listed["items"])
            if waiting < 4:
                chosen = rng.sample(photos, rng.randrange(1, 6))
                find = rng.random() < 0.7
                body = {"uploads": [id_ for id_, _ in chosen], "purpose": "a proof"}
                kind = "find" if find else "redact"
                found = client.promised(client.ask("POST", f"/api/v1/jobs/{kind}", json=body), kind)
                if found is not None:
                    with client.ledger.lock:
                        client.ledger.jobs[found["id"]] = sum(n for _, n in chosen) if find else None
                    if rng.random() < 0.15:
                        client.stop.wait(rng.random() * 8)
                        cancel(client, found["id"])
        client.stop.wait(0.1 + rng.random() * 0.4)


def cancel(client: Client, job: str) -> None:
    """Unless it has ended already."""
    answer = client.ask("DELETE", f"/api/v1/jobs/{job}")
    if answer is not None and answer.status_code != 409 and client.promised(answer, "cancel") is not None:
        with client.ledger.lock:
            client.ledger.cancelled.add(job)


def administrator(client: Client) -> None:
    rng = client.random
    while not client.stop.is_set():
        name = f"account {rng.randrange(10**12)}"
        answer = client.ask("POST", "/api/v1/accounts", json={"name": name, "role": "reviewer"})
        # taken: it was made before the kill, and asked for once more after it
        if answer is not None and answer.status_code in (201, 409):
            with client.ledger.lock:
                client.ledger.accounts.add(name)
        elif answer is not None:
            client.promised(answer, "account")
        client.stop.wait(0.3 + rng.random())


def enroller(client: Client) -> None:
    """People who look like nobody in the crowds."""
    rng = client.random
    while not client.stop.is_set():
        name = f"Person {rng.randrange(10**12)}"
        fields, picture = {"name": name, "on_suspicion": "enrol"}, ("face.png", portrait_of(rng))
        form = httpx2.Request("POST", "http://here", data=fields, files=[("pictures", picture)])
        # made once: sent again it is the same to the byte
        headers, content = {"content-type": form.headers["content-type"]}, form.read()
        found = client.promised(client.ask("POST", "/api/v1/subjects", content=content, headers=headers), "enrol")
        if found is not None:
            with client.ledger.lock:
                if found["subject"] is None:
                    client.ledger.complaints.append(f"enrol: {found}")
                else:
                    client.ledger.subjects[found["subject"]["id"]] = name
        client.stop.wait(0.2 + rng.random())


def reviewer(client: Client) -> None:
    rng = client.random
    while not client.stop.is_set():
        answer = client.ask("POST", "/api/v1/review/next")
        task = None if answer is None or answer.status_code != 200 else answer.json()
        if answer is not None and answer.status_code != 200:
            client.promised(answer, "next set")
        if task is not None:
            said = {token: rng.choice(("different", "cannot_tell")) for token in task["faces"]}
            faces = [{"token": token, "said": word, "features": ["ears"]} for token, word in said.items()]
            done = client.ask("POST", f"/api/v1/review/{task['id']}/answer", json={"faces": faces})
            # answered already: by the same request before a kill; whether that is so is looked at in the end
            if done is not None and (done.status_code in (204, 409) or client.promised(done, "answer")):
                with client.ledger.lock:
                    client.ledger.answered[task["id"]] = said
        client.stop.wait(0.2 + rng.random())


def portrait_of(rng: random.Random) -> bytes:
    """The blue of the sky, in squares sharp and light enough to be enrolled."""
    colour = np.array([rng.randrange(30), rng.randrange(180, 225), 255])
    shade = np.random.default_rng(rng.randrange(1 << 32)).choice((0.6, 1.0), (16, 16, 1))
    pixels = painted(120, 200)
    pixels[12:108, 52:148] = (colour * shade.repeat(6, 0).repeat(6, 1)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def reader(client: Client) -> None:
    """Looks at everything, and follows a job."""
    ways = ("/api/v1/jobs", "/api/v1/sightings", "/api/v1/uploads", "/api/v1/me", "/health/ready")
    while not client.stop.is_set():
        client.promised(client.ask("GET", client.random.choice(ways)), "look")
        client.stop.wait(client.random.random() * 0.2)


BEHAVIOURS: tuple[tuple[Callable[[Client], None], Role, str], ...] = (
    (uploader, Role.OPERATOR, "ada"),
    (uploader, Role.OPERATOR, "ada"),
    (starter, Role.OPERATOR, "ada"),
    (administrator, Role.ADMIN, "boss"),
    (enroller, Role.OPERATOR, "ada"),
    (reviewer, Role.REVIEWER, "eve"),
    (reviewer, Role.REVIEWER, "max"),
    (reader, Role.OPERATOR, "ada"),
)


def prepared(folder: Path) -> dict[str, str]:
    """The gallery, and accounts with their API keys by name."""
    make_gallery(folder)
    service = Service.open(Options(folder / "data", key=KeyFile(folder / KEY)))
    try:
        made = {
            name: account(service, role, name) for name, role in {name: role for _, role, name in BEHAVIOURS}.items()
        }
        settings_acts.change(service, made["boss"], {"jobs_at_once": 2})
        rng = random.Random(1)
        for number in range(2 * LEAST_PEOPLE):  # for the blind sets
            template = FakeEmbedder().embed(portrait((rng.randrange(60), rng.randrange(120), 255)))[0]
            shown = replace(reference(100 + number), template=template)
            service.gallery.enrol(f"Look-alike {number}", [shown], RECOGNISER_PACK)
        return {name: signing_in.new_key(service, one, "proof").secret for name, one in made.items()}
    finally:
        service.close()


@contextmanager
def using(served: Served, ledger: Ledger, secrets: dict[str, str], seed: int) -> Iterator[threading.Event]:
    """Clients at work until the block ends, when each has finished what it was at."""
    stop = threading.Event()
    clients = [
        (act, Client(served, ledger, secrets[name], stop, random.Random(seed * 100 + number)))
        for number, (act, _, name) in enumerate(BEHAVIOURS)
    ]

    def run(act: Callable[[Client], None], client: Client) -> None:
        try:
            act(client)
        except Exception as error:  # noqa: BLE001 - said at the end, where it fails the test
            with ledger.lock:
                ledger.complaints.append(f"{act.__name__}: {error!r}")

    threads = [threading.Thread(target=run, args=one, daemon=True) for one in clients]
    for thread in threads:
        thread.start()
    try:
        yield stop
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
            assert not thread.is_alive()
