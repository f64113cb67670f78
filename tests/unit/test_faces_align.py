"""Alignment: the right similarity, and chips whose landmarks are where the recogniser wants them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.faces.align import chip, chips, similarity
from secondlook.faces.crop import crop
from secondlook.ports import ChipLayout
from secondlook.types import Floats, Pixels

LAYOUT = ChipLayout(112, np.array([[38.3, 51.7], [73.5, 51.5], [56.0, 71.7], [41.5, 92.4], [70.7, 92.2]], np.float32))
DOT = 2.5
"""Standard deviation of a painted landmark in the chip, px."""

angles = st.floats(-180, 180)
sizes = st.floats(0.05, 20)
shifts = st.floats(-3000, 3000)


def turned(points: Floats, angle: float, size: float, shift: tuple[float, float]) -> Floats:
    a = np.deg2rad(angle)
    turn = size * np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.asarray(points @ turn.T + shift, np.float32)


def applied(matrix: Floats, points: Floats) -> Floats:
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


@given(angle=angles, size=sizes, x=shifts, y=shifts)
def test_it_recovers_every_similarity(angle: float, size: float, x: float, y: float) -> None:
    matrix = similarity(LAYOUT.points, turned(LAYOUT.points, angle, size, (x, y)))
    assert matrix.shape == (2, 3) and matrix.dtype == np.float32
    expected = turned(np.eye(2, dtype=np.float32), angle, size, (0, 0)).T
    assert np.allclose(matrix[:, :2], expected, atol=2e-3 + 1e-5 * (abs(x) + abs(y)))
    where = applied(matrix, LAYOUT.points)
    assert np.allclose(where, turned(LAYOUT.points, angle, size, (x, y)), atol=0.02 + 1e-5 * (abs(x) + abs(y)))


@given(st.integers(0, 2**31), st.integers(2, 9))
def test_nothing_near_it_fits_better(seed: int, count: int) -> None:
    """Least squares: no neighbouring similarity brings noisy points nearer."""
    rng = np.random.default_rng(seed)
    source, target = rng.normal(0, 30, (2, count, 2)).astype(np.float32)
    best = similarity(source, target)
    error = ((applied(best, source) - target) ** 2).sum()
    cosine, sine = best[0, 0], best[1, 0]
    for change in np.vstack([np.eye(4), -np.eye(4)]) * (1e-2, 1e-2, 0.3, 0.3):
        c, s = cosine + change[0], sine + change[1]
        other = np.array([[c, -s, best[0, 2] + change[2]], [s, c, best[1, 2] + change[3]]], np.float32)
        assert ((applied(other, source) - target) ** 2).sum() >= error - 1e-2


def test_a_mirror_image_is_never_fitted() -> None:
    mirrored = LAYOUT.points * np.array([-1, 1], np.float32)
    assert np.linalg.det(similarity(mirrored, LAYOUT.points)[:, :2].astype(np.float64)) >= 0


def test_coincident_points_give_the_shift_alone() -> None:
    matrix = similarity(np.full((5, 2), 7, np.float32), LAYOUT.points)
    assert np.isfinite(matrix).all() and np.allclose(matrix[:, :2], np.eye(2))
    assert np.allclose(applied(matrix, np.full((1, 2), 7, np.float32))[0], LAYOUT.points.mean(0), atol=1e-4)


def face(size: float, angle: float, height: int, width: int) -> tuple[Pixels, Floats]:
    """A picture with a soft bright dot at each landmark of one face, and where they are."""
    points = LAYOUT.points - LAYOUT.points.mean(0)
    landmarks = turned(points, angle, size, (width * 0.47 + 0.3, height * 0.52 + 0.7))
    y, x = np.mgrid[:height, :width]
    light = np.zeros((height, width))
    for px, py in landmarks:
        light += np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * (DOT * max(size, 0.6)) ** 2))
    grey = np.clip(40 + 200 * light, 0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2), landmarks


def dots(view: Pixels) -> Floats:
    """The centre of the light round each place where a landmark should be."""
    found = []
    for px, py in LAYOUT.points:
        x0, y0 = round(px) - 8, round(py) - 8
        part = np.clip(view[y0 : y0 + 17, x0 : x0 + 17, 0].astype(float) - 60, 0, None)
        y, x = np.mgrid[y0 : y0 + 17, x0 : x0 + 17]
        found.append([(part * x).sum() / part.sum(), (part * y).sum() / part.sum()])
    return np.array(found, np.float32)


@pytest.mark.parametrize("angle", [0.0, 17.0, -40.0, 90.0, 180.0])
@pytest.mark.parametrize("size", [0.6, 1.0, 1.7, 2.0, 3.3, 6.0])
def test_the_landmarks_land_where_they_are_wanted(size: float, angle: float) -> None:
    edge = int(size * 160) + 60
    pixels, landmarks = face(size, angle, edge, edge + 31)
    view = chip(pixels, landmarks, LAYOUT)
    assert view.shape == (112, 112, 3) and view.dtype == np.uint8
    off = np.abs(dots(view) - LAYOUT.points)
    assert off.max() <= 0.1, off


def test_it_is_not_warped_by_what_lies_far_away() -> None:
    """Only the part that the chip can touch is used, and it makes no difference."""
    pixels, landmarks = face(1.3, 25, 300, 300)
    around = np.random.default_rng(0).integers(0, 255, (900, 1100, 3), np.uint8)
    around[300:600, 400:700] = pixels
    assert np.array_equal(chip(pixels, landmarks, LAYOUT), chip(around, landmarks + np.float32([400, 300]), LAYOUT))


@pytest.mark.parametrize("size", [0.4, 1.0, 2.0])
def test_outside_the_picture_it_repeats_the_edge(size: float) -> None:
    pixels = np.zeros((60, 60, 3), np.uint8)
    pixels[:, :30], pixels[:, 30:] = (200, 10, 30), (20, 90, 250)
    landmarks = turned(LAYOUT.points - LAYOUT.points.mean(0), 0, size, (30, 5))
    view = chip(pixels, landmarks, LAYOUT)
    assert np.array_equal(view[0, 0], (200, 10, 30)) and np.array_equal(view[0, -1], (20, 90, 250))
    assert np.array_equal(view[0], view[10]), "above the picture there is only its first row"


@given(
    st.integers(1, 40), st.integers(1, 40), st.lists(st.floats(-1e4, 1e4), min_size=10, max_size=10),
    st.sampled_from([16, 112]),
)  # fmt: skip
def test_any_landmarks_give_a_chip(height: int, width: int, values: list[float], size: int) -> None:
    pixels = np.full((height, width, 3), (10, 200, 90), np.uint8)
    layout = ChipLayout(size, LAYOUT.points * np.float32(size / 112))
    view = chip(pixels, np.array(values, np.float32).reshape(5, 2), layout)
    assert view.shape == (size, size, 3) and (view == (10, 200, 90)).all()


def test_a_large_face_is_averaged_down_and_does_not_alias() -> None:
    """Lines 1 px wide, 8 px to a chip's pixel: the chip is grey, and not striped by chance."""
    pixels = np.zeros((1200, 1200, 3), np.uint8)
    pixels[:, ::2] = 255
    view = chip(pixels, LAYOUT.points * 8 + np.float32([100, 30]), LAYOUT)
    assert abs(float(view.mean()) - 127.5) < 2 and float(view.std()) < 12


