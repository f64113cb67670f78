"""Overlaps of many boxes against the same said plainly, pair by pair."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.faces import overlaps
from secondlook.faces.overlaps import overlapping, suppress
from secondlook.types import Floats


def area(box: Floats) -> float:
    return float(np.prod(np.clip(box[2:] - box[:2], 0, None)))


def common(a: Floats, b: Floats) -> float:
    return area(np.concatenate([np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])]))


@st.composite
def many_boxes(draw: st.DrawFn) -> Floats:
    """Whole numbers, so that sides touch and boxes are alike, or empty, now and then."""
    n, span = draw(st.integers(0, 40)), draw(st.sampled_from([6, 40, 400]))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    corners = rng.integers(0, span, (n, 2))
    return np.concatenate([corners, corners + rng.integers(0, 30, (n, 2))], axis=1).astype(np.float32)


@pytest.mark.parametrize("at_once", [1, 7, 2**20])
@given(many_boxes())
def test_each_pair_once_however_many_at_once(at_once: int, boxes: Floats) -> None:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(overlaps, "PAIRS_AT_ONCE", at_once)
        found = overlapping(boxes)
    told = {
        (min(i, j), max(i, j)): shared for i, j, shared in zip(found.first, found.second, found.shared, strict=True)
    }
    assert len(told) == len(found.first), "no pair twice"
    wanted = {(i, j): common(boxes[i], boxes[j]) for j in range(len(boxes)) for i in range(j)}
    assert told == {pair: shared for pair, shared in wanted.items() if shared > 0}
    assert found.areas.tolist() == [area(box) for box in boxes]


@given(many_boxes(), st.integers(0, 2**31))
def test_the_best_first_and_what_it_is_like_no_more(boxes: Floats, seed: int) -> None:
    scores = np.random.default_rng(seed).integers(1, 8, len(boxes)).astype(np.float32) / 10
    kept = list[int]()
    for row in sorted(range(len(boxes)), key=lambda r: -scores[r]):
        areas = [sorted((area(boxes[row]), area(boxes[k]))) for k in kept]
        shares = [np.float32(common(boxes[row], boxes[k])) for k in kept]
        alike = (
            shared > np.float32(0.35) * np.float32(small + large - shared)
            or (shared > np.float32(0.7) * np.float32(small) and small > 0.25 * large)
            for (small, large), shared in zip(areas, shares, strict=True)
        )
        if not any(alike):
            kept.append(row)
    assert suppress(boxes, scores, 0.35).tolist() == kept


def test_nothing_overlaps_in_no_boxes() -> None:
    found = overlapping(np.zeros((0, 4), np.float32))
    assert found.first.shape == found.second.shape == found.shared.shape == found.areas.shape == (0,)
    assert suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), 0.35).dtype == np.intp
