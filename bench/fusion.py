"""Whether a track of many faces overstates: ../shared/data/lfw, people not used to fit, frames made of one photograph each.

    python -m bench.fusion --pack dlib-resnet --cache /tmp/views

The frames of a track show one moment: they share camera, light, head and mistakes. So each track here is made of one
photograph, seen by one drawn camera six times with other noise and compression, a little aside each time; its faces are
fused as `find` does, and the one template is searched once, with the quality of the best shot. Beside it: what would be stated
were the frames taken for independent evidence (their likelihood ratios multiplied), and what one frame alone states.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from bench.calibration import PRIOR, calibrated_for, halves
from bench.lfw import LFW
from bench.views import views
from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.calibrate.degrade import degrade, drawn
from secondlook.decide.calibration import Calibration, log10_ratios, posteriors, thresholds
from secondlook.faces.align import chip
from secondlook.faces.detect import find_faces
from secondlook.faces.fuse import fuse
from secondlook.faces.quality import assess
from secondlook.gallery.comparison import Cosine
from secondlook.sources import read_photo
from secondlook.types import Floats, Quality

FRAMES = 6
ENROLLED = 300
FPIR = 0.01


def frames_of(path: Path, identifier: Identifier, rng: np.random.Generator) -> tuple[Floats, list[Quality]]:
    """Templates (f, D) and qualities of the frames in which the face was found, f at most ``FRAMES``."""
    pixels = read_photo(path).pixels
    found = find_faces(identifier.detector, pixels, identifier.stages.photo_search)
    layout = identifier.embedder.layout
    if not len(found):
        return np.zeros((0, identifier.embedder.dimension), np.float32), []
    middle = np.array(pixels.shape[1::-1]) / 2
    own = int(np.abs((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - middle).sum(1).argmin())
    eyes = float(np.hypot(*(found.landmarks[own, 1] - found.landmarks[own, 0])))
    camera = drawn(rng, eyes)
    chips, qualities = [], []
    for _ in range(FRAMES):
        moved = np.roll(pixels, rng.integers(-3, 4, 2), (0, 1))
        seen = degrade(moved, eyes, replace(camera, jpeg=int(rng.integers(20, 96))), rng)
        again = find_faces(identifier.detector, seen, identifier.stages.photo_search)
        if not len(again):
            continue
        centre = np.array(seen.shape[1::-1]) / 2
        place = np.abs((again.boxes[:, :2] + again.boxes[:, 2:]) / 2 - centre).sum(1)
        row = int(place.argmin())
        if place[row] > 0.3 * max(seen.shape[:2]):
            continue
        qualities.append(assess(seen, again.boxes[row], again.landmarks[row]))
        chips.append(chip(seen, again.landmarks[row], layout))
    if not chips:
        return np.zeros((0, identifier.embedder.dimension), np.float32), []
    return identifier.embedder.embed(np.stack(chips)), qualities


def measured(pack: str, cache: Path, tracks: int) -> dict[str, Any]:
    held = views(pack, cache)
    fit, test = halves(held, 0)
    calibration = calibrated_for(held.of(fit).samples, held.pack, 0, cache / "fits")
    with new_gallery(Settings(recogniser=pack)) as gallery:
        identifier = assemble(gallery, Settings(recogniser=pack))
    rng = np.random.default_rng(0)
    people = [held.people[number] for number in np.unique(held.samples.subject[test])]
    several = [name for name in people if len(list((LFW / name).glob("*.jpg"))) > 1]
    enrolled = list(rng.permutation(several)[:ENROLLED])
    strangers = list(rng.permutation([name for name in people if name not in set(enrolled)])[: tracks - len(enrolled)])
    references = np.stack([_reference(held.samples, held.people.index(name)) for name in enrolled])
    comparison = calibration.cohort or Cosine(references.shape[1])
    sides = comparison.references(references)
    rows = []
    for name in track([*enrolled, *strangers], "Tracks", console=Console(stderr=True)):
        pictures = sorted((LFW / name).glob("*.jpg"))
        templates, qualities = frames_of(pictures[-1], identifier, rng)
        if len(qualities) > 1:
            rows.append(_searched(templates, qualities, name, enrolled, sides, comparison, calibration))
    return _said(rows, pack)


def _reference(samples: Any, subject: int) -> Floats:
    row = np.flatnonzero((samples.subject == subject) & samples.reference)[0]
    return np.asarray(samples.templates[row], np.float32)


def _searched(
    templates: Floats,
    qualities: list[Quality],
    name: str,
    enrolled: list[str],
    sides: Floats,
    comparison: Any,
    calibration: Calibration,
) -> dict[str, Any]:
    weights = np.array([q.score for q in qualities], np.float32)
    best = qualities[int(weights.argmax())]
    together = (comparison.probes(fuse(templates, weights)[None]) @ sides.T)[0]
    alone = comparison.probes(templates) @ sides.T
    first = int(together.argmax())
    single = alone[int(weights.argmax())]
    n = len(enrolled)

    def stated(scores: NDArray[Any], quality: Quality) -> tuple[float, bool]:
        score = np.array([float(scores.max())])
        return float(posteriors(calibration, score, [quality], n, PRIOR)[0]), bool(
            score[0] >= thresholds(calibration, [quality], n, FPIR)[0]
        )

    ratios = log10_ratios(calibration, alone[:, first].astype(float), qualities, n)
    product = float(ratios.sum())
    fused, fused_over = stated(together, best)
    one, one_over = stated(single, best)
    right = name in enrolled
    return {
        "enrolled": right,
        "fused": (fused, right and enrolled[first] == name, fused_over),
        "one frame": (one, right and enrolled[int(single.argmax())] == name, one_over),
        "multiplied": (1 / (1 + 10**-product), right and enrolled[first] == name, product > 2.5),
    }


def _said(rows: list[dict[str, Any]], pack: str) -> dict[str, Any]:
    enrolled = np.array([row["enrolled"] for row in rows])
    weight = np.where(enrolled, PRIOR / enrolled.sum(), (1 - PRIOR) / (~enrolled).sum())
    said: dict[str, Any] = {"pack": pack, "tracks": len(rows), "enrolled": int(enrolled.sum()), "gallery": ENROLLED}
    for way in ("one frame", "fused", "multiplied"):
        posterior, right, over = (np.array([row[way][i] for row in rows]) for i in range(3))
        place = np.minimum((posterior * 10).astype(int), 9)
        ece = np.abs(np.bincount(place, weight * (posterior - right), 10)).sum()
        sure = posterior >= 0.9
        said[way] = {
            "expected calibration error": round(float(ece), 4),
            "stated 0.9 or more": int(sure.sum()),
            "of those wrong": int((sure & ~right).sum()),
            "wrong that its own statement expects": round(float((1 - posterior[sure]).sum()), 2),
            "strangers over the threshold": int((over & ~enrolled).sum()),
            "strangers": int((~enrolled).sum()),
            "enrolled right and over": int((over & right).sum()),
        }
    return said


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="dlib-resnet")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder outside the repository for templates and fits"
    )
    parser.add_argument("--tracks", type=int, default=900)
    asked = parser.parse_args()
    print(json.dumps(measured(asked.pack, asked.cache, asked.tracks), indent=2))


if __name__ == "__main__":
    main()
