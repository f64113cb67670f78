"""From folders of pictures to references: who is enrolled with which face, and why a picture was not taken.

pictures -> faces -> one face meant -> good enough? -> whose? -> gallery
"""

from __future__ import annotations

import hashlib
import io
import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import takewhile
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from secondlook.decide.rule import suspicious_from
from secondlook.errors import GalleryError, SourceError, UnknownSubject
from secondlook.faces.align import chip
from secondlook.faces.crop import crop
from secondlook.faces.detect import find_faces
from secondlook.faces.fuse import fuse
from secondlook.gallery import (
    EnrolLimits,
    EnrolResult,
    EnrolStatus,
    Gallery,
    NewReference,
    OnSuspicion,
    SuspicionLimits,
    Who,
)
from secondlook.gallery.enrolment import Refusal, Siblings, already_enrolled, choose_face, judged, refused, suspicion
from secondlook.gallery.names import folded_name
from secondlook.identify import Stages
from secondlook.sources import Picture, picture_from
from secondlook.track.in_view import measured
from secondlook.types import Candidate, Face, Floats, Frame

AHEAD = 4
"""How many pictures wait, looked at, for each that is looked at: enough that writing to the gallery stops nobody."""

TOGETHER_S = 0.2
"""Those who were looked at in this time, s, are judged and written together: a transaction costs as much as two pictures."""

