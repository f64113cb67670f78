"""What is kept of sightings: those which name somebody enrolled, sealed with that person's key. Of everybody else there is a
number and nothing more: no row, no template, no picture."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from secondlook.errors import GalleryError, GalleryLocked, UnknownSubject
from secondlook.gallery import Gallery
from secondlook.report.record import SightingRecord
from secondlook.report.sightings import moment, of_line, to_line
from secondlook.review.verdicts import standing
from secondlook.server import clock
from secondlook.server.rows import SightingRow
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Outcome

_SPACE = uuid.UUID("3c6a6a0e-51f5-4c0f-9f0e-1b6b8f3b7a52")
_KEPT = frozenset({Outcome.CANDIDATE, Outcome.INCONCLUSIVE})


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting to be kept, if it names anybody. crop: JPEG of the face, None where there is none. upload: id of the file it
    was seen in."""

    record: SightingRecord
    crop: bytes | None = field(default=None, repr=False)
    upload: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """candidate to not_searchable: how many sightings of each outcome there were, kept or not. ids: of the rows of those
    that name somebody enrolled, also where they had been kept before."""

    candidate: int = 0
    no_candidate: int = 0
    inconclusive: int = 0
    not_searchable: int = 0
    ids: tuple[str, ...] = ()

    @property
    def seen(self) -> int:
        return self.candidate + self.no_candidate + self.inconclusive + self.not_searchable


def sighting_row_id(origin: str, number: str) -> str:
    """The same each time, so that whoever keeps a sighting twice speaks of one."""
    return uuid.uuid5(_SPACE, f"{origin} {number}").hex


def keep_sightings(
    service: Service,
    session: Session,
    origin: str,
    sightings: Iterable[Seen],
    *,
    searched_by: str | None,
    why: Why,
    seen_at: str,
    job_id: str | None = None,
    camera_id: str | None = None,
) -> Kept:
    """Adds the rows to ``session``, which the caller commits. Only a sighting that names an enrolled subject (a candidate, or
    inconclusive with a name worth naming) gets one; by origin and its own number it is kept once, however often it is told.

    origin: ``job:<id>``, ``search:<id>`` or ``camera:<id>``. searched_by: the account that may not review it. seen_at: of
    those whose record has no time of day. Raises OutputError.
    """
    counts = Counter[str]()
    ids: list[str] = []
    for seen in sightings:
        counts[seen.record.outcome.value] += 1
        subject = _whom(service.gallery, seen.record)
        if subject is None:
            continue
        id_ = sighting_row_id(origin, seen.record.id)
        if session.get(SightingRow, id_) is None:
            sealed = _sealed(service.gallery, id_, subject, seen)
            if sealed is None:
                continue
            row = _row(seen.record, sealed, why, seen_at)
            row.id, row.origin, row.subject_id, row.upload_id = id_, origin, subject, seen.upload
            row.job_id, row.camera_id, row.searched_by = job_id, camera_id, searched_by
            session.add(row)
        ids.append(id_)
    session.flush()
    return Kept(**counts, ids=tuple(dict.fromkeys(ids)))


def _row(record: SightingRecord, sealed: Sealed, why: Why, seen_at: str) -> SightingRow:
    posterior, begun = record.grounds.posterior, standing((), frozenset())
    return SightingRow(
        number=record.id,
        purpose=why.purpose,
        case_number=why.case,
        outcome=record.outcome.value,
        seen_at=seen_at if record.seen_at is None else moment(record.seen_at),
        posterior=None if posterior is None else posterior.value,
        sealed_record=sealed.record,
        sealed_crop=sealed.crop,
        review=begun.verdict.value,
        why=begun.sentence,
        version=1,
        created_at=clock.now(),
    )


def opened_record(gallery: Gallery, row: SightingRow) -> SightingRecord:
    """The line of ``sightings.jsonl``, with today's names; a rival who is not enrolled any more is left out.

    Raises GalleryLocked, UnknownSubject where the subject is not enrolled any more, GalleryError where the row was changed.
    """
    record = of_line(gallery.unseal(row.sealed_record, _what(row.id, "record"), row.subject_id).decode())
    own = gallery.subject(row.subject_id).name
    named = []
    for candidate in record.candidates:
        name = own if candidate.subject == row.subject_id else _name(gallery, candidate.subject)
        if name is not None:
            named.append(replace(candidate, subject=name))
    return _with(record, named)


