"""Advice to who publishes: every change that is named does what it says."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from made_up_calibration import calibration, parameters
from secondlook.exposure.publishing import Box, Cover, Crop, Look, Placed, Scale, changes, largest_free, scale_below
from secondlook.exposure.stated import picked_out
from secondlook.faces.quality import assess
from secondlook.fakes import detections
from secondlook.types import Floats, Pixels

SIZE = (400, 300)
CALIBRATION = calibration(fit=parameters(own_place=0.5), again=())


def picture(seed: int, boxes: Floats) -> Pixels:
    """Smooth noise, with sharper noise where the faces are."""
    rng = np.random.default_rng(seed)
    pixels = cv2.resize(rng.integers(0, 256, (10, 12, 3), np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    for x0, y0, x1, y1 in boxes.astype(int):
        pixels[y0:y1, x0:x1] = cv2.resize(
            rng.integers(0, 256, (9, 9, 3), np.uint8), (int(x1 - x0), int(y1 - y0)), interpolation=cv2.INTER_CUBIC
        )
    return np.asarray(pixels, np.uint8)


faces = st.lists(
    st.tuples(st.integers(0, 290), st.integers(0, 190), st.integers(16, 100)).map(
        lambda f: (f[0], f[1], f[0] + f[2], f[1] + f[2])
    ),
    min_size=1,
    max_size=6,
)


@examples(max_examples=25)
@given(faces, st.integers(0, 99), st.floats(0.1, 0.9))
def test_at_the_advised_scale_everybody_is_below_the_wanted_exposure(
    found: list[tuple[int, int, int, int]], seed: int, want: float
) -> None:
    seen = detections(np.array(found, np.float32))
    pixels = picture(seed, seen.boxes)
    factor = scale_below(CALIBRATION, 300, want, [Look(pixels, seen.boxes, seen.landmarks)])
    now = [assess(pixels, b, m) for b, m in zip(seen.boxes, seen.landmarks, strict=True)]
    if factor == 1:
        assert (picked_out(CALIBRATION, now, 300) < want).all()
        return
    assert (picked_out(CALIBRATION, now, 300) >= want).any()
    if factor is None:
        return
    # as a publisher would do it: scale the whole picture, and find the faces where they are now
    size = round(SIZE[0] * factor), round(SIZE[1] * factor)
    published = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    by = np.array([size[0] / SIZE[0], size[1] / SIZE[1]], np.float32)
    then = [
        assess(published, box * np.tile(by, 2), (points + np.float32(0.5)) * by - np.float32(0.5))
        for box, points in zip(seen.boxes, seen.landmarks, strict=True)
    ]
    assert (picked_out(CALIBRATION, then, 300) < want).all()


def test_a_more_modest_wish_needs_less() -> None:
    seen = detections(np.array([[100, 80, 200, 180]], np.float32))
    looks = [Look(picture(3, seen.boxes), seen.boxes, seen.landmarks)]
    scales = [scale_below(CALIBRATION, 300, want, looks) for want in (0.9, 0.5, 0.2)]
    assert None not in scales and scales == sorted(scales, key=lambda s: -(s or 0)) and scales[0] != scales[-1]
    assert scale_below(CALIBRATION, 300, 0.004, looks) is None


boxes = st.lists(
    st.tuples(st.integers(0, 18), st.integers(0, 14), st.integers(1, 8), st.integers(1, 8)).map(
        lambda b: (float(b[0]), float(b[1]), float(min(20, b[0] + b[2])), float(min(16, b[1] + b[3])))
    ),
    max_size=6,
)


@examples(max_examples=60)
@given(boxes)
def test_the_crop_is_the_largest_that_shows_no_exposed_face(taken: list[Box]) -> None:
    grid = np.zeros((16, 20), np.bool_)
    for x0, y0, x1, y1 in taken:
        grid[int(y0) : int(y1), int(x0) : int(x1)] = True
    found = largest_free(taken, (20, 16))
    area = 0.0
    if found is not None:
        x0, y0, x1, y1 = (int(v) for v in found)
        area = (x1 - x0) * (y1 - y0)
        assert not grid[y0:y1, x0:x1].any()
    assert area == largest_by_trying(grid)


def largest_by_trying(grid: np.ndarray) -> int:
    best = 0
    for top in range(grid.shape[0]):
        free = np.ones(grid.shape[1], np.bool_)
        for bottom in range(top, grid.shape[0]):
            free &= ~grid[bottom]
            run = longest = 0
            for column in free:
                run = run + 1 if column else 0
                longest = max(longest, run)
            best = max(best, longest * (bottom - top + 1))
    return best


def test_the_smallest_change_comes_first() -> None:
    def face(box: Box, chance: float) -> Placed:
        return Placed(box, box, chance)

    crowd = [face((10, 10, 60, 60), 0.9), face((300, 200, 330, 230), 0.1), face((350, 200, 380, 230), 0.05)]
    advised = changes(crowd, 0.5, SIZE, 0.5)
    assert [type(change) for change in advised] == [Cover, Crop, Scale]
    assert [change.lost for change in advised] == sorted(change.lost for change in advised)
    cover, crop, scale = advised
    assert isinstance(cover, Cover) and cover.boxes == ((0, 0, 75, 75),)
    assert isinstance(crop, Crop) and crop.kept_faces == 2 and crop.box == (75, 0, 400, 300)
    assert isinstance(scale, Scale) and (scale.width, scale.height, scale.lost) == (200, 150, 0.75)


def test_a_crop_that_keeps_nobody_is_none_and_calm_crowds_are_left_alone() -> None:
    alone = [Placed((10, 10, 60, 60), (10, 10, 60, 60), 0.9)]
    assert [type(change) for change in changes(alone, 0.5, SIZE, None)] == [Cover]
    assert changes(alone, 0.95, SIZE, 1.0) == ()
    # somebody who walks through the whole picture leaves nothing to crop to
    walking = [Placed((10, 10, 60, 60), (0, 0, 400, 300), 0.9), Placed((80, 80, 90, 90), (80, 80, 90, 90), 0.1)]
    assert [type(change) for change in changes(walking, 0.5, SIZE, None)] == [Cover]


@pytest.mark.parametrize("size", [(1, 1), (3, 2)])
def test_tiny_pictures_are_no_reason_to_stop(size: tuple[int, int]) -> None:
    box: Box = (0.0, 0.0, float(size[0]), float(size[1]))
    (cover,) = changes([Placed(box, box, 0.9)], 0.5, size, None)
    assert isinstance(cover, Cover) and cover.lost == 1
