"""Who of the enrolled may have been seen, where, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from enum import IntEnum

from sqlalchemy import ColumnElement, and_, case, or_, select, tuple_
from sqlalchemy.orm import Session

from secondlook.errors import Conflict, GalleryLocked, NotFound, UnknownSubject
from secondlook.ports import Action
from secondlook.report.record import SightingRecord
from secondlook.review.verdicts import DISAGREEMENT, Verdict
from secondlook.server.actors import Actor, May
from secondlook.server.acts.keeping import opened_crop, opened_record
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service
from secondlook.types import Candidate, Estimate, Outcome


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which sightings; None: all. subject, camera, job: ids. since: only those seen at that moment or later."""

    review: Verdict | None = None
    outcome: Outcome | None = None
    subject: str | None = None
    camera: str | None = None
    job: str | None = None
    since: str | None = None


class Urgency(IntEnum):
    """What needs people first comes first. CANDIDATE, INCONCLUSIVE: somebody such waits to be looked at. DISAGREEMENT: two
    reviewers looked at a candidate and disagree. NONE: all else."""

    CANDIDATE = 0
    DISAGREEMENT = 1
    INCONCLUSIVE = 2
    NONE = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list was left: ``urgency``, ``seen_at`` and ``id`` of the last one that was seen."""

    urgency: int
    seen_at: str
    id: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """subject: today's name of whom it may be; None where that person was erased a moment ago. urgency: 0 where a candidate
    waits to be looked at by people, 1 where reviewers disagree about one, 2 where somebody inconclusive waits, 3 else.
    posterior: chance of being that person, under the prior that was set; None: not stated. review: what people said; why: in
    a sentence. version: rises with each change.
    """

    id: str
    subject_id: str
    subject: str | None
    outcome: Outcome
    posterior: float | None
    review: Verdict
    why: str
    urgency: int
    seen_at: str
    job_id: str | None
    camera_id: str | None
    upload_id: str | None
    searched_by: str | None
    purpose: str
    case: str
    has_picture: bool
    version: int
    created_at: str


@dataclass(frozen=True, slots=True)
class Measures:
    """Of the picture, as in docs/sightings.md; None where it could not be taken."""

    inter_eye_px: float | None
    sharpness: float | None
    yaw_deg: float | None
    pitch_deg: float | None
    roll_deg: float | None
    exposure: float | None
    contrast: float | None
    blockiness: float | None
    visible: float | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Stated:
    """The grounds, as in docs/sightings.md."""

    sentence: str
    score: float | None
    threshold: float | None
    gallery_size: int
    margin: float | None
    calibrated: bool
    against: tuple[str, ...]
    fpir: float | None
    alike_rate: Estimate | None
    miss_rate: Estimate | None
    log10_lr: float | None
    prior: float | None
    posterior: Estimate | None
    calibration: str | None


@dataclass(frozen=True, slots=True)
class Opened:
    """source: what the upload or the camera was called. frame, time_s, box: of the shown moment, px. first_s, last_s: when in
    the footage. candidates: the best first, with today's names; who is not enrolled any more is left out."""

    sighting: Sighting
    source: str
    frame: int
    time_s: float | None
    box: tuple[float, float, float, float]
    first_s: float | None
    last_s: float | None
    frames: int
    detector_score: float | None
    quality: Measures
    grounds: Stated
    candidates: tuple[Candidate, ...]
    pack: str


def sightings(
    service: Service, actor: Actor, wanted: Wanted, *, after: Place | None = None, most: int = 50
) -> tuple[Sighting, ...]:
    """What needs people first, as ``Urgency`` has it; of each the newest first."""
    actor.need(May.SEE_SIGHTINGS)
    urgency = _urgency_of_rows()
    order = (urgency, SightingRow.seen_at.desc(), SightingRow.id.desc())
    chosen = select(SightingRow).where(*_conditions(wanted)).order_by(*order).limit(most)
    if after is not None:
        later = tuple_(SightingRow.seen_at, SightingRow.id) < (after.seen_at, after.id)
        chosen = chosen.where(or_(urgency > after.urgency, and_(urgency == after.urgency, later)))
    with service.database.reading() as session:
        rows = session.scalars(chosen).all()
    names = {id_: _name(service, id_) for id_ in {row.subject_id for row in rows}}
    return tuple(_sighting(row, names[row.subject_id]) for row in rows)


def sighting(service: Service, actor: Actor, id_: str) -> Opened:
    """Raises NotFound, UnknownSubject, GalleryLocked."""
    actor.need(May.SEE_SIGHTINGS)
    with service.database.reading() as session:
        row = row_of(session, id_)
    record = opened_record(service.gallery, row)
    return _opened(_sighting(row, service.gallery.subject(row.subject_id).name), record)


