"""The dossier of a sighting, put together from what is kept and from the log; who asks for one is written down in it."""

from __future__ import annotations

import math
import os
import re
import tempfile
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

from secondlook import __version__
from secondlook.assemble import calibration_for
from secondlook.audit.pdf import NoPdf, WhyNoPdf, browser, print_pdf
from secondlook.custody import refuse_names
from secondlook.decide.calibration import Calibration, threshold
from secondlook.decide.rule import Calibrated
from secondlook.errors import CalibrationError, CustodyError, ExtraMissing, GalleryError, OutputError, SourceError
from secondlook.gallery import Gallery, Reference
from secondlook.ports import Action
from secondlook.report.crops import crop_jpeg
from secondlook.report.record import SightingRecord
from secondlook.review.blind import by_quality
from secondlook.review.dossier import (
    ANOTHER,
    Dossier,
    EnrolledFace,
    Found,
    Measured,
    Place,
    SeenFace,
    Shows,
    Standing,
    data_uri,
    dossier_json,
)
from secondlook.review.dossier_page import dossier_page
from secondlook.runs.page import calibration_line
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.acts.dossier_audit import newest_audit
from secondlook.server.acts.dossier_log import from_log
from secondlook.server.acts.dossier_review import second_look_at
from secondlook.server.acts.keeping import opened_crop, opened_record
from secondlook.server.acts.sightings import row_of
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service
from secondlook.sources import picture_from

MOST_SHOWN: Final = 6
"""References of the candidate, in pictures."""
_MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 256 << 20
_LEFT_OUT: Final = "(left out here: it names somebody enrolled)"
_BETWEEN_WORDS: Final = re.compile(r"[\s,;:()\[\]{}\"'!?/]+")
_WITHIN_NAMES: Final = re.compile(r"[\W_]+")
"""Between the words of a name in the name of a file: ``ada_lovelace-2.jpg``."""
_STEP, _OVERLAP = 40, 8
"""Words that are looked at together; whoever looks reads no further than 60."""


class Form(StrEnum):
    HTML = "html"
    PDF = "pdf"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Given:
    """A dossier to be handed out. name: of the file, without anybody's name."""

    name: str
    media_type: str
    content: bytes


def dossier(service: Service, actor: Actor, id_: str, form: Form) -> Given:
    """Written down as exported, also where the printing then fails. Raises NotFound, UnknownSubject, GalleryLocked; for a
    PDF ExtraMissing where no browser is installed, OutputError where it does not print."""
    actor.need(May.EXPORT)
    printer = browser() if form is Form.PDF else None
    if form is Form.PDF and printer is None:
        raise ExtraMissing(
            "A PDF needs Chromium or Chrome: have it installed, or print the page (dossier.html) yourself."
        )
    made = _gathered(service, actor, id_, form)
    name = f"dossier-{id_}.{form}"
    if form is Form.JSON:
        return Given(name, "application/json", dossier_json(made).encode())
    page = dossier_page(made).encode()
    if form is Form.HTML or printer is None:
        return Given(name, "text/html", page)
    return Given(name, "application/pdf", _printed(page, printer))


def _gathered(service: Service, actor: Actor, id_: str, form: Form) -> Dossier:
    with service.database.reading() as session:
        row = row_of(session, id_)
        record, crop = opened_record(service.gallery, row), opened_crop(service.gallery, row)
        name = service.gallery.subject(row.subject_id).name
        look, who = second_look_at(service, session, row, lambda text: nameless(service.gallery, text))
    seen = _seen(row, record, crop, nameless(service.gallery, record.source))
    found = _found(service, row, record, name)
    measured = _measured(service, record)
    audit = newest_audit(service, lambda text: nameless(service.gallery, text))
    service.record(
        actor, Action.EXPORT, f"sighting:{id_}", f"subject:{row.subject_id}", what="dossier", form=form.value
    )
    told = from_log(service, row, who)
    return Dossier(
        sighting=id_,
        written_at=clock.now(),
        written_by=f"{actor.role} {actor.id}",
        version=__version__,
        seen=seen,
        found=found,
        measured=measured,
        audit=audit,
        second_look=look,
        searches=told.searches,
        log=told.log,
        no_log=told.problem,
    )


