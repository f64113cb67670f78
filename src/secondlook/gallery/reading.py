"""What a gallery's rows say, opened with the subjects' keys. Each function works in its caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import case, func, select

from secondlook.errors import GalleryError, GalleryLocked, PackMismatch, UnknownSubject
from secondlook.gallery.changes import Room, person
from secondlook.gallery.held import Weighed
from secondlook.gallery.names import Who
from secondlook.gallery.people import (
    Reference,
    Subject,
    opened_quality,
    opened_row,
    opened_template,
    opened_weight,
)
from secondlook.gallery.records import MetaRow, ReferenceRow, SubjectRow
from secondlook.gallery.sealing import Kind
from secondlook.gallery.subject_index import SubjectIndex
from secondlook.gallery.vault import SubjectSeal
from secondlook.ports import Comparison
from secondlook.types import Floats, Quality

_STEP = 1000
_IN_STEPS = {"yield_per": _STEP}
"""Of a large gallery not all rows are in memory at once."""
_UNWEIGHED = float("nan")
_TEMPLATE_COLUMNS = (
    ReferenceRow.id,
    ReferenceRow.subject_id,
    ReferenceRow.pack,
    ReferenceRow.picture_lookup,
    ReferenceRow.sealed_template,
)


def meta(room: Room) -> MetaRow:
    found = room.session.scalars(select(MetaRow)).one()
    if not (isinstance(found.dimension, int) and found.dimension > 0 and isinstance(found.pack, str)):
        raise GalleryError(f"{room.place} is damaged (no pack or dimension): restore it from a backup.")
    return found


def check_pack(place: str, held: str, asked: str) -> None:
    """Raises PackMismatch."""
    if asked != held:
        raise PackMismatch(
            f"{place} holds templates of the pack {held} and those of {asked} cannot be compared with them: "
            "use that pack, or change the gallery's with `secondlook gallery re-embed`."
        )


def seals(room: Room) -> tuple[dict[str, SubjectSeal], set[str]]:
    """The seals of all subjects by id, and the ids of those that are blinded."""
    return _seals_of(room, room.session.scalars(select(SubjectRow.id)))


def _seals_of(room: Room, ids: Iterable[str]) -> tuple[dict[str, SubjectSeal], set[str]]:
    subjects = set(ids)
    found = room.vault.find_all(subjects)
    return found, subjects - found.keys()


def subject_index(room: Room, now: MetaRow, comparison: Comparison) -> SubjectIndex:
    """The whole gallery for searching, opened row by row. now: read in this transaction before anything else, so that the
    session sees one state, whose keys were stored before. Raises PackMismatch, GalleryError where a row was tampered with.
    """
    opened, blinded = seals(room)
    index = SubjectIndex(now.revision, now.pack, now.dimension, comparison, len(blinded))
    for named in room.session.execute(
        select(SubjectRow.id, SubjectRow.sealed_name), execution_options=_IN_STEPS
    ).partitions():
        index.name({id_: opened[id_].open(name, Kind.NAME).decode() for id_, name in named if id_ in opened})
    several = select(ReferenceRow.subject_id).group_by(ReferenceRow.subject_id).having(func.count() > 1)
    # opening the details takes as long as opening the template, and one reference alone needs no weight
    details = case((ReferenceRow.subject_id.in_(several), ReferenceRow.sealed_details))
    for rows in room.session.execute(select(*_TEMPLATE_COLUMNS, details), execution_options=_IN_STEPS).partitions():
        readable = [row for row in rows if row.subject_id not in blinded]
        if readable:
            index.add(_weighed(room, readable, opened, now.pack))
    return index


def _weighed(room: Room, rows: Sequence[Any], opened: dict[str, SubjectSeal], held_pack: str) -> Weighed:
    """rows: of _TEMPLATE_COLUMNS and the sealed details, None where no weight is wanted; at least one."""
    ids, owners, templates, weights = [], [], [], []
    for id_, owner, pack, picture, sealed, details in rows:
        if owner not in opened:
            raise GalleryError(f"{room.place} is damaged (reference {id_} is nobody's): restore a backup.")
        check_pack(f"Reference {id_} in {room.place}", pack, held_pack)
        ids.append(id_)
        owners.append(owner)
        templates.append(opened_template(opened[owner], sealed, pack, picture, id_))
        weights.append(_UNWEIGHED if details is None else opened_weight(opened[owner], details, picture, id_))
    return Weighed(ids, owners, np.stack(templates), np.array(weights, np.float32))


def subject_list(room: Room) -> tuple[Subject, ...]:
    """By name, without those that are blinded."""
    opened, _ = seals(room)
    counted = (
        select(SubjectRow, func.count(ReferenceRow.id))
        .outerjoin(ReferenceRow, ReferenceRow.subject_id == SubjectRow.id)
        .group_by(SubjectRow.id)
    )
    found = [
        Subject(
            id=row.id,
            name=opened[row.id].open(row.sealed_name, Kind.NAME).decode(),
            references=count,
            enrolled_at=_time(room, row.created_at),
        )
        for row, count in room.session.execute(counted)
        if row.id in opened
    ]
    return tuple(sorted(found, key=lambda subject: subject.name.casefold()))


def _time(room: Room, written: str) -> datetime:
    try:
        return datetime.fromisoformat(written)
    except ValueError as error:
        raise GalleryError(f"{room.place} is damaged (no time: {written!r}): restore it from a backup.") from error


def subject(room: Room, id_: str) -> Subject:
    """By its id. Raises UnknownSubject, GalleryLocked where its key was dropped."""
    row, seal = _row_and_seal(room, id_)
    references = select(func.count()).where(ReferenceRow.subject_id == id_)
    return Subject(
        id_,
        seal.open(row.sealed_name, Kind.NAME).decode(),
        room.session.scalar(references) or 0,
        _time(room, row.created_at),
    )


def subject_or_none(room: Room, id_: str) -> Subject | None:
    """None where it is not there any more, or its key was dropped."""
    try:
        return subject(room, id_)
    except (UnknownSubject, GalleryLocked):
        return None


def subject_seal(room: Room, id_: str) -> SubjectSeal:
    """Raises UnknownSubject, GalleryLocked."""
    return _row_and_seal(room, id_)[1]


def _row_and_seal(room: Room, id_: str) -> tuple[SubjectRow, SubjectSeal]:
    row = room.session.get(SubjectRow, id_)
    if row is None:
        raise UnknownSubject(
            f"There is no subject {id_} in {room.place}: `secondlook gallery list` shows who is enrolled."
        )
    seal = room.vault.find(id_)
    if seal is None:
        raise GalleryLocked(
            f"The key of subject {id_} in {room.place} was dropped: nothing kept of it can be read any more."
        )
    return row, seal


def references(room: Room, who: Who) -> tuple[Reference, ...]:
    """Of one subject, oldest first."""
    whose = person(room, who)
    rows = select(ReferenceRow).where(ReferenceRow.subject_id == whose.id).order_by(ReferenceRow.id)
    return tuple(opened_row(whose.seal, row, whose.name) for row in room.session.scalars(rows))


def weighed(room: Room, seals: Iterable[SubjectSeal]) -> Weighed:
    """All references of some subjects, with what each weighs."""
    whose = {seal.subject: seal for seal in seals}
    rows: list[Any] = []
    for start in range(0, len(whose), _STEP):
        theirs = ReferenceRow.subject_id.in_(list(whose)[start : start + _STEP])
        columns = select(*_TEMPLATE_COLUMNS, ReferenceRow.sealed_details).where(theirs)
        rows += room.session.execute(columns.order_by(ReferenceRow.id))
    now = meta(room)
    if not rows:
        return Weighed((), (), np.zeros((0, now.dimension), np.float32), np.zeros(0, np.float32))
    return _weighed(room, rows, whose, now.pack)


def qualities(room: Room, who: Who) -> tuple[Quality, ...]:
    """Of one subject's references, oldest first, without touching templates or crops."""
    whose = person(room, who)
    columns = select(ReferenceRow.id, ReferenceRow.picture_lookup, ReferenceRow.sealed_details)
    rows = room.session.execute(columns.where(ReferenceRow.subject_id == whose.id).order_by(ReferenceRow.id))
    return tuple(opened_quality(whose.seal, details, picture, id_) for id_, picture, details in rows)


