"""Subjects that look like one person: found by the gallery's own search, with the threshold of a search."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from secondlook.assemble import Identifier
from secondlook.decide.rule import suspicious_from
from secondlook.errors import GalleryLocked, UnknownSubject
from secondlook.faces.fuse import fuse
from secondlook.gallery import ById, Place, Subject, place_of
from secondlook.server.actors import Actor, May
from secondlook.server.service import Service
from secondlook.types import Floats, Quality

LOOKED_AT = 200
"""Subjects searched for one page."""
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Alike:
    """Somebody who looks like somebody else. score: comparison score; threshold: from which a picture of such quality would
    make a candidate."""

    id: str
    name: str
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Pair:
    """one, other: ids; the first is the one that was searched for."""

    one: str
    one_name: str
    other: str
    other_name: str
    score: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Pairs:
    """after: where the next page begins; None: everybody was looked at. A page may be empty and not the last."""

    pairs: tuple[Pair, ...]
    after: Place | None


@dataclass(frozen=True, eq=False, slots=True)
class _Asked:
    """A subject that is searched for: as one template, with its best reference's quality."""

    subject: Subject
    template: Floats
    quality: Quality


def pairs(service: Service, actor: Actor, *, after: Place | None = None, most: int = LOOKED_AT) -> Pairs:
    """Looks at the next so many subjects by name. Each pair comes once, on whichever page. Raises PackError."""
    actor.need(May.SEE_SUBJECTS)
    identifier = service.identifier()
    page = identifier.gallery.page(after, most)
    found = []
    for one, others in zip(page, _alike(identifier, page), strict=True):
        for other in others:
            # told already with the other one, if that one finds this one as well
            if place_of(other.name, other.id) < place_of(one.name, one.id) and _finds(identifier, other.id, one.id):
                continue
            found.append(Pair(one.id, one.name, other.id, other.name, other.score, other.threshold))
    more = len(page) == most
    return Pairs(tuple(found), place_of(page[-1].name, page[-1].id) if more else None)


def alike(service: Service, actor: Actor, id_: str) -> tuple[Alike, ...]:
    """Who looks like one subject, the likest first. Raises UnknownSubject, GalleryLocked, PackError."""
    actor.need(May.SEE_SUBJECTS)
    identifier = service.identifier()
    return _alike(identifier, (identifier.gallery.subject(id_),))[0]


def _finds(identifier: Identifier, one: str, other: str) -> bool:
    try:
        subject = identifier.gallery.subject(one)
    except (UnknownSubject, GalleryLocked):
        return False
    return other in {found.id for found in _alike(identifier, (subject,))[0]}


def _alike(identifier: Identifier, subjects: Sequence[Subject]) -> list[tuple[Alike, ...]]:
    """For each, who looks like it."""
    gallery, stages = identifier.gallery, identifier.stages
    asked = {one.subject.id: one for one in (_asked(identifier, subject) for subject in subjects) if one is not None}
    templates = np.array([one.template for one in asked.values()], np.float32).reshape(len(asked), gallery.dimension)
    found = dict(zip(asked, gallery.search_many(templates, stages.embedder.pack, _NEAREST), strict=True))
    size = gallery.subjects
    result: list[tuple[Alike, ...]] = []
    for subject in subjects:
        one = asked.get(subject.id)
        threshold = math.inf if one is None else suspicious_from(stages.point, one.quality, size)
        near = [candidate for candidate in found.get(subject.id, ()) if candidate.score >= threshold]
        owners = gallery.owners(candidate.reference for candidate in near)
        others = (c for c in near if owners.get(c.reference, subject.id) != subject.id)
        result.append(tuple(Alike(owners[c.reference], c.subject, c.score, threshold) for c in others))
    return result


def _asked(identifier: Identifier, subject: Subject) -> _Asked | None:
    """None where it has no reference, or is gone."""
    who = ById(subject.id)
    try:
        templates, weights = identifier.gallery.weighted_templates(who)
        qualities = identifier.gallery.qualities(who)
    except (UnknownSubject, GalleryLocked):
        return None
    if not len(templates) or not qualities:
        return None
    return _Asked(subject, fuse(templates, weights), max(qualities, key=lambda quality: quality.score))
