"""Maximum likelihood: what was drawn is found again, and the slope it climbs is the true one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import genextreme

from made_up_calibration import OTHER, OWN, K, conditions, over, parameters
from secondlook.calibrate.likelihood import TAIL, Likelihood, fit_other, fit_own, fit_tail, standard_other, standard_own
from secondlook.decide import evidence
from secondlook.decide.evidence import Conditions, Parameters, design_other, design_own
from secondlook.types import Floats

TRUE = replace(
    parameters(slope=0.02, other_shape=-0.3, own_skew=0.3),
    other_log_scale=over(OTHER, np.log(0.06), (0.1,), (-0.1,)),
    tail_log_scale=over(OTHER, np.log(0.06), (0.1,), (-0.1,)),
    own_log_scale=over(OWN, np.log(0.12), (-0.15, 0, 0, 0.05)),
)


def drawn_conditions(count: int, seed: int = 0) -> Conditions:
    rng = np.random.default_rng(seed)
    return Conditions(rng.normal(size=(count, K)), np.exp(rng.uniform(0, np.log(1000), count)).round())


def drawn_other(c: Conditions, seed: int = 1) -> np.ndarray:
    location, scale, shape = evidence.other_gev(TRUE, c)
    return np.asarray(genextreme.rvs(-shape, location, scale, random_state=np.random.default_rng(seed)))


def drawn_own(c: Conditions, seed: int = 1) -> np.ndarray:
    """The sinh-arcsinh transform of normal draws (Jones and Pewsey, 2009)."""
    x, (skew, by_term, log_tail) = design_own(c), TRUE.own_shape
    inner = np.arcsinh(np.random.default_rng(seed).normal(size=len(c)))
    u = np.sinh((inner + skew + by_term * c.terms[:, 0]) / np.exp(log_tail))
    return np.asarray(x @ TRUE.own_location + np.exp(x @ TRUE.own_log_scale) * u)


def with_tail(c: Conditions, score: np.ndarray) -> Parameters:
    weight = np.ones(len(c))
    location, log_scale, shape = fit_tail(c, score, weight, fit_other(c, score, weight))
    return replace(TRUE, tail_location=location, tail_log_scale=log_scale, tail_shape=shape)


def test_rates_of_strangers_are_found_again() -> None:
    c = drawn_conditions(24_000)
    found = with_tail(c, drawn_other(c))
    for n in (10, 100, 500):
        for terms in ((0.0,), (1.0, -1.0), (-1.0, 0.5, 0.5)):
            at = conditions(n, *terms)
            for rate in (0.1, 0.03, 0.01):
                reached = float(evidence.alike_rate(found, at, evidence.threshold(TRUE, at, rate))[0])
                assert rate / 1.7 < reached < rate * 1.7, (n, terms, rate, reached)


def test_only_the_tail_decides() -> None:
    """Scores far below move the fit no further than that they are below."""
    c = drawn_conditions(3_000)
    score = drawn_other(c)
    low = score < evidence.threshold(TRUE, c, 2 * TAIL)
    whole, weight = (TRUE.other_location, TRUE.other_log_scale, TRUE.other_shape), np.ones(len(c))
    tails = [fit_tail(c, s, weight, whole) for s in (score, np.where(low, score - 0.05, score))]
    found = [replace(TRUE, tail_location=a, tail_log_scale=b, tail_shape=d) for a, b, d in tails]
    at = conditions(300)
    one, two = (float(evidence.threshold(p, at, 0.01)[0]) for p in found)
    assert one == pytest.approx(two, abs=2e-3)


def test_own_scores_are_found_again() -> None:
    c = drawn_conditions(12_000)
    location, log_scale, shape = fit_own(c, drawn_own(c), np.ones(len(c)))
    found = replace(TRUE, own_location=location, own_log_scale=log_scale, own_shape=shape)
    for terms in ((0.0,), (1.0, -1.0), (-1.0, 0.5, 0.5)):
        at = conditions(10, *terms)
        for score in (0.3, 0.45, 0.6, 0.75):
            wanted, got = (float(evidence.miss_rate(p, at, np.array([score]))[0]) for p in (TRUE, found))
            assert got == pytest.approx(wanted, abs=0.025)


def test_weights_are_counts() -> None:
    c, score = drawn_conditions(1_000), drawn_own(drawn_conditions(1_000))
    times = np.random.default_rng(3).integers(0, 3, len(c))
    rows = np.repeat(np.arange(len(c)), times)
    weighted, repeated = fit_own(c, score, times.astype(float)), fit_own(c.rows(rows), score[rows], np.ones(len(rows)))
    for one, two in zip(weighted, repeated, strict=True):
        assert one == pytest.approx(two, abs=5e-3)


def test_the_start_changes_the_way_and_not_the_end() -> None:
    c, score = drawn_conditions(3_000), drawn_own(drawn_conditions(3_000))
    plain, started = fit_own(c, score, np.ones(len(c))), fit_own(c, score, np.ones(len(c)), TRUE)
    assert plain[0] == pytest.approx(started[0], abs=5e-3)


def slope_and_differences(likelihood: Likelihood, at: Floats) -> tuple[np.ndarray, np.ndarray]:
    step = 1e-6
    rises = [
        (likelihood.loss(at + step * one)[0] - likelihood.loss(at - step * one)[0]) / (2 * step)
        for one in np.eye(len(at))
    ]
    return likelihood.loss(at)[1], np.array(rises)


@pytest.mark.parametrize("share_cut", [0.0, 0.8])
@pytest.mark.parametrize("away", [0.0, 0.05, 0.2])
def test_the_slope_of_the_others_likelihood(share_cut: float, away: float) -> None:
    c = drawn_conditions(400)
    score = drawn_other(c)
    cut = score < np.quantile(score, share_cut)
    first = np.concatenate([TRUE.other_location, TRUE.other_log_scale, TRUE.other_shape])
    weight = np.random.default_rng(2).uniform(0.5, 2, len(c))
    likelihood = Likelihood(standard_other(c), design_other(c), score, weight, first, 0.1, cut)
    slope, differences = slope_and_differences(likelihood, away * np.random.default_rng(5).normal(size=len(first)))
    assert slope == pytest.approx(differences, abs=1e-5, rel=1e-4)


@pytest.mark.parametrize("away", [0.0, 0.05])
def test_the_slope_of_the_own_likelihood(away: float) -> None:
    c = drawn_conditions(400)
    first = np.concatenate([TRUE.own_location, TRUE.own_log_scale, TRUE.own_shape])
    uncut = np.zeros(len(c), np.bool_)
    likelihood = Likelihood(standard_own(c), design_own(c), drawn_own(c), np.ones(len(c)), first, 0.1, uncut)
    slope, differences = slope_and_differences(likelihood, away * np.random.default_rng(5).normal(size=len(first)))
    assert slope == pytest.approx(differences, abs=1e-5, rel=1e-4)


def test_the_densities_fitted_are_those_that_are_stated() -> None:
    c = drawn_conditions(200)
    location, scale, _ = evidence.other_gev(TRUE, c)
    score = drawn_other(c)
    density, *_ = standard_other(c)((score - location) / scale, TRUE.other_shape, np.zeros(len(c), np.bool_))
    assert density - np.log(scale) == pytest.approx(evidence.log_other_density(TRUE, c, score), abs=1e-6)
    below, *_ = standard_other(c)((score - location) / scale, TRUE.other_shape, np.ones(len(c), np.bool_))
    assert below == pytest.approx(evidence.log_other_cdf(TRUE, c, score), abs=1e-6)
    x, own = design_own(c), drawn_own(c)
    spread = np.exp(x @ TRUE.own_log_scale)
    density, *_ = standard_own(c)((own - x @ TRUE.own_location) / spread, TRUE.own_shape, np.zeros(len(c), np.bool_))
    assert density - np.log(spread) == pytest.approx(evidence.log_own_density(TRUE, c, own), abs=1e-6)
