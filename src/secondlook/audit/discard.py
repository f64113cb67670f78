"""Error versus discard (ISO/IEC 29794-1, Grother & Tabassi 2007): does the quality measure foresee the misses?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from secondlook.audit.bootstrap import Resamples, percentiles, ratio
from secondlook.audit.counted import distinct
from secondlook.audit.figures import Figure, Said, Unsupported
from secondlook.audit.kinds import Measure, Why
from secondlook.audit.refusals import LEAST_TRIALS, too_few_people, too_few_trials
from secondlook.audit.results import Doubles, QualityDiscard
from secondlook.audit.scores import Codes, Flags

STEPS = 100
MOST_LEVELS = 1000
AREA_TO = 0.2
"""Share of discarded probes up to which the area is taken: nobody throws more away."""


def error_versus_discard(
    missed: Flags,
    quality: Doubles,
    subject: Codes,
    people: Resamples,
    name: str,
    measure: Measure,
    threshold: float,
    confidence: float = 0.95,
) -> QualityDiscard | None:
    """missed: (m,) mated trials that were missed at ``threshold``, failed acquisitions among them.

    quality: (m,), higher is better; NaN (none could be measured) is discarded first. Trials of equal quality are
    discarded by equal shares, so their order does not matter. None without a mated trial.
    """
    if not len(missed):
        return None
    misses, trials = _by_unit(missed, quality, subject, people)
    error = _curves(misses.sum(axis=0)[None], trials.sum(axis=0)[None])[0]
    discarded = np.arange(STEPS) / STEPS
    ideal = _areas(_ideal(float(missed.mean()), discarded)[None])[0]
    replicated = _areas(_curves(people.one_way(misses), people.one_way(trials)))
    area = _area(error, replicated, missed, distinct(subject, len(people.block)), confidence)
    return QualityDiscard(name, measure, threshold, discarded, error, len(missed), area, AREA_TO, float(ideal))


def _by_unit(missed: Flags, quality: Doubles, subject: Codes, people: Resamples) -> tuple[Doubles, Doubles]:
    """Misses and trials of each unit in each of the STEPS slices of quality, worst first: (units, STEPS) each."""
    level = _levels(quality)
    count = int(level.max()) + 1
    slices = _slices(np.bincount(level, minlength=count))
    trials = people.per_unit_and_bin(subject, level, count) @ slices
    misses = people.per_unit_and_bin(subject[missed], level[missed], count) @ slices
    return misses, trials


def _levels(quality: Doubles) -> NDArray[np.intp]:
    """(m,) the level of each trial, 0 for the worst: at most MOST_LEVELS, equal qualities always on one level."""
    worst_first = np.where(np.isnan(quality), -np.inf, quality)
    values = np.unique(worst_first)
    if len(values) > MOST_LEVELS:
        values = np.unique(np.quantile(worst_first, np.arange(MOST_LEVELS) / MOST_LEVELS, method="lower"))
    return np.searchsorted(values, worst_first, "right") - 1


def _slices(counts: NDArray[np.intp]) -> Doubles:
    """(levels, STEPS) the share of each level that lies in each slice of 1/STEPS of all trials."""
    ends = np.cumsum(counts) / counts.sum() * STEPS
    starts = np.concatenate([[0.0], ends[:-1]])
    steps = np.arange(STEPS)
    overlap = np.minimum(ends[:, None], steps + 1) - np.maximum(starts[:, None], steps)
    shares: Doubles = np.maximum(overlap, 0) / (ends - starts)[:, None]
    return shares


def _curves(misses: Doubles, trials: Doubles) -> Doubles:
    """Error among what is left from each slice on: (rows, STEPS)."""
    left = np.cumsum(trials[:, ::-1], axis=1)[:, ::-1]
    missed = np.cumsum(misses[:, ::-1], axis=1)[:, ::-1]
    return ratio(missed, left)


def _ideal(error: float, discarded: Doubles) -> Doubles:
    """The curve of a measure that puts every miss before every hit."""
    curve: Doubles = np.maximum(0.0, error - discarded) / (1 - discarded)
    return curve


def _areas(curves: Doubles) -> Doubles:
    """Mean of each curve from 0 to AREA_TO, by trapezia."""
    inside = curves[:, : round(AREA_TO * STEPS) + 1]
    areas: Doubles = np.trapezoid(inside, axis=1) / (inside.shape[1] - 1)
    return areas


def _area(error: Doubles, replicated: Doubles, missed: Flags, who: int, confidence: float) -> Said:
    if len(missed) < LEAST_TRIALS:
        return too_few_trials(len(missed), LEAST_TRIALS, "mated trials")
    if who < LEAST_TRIALS:
        return too_few_people(who)
    if not missed.any():
        sentence = "No mated trial was missed, so there is no error for the quality measure to foresee."
        return Unsupported(Why.TOO_FEW_TRIALS, sentence, 0, 1, "misses")
    value = float(_areas(error[None])[0])
    low, high = percentiles(replicated, confidence) or (value, value)
    return Figure(value, min(low, value), max(high, value), len(missed), 0, who)
