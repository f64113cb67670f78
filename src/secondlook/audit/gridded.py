"""EER and Cllr_min of every resample: on a few hundred thresholds instead of on every score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from secondlook.audit import metrics
from secondlook.audit.bootstrap import Resamples
from secondlook.audit.metrics import Sorted
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes, Trials

THRESHOLDS = 300


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """Counts between neighbouring thresholds; bin 0 holds the failed acquisitions, and nothing else.

    mated, non_mated: (B, bins) in each resample. eer, cllr_min: of the data themselves on this grid.
    """

    mated: Doubles
    non_mated: Doubles
    eer: float
    cllr_min: float


def grid(trials: Trials, scores: Sorted, people: Resamples) -> Grid | None:
    """None where no comparison gave a score. Needs trials of both kinds."""
    curve = metrics.det(scores, None, THRESHOLDS)
    if curve is None:
        return None
    edges = curve.thresholds[::-1]
    mated = _binned(people, trials.mated_subject, trials.mated, edges)
    first = _binned(people, trials.non_mated_subject, trials.non_mated, edges)
    if trials.non_mated_other is None:
        non_mated = people.one_way(first)
    else:
        non_mated = people.two_way(first, _binned(people, trials.non_mated_other, trials.non_mated, edges))
    here, there = mated.sum(axis=0), first.sum(axis=0)
    return Grid(
        people.one_way(mated),
        non_mated,
        float(_crossings(here[None], there[None])[0]),
        metrics.cllr_min_of_counts(here, there, failed_first=True),
    )


def eers(grid: Grid) -> Doubles:
    """(B,) equal error rates, NaN where the curves of a resample do not cross."""
    return _crossings(grid.mated, grid.non_mated)


def cllr_mins(grid: Grid) -> Doubles:
    """(B,) in bits, NaN where a resample lacks one kind of trial."""
    both = (grid.mated.sum(axis=1) > 0) & (grid.non_mated.sum(axis=1) > 0)
    values = np.full(len(both), np.nan)
    for row in np.flatnonzero(both):
        values[row] = metrics.cllr_min_of_counts(grid.mated[row], grid.non_mated[row], failed_first=True)
    return values


def _binned(people: Resamples, subject: Codes, scores: Doubles, edges: Doubles) -> Doubles:
    return people.per_unit_and_bin(subject, np.searchsorted(edges, scores, "right"), len(edges) + 1)


def _crossings(mated: Doubles, non_mated: Doubles) -> Doubles:
    """EER of each row of counts, (rows,), by straight lines between neighbouring thresholds."""
    with np.errstate(invalid="ignore", divide="ignore"):
        # at edge k: misses are bins 0..k, false positives the bins above
        negative = np.cumsum(mated, axis=1)[:, :-1] / mated.sum(axis=1, keepdims=True)
        positive = 1 - np.cumsum(non_mated, axis=1)[:, :-1] / non_mated.sum(axis=1, keepdims=True)
    gap = positive - negative
    at = np.count_nonzero(gap >= 0, axis=1) - 1
    rows, after = np.arange(len(gap)), np.minimum(at + 1, gap.shape[1] - 1)
    step = gap[rows, at] - gap[rows, after]
    part = np.divide(gap[rows, at], step, out=np.zeros(len(gap)), where=step > 0)
    values = positive[rows, at] + part * (positive[rows, after] - positive[rows, at])
    return np.where(at >= 0, values, np.nan)