def nameless(gallery: Gallery, text: str) -> str:
    """What people wrote (a file's name, a note), unless it names anybody enrolled."""
    try:
        for separators in (_BETWEEN_WORDS, _WITHIN_NAMES):
            spoken = [word for word in separators.split(text) if word]
            for start in range(0, len(spoken), _STEP):
                refuse_names(gallery, " ".join(spoken[start : start + _STEP + _OVERLAP]))
    except CustodyError:
        return _LEFT_OUT
    return text


def _seen(row: SightingRow, record: SightingRecord, crop: bytes | None, source: str) -> SeenFace:
    return SeenFace(
        None if crop is None else data_uri(crop),
        source,
        row.seen_at,
        record.frame,
        record.time_s,
        record.box,
        record.frames,
        record.detector_score,
        record.quality,
    )


def _found(service: Service, row: SightingRow, record: SightingRecord, name: str) -> Found:
    own = next((c for c in record.candidates if c.subject == name), None)
    place = Place.GONE if own is None else Place.FIRST if own is record.candidates[0] else Place.OVERTAKEN
    grounds = replace(record.grounds, sentence="")
    if place is not Place.FIRST:  # these speak of whoever is most alike
        grounds = replace(grounds, alike_rate=None, log10_lr=None, posterior=None)
    alike = tuple(
        Standing(c.rank, name if c is own else ANOTHER, c.score)
        for c in record.candidates
        if c is own or c.subject != name
    )
    try:
        held = service.gallery.references(name)
    except GalleryError:
        held = ()
    return Found(
        record.outcome, name, place, alike, grounds, _enrolled(held, own.reference if own else None), len(held)
    )


def _enrolled(held: tuple[Reference, ...], most_alike: int | None) -> tuple[EnrolledFace, ...]:
    """The one that gave the score first, then the best."""
    ordered = sorted(by_quality(held), key=lambda one: one.id != most_alike)
    return tuple(
        EnrolledFace(
            one.id,
            _picture(one.crop),
            Shows.MOST_ALIKE if one.id == most_alike else Shows.ANOTHER,
            clock.written(one.enrolled_at),
            one.quality,
        )
        for one in ordered[:MOST_SHOWN]
    )


def _picture(crop: bytes) -> str | None:
    try:
        return data_uri(crop_jpeg(picture_from(crop).pixels))
    except SourceError:
        return None


def _measured(service: Service, record: SightingRecord) -> Measured:
    try:
        calibration = calibration_for(record.pack)
    except CalibrationError:
        calibration = None
    grounds, in_use = record.grounds, None if calibration is None else calibration.id
    if calibration is None or not grounds.calibrated or grounds.fpir is None or grounds.prior is None:
        return Measured(record.pack, grounds.calibration, in_use, None, None)
    own = in_use == grounds.calibration
    line = calibration_line(Calibrated(calibration, grounds.fpir, grounds.prior)) if own else None
    return Measured(record.pack, grounds.calibration, in_use, _again(calibration, record, grounds.fpir), line)


def _again(calibration: Calibration, record: SightingRecord, fpir: float) -> float | None:
    try:
        found = threshold(calibration, record.quality, record.grounds.gallery_size, fpir)
    except CalibrationError:
        return None
    return round(found, 4) if math.isfinite(found) else None


def _printed(page: bytes, program: str) -> bytes:
    """In memory where the system has room for it there, for the page names people. Raises ExtraMissing, OutputError."""
    with tempfile.TemporaryDirectory(prefix="secondlook-", dir=_scratch()) as held:
        folder = Path(held)
        (folder / "dossier.html").write_bytes(page)
        done = print_pdf(folder / "dossier.html", folder / "dossier.pdf", program, scratch=folder)
        if isinstance(done, NoPdf):
            kind = ExtraMissing if done.reason is WhyNoPdf.NO_BROWSER else OutputError
            raise kind(done.sentence)
        return done.read_bytes()


def _scratch() -> Path | None:
    """None: where the system keeps temporary files."""
    try:
        state = os.statvfs(_MEMORY)
    except OSError:
        return None
    roomy = state.f_bavail * state.f_frsize >= _ROOM and os.access(_MEMORY, os.W_OK)
    return _MEMORY if roomy else None