def test_chips_of_nobody_and_of_several() -> None:
    pixels, landmarks = face(1.0, 10, 200, 220)
    assert chips(pixels, np.zeros((0, 5, 2), np.float32), LAYOUT).shape == (0, 112, 112, 3)
    several = chips(pixels, np.stack([landmarks, landmarks + 3]), LAYOUT)
    assert several.shape == (2, 112, 112, 3) and np.array_equal(several[0], chip(pixels, landmarks, LAYOUT))


@given(
    st.integers(1, 300), st.integers(1, 300), st.floats(-50, 320), st.floats(-50, 320), st.floats(0, 400),
    st.integers(16, 224),
)  # fmt: skip
def test_crops_are_inside_and_their_matrix_tells_where(
    height: int, width: int, x: float, y: float, edge: float, largest: int
) -> None:
    pixels = np.zeros((height, width, 3), np.uint8)
    view, matrix = crop(pixels, np.array([x, y, x + edge, y + edge], np.float32), 0.5, largest)
    assert 1 <= view.shape[0] <= largest and 1 <= view.shape[1] <= largest
    assert np.isfinite(matrix).all() and 0 < matrix[0, 0] <= 1


def test_the_crop_shows_the_face_with_its_margin() -> None:
    pixels = np.zeros((400, 400, 3), np.uint8)
    cv2.rectangle(pixels, (100, 150), (179, 229), (255, 255, 255), -1)
    view, matrix = crop(pixels, np.array([100, 150, 180, 230], np.float32), margin=0.5, largest=80)
    assert view.shape == (80, 80, 3) and matrix[0, 0] == pytest.approx(0.5)
    corner = applied(matrix, np.array([[100, 150]], np.float32))[0]
    assert corner == pytest.approx([20, 20])
    assert (view[21:59, 21:59] == 255).all() and (view[:19] == 0).all()
    view[:] = 7
    assert pixels.max() == 255 and pixels[0, 0, 0] == 0, "a crop is a copy"
