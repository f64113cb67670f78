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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
from PIL import Image

from job_samples import KEY, make_gallery
from secondlook.fakes import GREEN, RED, Square, painted
from secondlook.gallery import KeyFile
from secondlook.server.actors import Role
from secondlook.server.acts import settings as settings_acts
from secondlook.server.acts import signing_in
from secondlook.server.service import Service
from secondlook.server.settings import Options
from service_samples import account

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
    many candidates are expected, or None for a redaction, by id. cancelled: jobs that were. answers: by status."""

    uploads: dict[str, str] = field(default_factory=dict)
    photos: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, int | None] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)
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
    (reader, Role.OPERATOR, "ada"),
)


def prepared(folder: Path) -> dict[str, str]:
    """The gallery, and accounts with their API keys by name."""
    make_gallery(folder)
    service = Service.open(Options(folder / "data", key=KeyFile(folder / KEY)))
    try:
        ada, boss = account(service, Role.OPERATOR, "ada"), account(service, Role.ADMIN, "boss")
        settings_acts.change(service, boss, {"jobs_at_once": 2})
        return {one.name: signing_in.new_key(service, one, "proof").secret for one in (ada, boss)}
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
