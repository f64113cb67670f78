"""Templates of labelled pictures on the real road: the same detection, alignment and recogniser that ``find`` uses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from secondlook.assemble import Identifier
from secondlook.errors import SourceError
from secondlook.faces.align import chip
from secondlook.faces.detect import find_faces
from secondlook.faces.quality import assess
from secondlook.identify import faces
from secondlook.runs.labelled import Labelled, meant
from secondlook.runs.template_shelf import Made, TemplateShelf
from secondlook.sources import read_photo
from secondlook.types import Face, Frame, Pixels

Advance = Callable[[int], None]
"""Called with the pictures done since the last call."""


class Rule(StrEnum):
    """How two faces are compared."""

    OWN = "own"
    """as ``find`` does: one template fused of a person's references, compared as the pack's calibration says, else by cosine"""
    FACE_RECOGNITION = "face_recognition"
    """as the face_recognition package does: dlib's own output, Euclidean distance, 0.6 or less is one person"""


@dataclass(frozen=True, eq=False, slots=True)
class MadeAll:
    """pictures and what came of each, in the same order. resumed: how many were known from a run before."""

    pictures: tuple[Labelled, ...]
    made: tuple[Made, ...]
    resumed: int

    @property
    def several(self) -> int:
        """Pictures that show more than one face."""
        return sum(one.faces > 1 for one in self.made)


def make_templates(
    pictures: Sequence[Labelled], identifier: Identifier, rule: Rule, folder: Path, advance: Advance
) -> tuple[MadeAll, TemplateShelf]:
    """One template a picture, or why there is none; kept in ``folder`` meanwhile. Raises OutputError."""
    shelf = TemplateShelf(folder, _maker(identifier, rule), identifier.embedder.dimension)
    made, resumed = [], 0
    try:
        for picture in pictures:
            one, known = _made(picture, identifier, rule, shelf)
            made.append(one)
            resumed += known
            advance(1)
    finally:
        shelf.flush()
    return MadeAll(tuple(pictures), tuple(made), resumed), shelf


def _made(picture: Labelled, identifier: Identifier, rule: Rule, shelf: TemplateShelf) -> tuple[Made, bool]:
    try:
        sha256 = hashlib.sha256(picture.path.read_bytes()).hexdigest()
        known = shelf.get(sha256)
        if known is not None:
            return known, True
        frame = read_photo(picture.path, identifier.settings.max_pixels)
    except SourceError as error:
        return Made(None, None, 0, str(error)), False
    except OSError as error:
        return Made(None, None, 0, f"{picture.path} cannot be read ({error.strerror}): allow reading it."), False
    one = _from_frame(frame, identifier, rule)
    shelf.put(sha256, one)
    return one, False


def _from_frame(frame: Frame, identifier: Identifier, rule: Rule) -> Made:
    match rule:
        case Rule.OWN:
            found = faces(frame, identifier.stages)
        case Rule.FACE_RECOGNITION:
            found = found_faces(frame.pixels, identifier)
    face = meant(found, *frame.pixels.shape[:2])
    if face is None:
        return Made(None, None, 0, "No face was found in it.")
    template = face.template if rule is Rule.OWN else _raw(frame, face, identifier)
    return Made(template, face.quality, len(found))


def found_faces(pixels: Pixels, identifier: Identifier) -> list[Face]:
    """Every face of a photograph, without templates."""
    found = find_faces(identifier.detector, pixels, identifier.stages.photo_search)
    return [
        Face(box, points, float(score), assess(pixels, box, points))
        for box, points, score in zip(found.boxes, found.landmarks, found.scores, strict=True)
    ]


def _raw(frame: Frame, face: Face, identifier: Identifier) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """dlib's own output, neither mirrored nor of unit length."""
    embedder = identifier.embedder
    return np.asarray(embedder.raw(chip(frame.pixels, face.landmarks, embedder.layout)[None])[0], np.float32)


def _maker(identifier: Identifier, rule: Rule) -> str:
    settings, stages = identifier.settings, identifier.stages
    return (
        f"pack {identifier.embedder.pack} detector {identifier.detector.pack} rule {rule}"
        f" search {stages.photo_search} limit {settings.max_pixels}"
    )
