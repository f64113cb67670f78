"""1:1 in figures with intervals: rates at thresholds, DET, EER, Cllr and Cllr_min."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from secondlook.audit import metrics
from secondlook.audit.bootstrap import Resamples, percentiles, ratio
from secondlook.audit.counted import distinct, false_positive_rate, miss_rate
from secondlook.audit.figures import Figure, Said, Unsupported
from secondlook.audit.gridded import Grid, cllr_mins, eers, grid
from secondlook.audit.kinds import Direction, ScoreMeaning, Settings, Why
from secondlook.audit.metrics import Sorted
from secondlook.audit.refusals import lacking
from secondlook.audit.results import DetCurve, Doubles, PointOnCurve, Verification
from secondlook.audit.scores import Trials, shown


def verify(
    trials: Trials, people: Resamples, settings: Settings, direction: Direction, meaning: ScoreMeaning
) -> Verification:
    """Every 1:1 figure. Thresholds in the result are in the input's units."""
    scores = metrics.sort_trials(trials)
    subjects = people_in(trials)
    refusal = lacking(len(trials.mated), len(trials.non_mated), subjects)
    crossing = None if refusal else metrics.eer(scores)
    drawn = None if refusal else grid(trials, scores, people)
    return Verification(
        len(trials.mated),
        len(trials.non_mated),
        subjects,
        _eer(trials, crossing, drawn, settings.confidence) if drawn else _refusal(refusal),
        None if crossing is None else shown(crossing[1], direction),
        _points(trials, scores, people, settings, direction),
        in_input_units(metrics.det(scores, None), direction),
        refusal or _cllr(trials, people, meaning, settings.confidence),
        _cllr_min(trials, scores, drawn, settings.confidence) if drawn else _refusal(refusal),
    )


def likelihood_ratio_costs(trials: Trials, people: Resamples, confidence: float) -> tuple[Said, Said]:
    """Cllr and Cllr_min of ``trials`` whose scores are natural logarithms of likelihood ratios."""
    refusal = lacking(len(trials.mated), len(trials.non_mated), people_in(trials))
    if refusal is not None:
        return refusal, refusal
    scores = metrics.sort_trials(trials)
    drawn = grid(trials, scores, people)
    lowest = _cllr_min(trials, scores, drawn, confidence) if drawn else _refusal(None)
    return _cllr(trials, people, ScoreMeaning.LN_LR, confidence), lowest


def people_in(trials: Trials) -> int:
    """Different people among the trials, on either side."""
    sides = [trials.mated_subject, trials.non_mated_subject]
    if trials.non_mated_other is not None:
        sides.append(trials.non_mated_other)
    return distinct(np.concatenate(sides), trials.people)


def in_input_units(curve: DetCurve | None, direction: Direction) -> DetCurve | None:
    if curve is None or direction is Direction.SIMILARITY:
        return curve
    return replace(curve, thresholds=-curve.thresholds)


def _points(
    trials: Trials, scores: Sorted, people: Resamples, settings: Settings, direction: Direction
) -> tuple[PointOnCurve, ...]:
    found = []
    for asked in settings.fmrs:
        threshold = metrics.threshold_for(scores, asked)
        if threshold is not None:
            found.append(_point(trials, threshold, asked, people, settings, direction))
    for given in settings.thresholds:
        found.append(_point(trials, shown(given, direction), None, people, settings, direction))
    return tuple(found)


def _point(
    trials: Trials, threshold: float, asked: float | None, people: Resamples, settings: Settings, direction: Direction
) -> PointOnCurve:
    confidence = settings.confidence
    fmr = (
        false_positive_rate(trials, threshold, people, confidence=confidence)
        if asked is None
        else false_positive_rate(trials, threshold, people, asked, confidence)
    )
    fnmr = miss_rate(trials, threshold, people, confidence=confidence)
    return PointOnCurve(shown(threshold, direction), fmr.rate, fnmr.rate, asked)


def _eer(trials: Trials, crossing: tuple[float, float] | None, drawn: Grid, confidence: float) -> Said:
    if crossing is None:
        sentence = "So many acquisitions failed that misses outnumber false positives at every threshold."
        return Unsupported(Why.NO_CROSSING, sentence)
    value = crossing[0]
    figure = _figure(trials, value, drawn.eer, eers(drawn), confidence)
    # no error seen: resampling cannot show one, the rule of 3 bounds it
    return replace(figure, high=_rule_of_3(trials)) if value == 0 else figure


def _cllr_min(trials: Trials, scores: Sorted, drawn: Grid, confidence: float) -> Said:
    value = metrics.cllr_min(scores)
    figure = _figure(trials, value, drawn.cllr_min, cllr_mins(drawn), confidence)
    if value > 0:
        return figure
    # had three of the mated scored lowest of all
    unseen = _rule_of_3(trials)
    return replace(figure, high=(unseen * math.log2(1 + 1 / unseen) + math.log2(1 + unseen)) / 2)


def _cllr(trials: Trials, people: Resamples, meaning: ScoreMeaning, confidence: float) -> Said:
    if meaning is ScoreMeaning.SCORE:
        sentence = "The scores are no likelihood ratios, so what they claim cannot be held against what happened."
        return Unsupported(Why.NOT_LIKELIHOOD_RATIOS, sentence)
    scale = math.log(10) if meaning is ScoreMeaning.LOG10_LR else 1.0
    mated, non_mated = metrics.cost_mated(trials.mated * scale), metrics.cost_non_mated(trials.non_mated * scale)
    first = _mean_each(people, trials.mated_subject, mated)
    second = _mean_non_mated(people, trials, non_mated)
    value = float(mated.mean() + non_mated.mean()) / 2
    return _figure(trials, value, value, (first + second) / 2, confidence, ceiling=math.inf)


def _mean_each(people: Resamples, subject: np.ndarray, values: Doubles) -> Doubles:
    return ratio(people.one_way(people.per_unit(subject, values)), people.one_way(people.per_unit(subject)))


def _mean_non_mated(people: Resamples, trials: Trials, values: Doubles) -> Doubles:
    subject, other = trials.non_mated_subject, trials.non_mated_other
    if other is None:
        return _mean_each(people, subject, values)
    total = people.two_way(people.per_unit(subject, values), people.per_unit(other, values))
    return ratio(total, people.two_way(people.per_unit(subject), people.per_unit(other)))


def _figure(
    trials: Trials, value: float, gridded: float, replicated: Doubles, confidence: float, ceiling: float = 1.0
) -> Figure:
    """value: on every score; gridded: the same on the grid that was resampled, whose offset is taken off again."""
    low, high = percentiles(replicated - gridded + value, confidence) or (value, value)
    low, high = min(max(0.0, low), value), max(min(ceiling, high), value)
    return Figure(value, low, high, len(trials.mated), len(trials.non_mated), people_in(trials))


def _rule_of_3(trials: Trials) -> float:
    return min(1.0, 3 / distinct(trials.mated_subject, trials.people))


def _refusal(refusal: Unsupported | None) -> Unsupported:
    if refusal is None:
        return Unsupported(Why.NO_CROSSING, "No comparison gave a score, because every acquisition failed.")
    return refusal
