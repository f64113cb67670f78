"""Labelled pictures of people: who is in each, and which face is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.enrolling import enrolments
from secondlook.types import Face

_LARGE = 0.5  # a face at least this many times as wide as the widest may be the one meant


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture and the subject that is said to be in it."""

    subject: str
    path: Path


def labelled(folder: Path) -> tuple[Labelled, ...]:
    """A folder per subject, or one picture per subject, as for enrolling, in the order of names.

    Raises SourceError where there is no such folder or nobody in it.
    """
    return tuple(Labelled(person.subject, Path(label)) for person in enrolments(folder) for label in person.labels)


def meant(faces: Sequence[Face], height: int, width: int) -> Face | None:
    """The most central of the large faces, since a labelled picture shows its subject large and in the middle.

    Large: at least half as wide as the widest. height, width: of the picture, px. None where there is no face.
    """
    if not faces:
        return None
    widest = max(_width(face) for face in faces)
    large = [face for face in faces if _width(face) >= _LARGE * widest]
    middle = np.array([width / 2, height / 2])
    return min(large, key=lambda face: float(np.hypot(*((face.box[:2] + face.box[2:]) / 2 - middle))))


def _width(face: Face) -> float:
    return float(face.box[2] - face.box[0])
