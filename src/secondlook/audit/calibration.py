"""Whether a stated chance comes true: calibration curve, expected calibration error, Brier score."""

from __future__ import annotations

import numpy as np

from secondlook.audit.bootstrap import Resamples, percentiles, ratio
from secondlook.audit.counted import by_person, distinct
from secondlook.audit.figures import Figure, Rate, Said
from secondlook.audit.rates import rate
from secondlook.audit.refusals import LEAST_TRIALS, too_few_people, too_few_trials
from secondlook.audit.results import CalibrationBin, CalibrationCurve, Doubles
from secondlook.audit.scores import Codes, Flags

BINS = 10
"""Bins of equal width over 0 to 1."""


def calibration_curve(
    stated: Doubles, mated: Flags, subject: Codes, people: Resamples, confidence: float = 0.95, bins: int = BINS
) -> CalibrationCurve:
    """stated: (n,) posteriors, 0 to 1; NaN rows are left out, as nothing was stated. mated: (n,) what was true.

    ece: mean over the rows of |mean stated - share mated| of their bin (Naeini et al. 2015); brier: mean of
    (stated - truth)^2 (Brier 1950). subject: (n,) whose rows are resampled together.
    """
    said = ~np.isnan(stated)
    stated, mated, subject = stated[said], mated[said], subject[said]
    place = np.minimum((stated * bins).astype(np.int64), bins - 1)
    found = tuple(
        _bin(k, bins, stated[place == k], mated[place == k], subject[place == k], people, confidence)
        for k in range(bins)
    )
    return CalibrationCurve(
        found,
        _figure(_ece(stated, mated, subject, place, bins, people), mated, subject, people, confidence),
        _figure(_brier(stated, mated, subject, people), mated, subject, people, confidence),
    )


def _bin(
    k: int, bins: int, stated: Doubles, mated: Flags, subject: Codes, people: Resamples, confidence: float
) -> CalibrationBin:
    low, high = k / bins, (k + 1) / bins
    if not len(stated):
        return CalibrationBin(low, high, (low + high) / 2, _nothing())
    return CalibrationBin(
        low, high, float(stated.mean()), by_person(~mated, subject, people, confidence=confidence).rate
    )


def _nothing() -> Rate:
    return rate(0, 0)


def _ece(
    stated: Doubles, mated: Flags, subject: Codes, place: np.ndarray, bins: int, people: Resamples
) -> tuple[float, Doubles]:
    gap = stated - mated
    cells = people.block[subject].astype(np.int64) * bins + place
    sums = np.bincount(cells, gap, people.units * bins).reshape(people.units, bins).astype(np.float64)
    count = people.one_way(people.per_unit(subject))
    value = float(np.abs(sums.sum(axis=0)).sum() / len(gap)) if len(gap) else 0.0
    return value, ratio(np.abs(people.one_way(sums)).sum(axis=1), count)


def _brier(stated: Doubles, mated: Flags, subject: Codes, people: Resamples) -> tuple[float, Doubles]:
    squares = (stated - mated) ** 2
    drawn = people.one_way(people.per_unit(subject, squares))
    value = float(squares.mean()) if len(squares) else 0.0
    return value, ratio(drawn, people.one_way(people.per_unit(subject)))


def _figure(
    measured: tuple[float, Doubles], mated: Flags, subject: Codes, people: Resamples, confidence: float
) -> Said:
    value, replicated = measured
    who = distinct(subject, len(people.block))
    if len(mated) < LEAST_TRIALS:
        return too_few_trials(len(mated), LEAST_TRIALS, "stated posteriors")
    if who < LEAST_TRIALS:
        return too_few_people(who)
    low, high = percentiles(replicated, confidence) or (value, value)
    right = int(np.count_nonzero(mated))
    return Figure(value, min(low, value), max(high, value), right, len(mated) - right, who)
