"""Accuracy of a recogniser pack on ../shared/data/lfw, through the real road (detection, alignment, template).

    python -m bench.lfw --pack dlib-resnet --pack mobilefacenet --cache /tmp/lfw

Pairs: 10 folds, subject-disjoint, 300 mated and 300 non-mated each; the threshold for each fold comes from the other
nine. Open set (ISO/IEC 19795-1): everybody with two pictures or more is enrolled with one; everybody with one picture is
a stranger. FNIR counts a probe as missed where its own subject is not the first candidate at or above the threshold, and
a picture without a face found as missed too. Intervals: 95 %, Wilson for FPIR, bootstrap over subjects for FNIR.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from secondlook.assemble import Settings
from secondlook.faces.align import chip
from secondlook.faces.detect import Search, find_faces
from secondlook.faces.packs import opening
from secondlook.faces.packs.recognisers import PackEmbedder
from secondlook.faces.packs.runtime import RunOptions
from secondlook.sources import read_photo
from secondlook.types import Floats

LFW = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "lfw"
DETECTOR = Settings().detector
FPIRS = (0.1, 0.03, 0.01, 0.003)


@dataclass(frozen=True, eq=False, slots=True)
class Templates:
    """values: (n, D), rows of zeros where no face was found. subjects: (n,) names."""

    values: Floats
    subjects: NDArray[np.str_]


def templates(packs: list[str], cache: Path, detector: str = DETECTOR) -> dict[str, Templates]:
    """Of every picture, made once and kept in ``cache`` (outside the repository: they are of real people)."""
    embedders = {name: opening.recogniser(name, RunOptions()) for name in packs}
    places = {name: cache / f"lfw-{detector}-{e.pack.replace('@', '-')}.npz" for name, e in embedders.items()}
    missing = {name: e for name, e in embedders.items() if not places[name].is_file()}
    if missing:
        cache.mkdir(parents=True, exist_ok=True)
        for name, made in _made(missing, detector).items():
            np.savez(places[name], values=made.values, subjects=made.subjects)
    held = {name: np.load(place) for name, place in places.items()}
    return {name: Templates(h["values"], h["subjects"]) for name, h in held.items()}


def _made(embedders: dict[str, PackEmbedder], detector: str) -> dict[str, Templates]:
    looking = opening.detector(detector, RunOptions())
    pictures = sorted(LFW.glob("*/*.jpg"))
    values = {name: np.zeros((len(pictures), e.dimension), np.float32) for name, e in embedders.items()}
    for row, path in enumerate(track(pictures, "Templates", console=Console(stderr=True))):
        pixels = read_photo(path).pixels
        found = find_faces(looking, pixels, Search())
        if not len(found):
            continue
        # LFW's subject is in the middle.
        central = int(np.abs((found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - 125).sum(1).argmin())
        for name, e in embedders.items():
            values[name][row] = e.embed(chip(pixels, found.landmarks[central], e.layout)[None])[0]
    names = np.array([path.parent.name for path in pictures])
    return {name: Templates(v, names) for name, v in values.items()}


def pair_accuracy(t: Templates, seed: int = 0, each: int = 300) -> tuple[float, float]:
    """Mean accuracy over ten folds and its standard error."""
    scores = [_fold(t, subjects, each, np.random.default_rng([seed, i])) for i, subjects in enumerate(_folds(t, seed))]
    accuracies = []
    for i, (mated, other) in enumerate(scores):
        threshold = _best_threshold([s for j, s in enumerate(scores) if j != i])
        accuracies.append(((mated >= threshold).mean() + (other < threshold).mean()) / 2)
    return float(np.mean(accuracies)), float(np.std(accuracies, ddof=1) / np.sqrt(len(accuracies)))


def _folds(t: Templates, seed: int) -> list[NDArray[np.str_]]:
    subjects = np.unique(t.subjects)
    np.random.default_rng(seed).shuffle(subjects)
    return np.array_split(subjects, 10)


def _fold(t: Templates, subjects: NDArray[np.str_], each: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    rows = [np.nonzero(t.subjects == s)[0] for s in subjects]
    several = [r for r in rows if len(r) > 1]
    mated = [rng.choice(several[rng.integers(len(several))], 2, replace=False) for _ in range(each)]
    picked = (rng.choice(len(rows), 2, replace=False) for _ in range(each))
    other = [(rng.choice(rows[a]), rng.choice(rows[b])) for a, b in picked]
    return _cosines(t, mated), _cosines(t, other)


def _cosines(t: Templates, pairs: list[tuple[int, int]]) -> Floats:
    a, b = np.array(pairs).T
    return np.asarray((t.values[a] * t.values[b]).sum(1), np.float32)


def _best_threshold(scores: list[tuple[Floats, Floats]]) -> float:
    mated = np.sort(np.concatenate([m for m, _ in scores]))
    other = np.sort(np.concatenate([o for _, o in scores]))
    tried = np.concatenate([mated, other])
    right = (len(mated) - np.searchsorted(mated, tried)) + np.searchsorted(other, tried)
    return float(tried[right.argmax()])


@dataclass(frozen=True, slots=True)
class OpenSet:
    fpir: float
    threshold: float
    fnir: float
    low: float
    high: float
    enrolled: int
    strangers: int
    probes: int


def open_set(t: Templates, seed: int = 0, boots: int = 500) -> Iterator[OpenSet]:
    """FNIR at each FPIR, thresholds set on the same strangers (a closed look at the pack; the audit uses others)."""
    rng = np.random.default_rng(seed)
    rows = {s: rng.permutation(np.nonzero(t.subjects == s)[0]) for s in np.unique(t.subjects)}
    enrolled = [r for r in rows.values() if len(r) > 1]
    gallery = t.values[[r[0] for r in enrolled]]
    strangers = t.values[[r[0] for r in rows.values() if len(r) == 1]]
    highest = np.sort((strangers @ gallery.T).max(1))
    probes = np.concatenate([r[1:6] for r in enrolled])
    owner = np.repeat(np.arange(len(enrolled)), [len(r[1:6]) for r in enrolled])
    scores = t.values[probes] @ gallery.T
    own, first = scores[np.arange(len(probes)), owner], scores.argmax(1) == owner
    for fpir in FPIRS:
        threshold = float(highest[len(highest) - 1 - int(fpir * len(highest))])
        threshold = float(np.nextafter(np.float32(threshold), np.float32(2)))
        missed = (own < threshold) | ~first
        low, high = _bootstrap(missed, owner, boots, rng)
        yield OpenSet(fpir, threshold, float(missed.mean()), low, high, len(enrolled), len(strangers), len(probes))


def _bootstrap(
    missed: NDArray[np.bool_], owner: NDArray[np.intp], boots: int, rng: np.random.Generator
) -> tuple[float, float]:
    count = int(owner.max()) + 1
    errors, trials = np.bincount(owner, missed, count), np.bincount(owner, minlength=count)
    drawn = rng.integers(0, count, (boots, count))
    low, high = np.quantile(errors[drawn].sum(1) / trials[drawn].sum(1), (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pack", action="append", help="may be given several times; default: dlib-resnet")
    parser.add_argument("--cache", type=Path, required=True, help="folder outside the repository for templates")
    parser.add_argument("--detector", default=DETECTOR)
    asked = parser.parse_args()
    for pack, t in templates(asked.pack or ["dlib-resnet"], asked.cache, asked.detector).items():
        folds = [pair_accuracy(t, seed) for seed in range(8)]
        result = {
            "pack": pack,
            "detector": asked.detector,
            "pictures": len(t.values),
            "no_face": int((t.values == 0).all(1).sum()),
            "pair_accuracy": round(float(np.mean([a for a, _ in folds])), 4),
            "standard_error_of_one_draw": round(float(np.mean([e for _, e in folds])), 4),
            "draws": len(folds),
            "open_set": [asdict(o) for o in open_set(t)],
        }
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
