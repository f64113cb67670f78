"""What may be stated of a search, from a fit: threshold, false positives, misses, likelihood ratio, posterior.

A gallery larger than those the fit has seen is met with the union bound: among N subjects a stranger reaches a score at most
N / n times as often as among n, however the comparisons depend on each other. So what is said widens, and never flatters;
where even that would need a rarer event than the people of the fit can show, ``CalibrationStale`` is raised.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from secondlook.decide import evidence
from secondlook.decide.evidence import Conditions, Doubles, Parameters
from secondlook.decide.normalise import CohortNormalised
from secondlook.decide.terms import Term, standardised
from secondlook.errors import CalibrationError, CalibrationStale
from secondlook.types import Estimate, Quality


@dataclass(frozen=True, slots=True)
class FitCard:
    """On what a calibration was fitted, for people.

    data: where the pictures come from. subjects, pictures, views: how many were fitted; a view is a picture as it is or
    degraded. cohort_subjects: how many of them made the cohort.
    failed: views in which no face was found. smallest_px: least distance between the eyes in them. limits: what it does
    not cover. figures: sentences measured on people who were not used to fit.
    """

    data: str
    subjects: int
    pictures: int
    views: int
    failed: int
    smallest_px: float
    cohort_subjects: int = 0
    limits: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class Calibration:
    """pack: id of the pack. comparison: id of the comparison whose scores these are; cohort: its points, None for the
    cosine. terms: of the picture. fit: the parameters; refits: the same for resampled people, for intervals.

    largest: subjects in the largest gallery that was measured. rarest: least rate that the people can support (the rule of
    three). low_log10_lr, high_log10_lr: bounds that the data support: above, the empirical upper bound (Vergeer et al.,
    Science & Justice 56, 2016); below, the rule of three. unlike: cosine below which two good pictures hardly ever show
    one person.
    """

    pack: str
    comparison: str
    cohort: CohortNormalised | None
    terms: tuple[Term, ...]
    fit: Parameters
    refits: tuple[Parameters, ...]
    largest: int
    rarest: float
    low_log10_lr: float
    high_log10_lr: float
    unlike: float
    card: FitCard
    sets: Parameters = field(init=False, repr=False)
    """The fit and then every refit, one a row, to be evaluated together."""
    id: str = field(init=False)
    """Names what it states: two calibrations of one id state the same."""

    def _named(self) -> str:
        numbers = np.concatenate([p.flat() for p in (self.fit, *self.refits)]).astype("<f8").tobytes()
        said = f"{self.pack} {self.comparison} {self.terms} {self.largest} {self.rarest} {self.low_log10_lr} {self.high_log10_lr}"
        return hashlib.sha256(said.encode() + numbers).hexdigest()[:12]

    def __post_init__(self) -> None:
        if self.comparison != ("cosine" if self.cohort is None else self.cohort.id):
            raise CalibrationError(
                f"the calibration of {self.pack} was fitted to the comparison {self.comparison}, whose cohort is not the "
                "one beside it: run `secondlook calibrate` again."
            )
        object.__setattr__(self, "sets", evidence.one_a_row((self.fit, *self.refits)))
        object.__setattr__(self, "id", self._named())  # once: every decision names it


@dataclass(frozen=True, slots=True)
class Stated:
    """Of one search.

    threshold: score of a candidate. log10_lr: bounded. log10_enrolled: without bounds, of "is enrolled at all", whoever
    comes first. beyond: the gallery is larger than any that was measured. rarest: the rate is the least that can be shown,
    and the true one may be smaller; strongest: the evidence is the most that can be shown, and may be stronger.
    """

    threshold: float
    alike_rate: Estimate
    miss_rate: Estimate
    log10_lr: float
    log10_enrolled: float
    posterior: Estimate
    beyond: bool
    rarest: bool = False
    strongest: bool = False


def threshold(c: Calibration, quality: Quality, n: int, fpir: float) -> float:
    """The score that a stranger with such a picture reaches in ``fpir`` of searches among ``n``.

    Raises CalibrationStale where the gallery has outgrown the calibration, CalibrationError where ``fpir`` is rarer than
    the calibration's people can show.
    """
    wanted = _within(c, n, fpir)
    return float(evidence.threshold(c.fit, _conditions(c, (quality,), n), wanted)[0])


def check(c: Calibration, n: int, fpir: float) -> None:
    """Raises as ``threshold`` does, before anything is searched."""
    _within(c, max(1, n), fpir)


def nearest_threshold(c: Calibration, quality: Quality, n: int, fpir: float) -> float:
    """``threshold``, or where it cannot be stated that of the rarest rate that can."""
    wanted = max(c.rarest, fpir / max(1.0, n / c.largest))
    return float(evidence.threshold(c.fit, _conditions(c, (quality,), max(1, n)), wanted)[0])


def thresholds(c: Calibration, qualities: Sequence[Quality], n: int, fpir: float) -> Doubles:
    """``threshold`` of many pictures: (len(qualities),)."""
    return evidence.threshold(c.fit, _conditions(c, qualities, n), _within(c, n, fpir))


def log10_ratios(c: Calibration, scores: Doubles, qualities: Sequence[Quality], n: int) -> Doubles:
    """Bounded likelihood ratios of many searches: (len(scores),). scores: the best of each."""
    ratio = evidence.log_lr(c.fit, _conditions(c, qualities, n), scores) - math.log(max(1.0, n / c.largest))
    return np.clip(ratio / math.log(10), c.low_log10_lr, c.high_log10_lr)


def posteriors(c: Calibration, scores: Doubles, qualities: Sequence[Quality], n: int, prior: float) -> Doubles:
    """Chance that the best candidate is the person, for many searches: (len(scores),)."""
    wrong_first = evidence.miss_rate(c.fit, _conditions(c, qualities, n), scores)
    return evidence.posterior(log10_ratios(c, scores, qualities, n) * math.log(10), wrong_first, prior)


def stated(c: Calibration, score: float, quality: Quality, n: int, fpir: float, prior: float) -> Stated:
    """score: the best of the search. n: subjects searched, 1 upwards. fpir, prior: between 0 and 1.

    Raises as ``threshold`` does.
    """
    return stated_many(c, (score,), (quality,), n, fpir, prior)[0]


def stated_many(
    c: Calibration, scores: Sequence[float], qualities: Sequence[Quality], n: int, fpir: float, prior: float
) -> tuple[Stated, ...]:
    """The same of many searches among the same subjects, in one evaluation: one search takes as long as a few."""
    if not scores:
        return ()
    over, sets = max(1.0, n / c.largest), len(c.refits) + 1
    limits = thresholds(c, qualities, n, fpir)
    # each search under the fit and every refit: rows of one search follow each other
    p = c.sets.rows(np.tile(np.arange(sets), len(scores)))
    at = _conditions(c, qualities, n).rows(np.repeat(np.arange(len(scores)), sets))
    best, cut = np.repeat(np.asarray(scores, np.float64), sets), np.repeat(limits, sets)
    plain = evidence.log_lr(p, at, best) - math.log(over)
    ratio = np.clip(plain, c.low_log10_lr * math.log(10), c.high_log10_lr * math.log(10))
    enrolled = np.logaddexp(plain, evidence.log_own_cdf(p, at, best)) / math.log(10)
    rates = (
        evidence.alike_rate(p, at, best),
        evidence.miss_rate(p, at, cut),
        evidence.posterior(ratio, evidence.miss_rate(p, at, best), prior),
    )
    alike, missed, right = _estimates(np.stack(rates).reshape(len(rates), len(scores), sets))
    return tuple(
        _stated(
            c,
            n,
            float(limit),
            alike[row],
            missed[row],
            right[row],
            *(float(v[row * sets]) for v in (plain, ratio, enrolled)),
        )
        for row, limit in enumerate(limits)
    )


def _stated(
    c: Calibration,
    n: int,
    limit: float,
    alike: Estimate,
    missed: Estimate,
    right: Estimate,
    plain: float,
    ratio: float,
    enrolled: float,
) -> Stated:
    """plain, ratio: natural log of the likelihood ratio, without bounds and within them. enrolled: log 10."""
    over = max(1.0, n / c.largest)
    # where a gallery is larger than measured, the low end is the measured one's: false positives never grow rarer
    among = Estimate(*(max(c.rarest, min(1.0, v)) for v in (alike.value * over, alike.low, alike.high * over)))
    return Stated(
        threshold=limit,
        alike_rate=among,
        miss_rate=missed,
        log10_lr=ratio / math.log(10),
        log10_enrolled=enrolled,
        posterior=right,
        beyond=n > c.largest,
        rarest=among.value <= c.rarest,
        strongest=plain >= c.high_log10_lr * math.log(10),
    )


def _estimates(values: Doubles) -> list[list[Estimate]]:
    """(kinds, searches, sets), of the fit and of each refit -> for each kind and search the fit's value, and the range that
    holds 95 % of the refits' and it."""
    fit = values[..., 0]
    if values.shape[-1] == 1:
        low, high = fit, fit
    else:
        low, high = np.quantile(values[..., 1:], (0.025, 0.975), axis=-1)
    bounds = np.stack([fit, np.minimum(low, fit), np.maximum(high, fit)], axis=-1).tolist()
    return [[Estimate(*each) for each in kind] for kind in bounds]


