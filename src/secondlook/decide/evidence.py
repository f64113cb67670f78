"""What a best comparison score is evidence of, given the gallery's size and the picture: two fitted distributions.

``other``: the best score of anybody else among N enrolled subjects, a generalised extreme value distribution (GEV; Coles,
An Introduction to Statistical Modeling of Extreme Values, 2001, ch. 3 and 6) whose place, width and shape move with
log N and with the picture. It is fitted to searches of many gallery sizes: comparisons of one probe are not independent,
so ``1 - (1 - FMR)^N`` does not hold.

``own``: the score of the probe with its own subject, a sinh-arcsinh distribution (Jones and Pewsey, Biometrika 96, 2009)
whose place and width move with the picture.

Of a search among N, with density f and distribution function F of either, a best score s is

    f_own(s) F_other(s)     from the person, where enrolled
    f_other(s) F_own(s)     from somebody else although the person is enrolled
    f_other(s)              where the person is not enrolled

All functions take arrays of one length and give arrays of that length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_ndtr, ndtr

Doubles = NDArray[np.float64]

SHAPE_LIMIT = 0.45
"""The GEV's shape stays within: beyond -0.5 likelihood estimates lose their usual properties (Smith, 1985)."""


@dataclass(frozen=True, eq=False, slots=True)
class Parameters:
    """Coefficients over a design: 1 and the picture's terms (k of them), or those and powers of log10 N.

    other_location, other_log_scale: (k + 5,), also over log10 N, its square, its cube and its product with the first term.
    other_shape: (k + 3,), also over log10 N and its square. tail_location, tail_log_scale, tail_shape: the same of a second
    GEV that is fitted to the largest scores alone, and says what false positives are; tail_log_factor: (1,) by which its t is
    multiplied. own_location, own_log_scale: (k + 1,).
    own_shape: (3,) skewness over 1 and the first term, and
    log tail weight. evidence: (k + 3,) of the final logistic calibration of the log
    likelihood ratio: intercept, its slope, and slopes of the picture's terms and log10 N.
    """

    other_location: Doubles
    other_log_scale: Doubles
    other_shape: Doubles
    tail_location: Doubles
    tail_log_scale: Doubles
    tail_shape: Doubles
    tail_log_factor: Doubles
    own_location: Doubles
    own_log_scale: Doubles
    own_shape: Doubles
    evidence: Doubles

    @property
    def terms(self) -> int:
        return int(self.own_location.shape[-1]) - 1

    def flat(self) -> Doubles:
        """Of one set."""
        return np.concatenate([np.asarray(getattr(self, f.name), np.float64) for f in fields(self)])

    def rows(self, at: slice | NDArray[np.intp]) -> Parameters:
        """Of one for each condition, some; one for all stays as it is."""
        if self.own_location.ndim == 1:
            return self
        return Parameters(*(getattr(self, f.name)[at] for f in fields(self)))


def one_a_row(sets: Sequence[Parameters]) -> Parameters:
    """Several sets of parameters as one for each condition."""
    return Parameters(*(np.stack([getattr(p, f.name) for p in sets]) for f in fields(Parameters)))


@dataclass(frozen=True, eq=False, slots=True)
class Conditions:
    """terms: (n, k) of the pictures, standardised. n: (n,) subjects enrolled, 1 upwards."""

    terms: Doubles
    n: Doubles

    def __len__(self) -> int:
        return len(self.n)

    @property
    def log_n(self) -> Doubles:
        return np.log10(self.n)

    def rows(self, at: slice | NDArray[np.intp]) -> Conditions:
        return Conditions(self.terms[at], self.n[at])


def design_other(c: Conditions) -> Doubles:
    """(n, k + 5)"""
    log_n = c.log_n
    return np.column_stack([np.ones(len(c)), c.terms, log_n, log_n**2, log_n**3, log_n * c.terms[:, 0]])


def design_shape(c: Conditions) -> Doubles:
    """(n, k + 3)"""
    return np.column_stack([np.ones(len(c)), c.terms, c.log_n, c.log_n**2])


def design_own(c: Conditions) -> Doubles:
    """(n, k + 1)"""
    return np.column_stack([np.ones(len(c)), c.terms])


def uncalibrated(terms: int) -> Doubles:
    """``Parameters.evidence`` that leaves the ratio as it is."""
    return np.concatenate([[0.0, 1.0], np.zeros(terms + 1)])


