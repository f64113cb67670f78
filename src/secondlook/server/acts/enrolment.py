"""Enrolling from pictures that were sent. They are opened in a process of their own, looked at one after another, and never
lie on the disk but as sealed references."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from secondlook.assemble import Identifier
from secondlook.enrolling import EnrolOptions, Usable, judge, look
from secondlook.errors import GalleryLocked, Invalid, SourceError, SubjectErased, SubjectExists, UnknownSubject
from secondlook.gallery import ById, EnrolResult, EnrolStatus, Subject
from secondlook.ports import Action
from secondlook.server.actors import Actor, May
from secondlook.server.service import Service
from secondlook.types import Frame

MOST_PICTURES = 30
"""Sent at once."""
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent, and what its sender calls it."""

    name: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PictureResult:
    """What became of one picture. number: its place among those sent, from 1. reason, fix: a sentence each. nearest: somebody
    else it looks like; score: how much, or where there is no nearest how like the subject's own pictures. reference: what it
    became."""

    number: int
    picture: str
    status: EnrolStatus
    reason: str
    fix: str | None
    nearest_id: str | None
    nearest: str | None
    score: float | None
    reference: int | None


@dataclass(frozen=True, slots=True)
class Enrolled:
    """subject: None where nobody was enrolled before and no picture could be now."""

    subject: Subject | None
    results: tuple[PictureResult, ...]


def create(
    service: Service, actor: Actor, id_: str, name: str, pictures: Sequence[Sent], options: EnrolOptions
) -> Enrolled:
    """A new subject, if a picture can be enrolled. id_: that it gets; called twice with one id it is one subject.

    Raises SubjectExists where somebody else has the name, SubjectErased where whoever had the id was removed, Invalid,
    GalleryError where it is no name, PackError.
    """
    actor.need(May.CHANGE_SUBJECTS)
    with suppress(UnknownSubject):
        if service.gallery.subject_id(name) != id_:
            raise SubjectExists(f"There is a subject '{name}' already: choose another name, or add the pictures to it.")
    try:
        return _enrol(service, actor, ById(id_, name), name, pictures, options)
    except SubjectErased as error:
        raise SubjectErased(
            "This was asked for before, and who was enrolled then was removed since: ask with another Idempotency-Key."
        ) from error


def add(service: Service, actor: Actor, subject: str, pictures: Sequence[Sent], options: EnrolOptions) -> Enrolled:
    """More pictures of somebody who is there. A picture that is enrolled already stays as it is.

    Raises UnknownSubject, GalleryLocked, Invalid, PackError.
    """
    actor.need(May.CHANGE_SUBJECTS)
    name = service.gallery.subject(subject).name
    return _enrol(service, actor, ById(subject), name, pictures, options)


def _enrol(
    service: Service, actor: Actor, who: ById, name: str, pictures: Sequence[Sent], options: EnrolOptions
) -> Enrolled:
    if not 1 <= len(pictures) <= MOST_PICTURES:
        raise Invalid(f"Send 1 to {MOST_PICTURES} pictures at once.")
    identifier = service.identifier()
    gallery, stages = identifier.gallery, identifier.stages
    seen = [
        _looked(service, identifier, who, name, number, sent, options) for number, sent in enumerate(pictures, start=1)
    ]
    judged = judge(who, name, seen, gallery, stages, options)
    count = Counter(one.status for one in judged.results)
    watched = gallery.witnessed(
        lambda: service.record(
            actor,
            Action.ENROL,
            f"subject:{who.id}",
            enrolled=count[EnrolStatus.ENROLLED],
            refused=count[EnrolStatus.REFUSED],
            suspicious=count[EnrolStatus.SUSPICIOUS],
            already_enrolled=count[EnrolStatus.ALREADY_ENROLLED],
        )
    )
    ids = iter(watched.enrol(who, judged.references, stages.embedder.pack))
    results = [
        _result(service, number, one, next(ids) if one.status is EnrolStatus.ENROLLED else None)
        for number, one in enumerate(judged.results, start=1)
    ]
    return Enrolled(_subject(service, who.id), tuple(results))


def _looked(
    service: Service, identifier: Identifier, who: ById, name: str, number: int, sent: Sent, options: EnrolOptions
) -> EnrolResult | Usable:
    """Of the picture itself nothing is left when this returns, but the face."""
    label = called(sent.name, number)
    try:
        pixels = service.decoders.decode(sent.data)
    except SourceError as error:
        return EnrolResult(label, name, EnrolStatus.REFUSED, str(error))
    frame, sha256 = Frame(pixels, label), hashlib.sha256(sent.data).hexdigest()
    return look(who, name, frame, label, sha256, identifier.gallery, identifier.stages, options)


def called(name: str, number: int) -> str:
    """What a picture is called: as its sender does, where that can be shown."""
    plain = name.replace("\\", "/").rpartition("/")[2].strip()
    return plain if 1 <= len(plain) <= _LONGEST_NAME and plain.isprintable() else f"picture {number}"


def _result(service: Service, number: int, one: EnrolResult, reference: int | None) -> PictureResult:
    nearest = None
    if one.nearest is not None:
        with suppress(UnknownSubject):  # removed a moment ago
            nearest = service.gallery.subject_id(one.nearest)
    return PictureResult(
        number=number,
        picture=one.picture,
        status=one.status,
        reason=one.reason,
        fix=one.fix,
        nearest_id=nearest,
        nearest=one.nearest if nearest is not None else None,
        score=one.score,
        reference=reference,
    )


def _subject(service: Service, id_: str) -> Subject | None:
    try:
        return service.gallery.subject(id_)
    except (UnknownSubject, GalleryLocked):
        return None
