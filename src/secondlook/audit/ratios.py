"""The ratio of two error rates, with its interval.

The interval is that of the percentiles of the resampled ratio. Where either rate has fewer than 30 effective errors,
percentiles cover too little; then it is widened to the exact one given how many errors there were in all (the share of
them on one side is binomial; Przyborowski & Wilenski 1940), on the effective counts.
"""

from __future__ import annotations

from secondlook.audit.bootstrap import percentiles
from secondlook.audit.counted import Replicated
from secondlook.audit.rates import clopper_pearson
from secondlook.audit.results import Doubles


def drawn_ratio(above: Replicated, below: Replicated) -> Doubles:
    """(B,) ratios in each resample; half an error is added to each rate, so that none is divided by 0."""
    return floored(above) / floored(below)


def floored(replicated: Replicated) -> Doubles:
    """(B,) rates with half an error added."""
    return (replicated.errors + 0.5) / (replicated.trials + 1)


def ratio_of_groups(above: Replicated, below: Replicated, confidence: float) -> tuple[float, float, float]:
    """Rate of one group over that of another, its low and its high. Both need an error."""
    value = _observed(above) / _observed(below)
    first, second = above.rate.effective_errors, below.rate.effective_errors
    drawn = percentiles(drawn_ratio(above, below), confidence) or (value, value)
    if min(first, second) >= 30:
        return value, min(drawn[0], value), max(drawn[1], value)
    low, high = clopper_pearson(first, first + second, confidence)
    # odds of an error being the first group's, for each of its trials
    scale = value * second / first
    return value, min(drawn[0], scale * low / (1 - low)), max(drawn[1], scale * high / (1 - high))


def ratio_to_all(own: Replicated, everybody: Replicated, confidence: float) -> tuple[float, float, float]:
    """Rate of a group over that of everybody, the group among them. Everybody needs an error."""
    value = _observed(own) / _observed(everybody)
    total = everybody.rate.effective_errors
    share = own.rate.errors / everybody.rate.errors
    drawn = percentiles(drawn_ratio(own, everybody), confidence) or (value, value)
    low, high = min(drawn[0], value), max(drawn[1], value)
    if min(own.rate.effective_errors, total) >= 30:
        return value, low, high
    exact = clopper_pearson(share * total, total, confidence)
    scale = everybody.rate.trials / own.rate.trials
    return value, min(low, scale * exact[0]), max(high, scale * exact[1])


def _observed(replicated: Replicated) -> float:
    return replicated.rate.errors / replicated.rate.trials
