"""The two distributions: against scipy's, and what must hold whatever their parameters are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import genextreme, norm

from made_up_calibration import SHAPE, conditions, many, parameters, pictures, plausible, sizes
from secondlook.decide import evidence
from secondlook.decide.evidence import Conditions, Parameters

scores = st.floats(-0.5, 1.0)
priors = st.floats(1e-6, 1 - 1e-6)


def one(function: object, p: Parameters, c: Conditions, score: float) -> float:
    return float(function(p, c, np.array([score]))[0])


@given(plausible, pictures, sizes, scores, scores)
def test_fewer_strangers_look_so_much_more_alike(p: Parameters, terms: list[float], n: int, a: float, b: float) -> None:
    c = conditions(n, *terms)
    low, high = sorted((a, b))
    assert 0 <= one(evidence.alike_rate, p, c, high) <= one(evidence.alike_rate, p, c, low) <= 1
    assert 0 <= one(evidence.miss_rate, p, c, low) <= one(evidence.miss_rate, p, c, high) <= 1


@given(plausible, st.floats(0.25, 0.7))
def test_more_strangers_look_alike_in_a_larger_gallery(p: Parameters, score: float) -> None:
    """As far as rates may be stated: nobody has seen the far tails, where the fitted curves may cross."""
    rates = [max(one(evidence.alike_rate, p, conditions(n), score), 3e-3) for n in (1, 10, 100, 1000)]
    assert rates == sorted(rates)


@given(plausible, pictures, sizes, st.floats(1e-4, 0.95))
def test_the_threshold_gives_the_rate_it_was_asked_for(p: Parameters, terms: list[float], n: int, fpir: float) -> None:
    c = conditions(n, *terms)
    assert one(evidence.alike_rate, p, c, float(evidence.threshold(p, c, fpir)[0])) == pytest.approx(fpir, rel=1e-6)


@given(plausible, pictures, sizes, st.floats(1e-4, 0.999))
def test_the_others_are_a_generalised_extreme_value_distribution(
    p: Parameters, terms: list[float], n: int, rate: float
) -> None:
    c = conditions(n, *terms)
    location, scale, shape = (float(v[0]) for v in evidence.other_gev(p, c))
    assert abs(shape) < evidence.SHAPE_LIMIT
    known = genextreme(c=-shape, loc=location, scale=scale)  # scipy's c has the other sign
    score = float(known.isf(rate))
    assert float(evidence.threshold(p, c, rate)[0]) == pytest.approx(score, abs=1e-9)
    assert one(evidence.log_other_cdf, p, c, score) == pytest.approx(known.logcdf(score), abs=1e-9)
    assert one(evidence.log_other_density, p, c, score) == pytest.approx(known.logpdf(score), abs=1e-6)


def test_a_shape_of_nothing_is_the_gumbel_distribution() -> None:
    p = replace(parameters(), other_shape=np.zeros(SHAPE), tail_shape=np.zeros(SHAPE))
    c = conditions(50)
    location, scale, _ = (float(v[0]) for v in evidence.other_gev(p, c))
    known = genextreme(c=0, loc=location, scale=scale)
    for score in (0.1, 0.3, 0.5):
        assert one(evidence.log_other_density, p, c, score) == pytest.approx(known.logpdf(score), abs=1e-9)
    assert float(evidence.threshold(p, c, 0.01)[0]) == pytest.approx(known.isf(0.01), abs=1e-9)


@pytest.mark.parametrize("n", [1, 40, 2000])
@pytest.mark.parametrize("shape", [-0.9, 0.0, 0.4])
def test_the_others_density_is_the_slope_of_its_distribution(n: int, shape: float) -> None:
    p, c = parameters(other_shape=shape), conditions(n, 0.5, -0.3)
    low, high = (float(evidence.threshold(p, c, rate)[0]) for rate in (0.9999, 1e-6))
    mass, _ = quad(lambda s: np.exp(one(evidence.log_other_density, p, c, s)), low, high, limit=200)
    assert mass == pytest.approx(0.9999 - 1e-6, abs=1e-5)


@pytest.mark.parametrize("skew", [-0.5, 0.0, 0.6])
@pytest.mark.parametrize("size", [-2.0, 0.0, 1.5])
def test_the_own_density_is_the_slope_of_its_distribution(skew: float, size: float) -> None:
    p, c = parameters(own_skew=skew), conditions(10, size)
    mass, _ = quad(lambda s: np.exp(one(evidence.log_own_density, p, c, s)), -3, 4, limit=400, points=[0.3, 0.5, 0.7])
    assert mass == pytest.approx(1, abs=1e-6)
    step = 1e-5
    for score in np.linspace(0, 1, 9):
        rise = one(evidence.miss_rate, p, c, score + step) - one(evidence.miss_rate, p, c, score - step)
        assert rise / (2 * step) == pytest.approx(
            np.exp(one(evidence.log_own_density, p, c, score)), rel=1e-4, abs=1e-7
        )


def test_without_skew_and_tail_the_own_scores_are_normal() -> None:
    p = replace(parameters(), own_shape=np.zeros(3))
    for score in (0.2, 0.55, 0.9):
        assert one(evidence.miss_rate, p, conditions(10), score) == pytest.approx(norm(0.55, 0.12).cdf(score))
        assert one(evidence.log_own_density, p, conditions(10), score) == pytest.approx(norm(0.55, 0.12).logpdf(score))


@given(plausible, pictures, sizes, st.lists(st.floats(0, 1.2), min_size=2, max_size=40))
def test_evidence_never_falls_as_the_score_rises(p: Parameters, terms: list[float], n: int, above: list[float]) -> None:
    c = conditions(n, *terms)
    reached = float(evidence.threshold(p, c, 0.9)[0])
    ratios = evidence.log_lr(p, many(c, len(above)), reached + np.array(sorted(above)))
    assert np.isfinite(ratios).all()
    assert (np.diff(ratios) >= -1e-9).all(), np.diff(ratios).min()
    below = evidence.log_lr(p, many(c, len(above)), reached - np.array(above))
    assert (below <= one(evidence.log_lr, p, c, reached) + 1e-9).all()


@given(plausible, pictures, st.lists(st.floats(-0.3, 1.0), min_size=1, max_size=6))
def test_many_at_once_are_as_one_by_one(p: Parameters, terms: list[float], asked: list[float]) -> None:
    c = conditions(300, *terms)
    together = evidence.log_lr(p, many(c, len(asked)), np.array(asked))
    assert together == pytest.approx([one(evidence.log_lr, p, c, score) for score in asked])
    assert evidence.log_lr(p, many(c, 0), np.zeros(0)).shape == (0,)


@given(st.lists(plausible, min_size=1, max_size=5), pictures, st.floats(0, 1), st.integers(1, 3))
def test_several_sets_of_parameters_are_as_one_by_one(
    sets: list[Parameters], terms: list[float], score: float, times: int
) -> None:
    c = conditions(300, *terms)
    each = evidence.one_a_row(sets).rows(np.tile(np.arange(len(sets)), times))
    at, scores = many(c, len(sets) * times), np.full(len(sets) * times, score)
    assert each.terms == sets[0].terms
    for function in (
        evidence.alike_rate,
        evidence.miss_rate,
        evidence.log_own_cdf,
        evidence.log_own_density,
        evidence.log_other_cdf,
        evidence.log_lr,
    ):
        assert function(each, at, scores) == pytest.approx([one(function, p, c, score) for p in sets] * times, rel=1e-9)
    assert evidence.threshold(each, at, 0.01) == pytest.approx(
        [evidence.threshold(p, c, 0.01)[0] for p in sets] * times
    )


def test_more_than_a_chunk_of_searches() -> None:
    p, c = parameters(), conditions(300)
    asked = np.linspace(0.1, 0.9, 4100)
    assert evidence.log_lr(p, many(c, len(asked)), asked)[[0, -1]] == pytest.approx(
        [one(evidence.log_lr, p, c, 0.1), one(evidence.log_lr, p, c, 0.9)]
    )


@given(st.floats(-10, 10), st.floats(-10, 10), st.floats(0, 1), priors, priors)
def test_the_posterior_rises_with_the_ratio_and_the_prior(a: float, b: float, wrong: float, p: float, q: float) -> None:
    (a, b), (p, q) = sorted((a, b)), sorted((p, q))

    def posterior(ratio: float, prior: float) -> float:
        return float(evidence.posterior(np.array([ratio]), np.array([wrong]), prior)[0])

    assert 0 <= posterior(a, p) <= posterior(b, p) <= 1
    assert posterior(a, p) <= posterior(a, q) + 1e-12


def test_the_posterior_by_hand() -> None:
    """Prior 1 in 100, ratio 1,000, and 1 in 10 enrolled people scoring lower still: 10 : 0.991."""
    said = evidence.posterior(np.array([np.log(1000.0)]), np.array([0.1]), 0.01)
    assert said[0] == pytest.approx(10 / (10 + 0.99 + 0.001))
