"""Whether a stated chance comes true: calibration curve, expected calibration error, Brier score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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
    stated: Doubles,
    mated: Flags,
    subject: Codes,
    people: Resamples,
    confidence: float = 0.95,
    bins: int = BINS,
    weights: Doubles | None = None,
) -> CalibrationCurve:
    """stated: (n,) posteriors, 0 to 1; NaN rows are left out, as nothing was stated. mated: (n,) what was true.

    ece: mean over the rows of |mean stated - share mated| of their bin (Naeini et al. 2015); brier: mean of
    (stated - truth)^2 (Brier 1950). subject: (n,) whose rows are resampled together. weights: (n,) what each row counts,
    above 0, in every mean and share; None: 1 (see ``balanced``).
    """
    said = ~np.isnan(stated)
    counted = np.ones(int(said.sum())) if weights is None else weights[said]
    rows = _Rows(stated[said], mated[said], subject[said], counted)
    place = np.minimum((rows.stated * bins).astype(np.int64), bins - 1)
    ece, brier = _ece(rows, place, bins, people), _brier(rows, people)
    return CalibrationCurve(
        tuple(_bin(k, bins, rows, place == k, weights is not None, people, confidence) for k in range(bins)),
        _figure(ece, rows.mated, rows.subject, people, confidence),
        _figure(brier, rows.mated, rows.subject, people, confidence),
    )


def balanced(enrolled: Flags, said: Flags, prior: float) -> Doubles | None:
    """(n,) weights by which enrolled people are a share ``prior`` of all of whom something was ``said``: what a posterior
    under that prior is true of. None without both kinds."""
    first, second = int(np.count_nonzero(enrolled & said)), int(np.count_nonzero(~enrolled & said))
    if not first or not second:
        return None
    weights = np.where(enrolled, prior / first, (1 - prior) / second) * (first + second)
    return np.asarray(weights, np.float64)


@dataclass(frozen=True, eq=False, slots=True)
class _Rows:
    stated: Doubles
    mated: Flags
    subject: Codes
    weights: Doubles


def _bin(
    k: int, bins: int, rows: _Rows, here: Flags, weighted: bool, people: Resamples, confidence: float
) -> CalibrationBin:
    low, high = k / bins, (k + 1) / bins
    if not here.any():
        return CalibrationBin(low, high, (low + high) / 2, rate(0, 0))
    wrong = by_person(~rows.mated[here], rows.subject[here], people, confidence=confidence).rate
    mean = float(np.average(rows.stated[here], weights=rows.weights[here]))
    if not weighted:
        return CalibrationBin(low, high, mean, wrong)
    share = float(rows.weights[here].sum() / rows.weights.sum())
    return CalibrationBin(low, high, mean, wrong, _weighted(rows, here, wrong, people, confidence), share)


def _weighted(rows: _Rows, here: Flags, wrong: Rate, people: Resamples, confidence: float) -> Figure:
    """The share of weight that was wrong. Its interval is no narrower than that of the counts at the same odds ratio."""
    weights, failed, subject = rows.weights[here], ~rows.mated[here], rows.subject[here]
    value = float(weights[failed].sum() / weights.sum())
    drawn = ratio(
        people.one_way(people.per_unit(subject, weights * failed)), people.one_way(people.per_unit(subject, weights))
    )
    low, high = percentiles(drawn, confidence) or (value, value)
    # what an error weighs against a trial; where there was none, or nothing else, as much or as little as one can
    heavier = float(rows.weights.max() / weights.mean()), float(rows.weights.min() / weights.mean())
    seen = wrong.errors / wrong.trials
    odds = _odds(value) / _odds(seen) if 0 < seen < 1 else heavier[0] if seen == 0 else heavier[1]
    ends = [odds * end / (1 - end + odds * end) for end in (wrong.low, wrong.high)]
    right = wrong.trials - wrong.errors
    return Figure(value, min(low, value, ends[0]), max(high, value, ends[1]), right, wrong.errors, wrong.subjects)


def _odds(share: float) -> float:
    return share / (1 - share)


def _ece(rows: _Rows, place: NDArray[np.int64], bins: int, people: Resamples) -> tuple[float, Doubles]:
    gap = rows.weights * (rows.stated - rows.mated)
    cells = people.block[rows.subject].astype(np.int64) * bins + place
    sums = np.bincount(cells, gap, people.units * bins).reshape(people.units, bins).astype(np.float64)
    count = people.one_way(people.per_unit(rows.subject, rows.weights))
    value = float(np.abs(sums.sum(axis=0)).sum() / rows.weights.sum()) if len(gap) else 0.0
    return value, ratio(np.abs(people.one_way(sums)).sum(axis=1), count)


def _brier(rows: _Rows, people: Resamples) -> tuple[float, Doubles]:
    squares = rows.weights * (rows.stated - rows.mated) ** 2
    drawn = people.one_way(people.per_unit(rows.subject, squares))
    value = float(squares.sum() / rows.weights.sum()) if len(squares) else 0.0
    return value, ratio(drawn, people.one_way(people.per_unit(rows.subject, rows.weights)))


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
