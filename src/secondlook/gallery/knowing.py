"""All that a gallery keeps of one subject: what has to be found nowhere once the subject is erased."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select

from secondlook.errors import UnknownSubject
from secondlook.faces.fuse import fuse
from secondlook.gallery.changes import Room
from secondlook.gallery.people import Reference, opened_row
from secondlook.gallery.records import ReferenceRow, SubjectRow
from secondlook.gallery.sealing import Kind
from secondlook.types import Floats


@dataclass(frozen=True, eq=False, slots=True)
class Known:
    """id: in hex. name: empty where the subject is blinded, and then there are no references either. fused: what is
    searched, (D,), None for none. sealed: every sealed value of its rows, and its wrapped key."""

    id: str
    name: str
    references: tuple[Reference, ...] = field(repr=False)
    fused: Floats | None = field(repr=False)
    sealed: tuple[bytes, ...] = field(repr=False)


def known(room: Room, id_: str) -> Known:
    """Raises UnknownSubject."""
    subject = room.session.get(SubjectRow, id_)
    if subject is None:
        raise UnknownSubject(
            f"There is no subject {id_} in {room.place}: `secondlook gallery list` shows who is enrolled."
        )
    rows = room.session.scalars(
        select(ReferenceRow).where(ReferenceRow.subject_id == id_).order_by(ReferenceRow.id)
    ).all()
    sealed = [subject.sealed_name, subject.name_lookup]
    for row in rows:
        sealed += [row.sealed_template, row.sealed_details, row.sealed_crop, row.picture_lookup]
    wrapped = room.vault.wrapped(id_)
    seal = room.vault.find(id_)
    if wrapped is None or seal is None:
        return Known(id_, "", (), None, tuple(sealed))
    name = seal.open(subject.sealed_name, Kind.NAME).decode()
    references = tuple(opened_row(seal, row, name) for row in rows)
    return Known(id_, name, references, _fused(references), (*sealed, wrapped))


def _fused(references: tuple[Reference, ...]) -> Floats | None:
    if not references:
        return None
    weights = np.array([reference.quality.score for reference in references], np.float32)
    return fuse(np.stack([reference.template for reference in references]), weights)
