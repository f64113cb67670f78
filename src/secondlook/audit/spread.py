"""How far groups lie apart, as plain functions of their error rates.

Each takes rates (groups,) or (groups, B), 0 to 1, and gives one number, or (B,).
"""

from __future__ import annotations

import numpy as np

from secondlook.audit.results import Doubles


def worst_over_best(rates: Doubles) -> Doubles:
    """Highest over lowest rate (NIST IR 8429; ISO/IEC 19795-10:2024); inf where the lowest is 0, 1 where all are."""
    return _divide(rates.max(axis=0), rates.min(axis=0))


def max_over_geometric_mean(rates: Doubles) -> Doubles:
    """Highest rate over the geometric mean of all (Grother, NIST IR 8429, 2022; FRTE reports it); 1 = equal.

    inf where a rate is 0 and another is not; 1 where all are 0.
    """
    with np.errstate(divide="ignore"):
        mean = np.exp(np.log(rates).mean(axis=0))
    return _divide(rates.max(axis=0), mean)


def gini(rates: Doubles) -> Doubles:
    """Gini coefficient with the n/(n-1) correction for few groups (Howard et al. 2022, equation for GARBE).

    n/(n-1) * sum_i sum_j |x_i - x_j| / (2 n^2 mean(x)); 0 = equal, 1 = one group has all the errors. 0 where all are 0.
    Needs two groups.
    """
    n = len(rates)
    ascending = np.sort(rates, axis=0)
    # sum_i sum_j |x_i - x_j| = 2 sum_k (2k - n - 1) x_(k), k from 1
    weights = (2 * np.arange(1, n + 1) - n - 1).reshape((n,) + (1,) * (rates.ndim - 1))
    total = rates.sum(axis=0)
    apart = (weights * ascending).sum(axis=0)
    share: Doubles = np.divide(apart, (n - 1) * total, out=np.zeros_like(apart), where=total > 0)
    return share


def fairness_discrepancy_rate(false_positive: Doubles, false_negative: Doubles, alpha: float) -> Doubles:
    """FDR = 1 - (alpha A + (1 - alpha) B) (de Freitas Pereira & Marcel 2022); A, B: largest differences of two groups.

    1 = equal. Differences are absolute, so where the rates are low it is near 1 whatever their ratio.
    """
    first = false_positive.max(axis=0) - false_positive.min(axis=0)
    second = false_negative.max(axis=0) - false_negative.min(axis=0)
    discrepancy: Doubles = 1 - (alpha * first + (1 - alpha) * second)
    return discrepancy


def garbe(false_positive: Doubles, false_negative: Doubles, alpha: float) -> Doubles:
    """GARBE = alpha Gini(false positives) + (1 - alpha) Gini(false negatives) (Howard et al. 2022); 0 = equal."""
    return alpha * gini(false_positive) + (1 - alpha) * gini(false_negative)


def _divide(above: Doubles, below: Doubles) -> Doubles:
    with np.errstate(divide="ignore", invalid="ignore"):
        quotient = np.asarray(above / below)
    return np.where(np.asarray(above) == 0, 1.0, quotient)
