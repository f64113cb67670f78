"""A service with made-up people: no model is loaded, nothing leaves the machine."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import update

from postgres_server import new_schema
from secondlook.fakes import FakeLog
from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.server.actors import Actor, Role
from secondlook.server.acts import accounts, signing_in
from secondlook.server.api.app import make_app
from secondlook.server.database import database_of
from secondlook.server.folder import DataFolder
from secondlook.server.rows import AccountRow
from secondlook.server.service import Service, gallery_of
from secondlook.server.settings import Options
from secondlook.types import Floats, Quality

PACK, D = "test@0123456789ab", 16
QUALITY = Quality(61.5, 0.9, -3.0, 2.0, 0.5, 0.45, 0.2, 0.01, 1.0, 0.8)
PASSWORD = "correct horse battery staple"


def unit(seed: int, dimension: int = D) -> Floats:
    vector = np.random.default_rng(seed).standard_normal(dimension).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def picture(seed: int, size: int = 64) -> bytes:
    """A JPEG of noise: nobody."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size, size, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


def reference(seed: int) -> NewReference:
    points = np.array([[20, 24], [44, 24], [32, 36], [23, 48], [41, 48]], np.float32)
    sha256 = hashlib.sha256(str(seed).encode()).hexdigest()
    return NewReference(unit(seed), picture(seed), points, f"pictures/{seed}.jpg", sha256, QUALITY)


@contextmanager
def service_in(folder: Path, people: int = 12, log: FakeLog | None = None) -> Iterator[Service]:
    """people: enrolled as Person 1 and so on, with one reference each."""
    data = DataFolder(folder / "data")
    data.make()
    options = Options(
        data.root, key=KeyFile(folder / "keys" / "gallery.key"), database=new_schema(), gallery=new_schema()
    )
    database = database_of(data, options.database)
    database.upgrade()
    gallery = Gallery.create(gallery_of(data, options.gallery), pack=PACK, dimension=D, key=options.key)
    gallery.enrol_many([(f"Person {number}", [reference(number)]) for number in range(1, people + 1)], PACK)
    service = Service(options, data, database, gallery, log or FakeLog(), None)
    try:
        yield service
    finally:
        service.close()


CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
"""A password that is checked at once: what it costs to guess one is not what most tests are about."""


def account(service: Service, role: Role, name: str | None = None) -> Actor:
    """A new account with ``PASSWORD``."""
    boss = Actor("0" * 32, "made for the test", Role.ADMIN)
    made = accounts.create(service, boss, name or f"the {role}", role).account
    with service.database.writing() as session:
        session.execute(update(AccountRow).where(AccountRow.id == made.id).values(password=CHEAP))
    return Actor(made.id, made.name, role)


@dataclass(frozen=True, slots=True)
class Door:
    """An app and clients of it."""

    service: Service
    app: object

    def nobody(self) -> TestClient:
        return TestClient(self.app, raise_server_exceptions=False)

    def by_key(self, actor: Actor) -> TestClient:
        """Signed in with an API key of the account."""
        client = self.nobody()
        client.headers["authorization"] = f"Bearer {signing_in.new_key(self.service, actor, 'test').secret}"
        return client

    def by_cookie(self, actor: Actor) -> TestClient:
        """Signed in with the account's password, with its CSRF token in every request."""
        client = self.nobody()
        answer = client.post("/api/v1/session", json={"name": actor.name, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        client.headers["x-csrf-token"] = answer.json()["csrf"]
        return client

    def of(self, role: Role) -> TestClient:
        return self.by_key(account(self.service, role))


def door(service: Service) -> Door:
    return Door(service, make_app(service))