def design_evidence(c: Conditions) -> Doubles:
    """(n, k + 2)"""
    return np.column_stack([np.ones(len(c)), c.terms, c.log_n])


# the best of the others


Gev = tuple[Doubles, Doubles, Doubles]
"""Location, scale and shape of each row."""


def other_gev(p: Parameters, c: Conditions) -> Gev:
    """Of all best scores: what evidence is weighed with."""
    return _gev(c, p.other_location, p.other_log_scale, p.other_shape)


def tail_gev(p: Parameters, c: Conditions) -> Gev:
    """Of the largest of them: what false positives are stated with."""
    return _gev(c, p.tail_location, p.tail_log_scale, p.tail_shape)


def _gev(c: Conditions, location: Doubles, log_scale: Doubles, shape: Doubles) -> Gev:
    x = design_other(c)
    return _along(x, location), np.exp(_along(x, log_scale)), SHAPE_LIMIT * np.tanh(_along(design_shape(c), shape))


def _along(x: Doubles, coefficients: Doubles) -> Doubles:
    """x: (n, j). coefficients: (j,) for all rows or (n, j), one a row -> (n,)."""
    if coefficients.ndim == 1:
        return np.asarray(x @ coefficients, np.float64)
    return np.asarray(np.einsum("ij,ij->i", x, coefficients), np.float64)


