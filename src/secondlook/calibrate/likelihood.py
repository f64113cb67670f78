"""Maximum likelihood for the two distributions of ``decide.evidence``: location and log scale linear in a design."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from secondlook.decide.evidence import (
    SHAPE_LIMIT,
    Conditions,
    Doubles,
    Parameters,
    design_other,
    design_own,
    design_shape,
    quantile,
)

RIDGE = 1e-4
"""On every slope in units of the score's spread: keeps those of a term that hardly varies from running away."""

TAIL = 0.08
"""Share of the best non-mated scores that the GEV is finally fitted to. Fitted to all of them it says 0.010 where people not
used to fit show 0.006; fitted to the largest 8 %, 0.008 to 0.010 (built-in pack, 100 to 600 enrolled)."""

_EDGE = 0.02
"""Below this the GEV's support nearly ends: from there on its log density goes on as a straight line while fitting, so that
a first guess outside of the support can find its way back."""

Flags = NDArray[np.bool_]
Coefficients = tuple[Doubles, Doubles, Doubles]
"""Of location, log scale and shape."""

Standard = Callable[[Doubles, Doubles, Flags], tuple[Doubles, Doubles, Doubles]]
"""(z, shape coefficients, rows that are cut) -> log density of the standard distribution, its slope in z, and its slopes in
the shape coefficients, (n, coefficients); of a row that is cut, those of the log distribution function."""


def standard_other(c: Conditions) -> Standard:
    of_shape = design_shape(c)

    def standard(z: Doubles, shape: Doubles, cut: Flags) -> tuple[Doubles, Doubles, Doubles]:
        bent = np.tanh(of_shape @ shape)
        density, slope, by_shape = _gev(z, SHAPE_LIMIT * bent, cut)
        return density, slope, (by_shape * SHAPE_LIMIT * (1 - bent**2))[:, None] * of_shape

    return standard


def standard_own(c: Conditions) -> Standard:
    first_term = c.terms[:, 0]

    def standard(z: Doubles, shape: Doubles, cut: Flags) -> tuple[Doubles, Doubles, Doubles]:
        density, slope, by_skew, by_tail = _sinh_arcsinh(z, shape[0] + shape[1] * first_term, float(shape[2]))
        return density, slope, np.column_stack([by_skew, by_skew * first_term, by_tail])

    return standard


def fit_other(c: Conditions, score: Doubles, weight: Doubles, start: Parameters | None = None) -> Coefficients:
    """Location, log scale and shape coefficients of the GEV. score, weight: (n,). start: from which to begin."""
    x = design_other(c)
    line, spread = _least_squares(x, score, weight / weight.sum())
    if start is None:
        line[0] -= 0.45 * spread  # a GEV's mean lies above its location by 0.58 of its scale, where its shape is 0
        shape = [-0.2, *np.zeros(design_shape(c).shape[1] - 1)]
        first = np.concatenate([line, [np.log(spread)], np.zeros(x.shape[1] - 1), shape])
    else:
        first = np.concatenate([start.other_location, start.other_log_scale, start.other_shape])
    uncut = np.zeros(len(score), np.bool_)
    return _split(_maximise(standard_other(c), x, score, weight, first, spread, uncut), x.shape[1])


def fit_tail(c: Conditions, score: Doubles, weight: Doubles, whole: Coefficients) -> Coefficients:
    """The same for the largest scores: of a row below them only that it is below is known (left-censored).

    whole: of ``fit_other``, which says where the tail begins.
    """
    x = design_other(c)
    location, log_scale, shape = whole
    gev = x @ location, np.exp(x @ log_scale), SHAPE_LIMIT * np.tanh(design_shape(c) @ shape)
    edge = quantile(gev, TAIL)
    cut = score < edge
    spread = float(np.std(score))
    first = np.concatenate(whole)
    return _split(_maximise(standard_other(c), x, np.where(cut, edge, score), weight, first, spread, cut), x.shape[1])


def fit_own(c: Conditions, score: Doubles, weight: Doubles, start: Parameters | None = None) -> Coefficients:
    """Location, log scale and shape coefficients of the sinh-arcsinh distribution. score, weight: (n,). start: likewise."""
    standard, x = standard_own(c), design_own(c)

    line, spread = _least_squares(x, score, weight / weight.sum())
    if start is None:
        first = np.concatenate([line, [np.log(spread)], np.zeros(x.shape[1] - 1), np.zeros(3)])
    else:
        first = np.concatenate([start.own_location, start.own_log_scale, start.own_shape])
    uncut = np.zeros(len(score), np.bool_)
    return _split(_maximise(standard, x, score, weight, first, spread, uncut), x.shape[1])


def _split(found: Doubles, k: int) -> Coefficients:
    return found[:k], found[k : 2 * k], found[2 * k :]


