"""What a search costs at least: one product of the probe and everybody enrolled, by NumPy; and face_recognition's distance."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bench.peers.cases import Case, Outcome

PROBES = 32


def opened(case: Case) -> Callable[[], Outcome]:
    """subject: people enrolled. variant: NumPy, or face_recognition's formula, which is NumPy, too."""
    rng = np.random.default_rng(0)
    gallery = rng.standard_normal((int(case.subject), 128), np.float32)
    probes = rng.standard_normal((PROBES, 128), np.float32)
    if "distance" in case.variant:
        # as face_recognition.face_distance, whose encodings are float64
        wide = gallery.astype(np.float64)

        def distance() -> Outcome:
            for probe in probes.astype(np.float64):
                np.linalg.norm(wide - probe, axis=1).argmin()
            return Outcome(PROBES)

        return distance

    def product() -> Outcome:
        for probe in probes:
            scores = gallery @ probe
            np.argpartition(scores, -5)[-5:]
        return Outcome(PROBES)

    return product
