"""Comparison scores, counted for drawing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from secondlook.audit.results import Doubles

BINS = 60


@dataclass(frozen=True, eq=False, slots=True)
class ScoreHistogram:
    """edges: (k+1,) rising. mated, non_mated: (k,) counts. threshold: drawn as a line. unit: what a score is."""

    edges: Doubles
    mated: Doubles
    non_mated: Doubles
    unit: str
    threshold: float | None
    mated_name: str
    non_mated_name: str


def score_histogram(
    mated: Doubles,
    non_mated: Doubles,
    unit: str,
    threshold: float | None = None,
    names: tuple[str, str] = ("same person", "two people"),
    bins: int = BINS,
) -> ScoreHistogram | None:
    """Counts finite scores in equal bins over the range that holds all but one in a thousand at each end.

    None where there is nothing, or nothing but one value, to draw. Failed acquisitions have no score and are left out.
    """
    known = [scores[np.isfinite(scores)] for scores in (mated, non_mated)]
    if sum(len(scores) for scores in known) < 2:
        return None
    ends = np.array([np.quantile(scores, (0.001, 0.999)) for scores in known if len(scores)])
    low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
    if threshold is not None:
        low, high = min(low, threshold), max(high, threshold)
    if high <= low:
        return None
    edges = np.linspace(low, high, bins + 1)
    inside = [np.histogram(np.clip(scores, low, high), edges)[0].astype(np.float64) for scores in known]
    return ScoreHistogram(edges, inside[0], inside[1], unit, threshold, *names)
