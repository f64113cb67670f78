"""Figures on how far groups lie apart: worked values, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.audit import spread

rates_lists = st.lists(st.floats(1e-6, 1), min_size=2, max_size=8).map(np.array)


def test_gini_of_one_group_with_all_errors_is_1_after_the_correction_of_howard() -> None:
    # without n/(n-1) it would be 0.75 for four groups
    assert float(spread.gini(np.array([0.0, 0, 0, 0.4]))) == pytest.approx(1)
    assert float(spread.gini(np.array([0.3, 0.3, 0.3]))) == pytest.approx(0)
    assert float(spread.gini(np.zeros(3))) == 0


def test_gini_is_its_double_sum() -> None:
    # 1, 2, 3, 4: sum |xi - xj| = 20, mean 2.5, 20 / (2 * 16 * 2.5) = 0.25, times 4/3
    assert float(spread.gini(np.array([1.0, 2, 3, 4]))) == pytest.approx(1 / 3)
    x = np.random.default_rng(0).random(7)
    plain = np.abs(x[:, None] - x).sum() / (2 * 49 * x.mean()) * 7 / 6
    assert float(spread.gini(x)) == pytest.approx(plain)


def test_garbe_weighs_both_sides() -> None:
    fmr, fnmr = np.array([0.0, 0.01]), np.array([0.02, 0.02])
    assert float(spread.garbe(fmr, fnmr, 0.5)) == pytest.approx(0.5)
    assert float(spread.garbe(fmr, fnmr, 1.0)) == pytest.approx(1.0)
    assert float(spread.garbe(fmr, fnmr, 0.0)) == pytest.approx(0.0)


def test_fdr_takes_the_largest_differences() -> None:
    # A = 0.003, B = 0.08: 1 - (0.5 * 0.003 + 0.5 * 0.08)
    fmr, fnmr = np.array([0.001, 0.004, 0.002]), np.array([0.02, 0.1, 0.05])
    assert float(spread.fairness_discrepancy_rate(fmr, fnmr, 0.5)) == pytest.approx(0.9585)
    assert float(spread.fairness_discrepancy_rate(fmr * 0, fnmr * 0, 0.5)) == 1


def test_a_hundredfold_rate_hardly_moves_fdr_and_moves_garbe() -> None:
    """The reason Howard et al. give for GARBE: FDR compares differences, and low rates differ by little."""
    fmr, fnmr = np.array([1e-6, 1e-4]), np.array([0.01, 0.01])
    assert float(spread.fairness_discrepancy_rate(fmr, fnmr, 0.5)) > 0.9999
    assert float(spread.garbe(fmr, fnmr, 0.5)) > 0.49


def test_worst_over_best_and_max_over_geometric_mean() -> None:
    assert float(spread.worst_over_best(np.array([0.01, 0.04, 0.02]))) == pytest.approx(4)
    # geometric mean of 1, 4, 2 is 2
    assert float(spread.max_over_geometric_mean(np.array([0.01, 0.04, 0.02]))) == pytest.approx(2)
    assert float(spread.worst_over_best(np.array([0.0, 0.04]))) == np.inf
    assert float(spread.max_over_geometric_mean(np.array([0.0, 0.04]))) == np.inf
    assert float(spread.worst_over_best(np.zeros(2))) == 1


def test_resamples_go_through_column_by_column() -> None:
    columns = np.random.default_rng(1).random((4, 6))
    for measure in (spread.gini, spread.worst_over_best, spread.max_over_geometric_mean):
        assert measure(columns) == pytest.approx([float(measure(column)) for column in columns.T])
    both = spread.garbe(columns, columns[::-1], 0.3)
    assert both == pytest.approx(
        [float(spread.garbe(a, b, 0.3)) for a, b in zip(columns.T, columns[::-1].T, strict=True)]
    )


@given(rates_lists, st.floats(0.01, 0.9), st.permutations(range(8)))
def test_order_does_not_matter_and_ratios_do_not_know_the_scale(
    rates: np.ndarray, scale: float, order: list[int]
) -> None:
    turned = rates[[k for k in order if k < len(rates)]]
    for measure in (spread.gini, spread.worst_over_best, spread.max_over_geometric_mean):
        assert float(measure(turned)) == pytest.approx(float(measure(rates)))
        assert float(measure(rates * scale)) == pytest.approx(float(measure(rates)))


@given(rates_lists)
def test_bounds(rates: np.ndarray) -> None:
    assert -1e-12 <= float(spread.gini(rates)) <= 1 + 1e-12
    assert 1 - 1e-12 <= float(spread.max_over_geometric_mean(rates)) <= float(spread.worst_over_best(rates)) + 1e-9
    assert 0 <= float(spread.fairness_discrepancy_rate(rates, rates, 0.5)) <= 1
