"""1:N in figures with intervals: FPIR and FNIR(N, R, T) of open sets, CMC of closed ones, one DET per gallery size."""

from __future__ import annotations

import numpy as np

from secondlook.audit import metrics
from secondlook.audit.bootstrap import Resamples
from secondlook.audit.counted import by_person
from secondlook.audit.folds import subject_folds
from secondlook.audit.kinds import Settings, ThresholdFrom
from secondlook.audit.rates import LEAST_RATE
from secondlook.audit.results import ClosedSetAt, CmcPoint, DetCurve, Doubles, OpenSetAt
from secondlook.audit.scores import Codes, Flags, SearchScores, Trials, shown
from secondlook.audit.verification import in_input_units


def open_set(searches: SearchScores, people: Resamples, settings: Settings) -> tuple[OpenSetAt, ...]:
    """One result for each asked FPIR, then one for each given threshold. None of them without strangers."""
    trials = searches.trials(settings.max_rank)
    if not len(trials.non_mated):
        return ()
    asked = [_asked(searches, trials, fpir, people, settings) for fpir in settings.fpirs]
    given = [_given(searches, trials, shown(t, searches.direction), people, settings) for t in settings.thresholds]
    return tuple(found for found in (*asked, *given) if found is not None)


def closed_set(searches: SearchScores, people: Resamples, settings: Settings) -> ClosedSetAt | None:
    """CMC over the probes whose subject is enrolled; None where there are none."""
    here = searches.enrolled
    ranks = tuple(rank for rank in settings.ranks if rank <= searches.n)
    if not here.any() or not ranks:
        return None
    rank = np.where(searches.failed, 0, searches.mated_rank)[here]
    subject = searches.subject[here]
    points = []
    for most in ranks:
        missed = by_person((rank == 0) | (rank > most), subject, people, confidence=settings.confidence)
        points.append(CmcPoint(most, missed.rate))
    return ClosedSetAt(searches.n, searches.repeats, tuple(points))


def det_of(searches: SearchScores, settings: Settings) -> DetCurve | None:
    """FPIR against FNIR(N, R, T); None without searches of both kinds."""
    scores = metrics.sort_trials(searches.trials(settings.max_rank))
    return in_input_units(metrics.det(scores, searches.n), searches.direction)


def _asked(
    searches: SearchScores, trials: Trials, fpir: float, people: Resamples, settings: Settings
) -> OpenSetAt | None:
    threshold = metrics.threshold_for(metrics.sort_trials(trials), fpir)
    if threshold is None:
        return None
    if settings.folds < 2:
        same = np.full(trials.people, threshold)
        return _at(searches, trials, threshold, same, fpir, ThresholdFrom.SAME_DATA, people, settings)
    each = _thresholds_by_person(trials, fpir, settings)
    return _at(searches, trials, threshold, each, fpir, ThresholdFrom.OTHER_FOLDS, people, settings)


def _given(
    searches: SearchScores, trials: Trials, threshold: float, people: Resamples, settings: Settings
) -> OpenSetAt:
    each = np.full(trials.people, threshold)
    return _at(searches, trials, threshold, each, None, ThresholdFrom.GIVEN, people, settings)


def _thresholds_by_person(trials: Trials, fpir: float, settings: Settings) -> Doubles:
    """(people,) for each person the threshold set on the strangers of all folds but its own."""
    fold = subject_folds(trials.people, settings.folds, settings.seed)
    thresholds = np.full(settings.folds, np.inf)
    for k in range(settings.folds):
        others = fold[trials.non_mated_subject] != k
        found = metrics.threshold_for(metrics.sort_trials(_strangers(trials, others)), fpir)
        thresholds[k] = np.inf if found is None else found
    return thresholds[fold]


def _strangers(trials: Trials, rows: Flags) -> Trials:
    return trials.among(np.zeros(len(trials.mated), np.bool_), rows)


def _at(
    searches: SearchScores,
    trials: Trials,
    threshold: float,
    each: Doubles,
    asked: float | None,
    source: ThresholdFrom,
    people: Resamples,
    settings: Settings,
) -> OpenSetAt:
    wanted = LEAST_RATE if asked is None else asked
    alarmed = _over(trials.non_mated, trials.non_mated_subject, each)
    missed = ~_over(trials.mated, trials.mated_subject, each)
    return OpenSetAt(
        searches.n,
        searches.repeats,
        asked,
        shown(threshold, searches.direction),
        source,
        by_person(alarmed, trials.non_mated_subject, people, wanted, settings.confidence).rate,
        by_person(missed, trials.mated_subject, people, confidence=settings.confidence).rate,
        settings.max_rank,
    )


def _over(scores: Doubles, subject: Codes, each: Doubles) -> Flags:
    over: Flags = scores >= each[subject]
    return over
