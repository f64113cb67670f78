"""Whose a face is: what in the gallery, or among the subject's other pictures, speaks against it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from secondlook.decide.rule import suspicious_from
from secondlook.enrolling.looking import EnrolOptions, Look, Usable
from secondlook.errors import GalleryError, UnknownSubject
from secondlook.faces.fuse import fuse
from secondlook.gallery import EnrolResult, EnrolStatus, Gallery, NewReference, SuspicionLimits, Who
from secondlook.gallery.enrolment import Siblings, judged, suspicion
from secondlook.identify import Stages
from secondlook.types import Candidate, Floats


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What becomes of a subject's pictures, in their order, and what is to be enrolled of them."""

    results: tuple[EnrolResult, ...]
    references: tuple[NewReference, ...]


def judge(
    who: Who,
    name: str,
    seen: Sequence[Look],
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Judged:
    """Which of a subject's pictures are to be enrolled: those that seem to show somebody else are held back, or not."""
    fresh = _fresh(seen, stages.embedder.dimension)
    siblings = _siblings(_own_templates(gallery, who, stages.embedder.dimension), fresh, gallery)
    found = gallery.search_many(fresh.values, stages.embedder.pack)
    return _judged(name, _Seen(seen, siblings, found, _suspicious(seen, stages, gallery.subjects)), options)


def judged_first(
    waiting: Sequence[tuple[str, Sequence[Look]]], gallery: Gallery, stages: Stages, options: EnrolOptions
) -> list[Judged]:
    """What becomes of the first of those who wait, as many as can be judged before any of them is enrolled: somebody who is
    there already alone, and nobody whose pictures might be taken for one before.

    waiting: subjects by name, with the looks at their pictures; at least one.
    """
    several = list(takewhile(lambda one: not may_be_there(gallery, one[0]), waiting))
    if not several:
        subject, looked = waiting[0]
        return [judge(subject, subject, looked, gallery, stages, options)]
    fresh = [_fresh(looked, stages.embedder.dimension) for _, looked in several]
    found = iter(gallery.search_many(np.concatenate([one.values for one in fresh]), stages.embedder.pack))
    done, wholes, size = list[Judged](), list[Floats](), gallery.subjects
    for (subject, looked), one in zip(several, fresh, strict=True):
        seen = _Seen(
            looked,
            _siblings(_Templates.none(stages.embedder.dimension), one, gallery),
            [next(found) for _ in one.values],
            _suspicious(looked, stages, size + len(wholes)),
        )
        if wholes and _may_be_taken_for(one, wholes, seen, gallery):
            break
        done.append(_judged(subject, seen, options))
        chosen = _Templates.of(done[-1].references, stages.embedder.dimension)
        if len(chosen.values):
            wholes.append(fuse(chosen.values, chosen.weights))
    return done


def _may_be_taken_for(fresh: _Templates, wholes: Sequence[Floats], seen: _Seen, gallery: Gallery) -> bool:
    """Whether a fresh template is so like one of ``wholes`` that ``suspicion`` could name it."""
    if not len(fresh.values):
        return False
    nearest = gallery.scores(fresh.values, np.stack(wholes)).max(1)
    own = [math.inf if one.score is None else one.score for one in seen.siblings]
    least = [min(limits.another, score) for limits, score in zip(seen.limits, own, strict=True)]
    return bool((nearest >= np.array(least)).any())


def may_be_there(gallery: Gallery, subject: str) -> bool:
    """Whether somebody is, or might be, enrolled under that name."""
    try:
        gallery.subject_id(subject)
    except UnknownSubject:
        return False
    except GalleryError:  # no name at all: it is told when its turn comes, after those before it were enrolled
        return True
    return True


@dataclass(frozen=True, eq=False, slots=True)
class _Templates:
    """values: (n, D). weights: (n,), what each weighs among its subject's."""

    values: Floats
    weights: Floats

    @classmethod
    def of(cls, references: Sequence[NewReference], dimension: int) -> _Templates:
        values = np.array([one.template for one in references], np.float32).reshape(len(references), dimension)
        return cls(values, np.array([one.quality.score for one in references], np.float32))

    @classmethod
    def none(cls, dimension: int) -> _Templates:
        return cls.of((), dimension)


@dataclass(frozen=True, eq=False, slots=True)
class _Seen:
    """looks: at each of a subject's pictures. siblings, found, limits: of each that is usable."""

    looks: Sequence[Look]
    siblings: Sequence[Siblings]
    found: Sequence[tuple[Candidate, ...]]
    limits: Sequence[SuspicionLimits]


def _judged(name: str, seen: _Seen, options: EnrolOptions) -> Judged:
    against = zip(seen.siblings, seen.found, seen.limits, strict=True)
    results, chosen = list[EnrolResult](), list[NewReference]()
    for one in seen.looks:
        if isinstance(one, EnrolResult):
            results.append(one)
            continue
        result = judged(one.label, name, suspicion(name, *next(against)), options.on_suspicion)
        results.append(result)
        if result.status is EnrolStatus.ENROLLED:
            chosen.append(one.reference)
    return Judged(tuple(results), tuple(chosen))


def _usable(looks: Sequence[Look]) -> list[NewReference]:
    return [one.reference for one in looks if isinstance(one, Usable)]


def _fresh(looks: Sequence[Look], dimension: int) -> _Templates:
    return _Templates.of(_usable(looks), dimension)


def _suspicious(looks: Sequence[Look], stages: Stages, size: int) -> list[SuspicionLimits]:
    """What each usable picture is measured by. size: subjects in the gallery."""
    another = (suspicious_from(stages.point, one.quality, size) for one in _usable(looks))
    return [SuspicionLimits(another=score, own=stages.point.unlike) for score in another]


def _siblings(own: _Templates, fresh: _Templates, gallery: Gallery) -> list[Siblings]:
    """For each fresh template, how like it is to those enrolled for the subject and to the other fresh ones."""
    values, weights = np.concatenate([own.values, fresh.values]), np.concatenate([own.weights, fresh.weights])
    if len(values) < 2 or not len(fresh.values):
        return [Siblings.none() for _ in fresh.values]
    rows = range(len(own.values), len(values))
    others = [(np.delete(values, row, axis=0), np.delete(weights, row)) for row in rows]
    scores = gallery.scores(fresh.values, np.stack([fuse(*each) for each in others])).diagonal()
    cosines = (theirs @ one for (theirs, _), one in zip(others, fresh.values, strict=True))
    return [Siblings(each, float(score)) for each, score in zip(cosines, scores, strict=True)]


def _own_templates(gallery: Gallery, subject: Who, dimension: int) -> _Templates:
    try:
        return _Templates(*gallery.weighted_templates(subject))
    except UnknownSubject:
        return _Templates.none(dimension)
