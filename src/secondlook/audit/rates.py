"""A rate from its counts: its interval, and what the rule of 3 and the rule of 30 allow to be said of it.

Rule of 3 (Louis 1981; ISO/IEC 19795-1): no error in n trials supports, at 95 %, only "at most 3/n".
Rule of 30 (Doddington et al. 2000; ISO/IEC 19795-1): 30 errors put the true rate within 30 % of the observed one with
90 % confidence. Both speak of independent trials. Several trials of one person are not independent, so errors and
trials are first divided by the design effect: the variance found by resampling people over that of independent trials
(Kish 1965).
"""

from __future__ import annotations

import math
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import special

from secondlook.audit.figures import Rate
from secondlook.audit.kinds import Enough

LEAST_RATE = 0.1
"""Where no lower rate was asked about, "at most this" is the least worth saying: 30 trials."""


class Sides(StrEnum):
    """Whether a trial has one independent person in it or two."""

    ONE = "one"
    """a search, or a comparison of a person with itself"""
    TWO = "two"
    """a comparison of two people; resampling both counts the chance of the single comparison twice (Owen 2007)"""


def clopper_pearson(errors: float, trials: float, confidence: float = 0.95) -> tuple[float, float]:
    """Exact binomial interval (Clopper & Pearson 1934); errors and trials need not be whole (Korn & Graubard 1998)."""
    if trials <= 0:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = special.betaincinv(errors, trials - errors + 1, tail) if errors > 0 else 0.0
    high = special.betaincinv(errors + 1, trials - errors, 1 - tail) if errors < trials else 1.0
    return float(low), float(high)


def rate(
    errors: int,
    trials: int,
    subjects: int | None = None,
    replicated: NDArray[np.float64] | None = None,
    sides: Sides = Sides.ONE,
    wanted: float = LEAST_RATE,
    confidence: float = 0.95,
    independent: int | None = None,
) -> Rate:
    """The rate of ``errors`` among ``trials``, 0 <= errors <= trials.

    subjects: independent people behind the trials; None: every trial is another person. replicated: the rate in each
    resample of the people, (B,); None: trials are independent. wanted: the rate the question is about.
    independent: trials that count when no error was seen; None: as many as there are people.

    Interval: the percentiles of ``replicated``, and where it is wider (percentiles of few errors cover too little)
    Clopper-Pearson on the effective counts (Korn & Graubard 1998); with no error, 0 to 3 / ``independent``.
    """
    if not 0 <= errors <= trials:
        raise ValueError(f"{errors} errors of {trials} trials")
    people = trials if subjects is None else subjects
    units = min(trials, people if independent is None else independent)
    clean = _clean(replicated)
    effect = design_effect(errors, trials, units, clean, sides)
    low, high = _interval(errors, trials, effect, clean, sides, confidence)
    effective = errors / effect
    enough = _rules(effective, trials / effect, people, low, wanted)
    return Rate(
        errors,
        trials,
        low,
        high,
        people,
        effective,
        enough,
        trials_needed(enough, errors, trials, effect, low, high, wanted),
        subjects_needed(people, low) if enough is Enough.TOO_FEW else None,
    )


def design_effect(
    errors: int, trials: int, independent: int, replicated: NDArray[np.float64] | None, sides: Sides
) -> float:
    """How many times the variance of the rate exceeds that of independent trials; at least 1.

    Where all trials ended alike there is no variance to see, and only ``independent`` of them are taken to count.
    """
    if not trials:
        return 1.0
    if errors in (0, trials):
        return trials / max(independent, 1)
    if replicated is None:
        return 1.0
    seen = errors / trials
    effect = float(np.var(replicated)) / (seen * (1 - seen) / trials)
    return max(1.0, effect - 1 if sides is Sides.TWO else effect)


def trials_needed(
    enough: Enough, errors: int, trials: int, effect: float, low: float, high: float, wanted: float
) -> int | None:
    """Trials, taken like these, at which the rule that fails now would hold."""
    if enough is Enough.ENOUGH:
        return None
    if enough is Enough.TOO_FEW:
        return math.ceil(effect * 3 / max(wanted, low) - 1e-9)
    if enough is Enough.BOUND_ONLY:
        # not fewer: nobody knows how far below its bound the rate lies
        return math.ceil(effect * 30 / high - 1e-9)
    return math.ceil(effect * trials * 30 / errors - 1e-9)


def subjects_needed(subjects: int, low: float) -> int | None:
    """People needed by the rule of 3, or None where there are as many."""
    needed = math.ceil(3 / max(LEAST_RATE, low) - 1e-9)
    return needed if subjects < needed else None


def _rules(effective: float, trials: float, people: int, low: float, wanted: float) -> Enough:
    # a rate known to lie above the wanted one needs no more trials than show such a rate
    if trials < 3 / max(wanted, low) - 1e-9 or subjects_needed(people, low) is not None:
        return Enough.TOO_FEW
    if effective == 0:
        return Enough.BOUND_ONLY
    return Enough.ENOUGH if effective >= 30 else Enough.ROUGH


def _interval(
    errors: int,
    trials: int,
    effect: float,
    replicated: NDArray[np.float64] | None,
    sides: Sides,
    confidence: float,
) -> tuple[float, float]:
    if trials == 0:
        return 0.0, 1.0
    # the 3 is -ln 0.05, rounded
    of_3 = min(1.0, 3 * math.log(1 - confidence) / math.log(0.05) * effect / trials)
    if errors == 0:
        return 0.0, of_3
    if errors == trials:
        return 1 - of_3, 1.0
    low, high = clopper_pearson(errors / effect, trials / effect, confidence)
    if replicated is None:
        return low, high
    drawn = _percentiles(errors / trials, replicated, sides, effect, confidence)
    return min(low, drawn[0]), max(high, drawn[1])


def _percentiles(
    seen: float, replicated: NDArray[np.float64], sides: Sides, effect: float, confidence: float
) -> tuple[float, float]:
    tail = 50 * (1 - confidence)
    low, high = np.percentile(replicated, [tail, 100 - tail])
    if sides is Sides.TWO:
        shrink = math.sqrt(effect / (effect + 1))
        low, high = seen - (seen - low) * shrink, seen + (high - seen) * shrink
    return float(np.clip(min(low, seen), 0, 1)), float(np.clip(max(high, seen), 0, 1))


def _clean(replicated: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
    if replicated is None:
        return None
    finite = replicated[np.isfinite(replicated)]
    return finite if len(finite) else None
