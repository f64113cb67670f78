"""A table of scores of made-up people: everybody's probes against everybody's reference, women harder to tell apart."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

HEADER = ("probe", "reference", "probe_subject", "reference_subject", "score", "probe_gender", "probe_age", "quality")


def write_scores(path: Path, people: int = 80, enrolled: int = 40, shots: int = 2, distance: bool = False) -> None:
    """``people`` times ``shots`` probes; the first ``enrolled`` people have a reference. Two in a hundred probes fail."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(people, 16))
    women, old = rng.random(people) < 0.5, rng.random(people) < 0.4
    references = _unit(centres[:enrolled] + 0.4 * rng.normal(size=(enrolled, 16)))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([("distance" if distance and name == "score" else name) for name in HEADER])
        for person in range(people):
            for shot in range(shots):
                noise = rng.normal(size=16) * (1.1 if women[person] else 0.7)
                cosines = references @ _unit(centres[person] + noise)
                scores = np.sqrt(2 - 2 * cosines) if distance else cosines
                failed = rng.random() < 0.02
                quality = 1 / (1 + np.linalg.norm(noise))
                what = ("female" if women[person] else "male", "60+" if old[person] else "under 60", f"{quality:.3f}")
                for other, score in enumerate(scores):
                    cell = "" if failed else f"{score:.5f}"
                    writer.writerow((f"p{person}-{shot}", f"r{other}", f"S{person}", f"S{other}", cell, *what))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))
