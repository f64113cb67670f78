"""Views of labelled pictures on the real road: as they are, and as worse cameras would have taken them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from secondlook.assemble import Identifier
from secondlook.calibrate.degrade import LARGEST_PX, SMALLEST_PX, degrade, drawn
from secondlook.errors import SourceError
from secondlook.faces.align import chip
from secondlook.faces.quality import assess
from secondlook.runs.labelled import meant
from secondlook.runs.template_making import found_faces
from secondlook.runs.view_shelf import View, Views, ViewShelf
from secondlook.sources import read_photo
from secondlook.types import Face, Floats, Pixels, Quality

DEGRADED = 2
"""Views of each picture beside the one as it is."""

_NEAR_PX = 3.0
"""So far, and half a face's width, the face of a degraded view may lie from where it was."""

Advance = Callable[[int], None]
"""Called with the pictures done since the last call."""


@dataclass(frozen=True, eq=False, slots=True)
class _Seen:
    """A face before it has a template. chip: as the recogniser wants it."""

    chip: Pixels
    quality: Quality


def view_shelf(folder: Path, identifier: Identifier) -> ViewShelf:
    settings, stages = identifier.settings, identifier.stages
    maker = (
        f"pack {identifier.embedder.pack} detector {identifier.detector.pack} search {stages.photo_search}"
        f" limit {settings.max_pixels} degraded {DEGRADED} from {SMALLEST_PX} to {LARGEST_PX}"
    )
    return ViewShelf(folder, maker, identifier.embedder.dimension, 1 + DEGRADED)


def views_of(path: Path, sha256: str, identifier: Identifier) -> Views:
    """sha256: of the file; what is drawn at random is drawn from it. A picture that cannot be read has failed."""
    try:
        pixels = read_photo(path, identifier.settings.max_pixels).pixels
    except SourceError:
        return Views(1, ())
    face = meant(found_faces(pixels, identifier), *pixels.shape[:2])
    if face is None:
        return Views(1, ())
    degraded = (_degraded(pixels, face, identifier, _draws(sha256, number)) for number in range(1, 1 + DEGRADED))
    seen = [_seen(pixels, face, identifier), *(one for one in degraded if one is not None)]
    templates = identifier.embedder.embed(np.stack([one.chip for one in seen]))
    made = tuple(View(template, one.quality) for template, one in zip(templates, seen, strict=True))
    return Views(1 + DEGRADED, made)


def sha256_of(path: Path) -> str | None:
    """None where the file cannot be read."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _draws(sha256: str, number: int) -> np.random.Generator:
    return np.random.default_rng([int(sha256, 16), number])


def _degraded(pixels: Pixels, face: Face, identifier: Identifier, rng: np.random.Generator) -> _Seen | None:
    own = face.quality.inter_eye_px
    if own < 1:
        return None
    view = degrade(pixels, own, drawn(rng, own), rng)
    scale: Floats = np.array([view.shape[1] / pixels.shape[1], view.shape[0] / pixels.shape[0]], np.float32)
    wanted = (face.box.reshape(2, 2) * scale).reshape(4)
    found = nearest(found_faces(view, identifier), wanted)
    return None if found is None else _seen(view, found, identifier)


def nearest(faces: list[Face], wanted: Floats) -> Face | None:
    """The face whose middle is nearest to that of the box ``wanted``, (4,) px, if it is near enough to be the same."""
    if not faces:
        return None
    face = min(faces, key=lambda one: _apart(one.box, wanted))
    return face if _apart(face.box, wanted) <= (wanted[2] - wanted[0]) / 2 + _NEAR_PX else None


def _apart(box: Floats, other: Floats) -> float:
    return float(np.hypot(*((box[:2] + box[2:]) - (other[:2] + other[2:])))) / 2


def _seen(pixels: Pixels, face: Face, identifier: Identifier) -> _Seen:
    quality = assess(pixels, face.box, face.landmarks)
    return _Seen(chip(pixels, face.landmarks, identifier.embedder.layout), quality)
