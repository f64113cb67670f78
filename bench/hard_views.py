"""Views of ../shared/data/lfw that are worse than what calibrations are fitted to: faces as small as are found at all, and
faces out of focus, moving and in the dark. Kept outside of the repository, as ``bench.views`` are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bench.lfw import LFW
from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.calibrate.degrade import Recipe, degrade, drawn
from secondlook.calibrate.searches import Samples
from secondlook.faces.align import chip
from secondlook.faces.quality import assess
from secondlook.runs.labelled import Labelled, labelled, meant
from secondlook.runs.template_making import found_faces
from secondlook.runs.view_making import nearest, sha256_of
from secondlook.runs.view_shelf import View, Views, ViewShelf
from secondlook.sources import read_photo

DRAWS = 4
"""Of each kind, of each picture: most are so poor that no face is found in them."""

Draw = Callable[[np.random.Generator, float], Recipe]


class Hard(StrEnum):
    """SMALL: 2.5 to 5 px between the eyes, otherwise as in calibrations. POOR: 4 to 24 px, and three times the blur."""

    SMALL = "small"
    POOR = "poor"


def small(rng: np.random.Generator, own_px: float) -> Recipe:
    return replace(drawn(rng, own_px), inter_eye_px=_even(rng, 2.5, 5))


def poor(rng: np.random.Generator, own_px: float) -> Recipe:
    return Recipe(
        inter_eye_px=_even(rng, 4, min(24, own_px)),
        focus=float(rng.uniform(0.04, 0.3)),
        motion=float(rng.uniform(0.1, 0.5)) if rng.uniform() < 0.4 else 0.0,
        motion_deg=float(rng.uniform(0, 180)),
        light=float(rng.choice([1, 1, 0.6, 0.35, 0.2])),
        noise=float(18 * rng.uniform() ** 1.5),
        jpeg=int(rng.integers(8, 80)),
    )


_DRAWS: dict[Hard, Draw] = {Hard.SMALL: small, Hard.POOR: poor}


def _even(rng: np.random.Generator, low: float, high: float) -> float:
    """Even in the logarithm."""
    return float(np.exp(rng.uniform(math.log(low), math.log(high))))


@dataclass(frozen=True, eq=False, slots=True)
class HardViews:
    """samples: one row a view in which a face was found, none of them fit to be enrolled; pictures are numbered as in
    ``bench.views``. tried: views in all."""

    samples: Samples
    tried: int


def hard_views(
    kind: Hard, pack: str, people: tuple[str, ...], cache: Path, every: int = 1, threads: int = 1
) -> HardViews:
    """Made once and kept in ``cache``. people: whose place there is their subject number. every: how manieth picture is
    used."""
    settings = Settings(recogniser=pack, threads=threads)
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
    embedder = identifier.embedder
    folder = cache / embedder.pack.replace("@", "-")
    folder.mkdir(parents=True, exist_ok=True)
    maker = f"hard {kind} {DRAWS} pack {embedder.pack} detector {identifier.detector.pack}"
    shelf = ViewShelf(folder, maker, embedder.dimension, DRAWS)
    pictures = labelled(LFW)
    subjects = {name: number for number, name in enumerate(people)}
    rows: list[tuple[int, int, View]] = []
    tried = 0
    with Progress(console=Console(stderr=True)) as bar:
        chosen = [(n, one) for n, one in enumerate(pictures) if n % every == 0 and one.subject in subjects]
        for number, picture in bar.track(chosen, description=f"{kind} views for {pack}"):
            made = _made(picture, kind, identifier, shelf)
            tried += made.asked
            rows += [(subjects[picture.subject], number, view) for view in made.made]
    shelf.flush()
    return HardViews(
        Samples(
            templates=np.stack([view.template for _, _, view in rows]),
            qualities=tuple(view.quality for _, _, view in rows),
            subject=np.array([subject for subject, _, _ in rows], np.int64),
            picture=np.array([number for _, number, _ in rows], np.int64),
            reference=np.zeros(len(rows), np.bool_),
        ),
        tried,
    )


def _made(picture: Labelled, kind: Hard, identifier: Identifier, shelf: ViewShelf) -> Views:
    sha256 = sha256_of(picture.path)
    assert sha256 is not None
    known = shelf.get(sha256)
    if known is None:
        known = _views_of(picture.path, sha256, kind, identifier)
        shelf.put(sha256, known)
    return known


def _views_of(path: Path, sha256: str, kind: Hard, identifier: Identifier) -> Views:
    pixels = read_photo(path).pixels
    face = meant(found_faces(pixels, identifier), *pixels.shape[:2])
    if face is None or face.quality.inter_eye_px < 6:
        return Views(1, ())
    chips, qualities = [], []
    for number in range(DRAWS):
        rng = np.random.default_rng([int(sha256, 16), list(Hard).index(kind), number])
        own = face.quality.inter_eye_px
        view = degrade(pixels, own, _DRAWS[kind](rng, own), rng)
        scale = np.array([view.shape[1] / pixels.shape[1], view.shape[0] / pixels.shape[0]], np.float32)
        found = nearest(found_faces(view, identifier), (face.box.reshape(2, 2) * scale).reshape(4))
        if found is not None:
            chips.append(chip(view, found.landmarks, identifier.embedder.layout))
            qualities.append(assess(view, found.box, found.landmarks))
    if not chips:
        return Views(DRAWS, ())
    templates = identifier.embedder.embed(np.stack(chips))
    return Views(DRAWS, tuple(View(t, q) for t, q in zip(templates, qualities, strict=True)))
