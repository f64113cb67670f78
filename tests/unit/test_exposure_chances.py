"""What is stated of a face, against drawing people at random, and what must hold whatever the fit is."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import genextreme, norm

from made_up_calibration import GOOD, POOR, TERMS, calibration, conditions, parameters, pictures, plausible
from secondlook.decide import evidence
from secondlook.decide.evidence import Doubles, Parameters
from secondlook.decide.terms import standardised
from secondlook.errors import CalibrationError
from secondlook.exposure.chances import TOGETHER, chances, own_scores, together
from secondlook.exposure.stated import check_population, exposures, picked_out, recognisable_px, resized
from secondlook.types import Quality

DRAWN = 40_000


def drawn_own(p: Parameters, terms: list[float], normal: Doubles) -> Doubles:
    """Own scores by turning the distribution function round numerically."""
    c = conditions(1, *terms)

    def score(share: float) -> float:
        return float(brentq(lambda s: float(evidence.miss_rate(p, c, np.array([s]))[0]) - share, -20, 20))

    at = np.linspace(-4.5, 4.5, 200)
    return np.interp(normal, at, [score(float(share)) for share in norm.cdf(at)])


def drawn_other(p: Parameters, terms: list[float], n: int, normal: Doubles) -> Doubles:
    location, scale, shape = (float(v[0]) for v in evidence.other_gev(p, conditions(n, *terms)))
    return np.asarray(genextreme(c=-shape, loc=location, scale=scale).ppf(norm.cdf(normal)), np.float64)


@pytest.mark.parametrize("own_place", [0.3, 0.45, 0.6])
@pytest.mark.parametrize("terms", [[-1.8, -0.5, 0.2, -0.4], [-1.0, 0.5, 0.2, -0.4], [0.8, 0.0, -0.5, 1.0]])
def test_stated_chances_are_those_of_people_drawn_at_random(terms: list[float], own_place: float) -> None:
    p, n = parameters(own_place=own_place), 50
    rng = np.random.default_rng(1)
    z, e = rng.normal(size=DRAWN), rng.normal(size=DRAWN)
    own = drawn_own(p, terms, z)
    rho = float(together(np.array([terms]))[0])
    best = drawn_other(p, terms, n - 1, rho * z + math.sqrt(1 - rho**2) * e)
    found = chances(p, np.array([terms]), n, largest=1000)
    assert found.first[0] == pytest.approx(max((own > best).mean(), 1 / n), abs=0.01)
    assert found.least[0] == found.first[0]
    ahead = drawn_other(p, terms, 1, rng.normal(size=DRAWN)) >= own
    assert found.alike[0] == pytest.approx((n - 1) * ahead.mean(), abs=0.02 * n)
    middle = np.median(own)
    usual = (drawn_other(p, terms, 1, rng.normal(size=DRAWN)) >= middle).mean()
    assert found.usual[0] == pytest.approx((n - 1) * usual, abs=0.02 * n)


@given(plausible, pictures)
def test_own_scores_are_where_the_distribution_says(p: Parameters, terms: list[float]) -> None:
    scores = own_scores(p, np.array([terms]))[0]
    c = conditions(1, *terms).rows(np.zeros(len(scores), np.intp))
    assert evidence.miss_rate(p, c, scores) == pytest.approx(norm.cdf(np.linspace(-5, 5, len(scores))), abs=1e-7)


def test_the_smaller_the_face_the_more_all_scores_go_together() -> None:
    sizes = together(np.stack([np.linspace(9, -9, 200), np.zeros(200)], axis=1))
    assert (np.diff(sizes) >= 0).all() and sizes[0] == TOGETHER < sizes[-1] < 1
    assert together(np.array([[-2.0, 0.0]]))[0] == pytest.approx(0.8)


@given(plausible, pictures)
def test_more_people_hide_a_face_better(p: Parameters, terms: list[float]) -> None:
    c, quality = replace(calibration(fit=p, again=()), largest=1000), quality_of(terms)
    said = [exposures(c, [quality], n)[0] for n in (2, 10, 100, 1000)]
    firsts = [e.picked_out.value for e in said]
    # nobody has seen the far tails, where the fitted curves of two sizes may cross by a hair
    assert all(more <= fewer + 0.002 for fewer, more in pairwise(firsts)) and firsts[-1] <= firsts[0]
    assert [e.look_alikes.value for e in said] == sorted(e.look_alikes.value for e in said)
    for e in said:
        assert max(c.rarest, 1 / e.population) <= e.picked_out.value <= 1 - c.rarest
        assert 0 <= e.bits <= math.log2(e.population) + 1e-9


def quality_of(terms: list[float]) -> Quality:
    size, sharp, turn, contrast = (t * term.spread + term.mean for t, term in zip(terms, TERMS, strict=True))
    return Quality(2.0**size, 2.0**sharp, 30 * math.sqrt(max(turn, 0.0)), 0, 0, 0.5, 2.0**contrast, 0, 1, 0.5)


@given(st.sampled_from([GOOD, POOR]), st.floats(0.3, 0.7))
def test_a_larger_face_is_more_exposed(quality: Quality, own_place: float) -> None:
    c = calibration(fit=parameters(own_place=own_place), again=())
    faces = [resized(quality, factor) for factor in (0.25, 0.5, 1, 2, 4)]
    firsts = list(picked_out(c, faces, 500))
    assert firsts == sorted(firsts) and (firsts[0] < firsts[-1] or firsts[0] == 1 - c.rarest)
    usual = [e.look_alikes.value for e in exposures(c, faces, 500)]
    assert usual == sorted(usual, reverse=True)


@examples(max_examples=30)
@given(st.floats(0.05, 0.95), st.floats(0.3, 0.7))
def test_from_the_stated_size_on_the_face_is_recognisable(level: float, own_place: float) -> None:
    c = calibration(fit=parameters(own_place=own_place), again=())
    px = recognisable_px(c, GOOD, 500, level)
    smallest, largest = (resized(GOOD, 2.0**edge / GOOD.inter_eye_px) for edge in (TERMS[0].low, TERMS[0].high))
    if px is None:
        assert picked_out(c, [largest], 500)[0] < level + 0.02
        return
    assert picked_out(c, [resized(GOOD, px / GOOD.inter_eye_px)], 500)[0] >= level - 1e-9
    a_little_smaller = resized(GOOD, 2 ** (-1 / 16) * px / GOOD.inter_eye_px)
    if a_little_smaller.inter_eye_px > smallest.inter_eye_px:
        assert picked_out(c, [a_little_smaller], 500)[0] < level


def test_beyond_what_was_measured_there_are_bounds() -> None:
    c = calibration(largest=200)
    inside, outside, far = (exposures(c, [POOR], n)[0] for n in (201, 400, 100_000))
    assert not inside.beyond and outside.beyond and far.beyond
    assert outside.picked_out.value == far.picked_out.value == inside.picked_out.value
    assert far.picked_out.low <= outside.picked_out.low < inside.picked_out.low
    # the same faces among more people: what the fit says there lies within the bounds
    there = exposures(calibration(largest=1000, again=()), [POOR], 400)[0].picked_out.value
    assert outside.picked_out.low <= there <= outside.picked_out.high
    # look-alikes are a mean, and means add however large the crowd
    assert far.mean_look_alikes == pytest.approx(inside.mean_look_alikes * 99_999 / 200)


def test_an_interval_holds_the_value_and_comes_from_the_refits() -> None:
    sure, unsure = exposures(calibration(again=()), [POOR], 300)[0], exposures(calibration(), [POOR], 300)[0]
    assert sure.picked_out.low == sure.picked_out.value == sure.picked_out.high == unsure.picked_out.value
    assert unsure.picked_out.low < unsure.picked_out.value < unsure.picked_out.high


def test_nobody_is_stated_and_many_are_stated_as_each_alone() -> None:
    c = calibration(again=())
    assert exposures(c, [], 10) == () and len(picked_out(c, [], 10)) == 0
    many = exposures(c, [GOOD, POOR] * 600, 300)
    for place, quality in ((0, GOOD), (-1, POOR)):
        (alone,) = exposures(c, [quality], 300)
        assert many[place].picked_out.value == pytest.approx(alone.picked_out.value)
        assert many[place].look_alikes.value == pytest.approx(alone.look_alikes.value)
    assert standardised([GOOD], c.terms).shape == (1, len(TERMS))


@pytest.mark.parametrize(("population", "want"), [(1, None), (1000, 1.0), (1000, 0.0001), (10, 0.09)])
def test_what_cannot_be_stated_is_refused(population: int, want: float | None) -> None:
    with pytest.raises(CalibrationError, match=r"\.$"):
        check_population(calibration(), population, want)
