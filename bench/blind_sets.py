"""Whether the form of a blind set's pictures tells one face from the others, on photographs of people.

    python -m bench.blind_sets --sets 150

Photographs of LFW as they are, and as a poor camera has them (26 px between the eyes, soft, noisy, pressed as JPEG). Sets of
seven, each picture of another person, six of them shown: one good among poor, one poor among good, and all alike. A
classifier on everything but the face (``bench.hiding``) has to find the one in sets which it was not fitted to. AUC 0.5: it
cannot; p: the share of random choices that it finds as well.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from rich.console import Console
from rich.progress import track

from bench.hiding import form, told
from secondlook.calibrate.degrade import Recipe, degrade
from secondlook.faces.crop import crop
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import RunOptions
from secondlook.review.draws import Draws
from secondlook.review.pictures import levelled, png
from secondlook.review.sets import BlindItem, BlindSet
from secondlook.sources import read_photo
from secondlook.types import Floats, Pixels

LFW = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "lfw"
POOR = Recipe(inter_eye_px=26.0, focus=0.03, noise=2.0, jpeg=85)
POOL = 7
Seen: TypeAlias = tuple[Pixels, Floats]
"""A picture and its landmarks."""


def photographs(count: int, rng: np.random.Generator) -> list[Seen]:
    """Of so many people, cut as references are."""
    detector = opening.detector("centerface", RunOptions())
    people = [folder for folder in sorted(LFW.iterdir()) if folder.is_dir()]
    found: list[Seen] = []
    for at in track(rng.permutation(len(people)), "Looking", console=Console(stderr=True), total=count):
        pixels = read_photo(sorted(people[int(at)].iterdir())[0]).pixels
        faces = find_faces(detector, pixels, Search())
        if len(faces) == 1:
            view, matrix = crop(pixels, faces.boxes[0], margin=0.6, largest=400)
            found.append((view, np.asarray(faces.landmarks[0] @ matrix[:, :2].T + matrix[:, 2], np.float32)))
        if len(found) == count:
            break
    return found


def poor(seen: Seen, rng: np.random.Generator) -> Seen:
    pixels, landmarks = seen
    small = degrade(pixels, float(np.hypot(*(landmarks[1] - landmarks[0]))), POOR, rng)
    ratio = np.array([small.shape[1] / pixels.shape[1], small.shape[0] / pixels.shape[0]], np.float32)
    return small, np.asarray((landmarks + 0.5) * ratio - 0.5, np.float32)


def measure(pools: Sequence[Sequence[Seen]], levelled_together: bool, seed: int) -> dict[str, float]:
    """pools: the faces that are levelled together, of each set; the first is to be found, the last is not shown."""
    rng = np.random.default_rng(seed)
    shown, where = [], []
    for faces in pools:
        draws = Draws(rng.bytes(32), "bench")
        views = levelled(faces, draws) if levelled_together else [levelled([one], draws)[0] for one in faces]
        order = rng.permutation(len(faces) - 1)
        where.append(int(np.argmin(order)))
        items = tuple(BlindItem(rng.bytes(16).hex(), png(views[int(at)])) for at in order)
        shown.append(form(BlindSet("", b"", items)))
    result = told(shown, where)
    return {"auc": round(result.auc, 3), "p": round(result.p, 3), "sets": len(shown)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=150)
    parser.add_argument("--people", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng = np.random.default_rng(asked.seed)
    good = photographs(asked.people, rng)
    bad = [poor(one, rng) for one in good]
    picks = [rng.permutation(len(good))[:POOL] for _ in range(asked.sets)]
    among = {
        "all alike": [[good[i] for i in pick] for pick in picks],
        "good among poor": [[good[pick[0]], *(bad[i] for i in pick[1:])] for pick in picks],
        "poor among good": [[bad[pick[0]], *(good[i] for i in pick[1:])] for pick in picks],
    }
    said = {}
    for name, pools in among.items():
        together = measure(pools, True, asked.seed)
        said[name] = {"each by itself": measure(pools, False, asked.seed), "levelled together": together}
    print(json.dumps(said, indent=2))


if __name__ == "__main__":
    main()
