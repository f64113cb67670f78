"""Templates: ours against dlib-bin on one thread, and how far apart the two are on the same chips.

python -m bench.templates
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import cv2
import dlib
import numpy as np

from secondlook.faces.packs import opening
from secondlook.faces.packs.runtime import RunOptions
from secondlook.faces.packs.shipped import DLIB_RESNET, shipped_file
from secondlook.types import Pixels


def made_up_chips(count: int, seed: int = 0) -> Pixels:
    """(count, 150, 150, 3) smooth noise: the time of a network does not depend on what it sees."""
    small = np.random.default_rng(seed).integers(0, 256, (count, 12, 12, 3), np.uint8)
    return np.stack([cv2.resize(s, (150, 150), interpolation=cv2.INTER_CUBIC) for s in small])


def seconds(work: Callable[[], object], repeats: int = 7) -> list[float]:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return sorted(taken)


def main() -> None:
    chips = made_up_chips(16)
    theirs = dlib.face_recognition_model_v1(str(shipped_file(DLIB_RESNET)))
    ours = opening.recogniser("dlib-resnet", RunOptions(threads=1))
    reference = np.array([theirs.compute_face_descriptor(c) for c in chips])
    apart = float(np.abs(ours.raw(chips) - reference).max())
    a = seconds(lambda: [theirs.compute_face_descriptor(c) for c in chips])
    b = seconds(lambda: ours.raw(chips))
    result = {
        "largest_difference": apart,
        "dlib_ms_per_face": {"median": 1e3 * a[len(a) // 2] / len(chips), "best": 1e3 * a[0] / len(chips)},
        "ours_ms_per_face": {"median": 1e3 * b[len(b) // 2] / len(chips), "best": 1e3 * b[0] / len(chips)},
        "times_faster": {"of_medians": a[len(a) // 2] / b[len(b) // 2], "of_bests": a[0] / b[0]},
        "note": "one pass, without the mirrored chip that the pack adds; one thread each; alternating in one run",
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
