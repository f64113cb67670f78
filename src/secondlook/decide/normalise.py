"""Adaptive symmetric score normalisation against a cohort of averaged faces, folded into one inner product.

The score of probe p and reference r is the mean of two: how many standard deviations their cosine lies above the mean of
p's ``top`` nearest cohort points, and the same for r (adaptive S-norm; Matejka et al., Interspeech 2017). A face that looks
like many others needs a larger cosine with each. Written out, with m and s the mean and standard deviation of a side's
nearest cohort cosines,

    score = <p, r> / 2 s_p + <p, r> / 2 s_r - m_p / 2 s_p - m_r / 2 s_r

which is the inner product of (p / 2 s_p, p, -m_p / 2 s_p, 1) and (r, r / 2 s_r, 1, -m_r / 2 s_r): search stays exact, with
vectors of 2 D + 2 numbers.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from secondlook.types import Floats

_LEAST_SPREAD = 1e-3
_ROWS = 4096
_FEW = 8
"""Probes that are multiplied without BLAS: on a busy machine its threads wait for each other many times as long."""


@dataclass(frozen=True, eq=False, slots=True)
class CohortNormalised:
    """``ports.Comparison`` against cohort points, (k, D) of unit length, each the average of many people.

    top: how many of the nearest count. The score is in standard deviations, usually -3 to 10.
    """

    points: Floats
    top: int

    @property
    def id(self) -> str:
        digest = hashlib.sha256(np.ascontiguousarray(self.points, "<f4").tobytes()).hexdigest()
        return f"cohort-{digest[:12]}-{self.top}"

    @property
    def dimension(self) -> int:
        return 2 * int(self.points.shape[1]) + 2

    def probes(self, templates: Floats) -> Floats:
        return probe_side(templates, *self._nearest(templates))

    def references(self, templates: Floats) -> Floats:
        return reference_side(templates, *self._nearest(templates))

    def _nearest(self, templates: Floats) -> tuple[Floats, Floats]:
        if 0 < len(templates) <= _FEW:
            return nearest(np.einsum("nd,kd->nk", templates, self.points), self.top)
        parts = [
            nearest(templates[start : start + _ROWS] @ self.points.T, self.top)
            for start in range(0, len(templates), _ROWS)
        ]
        if not parts:
            return np.zeros((0, 1), np.float32), np.ones((0, 1), np.float32)
        return np.concatenate([mean for mean, _ in parts]), np.concatenate([spread for _, spread in parts])


def nearest(cosines: Floats, top: int) -> tuple[Floats, Floats]:
    """(n, k) cosines with the cohort -> mean and standard deviation of the ``top`` largest, (n, 1) each."""
    top = min(top, cosines.shape[1])
    largest = np.partition(cosines, cosines.shape[1] - top, axis=1)[:, cosines.shape[1] - top :]
    spread = np.maximum(largest.std(axis=1, keepdims=True), _LEAST_SPREAD)
    return largest.mean(axis=1, keepdims=True).astype(np.float32), spread.astype(np.float32)


def probe_side(templates: Floats, mean: Floats, spread: Floats) -> Floats:
    half = 2 * spread
    return np.concatenate([templates / half, templates, -mean / half, np.ones_like(mean)], axis=1, dtype=np.float32)


def reference_side(templates: Floats, mean: Floats, spread: Floats) -> Floats:
    half = 2 * spread
    return np.concatenate([templates, templates / half, np.ones_like(mean), -mean / half], axis=1, dtype=np.float32)
