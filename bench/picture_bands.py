"""What pictures of a given size are like: the qualities that `secondlook plan` says its error rates for.

    python -m bench.picture_bands --write src/secondlook/plan/pictures.json
    python -m bench.picture_bands --check       # what is said of pictures as they are, to be held against bench.calibration

Pictures of Labeled Faces in the Wild, one a person, each shown with so many px between the eyes as chance draws from a
band: *clear*, only sent farther away, and *camera*, as `secondlook calibrate` has worse cameras take them (focus, motion, light,
noise, compression). Of each band and kind as many are tried; in some no face is found, and these are counted.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import asdict, replace
from itertools import cycle
from pathlib import Path

import numpy as np

from bench.lfw import LFW
from secondlook.assemble import Settings, assemble, calibration_for, new_gallery
from secondlook.calibrate.degrade import Recipe, degrade, drawn
from secondlook.decide.rule import Limits
from secondlook.faces.quality import assess
from secondlook.plan.pictures import Band, Kind
from secondlook.plan.rates import rates
from secondlook.runs.labelled import labelled, meant
from secondlook.runs.template_making import found_faces
from secondlook.runs.view_making import nearest
from secondlook.sources import read_photo
from secondlook.types import Quality

BANDS = ((8.0, 14.0), (14.0, 20.0), (20.0, 30.0), (30.0, 42.0), (42.0, 54.0))
"""Px between the eyes; the pictures themselves have 43 in the middle, and none is enlarged: the last are the larger ones."""
KINDS = ("clear", "camera")
KEPT = ("inter_eye_px", "sharpness", "yaw_deg", "pitch_deg", "exposure", "contrast", "visible")


def measure(tries: int, seed: int) -> dict[str, object]:
    with new_gallery(Settings(recogniser="dlib-resnet", threads=1)) as gallery:
        identifier = assemble(gallery, Settings(recogniser="dlib-resnet", threads=1))
    rng = np.random.default_rng(seed)
    everybody = {picture.subject: picture.path for picture in labelled(LFW)}
    people = cycle([list(everybody)[row] for row in rng.permutation(len(everybody))])
    cells = []
    for low, high in BANDS:
        for kind in KINDS:
            rows, tried = list[list[float]](), 0
            while tried < tries:
                pixels = read_photo(everybody[next(people)]).pixels
                face = meant(found_faces(pixels, identifier), *pixels.shape[:2])
                own = 0.0 if face is None else face.quality.inter_eye_px
                if face is None or own < (low if high == BANDS[-1][1] else high):
                    continue
                tried += 1
                wanted = float(np.exp(rng.uniform(math.log(low), math.log(min(own, high)))))
                recipe = Recipe(wanted) if kind == "clear" else replace(drawn(rng, own), inter_eye_px=wanted)
                view = degrade(pixels, own, recipe, rng)
                scale = np.array([view.shape[1] / pixels.shape[1], view.shape[0] / pixels.shape[0]], np.float32)
                found = nearest(found_faces(view, identifier), (face.box.reshape(2, 2) * scale).reshape(4))
                if found is not None:
                    rows.append(kept(assess(view, found.box, found.landmarks)))
            cells.append({"low_px": low, "high_px": high, "kind": kind, "tried": tried, "pictures": rows})
    return {
        "schema": "secondlook.pictures/1",
        "made": f"python -m bench.picture_bands --tries {tries} --seed {seed}",
        "data": "Labeled Faces in the Wild, one picture a person",
        "detector": identifier.detector.pack,
        "measures": list(KEPT),
        "bands": cells,
    }


ANY = Limits(0, 0, 360, (0, 1), 0, 0)
"""No picture carries no decision: ``bench.calibration`` counts misses so."""


def check(tries: int, seed: int) -> dict[str, object]:
    """What a plan says of as many pictures as they are, one a person, with 850 enrolled at FPIR 0.01."""
    settings = Settings(recogniser="dlib-resnet", threads=1)
    with new_gallery(settings) as gallery:
        identifier = assemble(gallery, settings)
    calibration = calibration_for(identifier.embedder.pack)
    if calibration is None:
        raise SystemExit("the built-in pack has no calibration")
    everybody = list({picture.subject: picture.path for picture in labelled(LFW)}.values())
    seen = []
    for row in np.random.default_rng(seed).permutation(len(everybody))[:tries]:
        pixels = read_photo(everybody[row]).pixels
        face = meant(found_faces(pixels, identifier), *pixels.shape[:2])
        seen += [] if face is None else [face.quality]
    band = Band(Kind.CLEAR, 0, 100, tries, tuple(seen))
    return {
        "tried": tries,
        "found": len(seen),
        "missed": asdict(rates(calibration, 850, 0.01, [band], ANY).bands[0].missed),
    }


def kept(quality: Quality) -> list[float]:
    return [float(f"{getattr(quality, name):.3g}") for name in KEPT]


def written(found: dict[str, object]) -> str:
    """One line a picture."""
    return json.dumps(found, indent=1).replace(",\n     ", ", ").replace("[\n     ", "[").replace("\n    ]", "]") + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=100, help="pictures of each band and kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="file for `secondlook plan`")
    parser.add_argument("--check", action="store_true")
    asked = parser.parse_args()
    if asked.check:
        print(json.dumps(check(asked.tries, asked.seed), indent=2))
        return
    found = measure(asked.tries, asked.seed)
    if asked.write is None:
        print(written(found))
    else:
        asked.write.write_text(written(found), encoding="utf-8")


if __name__ == "__main__":
    main()
