"""The quality of faces as columns of plain numbers, for what is kept while a run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from secondlook.types import Quality

MEASURES = tuple(measure.name for measure in fields(Quality))
"""What each column holds."""


def as_row(quality: Quality | None) -> list[float]:
    """One number a measure, NaN where nothing was measured."""
    if quality is None:
        return [float("nan")] * len(MEASURES)
    return [float(getattr(quality, name)) for name in MEASURES]


def as_quality(row: NDArray[np.float64] | Sequence[float]) -> Quality | None:
    """What ``as_row`` was given. Raises ValueError where the columns are not those of today."""
    if len(row) != len(MEASURES):
        raise ValueError(f"{len(row)} measures of quality, not {len(MEASURES)}")
    numbers = [float(value) for value in row]
    return None if np.isnan(numbers).all() else Quality(*numbers)
