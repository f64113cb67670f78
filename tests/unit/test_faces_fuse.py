"""One template of several of one person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.faces.fuse import fuse
from secondlook.types import Floats


def directions(seed: int, n: int, d: int = 16) -> Floats:
    values = np.random.default_rng(seed).normal(size=(n, d))
    return np.asarray(values / np.linalg.norm(values, axis=1, keepdims=True), np.float32)


@given(st.integers(0, 2**31), st.integers(1, 8), st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_the_fused_template_is_the_weighted_mean_direction(seed: int, n: int, values: list[float]) -> None:
    templates, weights = directions(seed, n), np.array(values[:n], np.float32)
    fused = fuse(templates, weights)
    assert fused.shape == (16,) and fused.dtype == np.float32
    assert np.linalg.norm(fused) == pytest.approx(1, abs=1e-5)
    mean = (templates * (weights if weights.sum() > 0 else np.ones(n))[:, None]).sum(0)
    if np.linalg.norm(mean) > 1e-3:
        assert float(fused @ mean / np.linalg.norm(mean)) == pytest.approx(1, abs=1e-4)


def test_weights_count() -> None:
    a, b = np.eye(2, dtype=np.float32)
    both = np.stack([a, b])
    assert fuse(both, np.array([1, 0], np.float32)) == pytest.approx(a)
    assert fuse(both, np.array([3, 1], np.float32)) == pytest.approx([0.9487, 0.3162], abs=1e-4)
    assert fuse(both, np.zeros(2, np.float32)) == pytest.approx([0.7071, 0.7071], abs=1e-4)
    opposite = np.stack([a, -a])
    assert fuse(opposite, np.array([0.5, 0.5], np.float32)) == pytest.approx(a), "the best, where they cancel"
