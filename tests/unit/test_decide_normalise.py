"""The cohort's comparison: one inner product that is the formula written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.decide.normalise import CohortNormalised
from secondlook.types import Floats


def directions(count: int, dimension: int, seed: int) -> Floats:
    drawn = np.random.default_rng(seed).normal(size=(count, dimension))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def written_out(probe: Floats, reference: Floats, points: Floats, top: int) -> float:
    """The adaptive symmetric normalisation, side by side."""
    cosine = float(probe @ reference)
    sides = []
    for template in (probe, reference):
        largest = sorted((points @ template).astype(np.float64))[-top:]
        sides.append((cosine - np.mean(largest)) / max(np.std(largest), 1e-3))
    return float(np.mean(sides))


@given(st.integers(0, 1000), st.integers(12, 60), st.integers(10, 80))
def test_the_inner_product_is_the_formula(seed: int, points: int, top: int) -> None:
    cohort = CohortNormalised(directions(points, 16, seed), top)
    templates = directions(6, 16, seed + 1)
    scores = cohort.probes(templates) @ cohort.references(templates).T
    assert cohort.probes(templates).shape == cohort.references(templates).shape == (6, cohort.dimension)
    for p in range(6):
        for r in range(6):
            wanted = written_out(templates[p], templates[r], cohort.points, min(top, points))
            assert scores[p, r] == pytest.approx(wanted, rel=2e-3, abs=2e-3)


def test_a_face_like_many_others_needs_a_larger_cosine() -> None:
    rng = np.random.default_rng(0)
    middle = directions(1, 32, 5)
    crowd = middle + 0.12 * rng.normal(size=(100, 32))
    points = np.concatenate([crowd / np.linalg.norm(crowd, axis=1, keepdims=True), directions(100, 32, 6)])
    cohort = CohortNormalised(points.astype(np.float32), 40)
    common, rare = middle, directions(1, 32, 9)
    scores = [float((cohort.probes(one) @ cohort.references(one).T)[0, 0]) for one in (common, rare)]
    assert scores[0] < scores[1]


def test_symmetric_and_named_by_its_points() -> None:
    one, other = CohortNormalised(directions(30, 8, 1), 10), CohortNormalised(directions(30, 8, 2), 10)
    templates = directions(5, 8, 3)
    scores = one.probes(templates) @ one.references(templates).T
    assert scores == pytest.approx(scores.T, abs=1e-4)
    assert one.id == CohortNormalised(directions(30, 8, 1), 10).id
    assert len({one.id, other.id, CohortNormalised(one.points, 11).id}) == 3


def test_nothing_gives_nothing_and_many_are_as_few() -> None:
    cohort = CohortNormalised(directions(30, 8, 1), 10)
    none = np.zeros((0, 8), np.float32)
    assert cohort.probes(none).shape == cohort.references(none).shape == (0, cohort.dimension)
    many = directions(4100, 8, 4)
    assert cohort.probes(many)[[0, 4099]] == pytest.approx(cohort.probes(many[[0, 4099]]), abs=1e-4)
    assert cohort.probes(many).dtype == np.float32


def test_points_that_are_all_alike_divide_by_no_zero() -> None:
    cohort = CohortNormalised(np.repeat(directions(1, 8, 1), 20, axis=0), 10)
    assert np.isfinite(cohort.probes(directions(3, 8, 2))).all()
