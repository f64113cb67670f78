"""Rates at one threshold: errors and trials counted over the rows, intervals by resampling the people behind them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from secondlook.audit.bootstrap import Resamples, ratio
from secondlook.audit.figures import Rate
from secondlook.audit.rates import LEAST_RATE, Sides, rate
from secondlook.audit.results import Doubles
from secondlook.audit.scores import Codes, Flags, Trials


@dataclass(frozen=True, eq=False, slots=True)
class Replicated:
    """A rate and the same rate in every resample, (B,), so that figures made of several rates can be resampled too.

    errors, trials: (B,) the resampled counts.
    """

    rate: Rate
    errors: Doubles
    trials: Doubles

    @property
    def rates(self) -> Doubles:
        return ratio(self.errors, self.trials)


def miss_rate(
    trials: Trials, threshold: float, people: Resamples, wanted: float = LEAST_RATE, confidence: float = 0.95
) -> Replicated:
    """FNMR or FNIR: mated trials below ``threshold``."""
    missed = trials.mated < threshold
    return by_person(missed, trials.mated_subject, people, wanted, confidence)


def false_positive_rate(
    trials: Trials, threshold: float, people: Resamples, wanted: float = LEAST_RATE, confidence: float = 0.95
) -> Replicated:
    """FMR or FPIR: non-mated trials at or above ``threshold``."""
    positive = trials.non_mated >= threshold
    if trials.non_mated_other is None:
        return by_person(positive, trials.non_mated_subject, people, wanted, confidence)
    return _by_two(positive, trials.non_mated_subject, trials.non_mated_other, people, wanted, confidence)


def by_person(
    error: Flags, subject: Codes, people: Resamples, wanted: float = LEAST_RATE, confidence: float = 0.95
) -> Replicated:
    """The rate of ``error`` (rows,) where each row is a trial of one person."""
    errors = people.one_way(people.per_unit(subject[error]))
    trials = people.one_way(people.per_unit(subject))
    seen = rate(
        int(np.count_nonzero(error)),
        len(error),
        distinct(subject, len(people.block)),
        ratio(errors, trials),
        Sides.ONE,
        wanted,
        confidence,
    )
    return Replicated(seen, errors, trials)


def _by_two(
    error: Flags, first: Codes, second: Codes, people: Resamples, wanted: float, confidence: float
) -> Replicated:
    errors = people.two_way(people.per_unit(first[error]), people.per_unit(second[error]))
    trials = people.two_way(people.per_unit(first), people.per_unit(second))
    count = len(people.block)
    here, there = _present(first, count), _present(second, count)
    seen = rate(
        int(np.count_nonzero(error)),
        len(error),
        int(np.count_nonzero(here | there)),
        ratio(errors, trials),
        Sides.TWO,
        wanted,
        confidence,
        # the same two people compared twice are one trial
        independent=min(len(error), int(np.count_nonzero(here)) * int(np.count_nonzero(there))),
    )
    return Replicated(seen, errors, trials)


def distinct(subject: Codes, people: int) -> int:
    """How many different people are in the rows."""
    return int(np.count_nonzero(_present(subject, people)))


def _present(subject: Codes, people: int) -> Flags:
    there = np.zeros(people, np.bool_)
    there[subject] = True
    return there
