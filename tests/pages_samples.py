"""A service in which something has happened: uploads, jobs in every state, sightings of every kind. Nobody in it is real."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fake_stages import stages
from report_samples import DOUBTED, LIKELY, SURE, calibrated, portrait, sighting
from review_samples import COARSE, drawing
from secondlook import assemble
from secondlook.assemble import Identifier
from secondlook.custody import gallery_log
from secondlook.fakes import RED, FakeEmbedder, Square, painted
from secondlook.fakes import portrait as colour_of
from secondlook.gallery import Gallery, KeyFile, NewReference
from secondlook.redact.doubts import Doubt
from secondlook.redact.results import ReviewSpot, review_line
from secondlook.report.record import record_of
from secondlook.runs.watch_state import Counts
from secondlook.server import clock
from secondlook.server.actors import Actor
from secondlook.server.acts import cameras, jobs
from secondlook.server.acts.cameras import Asked
from secondlook.server.acts.job_kinds import (
    AnyAsked,
    AnyResult,
    ExposureAsked,
    ExposureResult,
    FindAsked,
    FindResult,
    Flaw,
    RedactAsked,
    RedactResult,
)
from secondlook.server.acts.job_states import RESULTS, JobState
from secondlook.server.acts.keeping import Seen, keep_sightings
from secondlook.server.acts.uploads import Incoming
from secondlook.server.database import Database
from secondlook.server.folder import DataFolder
from secondlook.server.rows import JobRow
from secondlook.server.rows.groundwork import new_id
from secondlook.server.service import NO_REASON, Service, Why
from secondlook.server.settings import Options
from secondlook.server.work.cameras import CameraStatus
from secondlook.types import Outcome, Pixels
from secondlook.types import Sighting as Found
from service_samples import QUALITY, unit

PEOPLE = 14
BOX = (170.0, 30.0, 230.0, 110.0)
"""In ``crowd``."""
WHY = Why("a lost child at the east gate", "2026-114")
REPORT = "<!doctype html><html lang='en'><title>Report</title><style>h1 { color: teal }</style><h1>A report</h1></html>"


@dataclass(frozen=True, slots=True)
class Happened:
    """Ids. subject: Person 1, who looks like somebody else. sightings: as they are asked for in ``seen``."""

    subject: str
    photo: str
    found: str
    running: str
    failed: str
    redaction: str
    exposure: str
    cameras: FakeCameras
    sightings: tuple[str, ...]


class FakeCameras:
    """Stands for ``CameraWatch``: the first camera is live, the others are being looked for."""

    def __init__(self) -> None:
        self.known: list[str] = []

    def follow(self) -> None:
        pass

    def status(self, camera: str) -> CameraStatus:
        if camera == self.known[0]:
            return CameraStatus("live", newest_age_s=0.2, counts=Counts(received=1204, dropped=7, reconnects=1))
        return CameraStatus("waiting", "The camera does not answer: look at its cable, or give another address.")

    def picture(self, camera: str) -> bytes | None:
        return jpeg(crowd(3)) if camera == self.known[0] else None


def jpeg(pixels: Pixels) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


@contextmanager
def house(folder: Path) -> Iterator[Service]:
    """A service with drawn people enrolled, a log that can be verified, and fakes for models: Person 1 is whoever is red, and
    Person 14 looks like that, too."""
    data, key = DataFolder(folder / "data"), KeyFile(folder / "keys" / "gallery.key")
    data.make()
    database = Database.on_disk(data.database)
    database.upgrade()
    embedder = FakeEmbedder()
    gallery = Gallery.create(data.gallery, pack=embedder.pack, dimension=embedder.dimension, key=key)
    gallery.enrol_many([(f"Person {n}", [drawn_reference(n)]) for n in range(1, PEOPLE + 1)], embedder.pack)
    service = Service(Options(data.root, key=key), data, database, gallery, gallery_log(gallery), None)
    parts = stages()
    fakes = Identifier(gallery, parts, assemble.Settings(every_s=0.1), parts.detector, parts.embedder)
    service.identifier = lambda: fakes  # type: ignore[method-assign]
    try:
        yield service
    finally:
        service.close()


def drawn_reference(number: int) -> NewReference:
    pixels, points = drawing(np.random.default_rng(number), COARSE)
    colour = {1: RED, PEOPLE: (250, 10, 10)}.get(number)
    template = unit(number, 4) if colour is None else FakeEmbedder().embed(colour_of(colour))[0]
    return NewReference(template, jpeg(pixels), points, f"{number}.jpg", f"{number:064x}", QUALITY)


def painted_file(*squares: Square) -> bytes:
    """A PNG in which the fakes see faces, with enough structure to be in focus."""
    light = np.random.default_rng(0).uniform(0.55, 1.0, (300, 400, 1))
    file = io.BytesIO()
    Image.fromarray(np.asarray(painted(300, 400, squares) * light, np.uint8)).save(file, "PNG")
    return file.getvalue()


def crowd(seed: int = 0) -> Pixels:
    """Twelve drawings side by side, 640 x 480."""
    rows = [np.hstack([portrait(seed + 4 * y + x) for x in range(4)]) for y in range(3)]
    return np.ascontiguousarray(np.vstack(rows)[:480, :520])


def sent(service: Service, actor: Actor, name: str, content: bytes) -> str:
    incoming = Incoming(service, actor, new_id(), name)
    try:
        incoming.write(content)
        return incoming.finish().id
    finally:
        incoming.drop()


def fill(service: Service, operator: Actor) -> Happened:
    photo = sent(service, operator, "crowd at noon.jpg", jpeg(crowd()))
    sent(service, operator, "حشد.jpg", jpeg(crowd(20)))
    found = _job(service, operator, FindAsked(uploads=(photo,)), JobState.DONE, _FOUND, WHY)
    _job(service, operator, FindAsked(uploads=(photo,)), JobState.QUEUED, None, WHY)
    running = _job(service, operator, FindAsked(uploads=(photo,)), JobState.RUNNING, None, WHY, done=430, total=1000)
    failed = _job(service, operator, ExposureAsked(uploads=(photo,)), JobState.FAILED, None)
    redaction = _job(service, operator, RedactAsked(uploads=(photo,)), JobState.DONE, _REDACTED)
    exposure = _job(service, operator, ExposureAsked(uploads=(photo,)), JobState.DONE, _EXPOSED)
    _redaction_files(service, redaction, photo)
    out = service.folder.jobs / exposure / RESULTS
    out.mkdir(parents=True)
    (out / "report.html").write_text(REPORT)
    seen_ = _sightings(service, operator, found, photo)
    subject = service.gallery.subject_id("Person 1")
    return Happened(subject, photo, found, running, failed, redaction, exposure, _cameras(service, operator), seen_)


def _cameras(service: Service, operator: Actor) -> FakeCameras:
    fake = FakeCameras()
    service.cameras = fake  # type: ignore[assignment]
    for label, address in (("East gate", "rtsp://user:secret@192.0.2.7/stream1"), ("Hall 2", "http://192.0.2.8/video")):
        fake.known.append(cameras.add(service, operator, new_id(), Asked(label, address, WHY)).id)
    return fake


def seen() -> list[Found]:
    """Candidates with drawn faces, and such as are inconclusive."""
    made = _decided()
    return [
        one if one.crop is None else replace(one, crop=drawing(np.random.default_rng(90 + n), COARSE)[0], box=BOX)
        for n, one in enumerate(made)
    ]


def _decided() -> list[Found]:
    blurred = ("only 11 px between the eyes (wanted: 14)", "blurred (sharpness 0.02, wanted: 0.03)")
    return [
        calibrated(Outcome.CANDIDATE, LIKELY, 5.1234, "Person 2", track=6),
        calibrated(Outcome.CANDIDATE, SURE, 7.4, "Person 3", track=7, source="gate camera.mp4", start_s=3.2),
        sighting(Outcome.CANDIDATE, 0.941, "Person 4", track=8),
        calibrated(Outcome.INCONCLUSIVE, DOUBTED, 4.31, "Person 5", track=9, start_s=3723.44, source="gate camera.mp4"),
        sighting(Outcome.INCONCLUSIVE, 0.912, "Person 6", track=10, against=blurred, crop=False),
    ]


def _sightings(service: Service, operator: Actor, job: str, photo: str) -> tuple[str, ...]:
    found = [Seen(record_of(one), None if one.crop is None else jpeg(one.crop), photo) for one in seen()]
    with service.database.writing() as session:
        kept = keep_sightings(
            service,
            session,
            f"job:{job}",
            found,
            searched_by=operator.id,
            why=WHY,
            seen_at=clock.now(),
            job_id=job,
        )
    return kept.ids


_FOUND = FindResult(
    sources=1,
    candidate=3,
    no_candidate=41,
    inconclusive=2,
    not_searchable=7,
    kept=5,
    flaws=(Flaw(sentence="One of the frames is damaged and was left out: send the footage again."),),
)
_REDACTED = RedactResult(sources=1, faces=12, visible=0, spots=2)
_EXPOSED = ExposureResult(sources=1, faces=12, population=10_000, most=0.31)


def _job(
    service: Service,
    actor: Actor,
    asked: AnyAsked,
    state: JobState,
    result: AnyResult | None,
    why: Why = NO_REASON,
    **columns: Any,
) -> str:
    id_ = new_id()
    jobs.start(service, actor, id_, asked, why)
    with service.database.writing() as session:
        row = session.get_one(JobRow, id_)
        row.state = state.value
        row.result = {} if result is None else result.model_dump(mode="json")
        row.sentence = "Nobody was seen in this footage: send other footage." if state is JobState.FAILED else ""
        row.doing = "looking at crowd at noon.jpg" if state is JobState.RUNNING else ""
        row.ended_at = clock.now() if state.ended else None
        for name, value in columns.items():
            setattr(row, name, value)
    return id_


def _redaction_files(service: Service, job: str, upload: str) -> None:
    out = service.folder.jobs / job / RESULTS
    (out / "redacted").mkdir(parents=True)
    (out / "review").mkdir()
    covered = crowd()
    covered[60:110, 40:90] = 104
    (out / "redacted" / f"{upload}.jpg").write_bytes(jpeg(covered))
    lines = []
    for number, doubt in enumerate((Doubt.FAINT, Doubt.VANISHED)):
        name = f"review/{number}.jpg"
        (out / name).write_bytes(jpeg(portrait(number)))
        lines.append(review_line(ReviewSpot(upload, doubt, 0, 0.0, 0.0, 0.0, (40, 60, 90, 110), 0.5, name)))
    (out / "review.jsonl").write_text("\n".join(lines) + "\n")
    (out / "report.html").write_text(REPORT)
