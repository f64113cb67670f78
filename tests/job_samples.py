"""Jobs with made-up people: everything real but the models, in this process or in a worker of its own."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from exposure_samples import kit as exposure_kit
from fake_runs import film, photo
from fake_stages import Walker, stages
from postgres_server import new_schema
from secondlook import assemble
from secondlook.assemble import Identifier
from secondlook.fakes import (
    BLUE,
    GREEN,
    RECOGNISER_PACK,
    RED,
    FakeDetector,
    FakeEmbedder,
    FakeLog,
    Square,
    portrait,
)
from secondlook.gallery import Gallery, KeyFile
from secondlook.ports import Log
from secondlook.runs.prove import Means
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.server.actors import Actor
from secondlook.server.acts.uploads import Incoming, Upload
from secondlook.server.database import database_of
from secondlook.server.folder import DataFolder
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import Service
from secondlook.server.settings import Options
from secondlook.server.work import claims
from secondlook.server.work.job import carry_out
from secondlook.server.work.ordered import Makers
from secondlook.types import Detections, Pixels
from service_samples import reference

WORKER = (sys.executable, str(Path(__file__).parent / "job_with_fakes.py"))
"""For ``Dispatcher``; more words: how many seconds each look at a picture takes, and whether it breaks."""
KEY = Path("keys") / "gallery.key"


@dataclass(frozen=True)
class SlowDetector(FakeDetector):
    """Takes its time."""

    pause_s: float = 0.0

    def detect(self, pixels: Pixels) -> Detections:
        time.sleep(self.pause_s)
        return super().detect(pixels)


def makers(pause_s: float = 0.0) -> Makers:
    detector = SlowDetector(pause_s=pause_s)

    def identifier(gallery: Gallery, settings: assemble.Settings) -> Identifier:
        parts = stages(detector)
        chosen = replace(settings, every_s=0.1)
        return Identifier(gallery, parts, chosen, parts.detector, parts.embedder)  # type: ignore[arg-type]

    def redaction(ask: Ask, settings: assemble.Settings, gallery: Gallery | None) -> Kit:
        return Kit(ask, detector, identifier=None if gallery is None else identifier(gallery, settings))

    return Makers(
        identifier,
        redaction,
        lambda settings, population, want, pack: exposure_kit(want, population),
        lambda settings: Means(detector, FakeEmbedder()),
    )


def make_gallery(folder: Path) -> None:
    """Ruby and Skye, as the fakes see them."""
    data = DataFolder(folder / "data")
    data.make()
    gallery = Gallery.create(data.gallery, pack=RECOGNISER_PACK, dimension=4, key=KeyFile(folder / KEY))
    for number, (name, colour) in enumerate((("Ruby", RED), ("Skye", BLUE)), start=1):
        template = FakeEmbedder().embed(portrait(colour))[0]
        gallery.enrol(name, [replace(reference(number), template=template)], RECOGNISER_PACK)
    gallery.close()


@contextmanager
def working_service(folder: Path, log: Log | None = None) -> Iterator[Service]:
    make_gallery(folder)
    data, key = DataFolder(folder / "data"), KeyFile(folder / KEY)
    options = Options(data.root, key=key, database=new_schema())
    database = database_of(data, options.database)
    database.upgrade()
    gallery = Gallery.open(data.gallery, key=key)
    service = Service(options, data, database, gallery, log or FakeLog(), None)
    try:
        yield service
    finally:
        service.close()


def footage(folder: Path) -> tuple[Path, Path, Path]:
    """Ruby and a stranger; Ruby and, for a while, Skye; a stranger."""
    folder.mkdir(exist_ok=True)
    return (
        photo(folder / "crowd.png", Square(10, 10, 24, RED), Square(90, 50, 30, GREEN)),
        film(folder / "gate.mkv", [Walker(5, 10, 3, RED), Walker(120, 60, -2, BLUE, first=4, last=12)]),
        photo(folder / "nobody.png", Square(50, 30, 40, GREEN)),
    )


def sent(service: Service, actor: Actor, file: Path) -> Upload:
    incoming = Incoming(service, actor, new_id(), file.name)
    try:
        incoming.write(file.read_bytes())
        return incoming.finish()
    finally:
        incoming.drop()


def work(service: Service, made: Makers | None = None) -> int:
    """What a worker does with the oldest job."""
    claim = claims.next_claim(service)
    assert claim is not None
    return carry_out(service, claim, made or makers())


def score_table(path: Path, rows: int = 400) -> Path:
    lines = ["probe,reference,probe_subject,reference_subject,score"]
    for n in range(rows):
        mated = n % 2 == 0
        score = (0.8 if mated else 0.2) + (n * 37 % 100) / 400
        lines.append(f"p{n},r{n},s{n % 40},s{n % 40 if mated else n % 40 + 1},{score:.3f}")
    path.write_text("\n".join(lines) + "\n")
    return path
