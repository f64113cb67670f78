"""From folders of pictures to references: who is enrolled with which face, and why a picture was not taken.

pictures -> faces -> one face meant -> good enough? -> whose? -> gallery
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from secondlook.decide.rule import suspicious_from
from secondlook.errors import SourceError, UnknownSubject
from secondlook.faces.crop import crop
from secondlook.faces.fuse import fuse
from secondlook.gallery import (
    EnrolLimits,
    EnrolResult,
    EnrolStatus,
    Gallery,
    NewReference,
    OnSuspicion,
    SuspicionLimits,
)
from secondlook.gallery.enrolment import Refusal, Siblings, already_enrolled, choose_face, judged, refused, suspicion
from secondlook.identify import Stages, faces
from secondlook.sources import Picture, picture_from
from secondlook.types import Face, Floats, Frame

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
class _Usable:
    label: str
    sha256: str
    frame: Frame
    face: Face


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
    people: Iterable[Enrolment], gallery: Gallery, stages: Stages, options: EnrolOptions
) -> Iterator[tuple[EnrolResult, ...]]:
    """Enrols one subject after another, each whole before the next; gives out what became of its pictures.

    Pictures enrolled before are recognised by their bytes, so that a run taken up again goes on where it was.
    """
    for person in people:
        yield _enrol_one(person, gallery, stages, options)


def _enrol_one(person: Enrolment, gallery: Gallery, stages: Stages, options: EnrolOptions) -> tuple[EnrolResult, ...]:
    results: list[EnrolResult] = []
    usable: list[_Usable] = []
    for picture, label in zip(person.pictures, person.labels, strict=True):
        outcome = _look(person.subject, picture, label, gallery, stages, options)
        if isinstance(outcome, EnrolResult):
            results.append(outcome)
        else:
            usable.append(outcome)
    fresh = np.array([u.face.template for u in usable], np.float32).reshape(len(usable), stages.embedder.dimension)
    weights = np.array([u.face.quality.score for u in usable], np.float32)
    siblings = _siblings(person.subject, fresh, weights, gallery)
    found = gallery.search_many(fresh, stages.embedder.pack)
    size = gallery.subjects
    chosen: list[NewReference] = []
    for one, like, candidates in zip(usable, siblings, found, strict=True):
        another = suspicious_from(stages.point, one.face.quality, size)
        limits = SuspicionLimits(another=another, own=stages.point.unlike)
        suspected = suspicion(person.subject, like, candidates, limits)
        result = judged(one.label, person.subject, suspected, options.on_suspicion)
        results.append(result)
        if result.status is EnrolStatus.ENROLLED:
            chosen.append(_reference(one))
    gallery.enrol(person.subject, chosen, stages.embedder.pack)
    return tuple(results)


def _look(
    subject: str, picture: Picture, label: str, gallery: Gallery, stages: Stages, options: EnrolOptions
) -> EnrolResult | _Usable:
    try:
        frame = picture_from(picture, label)
    except SourceError as error:
        return EnrolResult(label, subject, EnrolStatus.REFUSED, str(error))
    sha256 = _fingerprint(picture, frame)
    if _has_picture(gallery, subject, sha256):
        return already_enrolled(label, subject)
    face = choose_face(faces(frame, stages), options.limits)
    if isinstance(face, Refusal):
        return refused(label, subject, face)
    return _Usable(label, sha256, frame, face)


def _siblings(subject: str, fresh: Floats, fresh_weights: Floats, gallery: Gallery) -> list[Siblings]:
    """For each fresh template, how like it is to those enrolled for the subject and to the other fresh ones.

    fresh: (n, D). fresh_weights: (n,), what each will weigh.
    """
    own, own_weights = _own_templates(gallery, subject)
    templates, weights = np.concatenate([own, fresh]), np.concatenate([own_weights, fresh_weights])
    if len(templates) < 2:
        return [Siblings.none() for _ in fresh]
    found = []
    for i in range(len(own), len(templates)):
        others = np.delete(templates, i, axis=0)
        whole = fuse(others, np.delete(weights, i))
        score = float(gallery.scores(templates[i], whole[None])[0])
        found.append(Siblings(others @ templates[i], score))
    return found


def _own_templates(gallery: Gallery, subject: str) -> tuple[Floats, Floats]:
    """(n, D) and what each weighs, (n,)."""
    try:
        return gallery.weighted_templates(subject)
    except UnknownSubject:
        return np.zeros((0, gallery.dimension), np.float32), np.zeros(0, np.float32)


def _has_picture(gallery: Gallery, subject: str, sha256: str) -> bool:
    try:
        return gallery.has_picture(subject, sha256)
    except UnknownSubject:
        return False


def _fingerprint(picture: Picture, frame: Frame) -> str:
    if isinstance(picture, (str, Path)):
        return hashlib.sha256(Path(picture).read_bytes()).hexdigest()
    return hashlib.sha256(str(frame.pixels.shape).encode() + frame.pixels.tobytes()).hexdigest()


def _reference(one: _Usable) -> NewReference:
    view, matrix = crop(one.frame.pixels, one.face.box, margin=0.6, largest=REFERENCE_CROP_PX)
    points = one.face.landmarks @ matrix[:, :2].T + matrix[:, 2]
    file = io.BytesIO()
    Image.fromarray(view).save(file, "JPEG", quality=95, subsampling=0)
    template = one.face.template
    if template is None:
        raise ValueError("a face without a template cannot become a reference")
    return NewReference(template, file.getvalue(), points.astype(np.float32), one.label, one.sha256, one.face.quality)