def opened_crop(gallery: Gallery, row: SightingRow) -> bytes | None:
    """JPEG. Raises as ``opened_record``."""
    if row.sealed_crop is None:
        return None
    return gallery.unseal(row.sealed_crop, _what(row.id, "crop"), row.subject_id)


def move_sightings(service: Service, session: Session, from_: str, into: str) -> int:
    """Seals every sighting of one subject (id in hex) with the key of another; how many. To be committed before the two are
    merged, when the first key goes. Raises UnknownSubject, GalleryLocked."""
    gallery = service.gallery
    rows = session.scalars(select(SightingRow).where(SightingRow.subject_id == from_)).all()
    for row in rows:
        record = of_line(gallery.unseal(row.sealed_record, _what(row.id, "record"), from_).decode())
        crop = opened_crop(gallery, row)
        moved = [replace(c, subject=into) if c.subject == from_ else c for c in record.candidates]
        sealed = _seal(gallery, row.id, into, _with(record, moved), crop)
        row.sealed_record, row.sealed_crop, row.subject_id = sealed.record, sealed.crop, into
        row.version += 1
    return len(rows)


@dataclass(frozen=True, slots=True)
class Sealed:
    record: bytes
    crop: bytes | None


def _whom(gallery: Gallery, record: SightingRecord) -> str | None:
    """The id of whom it names; None where it names nobody, or nobody who is enrolled any more."""
    if record.outcome not in _KEPT or not record.candidates:
        return None
    return _id(gallery, record.candidates[0])


def _id(gallery: Gallery, candidate: Candidate) -> str | None:
    try:
        return gallery.subject_id(candidate.subject)
    except UnknownSubject:
        pass
    try:  # renamed or merged since the search: the reference kept its id
        return gallery.subject_id(gallery.reference(candidate.reference).subject)
    except GalleryError:
        return None


def _name(gallery: Gallery, subject: str) -> str | None:
    try:
        return gallery.subject(subject).name
    except (UnknownSubject, GalleryLocked):
        return None


def _sealed(gallery: Gallery, id_: str, subject: str, seen: Seen) -> Sealed | None:
    """In the sealed line subjects are called by their ids, so that a rival's name is never under another person's key.
    None where the subject's key is gone."""
    rivals = [(candidate, _id(gallery, candidate)) for candidate in seen.record.candidates[1:]]
    named = [replace(seen.record.candidates[0], subject=subject)]
    named += [replace(candidate, subject=rival) for candidate, rival in rivals if rival is not None]
    try:
        return _seal(gallery, id_, subject, _with(seen.record, named), seen.crop)
    except (UnknownSubject, GalleryLocked):
        return None


def _seal(gallery: Gallery, id_: str, subject: str, record: SightingRecord, crop: bytes | None) -> Sealed:
    return Sealed(
        gallery.seal(to_line(record).encode(), _what(id_, "record"), subject),
        None if crop is None else gallery.seal(crop, _what(id_, "crop"), subject),
    )


def _with(record: SightingRecord, candidates: Iterable[Candidate]) -> SightingRecord:
    return replace(record, decision=replace(record.decision, candidates=tuple(candidates)))


def _what(id_: str, part: str) -> str:
    return f"sighting {id_} {part}"


def renew_sighting(service: Service, session: Session, id_: str, seen: Seen, why: str = "") -> bool:
    """Puts what is now known of a sighting in the place of what was known when it was kept early; whether it was there.

    Whose it is stays as it was: a candidate that is taken back is still a record about whoever was named. why: for
    people, where it is taken back. Raises OutputError.
    """
    row = session.get(SightingRow, id_)
    if row is None:
        return False
    sealed = _sealed_for(service.gallery, row, seen)
    if sealed is None:
        return False
    posterior = seen.record.grounds.posterior
    row.sealed_record = sealed.record
    row.sealed_crop = sealed.crop if sealed.crop is not None else row.sealed_crop
    row.outcome, row.posterior = seen.record.outcome.value, None if posterior is None else posterior.value
    row.why = why or row.why
    row.version += 1
    session.flush()
    return True


def _sealed_for(gallery: Gallery, row: SightingRow, seen: Seen) -> Sealed | None:
    """In the line subjects are called by their ids. None where the key of whom the row is about is gone."""
    named = [(candidate, _id(gallery, candidate)) for candidate in seen.record.candidates]
    kept = [replace(candidate, subject=subject) for candidate, subject in named if subject is not None]
    try:
        return _seal(gallery, row.id, row.subject_id, _with(seen.record, kept), seen.crop)
    except (UnknownSubject, GalleryLocked):
        return None