def picture(service: Service, actor: Actor, id_: str) -> bytes:
    """JPEG of the face; written down as viewed. Raises NotFound, also where none was kept; UnknownSubject, GalleryLocked."""
    actor.need(May.SEE_SIGHTINGS)
    with service.database.reading() as session:
        row = row_of(session, id_)
    crop = opened_crop(service.gallery, row)
    if crop is None:
        raise NotFound(f"Of sighting {id_} no picture was kept: its record says what was seen.")
    service.record(actor, Action.VIEW, f"sighting:{id_}", f"subject:{row.subject_id}")
    return crop


def drop(service: Service, actor: Actor, id_: str, version: int | None = None) -> None:
    """With its reviews and alerts. version: what it must still be; None: any. Raises NotFound, Conflict."""
    actor.need(May.DROP_SIGHTINGS)
    with service.database.writing() as session:
        row = row_of(session, id_)
        if version is not None and row.version != version:
            raise Conflict(f"Sighting {id_} was changed meanwhile: look at it again before it is dropped.")
        session.delete(row)
        service.record(actor, Action.REMOVE, f"sighting:{id_}", f"subject:{row.subject_id}", what="sighting")


def row_of(session: Session, id_: str) -> SightingRow:
    """Raises NotFound."""
    row = session.get(SightingRow, id_)
    if row is None:
        raise NotFound(f"There is no sighting {id_}: it was dropped, or its time is over.")
    return row


def _urgency_of_rows() -> ColumnElement[int]:
    """As ``_urgency``, for the database."""
    unreviewed = SightingRow.review == Verdict.UNREVIEWED.value
    candidate, inconclusive = (SightingRow.outcome == one.value for one in (Outcome.CANDIDATE, Outcome.INCONCLUSIVE))
    return case(
        (and_(unreviewed, candidate, SightingRow.why.startswith(DISAGREEMENT)), Urgency.DISAGREEMENT.value),
        (and_(unreviewed, candidate), Urgency.CANDIDATE.value),
        (and_(unreviewed, inconclusive), Urgency.INCONCLUSIVE.value),
        else_=Urgency.NONE.value,
    )


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    equal = (
        (SightingRow.review, wanted.review),
        (SightingRow.outcome, wanted.outcome),
        (SightingRow.subject_id, wanted.subject),
        (SightingRow.camera_id, wanted.camera),
        (SightingRow.job_id, wanted.job),
    )
    found = [column == str(value) for column, value in equal if value is not None]
    return [*found, SightingRow.seen_at >= wanted.since] if wanted.since is not None else found


def _urgency(row: SightingRow) -> Urgency:
    if row.review != Verdict.UNREVIEWED:
        return Urgency.NONE
    if row.outcome == Outcome.INCONCLUSIVE:
        return Urgency.INCONCLUSIVE
    if row.outcome != Outcome.CANDIDATE:
        return Urgency.NONE
    return Urgency.DISAGREEMENT if row.why.startswith(DISAGREEMENT) else Urgency.CANDIDATE


def _name(service: Service, subject: str) -> str | None:
    try:
        return service.gallery.subject(subject).name
    except (UnknownSubject, GalleryLocked):
        return None


def _sighting(row: SightingRow, name: str | None) -> Sighting:
    return Sighting(
        id=row.id,
        subject_id=row.subject_id,
        subject=name,
        outcome=Outcome(row.outcome),
        posterior=row.posterior,
        review=Verdict(row.review),
        why=row.why,
        urgency=_urgency(row),
        seen_at=row.seen_at,
        job_id=row.job_id,
        camera_id=row.camera_id,
        upload_id=row.upload_id,
        searched_by=row.searched_by,
        purpose=row.purpose,
        case=row.case_number,
        has_picture=row.sealed_crop is not None,
        version=row.version,
        created_at=row.created_at,
    )


def _opened(sighting: Sighting, record: SightingRecord) -> Opened:
    grounds = record.grounds
    return Opened(
        sighting=sighting,
        source=record.source,
        frame=record.frame,
        time_s=record.time_s,
        box=record.box,
        first_s=record.first_s,
        last_s=record.last_s,
        frames=record.frames,
        detector_score=_or_none(record.detector_score),
        quality=Measures(*(_or_none(value) for value in astuple(record.quality))),
        grounds=Stated(*(getattr(grounds, name) for name in Stated.__slots__)),
        candidates=record.candidates,
        pack=record.pack,
    )


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None
