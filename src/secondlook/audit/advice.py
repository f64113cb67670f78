"""What to set, what it costs, for whom it is worse, and how many more trials would settle it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from secondlook.audit import metrics
from secondlook.audit.bootstrap import Resamples, percentiles
from secondlook.audit.counted import Replicated, false_positive_rate, miss_rate
from secondlook.audit.figures import Figure, Rate, Said, Unsupported
from secondlook.audit.groups import Crossed, GroupMeasured
from secondlook.audit.kinds import Enough, Measure, Wanted, Why
from secondlook.audit.ratios import ratio_to_all
from secondlook.audit.refusals import no_trials, too_few_people, too_few_trials
from secondlook.audit.results import Advice, Doubles, WorseGroup
from secondlook.audit.scores import SearchScores, Trials, shown
from secondlook.audit.verification import people_in

GRID = 300
"""Thresholds among which the advised one is resampled."""

UNSETTLED = 1.5
"""A group may be this many times worse before "not settled" is worth a line."""


@dataclass(frozen=True, eq=False, slots=True)
class Grouping:
    """The groups of one attribute, measured at the advised threshold."""

    crossed: Crossed
    groups: tuple[GroupMeasured, ...]


def advise(
    searches: SearchScores,
    people: Resamples,
    wanted: Wanted,
    groupings: tuple[Grouping, ...],
    max_rank: int = 1,
    confidence: float = 0.95,
) -> Advice:
    """searches: at the operational gallery size, ``wanted.n`` (else a refusal). groupings: at ``advised_threshold``."""
    trials = searches.trials(max_rank)
    threshold = advised_threshold(searches, wanted, max_rank)
    if threshold is None or searches.n != wanted.n:
        return _refused(wanted, _impossible(searches, trials, wanted), 0)
    fpir = false_positive_rate(trials, threshold, people, wanted.fpir, confidence)
    more = _more(fpir, wanted)
    if fpir.rate.enough is Enough.TOO_FEW:
        return _refused(wanted, _too_few(fpir.rate), more)
    fnir = miss_rate(trials, threshold, people, confidence=confidence)
    figure = _threshold(searches, trials, threshold, people, wanted, confidence)
    worse, undecided = _by_group(groupings, fpir, fnir, confidence)
    sentence = _sentence(figure, wanted, fpir, fnir, more)
    return Advice(wanted.n, wanted.fpir, figure, fpir.rate, fnir.rate, worse, undecided, more, sentence)


def advised_threshold(searches: SearchScores, wanted: Wanted, max_rank: int = 1) -> float | None:
    """The lowest threshold (a similarity) with at most the wanted FPIR on every stranger searched."""
    return metrics.threshold_for(metrics.sort_trials(searches.trials(max_rank)), wanted.fpir)


def _refused(wanted: Wanted, why: Unsupported, more: int) -> Advice:
    return Advice(wanted.n, wanted.fpir, why, None, None, (), (), more, why.sentence)


def _impossible(searches: SearchScores, trials: Trials, wanted: Wanted) -> Unsupported:
    if searches.n != wanted.n:
        sentence = (
            f"The data let {searches.n:,} people be enrolled, not {wanted.n:,}, and false positives grow with the"
            " gallery in a way that has to be measured."
        )
        return Unsupported(Why.GALLERY_TOO_SMALL, sentence, searches.n, wanted.n, "subjects")
    if not len(trials.non_mated):
        return no_trials(Why.NO_NON_MATED)
    return Unsupported(Why.NO_CROSSING, "No search returned a score, because every acquisition failed.")


def _too_few(fpir: Rate) -> Unsupported:
    if fpir.subjects_needed is not None:
        return too_few_people(fpir.subjects)
    return too_few_trials(fpir.trials, fpir.trials_needed or fpir.trials, "searches of strangers")


def _threshold(
    searches: SearchScores, trials: Trials, threshold: float, people: Resamples, wanted: Wanted, confidence: float
) -> Figure:
    shown_at = sorted(shown(t, searches.direction) for t in _resampled(trials, threshold, people, wanted, confidence))
    value = shown(threshold, searches.direction)
    counts = len(trials.mated), len(trials.non_mated), people_in(trials)
    return Figure(value, min(shown_at[0], value), max(shown_at[-1], value), *counts)


def _resampled(
    trials: Trials, threshold: float, people: Resamples, wanted: Wanted, confidence: float
) -> tuple[float, float]:
    """The interval of the threshold, on a grid of scores near it."""
    edges = _edges(trials.non_mated, wanted.fpir)
    bins = np.searchsorted(edges, trials.non_mated, "right")
    counts = people.per_unit_and_bin(trials.non_mated_subject, bins, len(edges) + 1)
    drawn = people.one_way(counts)
    # column k: scores at or above edge k - 1, which is where bin k starts
    above = np.cumsum(drawn[:, ::-1], axis=1)[:, ::-1]
    allowed = wanted.fpir * drawn.sum(axis=1, keepdims=True)
    first = np.argmax(above <= allowed, axis=1)
    none = ~(above <= allowed).any(axis=1)
    at = np.concatenate([[edges[0]], edges, [np.nextafter(edges[-1], np.inf)]])
    found = at[np.where(none, len(at) - 1, first)]
    return percentiles(found, confidence) or (threshold, threshold)


def _edges(scores: Doubles, fpir: float) -> Doubles:
    """Scores around the wanted quantile, close together in the tail."""
    finite = np.sort(scores[np.isfinite(scores)])
    lowest = max(0, len(finite) - math.ceil(4 * fpir * len(scores)) - GRID)
    tail = finite[lowest:]
    return np.unique(tail[np.linspace(0, len(tail) - 1, min(len(tail), GRID)).astype(np.int64)])


def _by_group(
    groupings: tuple[Grouping, ...], fpir: Replicated, fnir: Replicated, confidence: float
) -> tuple[tuple[WorseGroup, ...], tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]]:
    """Worse is said of a group only if its interval lies above 1 with the confidence shared out among all that were
    tried (Bonferroni), so that many groups do not make one look worse by chance."""
    tried = 2 * sum(len(grouping.groups) for grouping in groupings)
    strict = 1 - (1 - confidence) / max(tried, 1)
    worse: list[WorseGroup] = []
    undecided: dict[tuple[tuple[str, ...], tuple[str, ...]], None] = {}
    for grouping in groupings:
        names = grouping.crossed.names
        for group in grouping.groups:
            for measure, overall in ((Measure.FPIR, fpir), (Measure.FNIR, fnir)):
                own = group.of(measure)
                if own is None or not own.rate.trials:
                    continue
                ratio = _ratio(own, overall, measure, confidence)
                if isinstance(ratio, Figure) and ratio_to_all(own, overall, strict)[1] > 1:
                    worse.append(WorseGroup(names, group.group, measure, own.rate, overall.rate, ratio))
                elif isinstance(ratio, Unsupported) or ratio.high > UNSETTLED:
                    undecided[(names, group.group)] = None
    worse.sort(key=lambda w: w.ratio.value if isinstance(w.ratio, Figure) else 0.0, reverse=True)
    return tuple(worse), tuple(undecided)


def _ratio(own: Replicated, overall: Replicated, measure: Measure, confidence: float) -> Said:
    rate = own.rate
    if rate.enough is Enough.TOO_FEW:
        return too_few_trials(rate.trials, rate.trials_needed or rate.trials)
    if not overall.rate.errors:
        return Unsupported(Why.ZERO_BEST, "Nobody met this error, so no group can be compared with everybody.")
    value, low, high = ratio_to_all(own, overall, confidence)
    mated, non_mated = (0, rate.trials) if measure is Measure.FPIR else (rate.trials, 0)
    return Figure(value, low, high, mated, non_mated, rate.subjects)


def _more(fpir: Replicated, wanted: Wanted) -> int:
    """Searches of further strangers that hold the FPIR to +-30 %: 30 independent false positives at the wanted rate."""
    rate = fpir.rate
    effect = rate.errors / rate.effective_errors if rate.effective_errors else rate.trials / max(rate.subjects, 1)
    return max(0, math.ceil(30 * effect / wanted.fpir) - rate.trials)


def _sentence(threshold: Figure, wanted: Wanted, fpir: Replicated, fnir: Replicated, more: int) -> str:
    missed = _in_100(fnir)
    settled = (
        "These trials hold the false positives to within 30 %."
        if not more
        else f"{more:,} more searches of strangers would hold the false positives to within 30 %."
    )
    return (
        f"In a gallery of {wanted.n:,}, the threshold {threshold.value:.4g} ({threshold.low:.4g} to"
        f" {threshold.high:.4g}) lets {1000 * wanted.fpir:g} of 1,000 strangers be taken for somebody; it misses"
        f" {missed} of 100 people who are enrolled. {settled}"
    )


def _in_100(rate: Replicated) -> str:
    seen = rate.rate
    if seen.value is not None:
        return f"{100 * seen.value:.3g} ({100 * seen.low:.3g} to {100 * seen.high:.3g})"
    return f"at most {100 * seen.high:.3g}" if seen.enough is Enough.BOUND_ONLY else "an unknown number"
