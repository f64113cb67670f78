"""A picture that was sent, searched for everybody in it: each face has one decision; only who may be enrolled is kept, for
people to look at."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

from secondlook.ports import Action
from secondlook.report.crops import crop_jpeg
from secondlook.report.record import SightingRecord, record_of
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.acts.enrolment import Sent, called
from secondlook.server.acts.keeping import Seen, keep_sightings, sighting_row_id
from secondlook.server.acts.sightings import Measures, Stated
from secondlook.server.service import Service, Why
from secondlook.types import Candidate, Frame, Grounds, Outcome

MOST_LOGGED = 90
"""Ids of subjects in one entry of the log."""


@dataclass(frozen=True, slots=True)
class Named:
    """A candidate: a lead to check, no identification. subject: the name it has today. reference: the most alike of its
    references. score: comparison score, no probability."""

    subject_id: str
    subject: str
    reference: int
    score: float
    rank: int


@dataclass(frozen=True, slots=True)
class FaceFound:
    """number: from 1, the best detected first. box: x0, y0, x1, y1 in px of the upright picture. sighting: its id, where the
    face is kept for review; nothing is kept of anybody else."""

    number: int
    box: tuple[float, float, float, float]
    detector_score: float
    quality: Measures
    outcome: Outcome
    grounds: Stated
    candidates: tuple[Named, ...]
    sighting: str | None


@dataclass(frozen=True, slots=True)
class Searched:
    """width, height: of the upright picture, px."""

    id: str
    width: int
    height: int
    gallery_size: int
    faces: tuple[FaceFound, ...]


def search(service: Service, actor: Actor, id_: str, sent: Sent, why: Why) -> Searched:
    """id_: of the search; called twice with one id, nothing is kept twice. Written down with what came out.

    Raises ReasonMissing, CustodyError, SourceError, CalibrationError, PackError, OutputError.
    """
    actor.need(May.SEARCH)
    service.need_reason(why)
    identifier = service.identifier()
    identifier.check()
    pixels = service.decoders.decode(sent.data)
    height, width = pixels.shape[:2]
    found = identifier.in_photo(Frame(pixels, called(sent.name, 1)))
    size = identifier.gallery.subjects
    records = [record_of(one) for one in found]
    owners = identifier.gallery.owners(c.reference for record in records for c in record.candidates)
    origin, named = f"search:{id_}", [named_of(record.candidates, owners) for record in records]
    crops = [crop_jpeg(one.crop) if one.crop is not None and one.decision.candidates else None for one in found]
    with service.database.writing() as session:
        kept = keep_sightings(
            service,
            session,
            origin,
            (Seen(record, crop) for record, crop in zip(records, crops, strict=True)),
            searched_by=actor.id,
            why=why,
            seen_at=clock.now(),
        )
        write_down(service, actor, id_, why, size, (record.outcome for record in records), named, "picture")
    faces = tuple(
        _face(number, record, names, origin, kept.ids)
        for number, (record, names) in enumerate(zip(records, named, strict=True), start=1)
    )
    return Searched(id_, width, height, size, faces)


def write_down(
    service: Service,
    actor: Actor,
    id_: str,
    why: Why,
    size: int,
    outcomes: Iterable[str],
    named: Iterable[tuple[Named, ...]],
    of: str,
) -> None:
    """One entry for one search: why, how many faces, what came out, and whose names were told."""
    count = Counter(str(outcome) for outcome in outcomes)
    told = dict.fromkeys(f"subject:{one.subject_id}" for names in named for one in names)
    service.record(
        actor,
        Action.SEARCH,
        f"search:{id_}",
        *list(told)[:MOST_LOGGED],
        why=why,
        of=of,
        faces=count.total(),
        gallery=size,
        named=len(told),
        **{outcome: count[outcome] for outcome in sorted(count)},
    )


def named_of(candidates: Iterable[Candidate], owners: Mapping[int, str]) -> tuple[Named, ...]:
    """owners: ids of subjects by reference; who is not there was removed a moment ago, and is left out."""
    return tuple(
        Named(owners[c.reference], c.subject, c.reference, c.score, c.rank) for c in candidates if c.reference in owners
    )


def stated_of(grounds: Grounds) -> Stated:
    return Stated(*(getattr(grounds, name) for name in Stated.__slots__))


def _face(
    number: int, record: SightingRecord, named: tuple[Named, ...], origin: str, kept: tuple[str, ...]
) -> FaceFound:
    row = sighting_row_id(origin, record.id)
    return FaceFound(
        number=number,
        box=record.box,
        detector_score=record.detector_score,
        quality=Measures(*(value if math.isfinite(value) else None for value in astuple(record.quality))),
        outcome=record.outcome,
        grounds=stated_of(record.grounds),
        candidates=named,
        sighting=row if row in kept else None,
    )