REFERENCE_CROP_PX = 400
"""Longest side of the crop kept of a reference: enough to make a template anew with any pack."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One subject and its pictures. label: what to call a picture in results; one each."""

    subject: str
    pictures: tuple[Picture, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnrolOptions:
    limits: EnrolLimits = field(default_factory=EnrolLimits)
    on_suspicion: OnSuspicion = OnSuspicion.HOLD


@dataclass(frozen=True, eq=False, slots=True)
class Usable:
    """A picture with one face meant and good enough, whoever it shows. label: what to call it in results."""

    label: str
    reference: NewReference


Look: TypeAlias = "EnrolResult | Usable"
"""What is seen in one picture: why it is not to be enrolled, or a face that is good enough."""

_Looked: TypeAlias = tuple[Enrolment, "Sequence[Look]"]


@dataclass(frozen=True, eq=False, slots=True)
class Judged:
    """What becomes of a subject's pictures, in their order, and what is to be enrolled of them."""

    results: tuple[EnrolResult, ...]
    references: tuple[NewReference, ...]


def enrolments(people: Path) -> tuple[Enrolment, ...]:
    """What a folder of people says: a folder per subject, or one picture per subject (its name without the ending).

    Raises SourceError where there is no such folder, it cannot be read, or nobody is in it.
    """
    if not people.is_dir():
        raise SourceError(f"{people} is no folder: name one with a folder, or a picture, for each person.")
    try:
        entries = sorted((p for p in people.iterdir() if not p.name.startswith(".")), key=lambda p: p.name)
    except OSError as error:
        raise SourceError(f"{people} cannot be read ({error.strerror}): allow reading it.") from error
    found = []
    for entry in entries:
        inside = sorted(p for p in entry.rglob("*") if p.is_file() and not p.name.startswith("."))
        files = inside if entry.is_dir() else [entry]
        if files:
            name = entry.name if entry.is_dir() else entry.stem
            found.append(Enrolment(name, tuple(files), tuple(str(p) for p in files)))
    if not found:
        raise SourceError(f"{people} holds nobody: put a folder, or a picture, for each person into it.")
    return _joined(found)


def _joined(found: Sequence[Enrolment]) -> tuple[Enrolment, ...]:
    """Ada/ and Ada.jpg are one subject."""
    subjects: dict[str, Enrolment] = {}
    for one in found:
        had = subjects.get(one.subject)
        if had:
            one = Enrolment(one.subject, had.pictures + one.pictures, had.labels + one.labels)
        subjects[one.subject] = one
    return tuple(subjects.values())


def enrol(
    people: Iterable[Enrolment], gallery: Gallery, stages: Stages, options: EnrolOptions, at_once: int = 1
) -> Iterator[tuple[EnrolResult, ...]]:
    """Enrols one subject after another; gives out what became of each one's pictures once it is written.

    Pictures enrolled before are recognised by their bytes, so that a run taken up again goes on where it was. at_once: how
    many pictures are looked at at the same time, also those of the next subjects; what comes out is the same.
    """
    named, waiting, since = set[str](), list[_Looked](), time.monotonic()
    with closing(_looks(people, gallery, stages, options, at_once)) as looks:
        for person, looked in looks:
            if folded_name(person.subject) in named:  # looked at before it was known what else is enrolled by this name
                yield from _enrol_together(waiting, gallery, stages, options)
                waiting = [(person, _read_all(person, gallery, stages, options))]
            else:
                waiting.append((person, looked()))
            named.add(folded_name(person.subject))
            if time.monotonic() - since >= TOGETHER_S:
                yield from _enrol_together(waiting, gallery, stages, options)
                waiting, since = [], time.monotonic()
        yield from _enrol_together(waiting, gallery, stages, options)


def _looks(
    people: Iterable[Enrolment], gallery: Gallery, stages: Stages, options: EnrolOptions, at_once: int
) -> Generator[tuple[Enrolment, Callable[[], Sequence[Look]]]]:
    """Each person with what gives the looks at the pictures."""
    if at_once == 1:
        for person in people:
            yield person, partial(_read_all, person, gallery, stages, options)
        return
    with ThreadPoolExecutor(at_once, "enrolling") as pool:
        for person, begun in _ahead(people, pool, AHEAD * at_once, gallery, stages, options):
            yield person, partial(_results, begun)


def _read_all(person: Enrolment, gallery: Gallery, stages: Stages, options: EnrolOptions) -> list[Look]:
    return [_read(*each, gallery, stages, options) for each in _pictures(person, gallery)]


def _results(begun: Sequence[Future[Look]]) -> list[Look]:
    return [each.result() for each in begun]


def _ahead(
    people: Iterable[Enrolment],
    pool: ThreadPoolExecutor,
    most: int,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Iterator[tuple[Enrolment, list[Future[Look]]]]:
    """Each person with the looks at the pictures, begun while the people before are still being enrolled."""
    begun = deque[tuple[Enrolment, list[Future[Look]]]]()
    pictures = 0
    try:
        for person in people:
            pictured = _pictures(person, gallery)
            begun.append((person, [pool.submit(_read, *each, gallery, stages, options) for each in pictured]))
            pictures += len(person.pictures)
            while pictures > most:
                first = begun.popleft()
                pictures -= len(first[1])
                yield first
        while begun:
            yield begun.popleft()
    finally:
        for _, waiting in begun:
            for one in waiting:
                one.cancel()


def _pictures(person: Enrolment, gallery: Gallery) -> Iterator[tuple[str | None, str, Picture, str]]:
    """Each picture: whose others are to be looked up (``look``), the subject's name, the picture, its label."""
    who = person.subject if _may_be_there(gallery, person.subject) else None
    return ((who, person.subject, *each) for each in zip(person.pictures, person.labels, strict=True))


def _may_be_there(gallery: Gallery, subject: str) -> bool:
    try:
        gallery.subject_id(subject)
    except UnknownSubject:
        return False
    except GalleryError:  # no name at all: it is told when its turn comes, after those before it were enrolled
        return True
    return True


def _enrol_together(
    waiting: Sequence[_Looked], gallery: Gallery, stages: Stages, options: EnrolOptions
) -> Iterator[tuple[EnrolResult, ...]]:
    """All of them, in as few transactions as give what one after another would."""
    while waiting:
        judged = _judged_first(waiting, gallery, stages, options)
        whose = [(person.subject, each.references) for (person, _), each in zip(waiting, judged, strict=False)]
        enrolled = [(subject, references) for subject, references in whose if references]
        if enrolled:
            gallery.enrol_many(enrolled, stages.embedder.pack)
        yield from (each.results for each in judged)
        waiting = waiting[len(judged) :]


def _judged_first(waiting: Sequence[_Looked], gallery: Gallery, stages: Stages, options: EnrolOptions) -> list[Judged]:
    """Of as many of the first of those who wait as can be judged before any of them is enrolled: somebody who is there
    already alone, and nobody whose pictures might be taken for one before."""
    several = list(takewhile(lambda one: not _may_be_there(gallery, one[0].subject), waiting))
    if len(several) < 2:
        person, looked = waiting[0]
        return [judge(person.subject, person.subject, looked, gallery, stages, options)]
    fresh = [_fresh(looked, stages.embedder.dimension) for _, looked in several]
    found = iter(gallery.search_many(np.concatenate([one.values for one in fresh]), stages.embedder.pack))
    judged, wholes, size = list[Judged](), list[Floats](), gallery.subjects
    for (person, looked), one in zip(several, fresh, strict=True):
        seen = _Seen(
            looked,
            _siblings(_Templates.none(stages.embedder.dimension), one, gallery),
            [next(found) for _ in one.values],
            _suspicious(looked, stages, size + len(wholes)),
        )
        if wholes and _may_be_taken_for(one, wholes, seen, gallery):
            break
        judged.append(_judged(person.subject, seen, options))
        chosen = _Templates.of(judged[-1].references, stages.embedder.dimension)
        if len(chosen.values):
            wholes.append(fuse(chosen.values, chosen.weights))
    return judged


def _may_be_taken_for(fresh: _Templates, wholes: Sequence[Floats], seen: _Seen, gallery: Gallery) -> bool:
    """Whether a fresh template is so like one of ``wholes`` that ``suspicion`` could name it."""
    if not len(fresh.values):
        return False
    nearest = gallery.scores(fresh.values, np.stack(wholes)).max(1)
    own = [math.inf if one.score is None else one.score for one in seen.siblings]
    least = [min(limits.another, score) for limits, score in zip(seen.limits, own, strict=True)]
    return bool((nearest >= np.array(least)).any())


def _read(
    who: str | None,
    subject: str,
    picture: Picture,
    label: str,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Look:
    try:
        frame = picture_from(picture, label)
    except SourceError as error:
        return EnrolResult(label, subject, EnrolStatus.REFUSED, str(error))
    return look(who, subject, frame, label, _fingerprint(picture, frame), gallery, stages, options)


def look(
    who: Who | None,
    name: str,
    frame: Frame,
    label: str,
    sha256: str,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Look:
    """Whether a picture can become a reference. who: the subject, None where nobody is enrolled under that name. name: what it
    is called in sentences. sha256: of the picture's file, in hex, by which it is known again."""
    if who is not None and _has_picture(gallery, who, sha256):
        return already_enrolled(label, name)
    found = find_faces(stages.detector, frame.pixels, stages.enrol_search)
    meant = choose_face([measured(frame, found, row) for row in range(len(found))], options.limits)
    if isinstance(meant, Refusal):
        return refused(label, name, meant)
    shown = chip(frame.pixels, meant.landmarks, stages.embedder.layout)
    face = replace(meant, template=stages.embedder.embed(shown[None])[0], pack=stages.embedder.pack)
    return Usable(label, _reference(frame, face, label, sha256))


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


def _has_picture(gallery: Gallery, subject: Who, sha256: str) -> bool:
    try:
        return gallery.has_picture(subject, sha256)
    except UnknownSubject:
        return False


def _fingerprint(picture: Picture, frame: Frame) -> str:
    if isinstance(picture, (str, Path)):
        return hashlib.sha256(Path(picture).read_bytes()).hexdigest()
    return hashlib.sha256(str(frame.pixels.shape).encode() + frame.pixels.tobytes()).hexdigest()


def _reference(frame: Frame, face: Face, label: str, sha256: str) -> NewReference:
    view, matrix = crop(frame.pixels, face.box, margin=0.6, largest=REFERENCE_CROP_PX)
    points = face.landmarks @ matrix[:, :2].T + matrix[:, 2]
    file = io.BytesIO()
    Image.fromarray(view).save(file, "JPEG", quality=95, subsampling=0)
    if face.template is None:
        raise ValueError("a face without a template cannot become a reference")
    return NewReference(face.template, file.getvalue(), points.astype(np.float32), label, sha256, face.quality)
