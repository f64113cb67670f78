"""The nearest for several probes at once are the nearest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.gallery.nearest import nearest


@given(
    n=st.integers(1, 300), m=st.integers(1, 3000), dimension=st.integers(1, 40), seed=st.integers(0, 99), data=st.data()
)
def test_it_finds_what_sorting_everybody_finds(n: int, m: int, dimension: int, seed: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, min(m, 60)))
    rng = np.random.default_rng(seed)
    probes, vectors = (rng.standard_normal((rows, dimension)).astype(np.float32) for rows in (n, m))
    scores, rows = nearest(probes, vectors, k)
    assert scores.shape == rows.shape == (n, k)
    whole = probes @ vectors.T
    for number in range(n):
        assert len(set(rows[number].tolist())) == k, "each once"
        assert scores[number] == pytest.approx(whole[number, rows[number]], abs=1e-5 * dimension)
        assert np.sort(scores[number])[::-1] == pytest.approx(np.sort(whole[number])[::-1][:k], abs=1e-5 * dimension)


@given(m=st.integers(1, 2000), k=st.integers(1, 40))
def test_of_equal_ones_it_takes_as_many_as_are_wanted(m: int, k: int) -> None:
    k = min(k, m)
    scores, rows = nearest(np.ones((3, 4), np.float32), np.ones((m, 4), np.float32), k)
    assert (scores == 4).all() and all(len(set(of_one.tolist())) == k for of_one in rows)
