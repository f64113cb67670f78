"""Two subjects that are one person, and one subject that is two."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy import select

from secondlook.errors import Invalid, UnknownSubject
from secondlook.gallery import ById, Subject
from secondlook.ports import Action
from secondlook.server import clock
from secondlook.server.actors import Actor, May
from secondlook.server.acts.keeping import move_sightings
from secondlook.server.acts.subjects import drop_open_sets, forget_answers
from secondlook.server.rows import MergeRow
from secondlook.server.service import SYSTEM, Service


def merge(service: Service, actor: Actor, into: str, from_: str) -> Subject:
    """Makes one of two (ids): references and what is kept of sightings go to ``into``, sealed anew; ``from_`` is no more.

    Called again it finds that it was done. Cut off in between it is finished at the next start. Raises UnknownSubject,
    GalleryLocked, Invalid where both are one.
    """
    actor.need(May.CHANGE_SUBJECTS)
    if into == from_:
        raise Invalid("These two are one subject already: name two.")
    gallery = service.gallery
    with service.changing_subjects:
        finish_merges(service)
        with service.database.writing() as session:
            before = session.get(MergeRow, from_)
            if before is None or before.into_id != into:
                gallery.subject(into), gallery.subject(from_)
                move_sightings(service, session, from_, into)
                drop_open_sets(session, into, from_)
                forget_answers(session)
                asked_by = f"account:{actor.id}"
                session.add(
                    MergeRow(gone_id=from_, into_id=into, asked_by=asked_by, created_at=clock.now(), done_at=None)
                )
        finish_merges(service, actor)
    return gallery.subject(into)


def finish_merges(service: Service, actor: Actor | None = None) -> None:
    """Those that were begun: what is kept of sightings has gone over, the gallery follows. actor: who asks right now; else it
    is written down that the service finished what somebody had asked for."""
    with service.database.reading() as session:
        begun = session.scalars(select(MergeRow).where(MergeRow.done_at.is_(None))).all()
    for row in begun:
        # unknown: it was done and this was not, or one of the two was removed meanwhile
        with suppress(UnknownSubject):
            watched = service.gallery.witnessed(partial(_record, service, row, actor))
            watched.merge(ById(row.into_id), ById(row.gone_id))
        with service.database.writing() as session:
            session.get_one(MergeRow, row.gone_id).done_at = clock.now()


def _record(service: Service, row: MergeRow, actor: Actor | None) -> None:
    objects = (f"subject:{row.into_id}", f"subject:{row.gone_id}")
    if actor is None:
        service.record(SYSTEM, Action.MERGE, *objects, asked_by=row.asked_by)
    else:
        service.record(actor, Action.MERGE, *objects)


def split(service: Service, actor: Actor, id_: str, subject: str, references: Sequence[int], name: str) -> Subject:
    """Makes a new subject of some references of one. id_: that the new one gets; called twice with one id it is one.

    What is kept of sightings stays with the one that was divided: whoever was seen has to be compared anew. Raises
    UnknownSubject, GalleryLocked, SubjectExists, GalleryError where a reference is another's, or all or none are named.
    """
    actor.need(May.CHANGE_SUBJECTS)
    gallery = service.gallery
    with service.changing_subjects:
        try:
            return gallery.subject(id_)
        except UnknownSubject:
            pass
        with service.database.writing() as session:
            drop_open_sets(session, subject)
        objects = (f"subject:{subject}", f"subject:{id_}")
        watched = gallery.witnessed(
            lambda: service.record(actor, Action.MERGE, *objects, done="divided", references=len(references))
        )
        watched.split(ById(subject), references, name, id_)
    return gallery.subject(id_)
