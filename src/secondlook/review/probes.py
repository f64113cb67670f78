"""A sighting's crop as a probe to be compared: where in it the face is."""

from __future__ import annotations

from typing import Final

import numpy as np

from secondlook.faces.detect import Search, find_faces
from secondlook.ports import Detector
from secondlook.review.sets import Probe
from secondlook.types import Detections, Floats, Pixels

_USUAL: Final = np.array([[0.274, 0.394], [0.717, 0.378], [0.497, 0.58], [0.316, 0.742], [0.687, 0.728]], np.float32)
"""Where landmarks are in a face's box, as shares of it: the mean of 150 LFW faces."""
_SEARCH: Final = Search(confirmed=None)


def probe_of(crop: Pixels, template: Floats, pack: str, detector: Detector) -> Probe:
    """crop: ``Sighting.crop``, (H, W, 3). template: (D,) that was searched, made by ``pack``.

    The face in the middle is meant. Where the detector finds none, it is taken to be where faces are in such a crop, which
    has half the face around it.
    """
    found = find_faces(detector, crop, _SEARCH)
    landmarks = _middle(found, crop) if len(found) else _usual(crop)
    return Probe(crop, landmarks, template, pack)


def _middle(found: Detections, crop: Pixels) -> Floats:
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    away = np.abs(centres - _size(crop) / 2).sum(1)
    return np.asarray(found.landmarks[int(away.argmin())], np.float32)


def _usual(crop: Pixels) -> Floats:
    size = _size(crop)
    return np.asarray(size / 4 + _USUAL * size / 2, np.float32)


def _size(crop: Pixels) -> Floats:
    return np.array([crop.shape[1], crop.shape[0]], np.float32)
