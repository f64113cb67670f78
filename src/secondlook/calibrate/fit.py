"""From searches to the numbers of a calibration: two distributions, a last calibration of the ratio, and its bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from secondlook.calibrate.likelihood import fit_other, fit_own, fit_tail
from secondlook.calibrate.searches import Doubles, Searches
from secondlook.decide.evidence import Conditions, Parameters, alike_rate, design_evidence, log_lr, uncalibrated

LEAST_GALLERY = 20
"""The final calibration looks at galleries from here on; in smaller ones too few people are enrolled to be balanced."""


def fit_parameters(
    searches: Searches,
    terms: Doubles,
    subject: NDArray[np.int64],
    drawn: Doubles | None = None,
    emphasis: Doubles | None = None,
    start: Parameters | None = None,
) -> Parameters:
    """terms: (rows of the samples, k). subject: (rows of the samples,). drawn: how often each subject number counts,
    None = once. emphasis: (rows of the samples,) how much each view counts, None = alike. start: of a fit to
    like data, from which to begin."""
    whose = subject[searches.probe]
    times = np.ones(len(searches)) if drawn is None else drawn[whose]
    if emphasis is not None:
        times = times * emphasis[searches.probe]
    some = np.isfinite(searches.other) & (times > 0)
    others = searches.where(some)
    n = np.where(others.enrolled, others.n - 1, others.n).astype(np.float64)
    rivals = Conditions(terms[others.probe], n), others.other, times[some] * _even(whose[some], others.gallery)
    other = fit_other(*rivals, start)
    tail = fit_tail(*rivals, other)
    enrolled = searches.enrolled & (times > 0)
    mated = searches.where(enrolled)
    own = fit_own(
        Conditions(terms[mated.probe], mated.n.astype(np.float64)),
        mated.own,
        times[enrolled] * _even(whose[enrolled]),
        start,
    )
    plain = Parameters(*other, *tail, np.zeros(1), *own, uncalibrated(terms.shape[1]))
    return Parameters(*other, *tail, np.zeros(1), *own, _evidence(searches, terms, whose, times, plain))


CHECKED_AT = 0.05


def tail_log_factor(p: Parameters, searches: Searches, terms: Doubles, subject: NDArray[np.int64]) -> Doubles:
    """(1,) log of how often strangers reached what 5 in 100 were stated to, over 0.05. searches: that the fit has not seen."""
    strangers = searches.where(~searches.enrolled)
    c = Conditions(terms[strangers.probe], strangers.n.astype(np.float64))
    reached = alike_rate(p, c, strangers.other) <= CHECKED_AT
    share = float(_even(subject[strangers.probe], strangers.gallery)[reached].sum()) / len(np.unique(strangers.gallery))
    return np.array([float(np.log(np.clip(share / CHECKED_AT, 0.5, 2.0)))])


def log_ratios(p: Parameters, searches: Searches, terms: Doubles) -> Doubles:
    """Natural log likelihood ratio of each search's best score, without bounds."""
    return log_lr(p, Conditions(terms[searches.probe], searches.n.astype(np.float64)), searches.best)


def _evidence(
    searches: Searches, terms: Doubles, whose: NDArray[np.int64], times: Doubles, plain: Parameters
) -> Doubles:
    """Logistic calibration (Brummer and du Preez, Computer Speech and Language 20, 2006) of the ratio.

    Each gallery weighs alike, and in it the people who are enrolled as much as the strangers. People whose own subject does
    not come first keep their weight in that balance, though the ratio is not about them.
    """
    from sklearn.linear_model import LogisticRegression

    large = (searches.n >= LEAST_GALLERY) & (times > 0)
    kept = searches.where(large)
    if not kept.right.any() or kept.enrolled.all():
        return plain.evidence
    ratio = log_ratios(plain, kept, terms)
    weight = times[large] * _even(whose[large], kept.gallery * 2 + kept.enrolled)
    used = kept.right | ~kept.enrolled
    c = Conditions(terms[kept.probe], kept.n.astype(np.float64))
    features = np.column_stack([np.clip(ratio, -30, 30), design_evidence(c)[:, 1:]])[used]
    model = LogisticRegression(C=1e3, max_iter=500).fit(
        features, kept.right[used], sample_weight=weight[used] / weight[used].mean()
    )
    slope, *others = (float(v) for v in model.coef_[0])
    return np.array([float(model.intercept_[0]), max(slope, 0.05), *others])


def _even(subject: NDArray[np.int64], group: NDArray[np.int64] | None = None) -> Doubles:
    """Weights by which every group weighs alike and, in it, the root of how often a subject is there: somebody with many
    pictures says more than somebody with one, but not as many times."""
    groups = np.zeros(len(subject), np.int64) if group is None else group
    _, cell, count = np.unique(np.stack([groups, subject]), axis=1, return_inverse=True, return_counts=True)
    weight = 1 / np.sqrt(count[cell])
    _, place = np.unique(groups, return_inverse=True)
    totals = np.bincount(place, weight)
    return np.asarray(weight / totals[place], np.float64)
