"""Who is enrolled: to be looked at, renamed, removed."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import astuple, dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from secondlook.errors import GalleryLocked, NotFound
from secondlook.gallery import ById, Place, Subject
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.acts.sightings import Measures
from secondlook.server.rows import IdempotencyRow, ReviewTaskRow, ReviewTaskSubjectRow, SightingRow
from secondlook.server.service import Service


@dataclass(frozen=True, slots=True)
class Reference:
    """An enrolled picture of somebody. picture: what its sender called the file."""

    id: int
    picture: str
    quality: Measures
    enrolled_at: str


def subjects(
    service: Service, actor: Actor, *, after: Place | None = None, most: int = 50, containing: str = ""
) -> tuple[Subject, ...]:
    """By name. after: ``place_of`` the last one that was seen. containing: only those with this in their names."""
    actor.need(May.SEE_SUBJECTS)
    return service.gallery.page(after, most, containing)


def subject(service: Service, actor: Actor, id_: str) -> Subject:
    """Raises UnknownSubject, GalleryLocked."""
    actor.need(May.SEE_SUBJECTS)
    return service.gallery.subject(id_)


def rename(service: Service, actor: Actor, id_: str, name: str) -> Subject:
    """Raises UnknownSubject, GalleryLocked, SubjectExists, GalleryError where it is no name."""
    actor.need(May.CHANGE_SUBJECTS)
    gallery = service.gallery.witnessed(lambda: service.record(actor, Action.RENAME, f"subject:{id_}"))
    gallery.rename(ById(id_), name)
    return gallery.subject(id_)


def remove(service: Service, actor: Actor, id_: str) -> None:
    """With all references, and what was kept of sightings; the key goes first, so that no copy can be read any more.

    Blind sets that picture the subject and were not answered are drawn anew. Raises UnknownSubject.
    """
    actor.need(May.CHANGE_SUBJECTS)
    with service.changing_subjects, service.database.writing() as session:
        with suppress(GalleryLocked):  # blinded: what is left of it can be removed all the same
            service.gallery.subject(id_)
        drop_open_sets(session, id_)
        session.execute(delete(SightingRow).where(SightingRow.subject_id == id_))
        forget_answers(session)
        service.record(actor, Action.REMOVE, f"subject:{id_}", what="subject")
        service.gallery.remove_by_id(id_)


def references(service: Service, actor: Actor, id_: str) -> tuple[Reference, ...]:
    """Oldest first. Raises UnknownSubject, GalleryLocked."""
    actor.need(May.SEE_SUBJECTS)
    found = service.gallery.references(ById(id_))
    return tuple(
        Reference(
            one.id,
            one.source,
            Measures(*(value if math.isfinite(value) else None for value in astuple(one.quality))),
            clock.written(one.enrolled_at),
        )
        for one in found
    )


def remove_reference(service: Service, actor: Actor, reference: int) -> None:
    """Its subject stays, even without any. Raises NotFound."""
    actor.need(May.CHANGE_SUBJECTS)
    owner = _owner(service, reference)
    service.gallery.witnessed(
        lambda: service.record(actor, Action.REMOVE, f"subject:{owner}", f"reference:{reference}", what="reference")
    ).remove_reference(reference)


def picture(service: Service, actor: Actor, reference: int) -> bytes:
    """JPEG of the face; written down as viewed. Raises NotFound."""
    actor.need(May.SEE_SUBJECTS)
    owner = _owner(service, reference)
    crop = service.gallery.reference(reference).crop
    service.record(actor, Action.VIEW, f"subject:{owner}", f"reference:{reference}")
    return crop


def drop_open_sets(session: Session, *subjects: str) -> None:
    """Blind sets that picture one of these and were not answered yet; their sightings wait for new ones."""
    pictured = select(ReviewTaskSubjectRow.task_id).where(ReviewTaskSubjectRow.subject_id.in_(subjects))
    session.execute(delete(ReviewTaskRow).where(ReviewTaskRow.id.in_(pictured), ReviewTaskRow.answered_at.is_(None)))


def forget_answers(session: Session) -> None:
    """Those kept for idempotency keys, for any may say a name that nobody is to be called by any more."""
    session.execute(delete(IdempotencyRow).where(IdempotencyRow.status != 0))


def _owner(service: Service, reference: int) -> str:
    """The id of the subject. Raises NotFound."""
    owner = service.gallery.owners((reference,)).get(reference)
    if owner is None:
        raise NotFound(f"There is no reference {reference}: look at the references of its subject.")
    return owner
