"""The measures themselves, as plain numbers without intervals. Scores are similarities; -inf is a failed acquisition.

A comparison is a positive at and above the threshold. Rates follow ISO/IEC 19795-1:2021; on ``Trials`` of searches the
same functions give FPIR and FNIR, on ``Trials`` of comparisons FMR and FNMR.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize

from secondlook.audit.results import DetCurve, Doubles
from secondlook.audit.scores import Trials


@dataclass(frozen=True, eq=False, slots=True)
class Sorted:
    """Scores of mated and non-mated trials, each ascending, -inf first."""

    mated: Doubles
    non_mated: Doubles

    @property
    def lowest(self) -> float | None:
        """The lowest score that was given at all; None where every acquisition failed."""
        finite = [x for x in (_first_finite(self.mated), _first_finite(self.non_mated)) if x is not None]
        return min(finite) if finite else None


def sort_trials(trials: Trials) -> Sorted:
    return Sorted(np.sort(trials.mated), np.sort(trials.non_mated))


def misses(scores: Sorted, thresholds: Doubles | float) -> Doubles:
    """Mated trials below each threshold."""
    return np.searchsorted(scores.mated, thresholds, "left").astype(np.float64)


def false_positives(scores: Sorted, thresholds: Doubles | float) -> Doubles:
    """Non-mated trials at or above each threshold."""
    return (len(scores.non_mated) - np.searchsorted(scores.non_mated, thresholds, "left")).astype(np.float64)


def false_negative_rate(scores: Sorted, thresholds: Doubles) -> Doubles:
    """FNMR or FNIR; 0 to 1. Needs a mated trial."""
    return misses(scores, thresholds) / len(scores.mated)


def false_positive_rate(scores: Sorted, thresholds: Doubles) -> Doubles:
    """FMR or FPIR; 0 to 1. Needs a non-mated trial."""
    return false_positives(scores, thresholds) / len(scores.non_mated)


def threshold_for(scores: Sorted, wanted: float) -> float | None:
    """The lowest threshold whose false-positive rate is at most ``wanted`` (0 to 1); None where no score was given.

    It lies halfway from the highest score that has to be refused to the next higher score of any trial, so nothing is
    decided by rounding, and tied scores stand or fall together.
    """
    if scores.lowest is None or not len(scores.non_mated):
        return None
    others = scores.non_mated
    allowed = int(np.floor(wanted * len(others) + 1e-9))
    if allowed >= len(others):
        return scores.lowest
    refused = float(others[len(others) - 1 - allowed])
    if refused == -np.inf:
        return scores.lowest
    above = [side[place] for side in (scores.mated, others) if (place := _first_above(side, refused)) < len(side)]
    least = float(np.nextafter(refused, np.inf))
    return max(least, refused + (float(min(above)) - refused) / 2) if above else least


def _first_above(ascending: Doubles, score: float) -> int:
    return int(np.searchsorted(ascending, score, "right"))


def eer(scores: Sorted) -> tuple[float, float] | None:
    """Equal error rate and its threshold, by straight lines between neighbouring points of the ROC, not its hull.

    None where the curves do not cross, which only failed acquisitions can bring about. Needs trials of both kinds.
    """
    every = np.sort(np.concatenate([scores.mated, scores.non_mated]))
    every = every[np.searchsorted(every, -np.inf, "right") :]
    if not len(every):
        return None
    at = _last_crossed(scores, every)
    if at is None:
        return None
    here = _point(scores, float(every[at]))
    higher = np.searchsorted(every, every[at], "right")
    # above the highest score everything is refused
    there = _point(scores, float(every[higher])) if higher < len(every) else (0.0, 1.0)
    gap_here, gap_there = here[0] - here[1], there[1] - there[0]
    part = gap_here / (gap_here + gap_there) if gap_here + gap_there else 0.0
    return here[0] + part * (there[0] - here[0]), float(every[at])


def _last_crossed(scores: Sorted, every: Doubles) -> int | None:
    """Index of the highest threshold at which there are at least as many false positives as misses, by bisection."""
    low, high = 0, len(every)
    while low < high:
        middle = (low + high) // 2
        positive, negative = _point(scores, float(every[middle]))
        low, high = (middle + 1, high) if positive >= negative else (low, middle)
    return low - 1 if low else None


def _point(scores: Sorted, threshold: float) -> tuple[float, float]:
    positive = float(false_positives(scores, threshold)) / len(scores.non_mated)
    return positive, float(misses(scores, threshold)) / len(scores.mated)


def det(scores: Sorted, n: int | None, most: int = 400) -> DetCurve | None:
    """The DET at no more than about ``most`` thresholds, spread evenly over the logarithm of either error.

    n: gallery size, None for 1:1. None without trials of both kinds.
    """
    if not len(scores.mated) or not len(scores.non_mated) or scores.lowest is None:
        return None
    places = _spread(scores.non_mated[::-1], most // 2), _spread(scores.mated, most // 2)
    thresholds = np.unique(np.concatenate([*places, [scores.lowest]]))
    # just above the highest score nobody is returned
    thresholds = np.append(thresholds[np.isfinite(thresholds)], np.nextafter(_highest(scores), np.inf))[::-1]
    return DetCurve(
        n,
        thresholds,
        false_positive_rate(scores, thresholds),
        false_negative_rate(scores, thresholds),
        len(scores.non_mated),
        len(scores.mated),
    )


def _spread(outermost_first: Doubles, count: int) -> Doubles:
    """``count`` scores, close together where errors are rare."""
    if len(outermost_first) <= count:
        return outermost_first
    places = np.unique(np.geomspace(1, len(outermost_first), count).astype(np.int64)) - 1
    return outermost_first[places]


def cllr(mated: Doubles, non_mated: Doubles) -> float:
    """Log-likelihood-ratio cost in bits, of natural logarithms of likelihood ratios. Needs both kinds.

    0 is perfect, 1 is as good as saying nothing (Brümmer & du Preez 2006). A failed acquisition (-inf) says nothing:
    its likelihood ratio is 1 and it costs one bit.
    """
    return float(cost_mated(mated).mean() + cost_non_mated(non_mated).mean()) / 2


def cost_mated(log_ratios: Doubles) -> Doubles:
    """Bits each mated comparison costs."""
    bits: Doubles = np.logaddexp(0, -_spoken(log_ratios)) / np.log(2)
    return bits


def cost_non_mated(log_ratios: Doubles) -> Doubles:
    """Bits each non-mated comparison costs."""
    bits: Doubles = np.logaddexp(0, _spoken(log_ratios)) / np.log(2)
    return bits


def cllr_min(scores: Sorted) -> float:
    """Cllr after the best monotone calibration on these very scores (pool adjacent violators; Brümmer & du Preez).

    It depends on the order of the scores only. Needs both kinds.
    """
    levels = np.unique(np.concatenate([scores.mated, scores.non_mated]))
    mated = _counts(scores.mated, levels)
    non_mated = _counts(scores.non_mated, levels)
    return cllr_min_of_counts(mated, non_mated, failed_first=levels[0] == -np.inf)


def cllr_min_of_counts(mated: Doubles, non_mated: Doubles, failed_first: bool) -> float:
    """The same of the counts at each score, ascending. failed_first: the first are failed acquisitions (a bit each)."""
    start = 1 if failed_first else 0
    total_mated, total_non_mated = mated.sum(), non_mated.sum()
    lost = (mated[0] / total_mated + non_mated[0] / total_non_mated) / 2 if failed_first else 0.0
    # equal priors, so that the share of mated in a pooled block gives its likelihood ratio
    first, second = mated[start:] / total_mated, non_mated[start:] / total_non_mated
    weight = first + second
    there = weight > 0
    first, second, weight = first[there], second[there], weight[there]
    if not len(weight):
        return float(lost)
    share = np.clip(optimize.isotonic_regression(first / weight, weights=weight).x, 0, 1)
    bits = _bits(first, share) + _bits(second, 1 - share)
    return float(lost + bits / 2)


def _bits(amount: Doubles, share: Doubles) -> float:
    there = amount > 0
    return float(-(amount[there] * np.log2(share[there])).sum())


def _counts(ascending: Doubles, levels: Doubles) -> Doubles:
    return np.diff(np.searchsorted(ascending, levels, "left"), append=len(ascending)).astype(np.float64)


def _spoken(log_ratios: Doubles) -> Doubles:
    return np.where(log_ratios == -np.inf, 0.0, log_ratios)


def _first_finite(ascending: Doubles) -> float | None:
    at = int(np.searchsorted(ascending, -np.inf, "right"))
    return float(ascending[at]) if at < len(ascending) else None


def _highest(scores: Sorted) -> float:
    return float(max(x[-1] for x in (scores.mated, scores.non_mated) if len(x)))