def _gev(z: Doubles, shape: Doubles, cut: Flags) -> tuple[Doubles, Doubles, Doubles]:
    """Log density, its slope in z and its slope in the shape."""
    shape = np.where(np.abs(shape) < 1e-6, 1e-6, shape)
    inside = 1 + shape * z
    held, missing = np.maximum(inside, _EDGE), np.minimum(inside - _EDGE, 0)
    slope_t = -1 / held
    log_t = np.minimum(-np.log(held) / shape + slope_t * missing / shape, 20)
    kept = np.where(cut, 0.0, 1 + shape)
    left = kept - np.exp(log_t)
    by_shape = np.where(cut, 0.0, log_t) + left * _log_t_by_shape(z, shape, held, missing)
    return kept * log_t - np.exp(log_t), left * slope_t, by_shape


def _log_t_by_shape(z: Doubles, shape: Doubles, held: Doubles, missing: Doubles) -> Doubles:
    """Slope of log t in the shape; near 0, where its parts cancel, as a series."""
    exact = (np.log(held) - np.where(missing < 0, 1 - 1 / _EDGE, shape * z / held)) / shape**2
    near = shape * z
    return np.where(np.abs(near) < 1e-3, z**2 * (0.5 - 2 * near / 3 + 0.75 * near**2), exact)


def _sinh_arcsinh(z: Doubles, skew: Doubles, log_tail: float) -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Log density and its slopes in z, in the skewness and in the log tail weight."""
    bent = np.exp(log_tail) * np.arcsinh(z)
    inner = np.clip(bent - skew, -6, 6)
    sinh, cosh = np.sinh(inner), np.cosh(inner)
    density = log_tail + np.log(cosh) - 0.5 * np.log1p(z**2) - sinh**2 / 2 - 0.5 * np.log(2 * np.pi)
    by_inner = sinh / cosh - sinh * cosh
    slope = by_inner * np.exp(log_tail) / np.sqrt(1 + z**2) - z / (1 + z**2)
    return density, slope, -by_inner, 1 + by_inner * bent


@dataclass(frozen=True, eq=False, slots=True)
class Likelihood:
    """What is made small: the mean negative log likelihood of weighted scores, with its ridge.

    x: (n, k) design of location and log scale. score, weight: (n,). first: location, log scale and shape coefficients to
    begin with. spread: of the score. cut: (n,) rows of which only "at most" is known.
    """

    standard: Standard
    x: Doubles
    score: Doubles
    weight: Doubles
    first: Doubles
    spread: float
    cut: Flags

    def coefficients(self, v: Doubles) -> Doubles:
        """v: steps from ``first``, those of the location in units of ``spread``."""
        return np.asarray(self.first + self._unit * v, np.float64)

    @property
    def _unit(self) -> Doubles:
        k = self.x.shape[1]
        return np.concatenate([np.full(k, self.spread), np.ones(len(self.first) - k)])

    def loss(self, v: Doubles) -> tuple[float, Doubles]:
        """Value and gradient."""
        x, k, at = self.x, self.x.shape[1], self.coefficients(v)
        share, near = self.weight / self.weight.sum(), np.log(self.spread)
        location, log_scale = x @ at[:k], np.clip(x @ at[k : 2 * k], near - 6, near + 6)
        z = (self.score - location) * np.exp(-log_scale)
        shape, counted = at[2 * k :], np.where(self.cut, 0.0, 1.0)
        density, slope, by_shape = self.standard(z, shape, self.cut)
        value = -float(share @ (density - counted * log_scale))
        of_location = x.T @ (share * slope * np.exp(-log_scale))
        of_scale = x.T @ (share * (counted + slope * z))
        of_shape = -(share @ by_shape)
        held = RIDGE * np.where(np.isin(np.arange(len(v)), (0, k)), 0.0, v)
        return value + float(held @ v), self._unit * np.concatenate([of_location, of_scale, of_shape]) + 2 * held


def _maximise(
    standard: Standard, x: Doubles, score: Doubles, weight: Doubles, first: Doubles, spread: float, cut: Flags
) -> Doubles:
    from threadpoolctl import threadpool_limits

    likelihood = Likelihood(standard, x, score, weight, first, spread, cut)
    start = np.zeros(len(first))
    with threadpool_limits(1, "blas"):  # threads cost three times as much as they bring on so few parameters
        found = minimize(likelihood.loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-7})
    return likelihood.coefficients(found.x)


def _least_squares(x: Doubles, score: Doubles, share: Doubles) -> tuple[Doubles, float]:
    root = np.sqrt(share)
    start = np.linalg.lstsq(x * root[:, None], score * root, rcond=None)[0]
    spread = float(np.sqrt(share @ (score - x @ start) ** 2))
    return np.asarray(start, np.float64), max(spread, 1e-9)