def alike_rate(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    """Of strangers searched so, the share whose best score is at or above ``score``: FPIR(N, score), 0 to 1."""
    log_t = _log_t(tail_gev(p, c), score) + p.tail_log_factor[..., 0]
    return np.asarray(-np.expm1(-np.exp(log_t)), np.float64)


def threshold(p: Parameters, c: Conditions, fpir: float) -> Doubles:
    """Score at which ``alike_rate`` is ``fpir``."""
    return quantile(tail_gev(p, c), -np.expm1(np.log1p(-fpir) * np.exp(-p.tail_log_factor[..., 0])))


def log_other_cdf(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    return -np.exp(_log_t(other_gev(p, c), score))


def log_other_density(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    gev = other_gev(p, c)
    log_t = _log_t(gev, score)
    return np.asarray((1 + gev[2]) * log_t - np.exp(log_t) - np.log(gev[1]), np.float64)


def quantile(gev: Gev, above: float) -> Doubles:
    """The score that a share ``above`` reaches."""
    location, scale, shape = gev
    log_t = np.log(-np.log1p(-above))
    reduced = np.where(np.abs(shape) < _NO_SHAPE, -log_t, np.expm1(-shape * log_t) / _nonzero(shape))
    return np.asarray(location + scale * reduced, np.float64)


def _log_t(gev: Gev, score: Doubles) -> Doubles:
    """log t, where the distribution function is exp(-t)."""
    location, scale, shape = gev
    z = (score - location) / scale
    inside = np.maximum(shape * z, 1e-12 - 1)
    log_t = np.where(np.abs(shape) < _NO_SHAPE, -z, -np.log1p(inside) / _nonzero(shape))
    return np.clip(log_t, -60, 6)


_NO_SHAPE = 1e-12
"""expm1 and log1p are exact down to here; from here on the limit is, which is the Gumbel distribution."""


def _nonzero(shape: Doubles) -> Doubles:
    return np.where(np.abs(shape) < _NO_SHAPE, 1.0, shape)


# the person's own score


Own = tuple[Doubles, Doubles, Doubles, Doubles]
"""Location, log scale, skewness and log tail weight of each row."""


def own_sinh_arcsinh(p: Parameters, c: Conditions) -> Own:
    x = design_own(c)
    skew = p.own_shape[..., 0] + p.own_shape[..., 1] * c.terms[:, 0]
    return _along(x, p.own_location), _along(x, p.own_log_scale), skew, np.asarray(p.own_shape[..., 2], np.float64)


def miss_rate(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    """Of enrolled people searched so, the share whose own score is below ``score``, 0 to 1."""
    return np.asarray(ndtr(_standing(own_sinh_arcsinh(p, c), score)[0]), np.float64)


def log_own_cdf(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    return np.asarray(log_ndtr(_standing(own_sinh_arcsinh(p, c), score)[0]), np.float64)


def log_own_density(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    return _own_density(own_sinh_arcsinh(p, c), score)


def _own_density(own: Own, score: Doubles) -> Doubles:
    z, log_slope = _standing(own, score)
    return np.asarray(log_slope - z**2 / 2 - 0.5 * np.log(2 * np.pi), np.float64)


def _standing(own: Own, score: Doubles) -> tuple[Doubles, Doubles]:
    """The standard normal quantile that the score stands at, and the log of its slope."""
    location, log_scale, skew, log_tail = own
    u = (score - location) * np.exp(-log_scale)
    inner = np.asarray(np.clip(np.exp(log_tail) * np.arcsinh(u) - skew, -12, 12), np.float64)
    log_slope = log_tail + np.log(np.cosh(inner)) - 0.5 * np.log1p(u**2) - log_scale
    return np.asarray(np.sinh(inner), np.float64), np.asarray(log_slope, np.float64)


# evidence

_GRID = 96
_CHUNK = 4096


def log_lr(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    """Natural log of how much likelier it is that the person's own subject comes first, with this score, where the person
    is enrolled, than that anybody comes first with it where the person is not.

    Never falls as the score rises, from the score that nine in ten strangers reach onwards: a plateau takes the place of a
    fall, which only the tails of the fit can show. Below that score it is no larger than at it.
    """
    score = np.asarray(score, np.float64)
    chunks = [slice(at, at + _CHUNK) for at in range(0, len(c), _CHUNK)]
    parts = [_rising(p.rows(chunk), c.rows(chunk), score[chunk]) for chunk in chunks]
    rising = np.concatenate(parts) if parts else np.zeros(0)
    rest = _along(design_evidence(c), np.delete(p.evidence, 1, axis=-1))
    return np.asarray(p.evidence[..., 1] * rising + rest, np.float64)


def _rising(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    """The plain ratio, held between the largest ones so far at the two nearest scores of a grid that is the same for every
    score of a condition: from what nine in ten strangers reach to what hardly any enrolled person does."""
    other, own = other_gev(p, c), own_sinh_arcsinh(p, c)
    low, last = quantile(other, 0.9), quantile(other, 1e-3)
    high = np.maximum(own[0] + 4 * np.exp(own[1]), last)
    at = low[:, None] + np.linspace(0, 1, _GRID) * (high - low)[:, None]
    plain = _plain(_columns(*other), _columns(*own), at)
    largest = np.maximum.accumulate(plain, axis=1)
    place = np.clip((score - low) / (high - low), 0, 1) * (_GRID - 1)
    left, rows = np.minimum(place.astype(np.intp), _GRID - 2), np.arange(len(c))
    least = np.where(score < low, -np.inf, largest[rows, left])
    most = np.where(score < low, largest[:, 0], largest[rows, left + 1])
    return np.asarray(np.clip(_plain(other, own, np.minimum(score, high)), least, most), np.float64)


def plain_log_lr(p: Parameters, c: Conditions, score: Doubles) -> Doubles:
    """``log_lr`` as the two distributions have it, before its final calibration."""
    return _plain(other_gev(p, c), own_sinh_arcsinh(p, c), score)


def _plain(other: tuple[Doubles, ...], own: tuple[Doubles, ...], score: Doubles) -> Doubles:
    """f_own F_other / f_other: of the last two only a power of t is left."""
    location, scale, shape = other
    place, log_scale, skew, log_tail = own
    log_t = _log_t((location, scale, shape), score)
    density = _own_density((place, log_scale, skew, log_tail), score)
    return np.asarray(density - (1 + shape) * log_t + np.log(scale), np.float64)


def _columns(*rows: Doubles) -> tuple[Doubles, ...]:
    """Of each row one value for all scores that it is asked at."""
    return tuple(np.asarray(row)[..., None] for row in rows)


def posterior(log_ratio: Doubles, wrong_first: Doubles, prior: float) -> Doubles:
    """Chance that the best candidate is the person.

    log_ratio: ``log_lr``, bounded. wrong_first: ``miss_rate`` at the score, the chance that an enrolled person's own
    score is lower still. prior: chance that a passer-by is enrolled, between 0 and 1.
    """
    against = (1 - prior) + prior * wrong_first
    return np.asarray(expit(log_ratio + np.log(prior) - np.log(against)), np.float64)
