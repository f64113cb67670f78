"""The picture's part in a calibration: its quality as a few numbers, kept to what was measured."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.types import Quality

MEASURES: dict[str, Callable[[Quality], float]] = {
    "log2_inter_eye_px": lambda q: math.log2(max(q.inter_eye_px, 1.0)),
    "log2_sharpness": lambda q: math.log2(max(q.sharpness, 1e-3)),
    "turn": lambda q: (q.yaw_deg / 30) ** 2 + (q.pitch_deg / 30) ** 2,
    "log2_contrast": lambda q: math.log2(max(q.contrast, 1e-3)),
}
"""The first is the one that the evidence's last calibration looks at again."""


@dataclass(frozen=True, slots=True)
class Term:
    """One measure, cut to low..high, which is what was seen at fitting: beyond it nothing more is claimed.

    mean, spread: standardise the cut measure.
    """

    name: str
    low: float
    high: float
    mean: float
    spread: float


def fitted_terms(qualities: Sequence[Quality]) -> tuple[Term, ...]:
    """Limits are the 0.5 and 99.5 % quantiles."""
    found = []
    for name, measure in MEASURES.items():
        values = np.array([measure(q) for q in qualities])
        low, high = (float(v) for v in np.quantile(values, (0.005, 0.995)))
        cut = np.clip(values, low, high)
        found.append(Term(name, low, high, float(cut.mean()), float(cut.std()) or 1.0))
    return tuple(found)


def standardised(qualities: Sequence[Quality], terms: Sequence[Term]) -> NDArray[np.float64]:
    """(n, k)"""
    rows = np.empty((len(qualities), len(terms)))
    for column, term in enumerate(terms):
        measure = MEASURES[term.name]
        values = np.clip([measure(q) for q in qualities], term.low, term.high)
        rows[:, column] = (values - term.mean) / term.spread
    return rows
