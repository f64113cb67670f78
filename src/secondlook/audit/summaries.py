"""The groups of one attribute in a few figures, each with its interval, or a refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from secondlook.audit import spread
from secondlook.audit.bootstrap import percentiles
from secondlook.audit.counted import Replicated
from secondlook.audit.figures import Figure, Said, Unsupported
from secondlook.audit.groups import At, Crossed, GroupMeasured
from secondlook.audit.kinds import Direction, Enough, Measure, Why
from secondlook.audit.ratios import floored, ratio_of_groups
from secondlook.audit.refusals import too_few_groups
from secondlook.audit.results import Doubles, GroupSummary, MeasureSpread
from secondlook.audit.scores import shown

OfBoth: TypeAlias = Callable[[Doubles, Doubles, float], Doubles]


def summarise(
    measured: tuple[GroupMeasured, ...], crossed: Crossed, at: At, alpha: float, direction: Direction
) -> GroupSummary:
    """Over the groups whose trials suffice; the others are named in ``refused``."""
    pair = (Measure.FMR, Measure.FNMR) if at.n is None else (Measure.FPIR, Measure.FNIR)
    both = [g for g in measured if all(_sayable(g.of(measure)) for measure in pair)]
    fdr, fdr_by_chance = _of_both(both, pair, alpha, at, spread.fairness_discrepancy_rate, tail=5)
    garbe, garbe_by_chance = _of_both(both, pair, alpha, at, spread.garbe, tail=95)
    return GroupSummary(
        crossed.names,
        shown(at.threshold, direction),
        at.n,
        tuple(_spread(measured, measure, at.confidence) for measure in pair),
        alpha,
        fdr,
        garbe,
        tuple(g.group for g in measured if g not in both),
        fdr_by_chance,
        garbe_by_chance,
    )


def _spread(measured: tuple[GroupMeasured, ...], measure: Measure, confidence: float) -> MeasureSpread:
    groups = tuple((g.group, r) for g in measured if (r := g.of(measure)) is not None and _sayable(r))
    if len(groups) < 2:
        refusal = too_few_groups(len(groups))
        return MeasureSpread(measure, None, None, refusal, refusal, refusal)
    rates = tuple(r for _, r in groups)
    seen = _seen(rates)
    worst, best = groups[int(seen.argmax())], groups[int(seen.argmin())]
    counts = _counts(rates, measure)
    ratio: Said
    geometric: Said
    ratio = geometric = Unsupported(Why.ZERO_BEST, _zero_best(worst, best))
    if best[1].rate.errors:
        ratio = Figure(*ratio_of_groups(worst[1], best[1], confidence), *counts)
        drawn = np.stack([floored(r) for r in rates])
        geometric = _figure(
            spread.max_over_geometric_mean(seen), spread.max_over_geometric_mean(drawn), counts, confidence
        )
    gini = _figure(spread.gini(seen), spread.gini(_drawn(rates)), counts, confidence)
    by_chance = _tail(spread.worst_over_best(_equal_groups(rates)), 95)
    return MeasureSpread(measure, worst[0], best[0], ratio, geometric, gini, by_chance)


def _of_both(
    groups: list[GroupMeasured], pair: tuple[Measure, Measure], alpha: float, at: At, measure: OfBoth, tail: float
) -> tuple[Said, float | None]:
    """FDR or GARBE, and the value that equal groups would stay within."""
    if len(groups) < 2:
        return too_few_groups(len(groups)), None
    first, second = (tuple(r for g in groups if (r := g.of(m)) is not None) for m in pair)
    counts = tuple(a + b for a, b in zip(_counts(first, pair[0]), _counts(second, pair[1]), strict=True))
    value = measure(_seen(first), _seen(second), alpha)
    drawn = measure(_drawn(first), _drawn(second), alpha)
    chance = measure(_equal_groups(first), _equal_groups(second), alpha)
    who = max(counts[2] // 2, 0)
    return _figure(value, drawn, (counts[0], counts[1], who), at.confidence), _tail(chance, tail)


def _figure(value: Doubles, drawn: Doubles, counts: tuple[int, int, int], confidence: float) -> Figure:
    seen = float(value)
    low, high = percentiles(drawn, confidence) or (seen, seen)
    return Figure(seen, min(low, seen), max(high, seen), *counts)


def _counts(rates: tuple[Replicated, ...], measure: Measure) -> tuple[int, int, int]:
    """Mated trials, non-mated trials, people."""
    trials, people = sum(r.rate.trials for r in rates), sum(r.rate.subjects for r in rates)
    return (0, trials, people) if measure in (Measure.FMR, Measure.FPIR) else (trials, 0, people)


def _equal_groups(rates: tuple[Replicated, ...]) -> Doubles:
    """(groups, B) rates as they would scatter were all groups as good as all together."""
    pooled = sum(r.rate.errors for r in rates) / sum(r.rate.trials for r in rates)
    least = np.array([0.5 / r.rate.trials for r in rates])[:, None]
    scattered: Doubles = np.maximum(least, pooled + _drawn(rates) - _seen(rates)[:, None])
    return scattered


def _seen(rates: tuple[Replicated, ...]) -> Doubles:
    return np.array([r.rate.errors / r.rate.trials for r in rates])


def _drawn(rates: tuple[Replicated, ...]) -> Doubles:
    return np.stack([r.rates for r in rates])


def _tail(values: Doubles, percent: float) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, percent)) if len(finite) else None


def _sayable(replicated: Replicated | None) -> bool:
    return replicated is not None and replicated.rate.enough is not Enough.TOO_FEW


def _zero_best(worst: tuple[tuple[str, ...], Replicated], best: tuple[tuple[str, ...], Replicated]) -> str:
    name = " and ".join(best[0])
    if worst[1].rate.errors == 0:
        return f"No group made an error, so none can be called better than {name}."
    least = worst[1].rate.low / best[1].rate.high
    if least <= 1:
        return f"{name} made no error among {best[1].rate.trials:,} trials, too few to call it better."
    said = f"all that can be said is that {' and '.join(worst[0])} is at least {least:.2g} times as bad"
    return f"{name} made no error among {best[1].rate.trials:,} trials, so {said}."
