"""One picture: the face that is meant, whether it is good enough, and what is kept of it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image

from secondlook.errors import SourceError, UnknownSubject
from secondlook.faces.align import chip
from secondlook.faces.crop import crop
from secondlook.faces.detect import find_faces
from secondlook.gallery import EnrolLimits, EnrolResult, EnrolStatus, Gallery, NewReference, OnSuspicion, Who
from secondlook.gallery.enrolment import Refusal, already_enrolled, choose_face, refused
from secondlook.identify import Stages
from secondlook.sources import Picture, picture_from
from secondlook.track.in_view import measured
from secondlook.types import Face, Frame

REFERENCE_CROP_PX = 400
"""Longest side of the crop kept of a reference: enough to make a template anew with any pack."""


@dataclass(frozen=True, slots=True)
class EnrolOptions:
    limits: EnrolLimits = field(default_factory=EnrolLimits)
    on_suspicion: OnSuspicion = OnSuspicion.HOLD


@dataclass(frozen=True, eq=False, slots=True)
class Usable:
    """A picture with one face meant and good enough, whoever it shows. label: what to call it in results."""

    label: str
    reference: NewReference


Look: TypeAlias = EnrolResult | Usable
"""What is seen in one picture: why it is not to be enrolled, or a face that is good enough."""


def read(
    who: str | None,
    subject: str,
    picture: Picture,
    label: str,
    gallery: Gallery,
    stages: Stages,
    options: EnrolOptions,
) -> Look:
    """As ``look``, of a picture that is still to be read; one that cannot be is refused."""
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
