"""From folders of pictures to references: who is enrolled with which face, and why a picture was not taken.

pictures -> faces -> one face meant -> good enough? -> whose? -> gallery
"""

from __future__ import annotations

import hashlib
import io
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from secondlook.identify import Stages
from secondlook.sources import Picture, picture_from
from secondlook.track.in_view import measured
from secondlook.types import Face, Floats, Frame

AHEAD = 4
"""How many pictures wait, looked at, for each that is looked at: enough that writing to the gallery stops nobody."""

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
    """Enrols one subject after another, each whole before the next; gives out what became of its pictures.

    Pictures enrolled before are recognised by their bytes, so that a run taken up again goes on where it was. at_once: how
    many pictures are looked at at the same time, also those of the next subjects; what comes out is the same.
    """
    if at_once == 1:
        for person in people:
            seen = [_read(*each, gallery, stages, options) for each in _pictures(person, gallery)]
            yield _enrol_one(person, seen, gallery, stages, options)
        return
    with ThreadPoolExecutor(at_once, "enrolling") as pool:
        done = set[str]()
        for person, waiting in _ahead(people, pool, AHEAD * at_once, gallery, stages, options):
            seen = [each.result() for each in waiting]
            if person.subject in done:  # looked at before it was known what else is enrolled under this name
                seen = [_read(*each, gallery, stages, options) for each in _pictures(person, gallery)]
            done.add(person.subject)
            yield _enrol_one(person, seen, gallery, stages, options)


def _ahead(
    people: Iterable[Enrolment],
    pool: ThreadPoolExecutor,
    most: int,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Iterator[tuple[Enrolment, list[Future[EnrolResult | Usable]]]]:
    """Each person with the looks at the pictures, begun while the people before are still being enrolled."""
    begun = deque[tuple[Enrolment, list[Future[EnrolResult | Usable]]]]()
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


def _enrol_one(
    person: Enrolment, seen: Sequence[EnrolResult | Usable], gallery: Gallery, stages: Stages, options: EnrolOptions
) -> tuple[EnrolResult, ...]:
    judged = judge(person.subject, person.subject, seen, gallery, stages, options)
    gallery.enrol(person.subject, judged.references, stages.embedder.pack)
    return judged.results


def _read(
    who: str | None,
    subject: str,
    picture: Picture,
    label: str,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> EnrolResult | Usable:
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
) -> EnrolResult | Usable:
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
    seen: Sequence[EnrolResult | Usable],
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Judged:
    """Which of a subject's pictures are to be enrolled: those that seem to show somebody else are held back, or not."""
    usable = [one.reference for one in seen if isinstance(one, Usable)]
    fresh = np.array([one.template for one in usable], np.float32).reshape(len(usable), stages.embedder.dimension)
    weights = np.array([one.quality.score for one in usable], np.float32)
    siblings = iter(_siblings(who, fresh, weights, gallery))
    found = iter(gallery.search_many(fresh, stages.embedder.pack))
    size = gallery.subjects
    results, chosen = [], []
    for one in seen:
        if isinstance(one, EnrolResult):
            results.append(one)
            continue
        another = suspicious_from(stages.point, one.reference.quality, size)
        limits = SuspicionLimits(another=another, own=stages.point.unlike)
        suspected = suspicion(name, next(siblings), next(found), limits)
        result = judged(one.label, name, suspected, options.on_suspicion)
        results.append(result)
        if result.status is EnrolStatus.ENROLLED:
            chosen.append(one.reference)
    return Judged(tuple(results), tuple(chosen))


def _siblings(subject: Who, fresh: Floats, fresh_weights: Floats, gallery: Gallery) -> list[Siblings]:
    """For each fresh template, how like it is to those enrolled for the subject and to the other fresh ones.

    fresh: (n, D). fresh_weights: (n,), what each will weigh.
    """
    own, own_weights = _own_templates(gallery, subject, fresh.shape[1])
    templates, weights = np.concatenate([own, fresh]), np.concatenate([own_weights, fresh_weights])
    if len(templates) < 2 or not len(fresh):
        return [Siblings.none() for _ in fresh]
    rows = range(len(own), len(templates))
    others = [(np.delete(templates, row, axis=0), np.delete(weights, row)) for row in rows]
    scores = gallery.scores(fresh, np.stack([fuse(*each) for each in others])).diagonal()
    cosines = (theirs @ one for (theirs, _), one in zip(others, fresh, strict=True))
    return [Siblings(each, float(score)) for each, score in zip(cosines, scores, strict=True)]


def _own_templates(gallery: Gallery, subject: Who, dimension: int) -> tuple[Floats, Floats]:
    """(n, D) and what each weighs, (n,)."""
    try:
        return gallery.weighted_templates(subject)
    except UnknownSubject:
        return np.zeros((0, dimension), np.float32), np.zeros(0, np.float32)


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
