"""Detection recall by face width, false faces, and rank 1 of enrolled people, on composed crowds.

python -m bench.detection --pack dlib-resnet --per-width 200
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from bench.crowd import ENROLLED_FROM, Scene, found, nearest_width, people, scenes
from secondlook.assemble import Identifier, Settings, assemble, new_gallery
from secondlook.enrolling import Enrolment, EnrolOptions
from secondlook.gallery import EnrolLimits, EnrolStatus, OnSuspicion
from secondlook.identify import faces
from secondlook.types import Floats, Frame

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def enrol(identifier: Identifier, seed: int, shown: set[str]) -> set[str]:
    """One reference each of the people shown large; who of them is enrolled."""
    crew = [p for p in people(SHARED, seed) if p.reference and p.subject in shown]
    persons = [Enrolment(p.subject, (p.reference,), (str(p.reference),)) for p in crew if p.reference]
    options = EnrolOptions(EnrolLimits(bystander_ratio=1.2), OnSuspicion.ENROL)
    done = identifier.enrol(track(persons, "Enrolling", console=Console(stderr=True)), options)
    return {r.subject for results in done for r in results if r.status is EnrolStatus.ENROLLED}


def measure(per_width: int, seed: int, pack: str) -> dict[str, object]:
    pictures = list(scenes(SHARED, per_width=per_width, seed=seed))
    large = {f.subject for s in pictures for f in s.faces if nearest_width(f) >= ENROLLED_FROM}
    settings = Settings(recogniser=pack)
    hits: dict[float, list[bool]] = defaultdict(list)
    first: list[bool] = []
    false = 0
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
        enrolled = enrol(identifier, seed, large)
        for scene in track(pictures, "Looking", console=Console(stderr=True)):
            false += _look(scene, identifier, enrolled, hits, first)
    return {
        "pack": pack,
        "pictures": len(pictures),
        "recall_by_width_px": {
            f"{width:.0f}": {"recall": round(float(np.mean(h)), 4), "faces": len(h)}
            for width, h in sorted(hits.items())
        },
        "false_faces_per_picture": round(false / len(pictures), 3),
        "rank_1_at_64_px_and_more": round(float(np.mean(first)), 4),
        "rank_1_probes": len(first),
        "enrolled": len(enrolled),
    }


def _look(
    scene: Scene, identifier: Identifier, enrolled: set[str], hits: dict[float, list[bool]], first: list[bool]
) -> int:
    seen = faces(Frame(scene.pixels, scene.name), identifier.stages)
    boxes: Floats = np.array([f.box for f in seen], np.float32).reshape(-1, 4)
    pairs = found(scene.faces, boxes)
    # The nearest subject whatever its score: rank 1 is about order, not about the threshold.
    nearest = [identifier.gallery.search(f.template, identifier.embedder.pack, 1)[0].subject for f in seen]
    for face, hit in zip(scene.faces, pairs.hits, strict=True):
        width = nearest_width(face)
        hits[width].append(hit >= 0)
        if width >= ENROLLED_FROM and face.subject in enrolled:
            first.append(hit >= 0 and nearest[hit] == face.subject)
    return len(pairs.false)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", default="dlib-resnet")
    parser.add_argument("--per-width", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.per_width, asked.seed, asked.pack), indent=2))


if __name__ == "__main__":
    main()
