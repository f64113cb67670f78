"""Photographs without a face in them, from inside installed wheels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from secondlook.compose import filled
from secondlook.demo_scene import data_file
from secondlook.types import Pixels


@dataclass(frozen=True, slots=True)
class _Photograph:
    name: str
    zoom: float


# All of scikit-image's photographs but those which show a face: astronaut, camera, coins (heads on them), chelsea (a
# cat) and, not taken with a camera at eye level, cell, ihc, retina, microaneurysms. motorcycle_right is the same scene.
_PHOTOGRAPHS = (
    _Photograph("motorcycle_left.png", 2.6),
    _Photograph("brick.png", 2.2),
    _Photograph("coffee.png", 3.2),
    _Photograph("grass.png", 2.2),
    _Photograph("rocket.jpg", 3.0),
    _Photograph("gravel.png", 2.2),
    _Photograph("hubble_deep_field.jpg", 1.95),
    _Photograph("moon.png", 2.2),
)


def backgrounds(size: tuple[int, int] = (1920, 1080)) -> Iterator[tuple[str, Pixels]]:
    """(name, pixels) of ``size`` (width, height), enlarged and continued by mirror images. SourceError if missing."""
    for photograph in _PHOTOGRAPHS:
        with Image.open(data_file("skimage", f"data/{photograph.name}")) as image:
            pixels = np.asarray(image.convert("RGB"))
        yield photograph.name, filled(pixels, size, photograph.zoom)