def _conditions(c: Calibration, qualities: Sequence[Quality], n: int) -> Conditions:
    return Conditions(standardised(qualities, c.terms), np.full(len(qualities), float(min(n, c.largest))))


def _within(c: Calibration, n: int, fpir: float) -> float:
    """The rate to ask for in a gallery of the measured sizes, so that it is at most ``fpir`` in one of ``n``."""
    if not fpir >= c.rarest:
        raise CalibrationError(
            f"{1000 * fpir:.3g} of 1,000 strangers are fewer than the {c.card.subjects:,} people of the calibration can show: "
            f"ask for --fpir {least_fpir(c, 1):g} or more, or run `secondlook calibrate` with more people."
        )
    wanted = fpir / max(1.0, n / c.largest)
    if wanted < c.rarest:
        raise CalibrationStale(
            f"the gallery's {n:,} people have outgrown the calibration of {c.pack} (measured up to {c.largest:,}): ask for "
            f"--fpir {least_fpir(c, n):g} or more, or run `secondlook calibrate` with more people."
        )
    return wanted


def least_fpir(c: Calibration, n: int) -> float:
    """The rarest FPIR that may be asked for in a gallery of ``n``, two digits."""
    return _rounded_up(c.rarest * max(1.0, n / c.largest))


def _rounded_up(value: float) -> float:
    """To two digits."""
    digits = 1 - math.floor(math.log10(value))
    return float(math.ceil(value * 10.0**digits) / 10.0**digits)
