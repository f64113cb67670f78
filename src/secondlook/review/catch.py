"""Catch trials: sets whose truth is known, mixed in so that each reviewer's errors are counted and not guessed.

The probe is an enrolled picture seen through the camera that the real probes come from: brought down to the size,
sharpness and light of one of them (``calibrate.degrade``). From there on it goes the way of every set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from secondlook.calibrate.degrade import Recipe, degrade
from secondlook.errors import GalleryError, SourceError
from secondlook.faces.align import chips
from secondlook.faces.crop import crop
from secondlook.faces.quality import assess
from secondlook.gallery import Reference, Subject
from secondlook.ports import Embedder
from secondlook.review.blind import LEAST_PEOPLE, Enrolled, assembled, by_quality
from secondlook.review.draws import Draws
from secondlook.review.sets import CATCH_TRIALS, MadeOrNot, NoSet, Probe, SetKind, WhyNoSet
from secondlook.sources import picture_from
from secondlook.types import Floats, Pixels, Quality

_BOX_SHARE: Final = 1 / 2.2
"""Of a reference's crop, which has 0.6 of the face on each side."""
_SOFTEST: Final = 0.3
_STEPS: Final = 6
_LIGHT: Final = (0.15, 1.0)
_NOISE: Final = 5.0
_JPEG: Final = (60, 96)
_TRIES: Final = 8


def catch_kinds(people: Sequence[Subject]) -> frozenset[SetKind]:
    """What trials a gallery allows. SAME needs somebody with two pictures; either needs a set's number of people."""
    searched = [person for person in people if person.references]
    if len(searched) < LEAST_PEOPLE:
        return frozenset()
    several = any(person.references > 1 for person in searched)
    return CATCH_TRIALS if several else frozenset({SetKind.DIFFERENT})


def catch_set(
    kind: SetKind,
    people: Sequence[Subject],
    gallery: Enrolled,
    embedder: Embedder,
    like: Probe,
    seed: bytes,
    tested: frozenset[str] = frozenset(),
) -> MadeOrNot:
    """A set whose truth is known. kind: SAME or DIFFERENT.

    people: ``gallery.subject_list()``. like: a probe of a real sighting, which this one is made to resemble. tested:
    subjects this reviewer was tested with; they come again only where nobody else is left. Raises PackMismatch.
    """
    if kind not in CATCH_TRIALS:
        raise ValueError(f"a set of the kind {kind} is no catch trial")
    draws = Draws(seed, "catch trial")
    least = 2 if kind is SetKind.SAME else 1
    able = [person.name for person in people if person.references >= least]
    order = draws.shuffled([n for n in able if n not in tested]) + draws.shuffled([n for n in able if n in tested])
    for name in order[:_TRIES]:
        probe = _probe(name, least, gallery, embedder, like, draws)
        if probe is not None:
            return assembled(kind, probe, name, gallery, draws, frozenset())
    return NoSet(
        WhyNoSet.NO_SECOND_PICTURE if kind is SetKind.SAME else WhyNoSet.NO_PICTURE,
        f"Nobody is enrolled with {'two pictures' if least == 2 else 'a picture'} that can be read: enrol more pictures.",
    )


def _probe(name: str, least: int, gallery: Enrolled, embedder: Embedder, like: Probe, draws: Draws) -> Probe | None:
    try:
        held = by_quality(gallery.references(name))
    except GalleryError:  # removed or blinded since the list was made
        return None
    if len(held) < least:
        return None
    # never the best of several: that one is shown, as everybody's best is
    reference = draws.one_of(held[1:] or held)
    try:
        pixels = picture_from(reference.crop).pixels
    except SourceError:
        return None
    pixels, landmarks = _as_cropped(pixels, reference)
    seen, points = as_seen(pixels, landmarks, _quality(like.pixels, like.landmarks), draws)
    template = embedder.embed(chips(seen, points[None], embedder.layout))[0]
    return Probe(seen, points, template, embedder.pack)


def _as_cropped(pixels: Pixels, reference: Reference) -> tuple[Pixels, Floats]:
    """Cut as the faces of sightings are, which have less around them."""
    size = np.array([pixels.shape[1], pixels.shape[0]], np.float32)
    box = np.concatenate([size * (1 - _BOX_SHARE) / 2, size * (1 + _BOX_SHARE) / 2])
    view, matrix = crop(pixels, np.asarray(box, np.float32))
    points = reference.landmarks @ matrix[:, :2].T + matrix[:, 2]
    return view, np.asarray(points, np.float32)


def as_seen(pixels: Pixels, landmarks: Floats, like: Quality, draws: Draws) -> tuple[Pixels, Floats]:
    """A face and its landmarks as the camera saw it that took a face of the quality ``like``: as small, as soft, as dark.

    What a picture lacks is never made up: a reference that is smaller, softer or darker stays so.
    """
    own = _quality(pixels, landmarks)
    eyes = max(1.0, min(like.inter_eye_px, own.inter_eye_px))
    recipe = Recipe(
        inter_eye_px=eyes,
        light=float(np.clip(like.exposure / max(own.exposure, 1e-3), *_LIGHT)),
        noise=_NOISE * draws.below(1000) / 1000,
        jpeg=_JPEG[0] + draws.below(_JPEG[1] - _JPEG[0]),
    )
    noise = draws.bytes(16)
    low, high = 0.0, _SOFTEST
    seen, points = _degraded(pixels, landmarks, own.inter_eye_px, recipe, noise)
    if _quality(seen, points).sharpness <= like.sharpness:
        return seen, points
    for _ in range(_STEPS):
        middle = (low + high) / 2
        seen, points = _degraded(pixels, landmarks, own.inter_eye_px, replace(recipe, focus=middle), noise)
        low, high = (middle, high) if _quality(seen, points).sharpness > like.sharpness else (low, middle)
    return seen, points


def _degraded(pixels: Pixels, landmarks: Floats, own_px: float, recipe: Recipe, noise: bytes) -> tuple[Pixels, Floats]:
    seen = degrade(pixels, own_px, recipe, np.random.default_rng(int.from_bytes(noise, "big")))
    ratio = np.array([seen.shape[1] / pixels.shape[1], seen.shape[0] / pixels.shape[0]], np.float32)
    return seen, np.asarray((landmarks + 0.5) * ratio - 0.5, np.float32)


def _quality(pixels: Pixels, landmarks: Floats) -> Quality:
    box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    return assess(pixels, np.asarray(box, np.float32), landmarks)
