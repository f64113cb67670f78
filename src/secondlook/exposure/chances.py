"""The chance of being picked out of N, and how many of them look as alike: two integrals over the person's own score.

The threat is stated, not measured: somebody holds one good picture of each of N people, the person among them, and asks who
of them resembles the face most. With S the face's comparison score with the person's own picture (``evidence``: own), and
the best of the N - 1 others (``evidence``: other), in a picture of that quality

    first  = P(S > best of N - 1 others)           the person comes first (rank 1 of a closed set)
    alike  = (N - 1) E[ P(one other >= S) ]        others who look at least as alike as the person does

The second holds for any N, however the others depend on each other: expectations add. It is given at the median of S
(``usual``) and in the mean, which a few hopeless cases make large. The first is known up to the largest gallery that was
measured; beyond, it is at most what it is there, and at least what the union bound leaves of it.

S and the best of the others go together more than the picture's terms explain: a face of which little is left is unlike
everybody. A Gaussian copula (Nelsen, An Introduction to Copulas, 2006) stands for that; the smaller the face, the larger
its correlation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from secondlook.decide import evidence
from secondlook.decide.evidence import Conditions, Doubles, Parameters, design_own

TOGETHER = 0.4
"""On LFW (five splits by subject, 5 to 50 px between the eyes), the correlation at which stated chances come true: without
it the logistic slope of what happened on what was stated is 1.26 among 700 and 1.25 among 100, with it 1.05 and 1.00."""
SMALL, SMALLER = -1.0, 0.4
"""Size, in spreads of its logarithm about the mean of the calibration's faces, below which the correlation rises, and by how
much with each spread: with 0.4 for all, faces of 5 to 8 px that were stated 0.07 came first in 0.04 of searches, and those of
2 to 6 px that were stated 0.034 in 0.012 (``bench.exposure``)."""
_MOST_TOGETHER = 0.9

_Z = np.linspace(-5, 5, 121)
"""Normal quantiles at which S is taken; the trapezoid rule is exact here to 1e-9."""
_WEIGHTS = np.exp(-(_Z**2) / 2) / np.exp(-(_Z**2) / 2).sum()
_MIDDLE = len(_Z) // 2
_CHUNK = 512

ScoreFunction = Callable[[Parameters, Conditions, Doubles], Doubles]


@dataclass(frozen=True, eq=False, slots=True)
class Chances:
    """Of m faces, (m,) each. first: chance of coming first, 0 to 1; where N is larger than what was measured, the largest
    that it can be. least: the smallest that it can be. alike: expected others who look at least as alike; usual: the same
    where the person resembles his picture as in the middle case."""

    first: Doubles
    least: Doubles
    alike: Doubles
    usual: Doubles


def chances(p: Parameters, terms: Doubles, n: int, largest: int) -> Chances:
    """terms: (m, k) standardised. n: people in all, 2 upwards. largest: gallery that was measured."""
    rows = [terms[at : at + _CHUNK] for at in range(0, len(terms), _CHUNK)]
    parts = [(first(p, some, n, largest), alike_one(p, some)) for some in rows]
    if not parts:
        return Chances(*(np.zeros(0) for _ in range(4)))
    found = np.concatenate([part[0] for part in parts])
    mean, usual = (np.concatenate([part[1][i] for part in parts]) for i in (0, 1))
    over = max(1.0, (n - 1) / largest)
    least = np.maximum(1 - over * (1 - found), 1 / n) if over > 1 else found
    return Chances(found, least, (n - 1) * mean, (n - 1) * usual)


def first(p: Parameters, terms: Doubles, n: int, largest: int) -> Doubles:
    """``Chances.first``. Never below 1 / n: whoever points blindly is right that often."""
    others = min(n - 1, largest)
    below = np.exp(_at_own_scores(evidence.log_other_cdf, p, terms, others))
    place, rho = ndtri(np.clip(below, 1e-15, 1 - 1e-15)), together(terms)[:, None]
    below = ndtr((place - rho * _Z) / np.sqrt(1 - rho**2))
    return np.asarray(np.maximum(below @ _WEIGHTS, 1 / n), np.float64)


def together(terms: Doubles) -> Doubles:
    """(m,): correlation of the copula."""
    return np.minimum(TOGETHER + SMALLER * np.maximum(0.0, SMALL - terms[:, 0]), _MOST_TOGETHER)


def alike_one(p: Parameters, terms: Doubles) -> tuple[Doubles, Doubles]:
    """Chance that one other looks at least as alike as the person: in the mean, and at the median of S."""
    above = -np.expm1(_at_own_scores(evidence.log_other_cdf, p, terms, 1))
    return above @ _WEIGHTS, above[:, _MIDDLE]


def own_scores(p: Parameters, terms: Doubles) -> Doubles:
    """(m, len(_Z)): the score that the own one stays below as often as a normal variable stays below each of ``_Z``."""
    x = design_own(Conditions(terms, np.ones(len(terms))))
    skew = p.own_shape[0] + p.own_shape[1] * terms[:, 0]
    u = np.sinh((np.arcsinh(_Z)[None] + skew[:, None]) / np.exp(p.own_shape[2]))
    return np.asarray((x @ p.own_location)[:, None] + u * np.exp(x @ p.own_log_scale)[:, None], np.float64)


def _at_own_scores(of: ScoreFunction, p: Parameters, terms: Doubles, n: int) -> Doubles:
    scores = own_scores(p, terms)
    repeated = Conditions(np.repeat(terms, len(_Z), axis=0), np.full(scores.size, float(n)))
    return np.asarray(of(p, repeated, scores.ravel()), np.float64).reshape(scores.shape)