def enrolled(room: Room) -> int:
    """How many subjects have a reference, blinded or not, without opening any."""
    return room.session.scalar(select(func.count(ReferenceRow.subject_id.distinct()))) or 0


def weighted_templates(room: Room, who: Who) -> tuple[Floats, Floats]:
    """(n, D) templates of one subject, oldest first, and what each weighs (n,), without touching the crops."""
    whose = person(room, who)
    held = weighed(room, [whose.seal])
    return held.templates, held.weights


def reference(room: Room, id_: int) -> Reference:
    """Raises GalleryError where there is none, or where its subject is blinded."""
    found = reference_or_none(room, id_)
    if found is None:
        raise GalleryError(
            f"There is no reference {id_} in {room.place}, or its subject's key was dropped: "
            "`secondlook gallery show` lists those that can be read."
        )
    return found


def reference_or_none(room: Room, id_: int) -> Reference | None:
    """None where there is none, or where its subject is blinded."""
    row = room.session.get(ReferenceRow, id_)
    seal = None if row is None else room.vault.find(row.subject_id)
    if row is None or seal is None:
        return None
    subject = room.session.get_one(SubjectRow, row.subject_id)
    return opened_row(seal, row, seal.open(subject.sealed_name, Kind.NAME).decode())


def readable_ids(room: Room) -> Iterator[tuple[int, str, bytes]]:
    """(reference, subject id, picture lookup) of every reference whose subject is not blinded."""
    opened, _ = seals(room)
    columns = select(ReferenceRow.id, ReferenceRow.subject_id, ReferenceRow.picture_lookup).order_by(ReferenceRow.id)
    for id_, subject, picture in room.session.execute(columns):
        if subject in opened:
            yield id_, subject, picture
