"""Quality measures: each moves the way its name says, on pictures changed on purpose."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import astuple, fields
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from skimage.data import astronaut

from secondlook.faces.quality import FACE_POINTS_MM, assess, blockiness, overall, pose, visible_share
from secondlook.types import Floats, Pixels, Quality

BOX = np.array([181, 58, 270, 178], np.float32)
LANDMARKS = np.array([[204, 104], [243, 102], [224, 125], [209, 147], [242, 145]], np.float32)


@pytest.fixture(scope="module")
def portrait() -> Pixels:
    """Public domain, and inside a dependency."""
    return np.asarray(astronaut(), np.uint8)


def measured(pixels: Pixels) -> Quality:
    return assess(pixels, BOX, LANDMARKS)


def turn(yaw: float = 0, pitch: float = 0, roll: float = 0) -> Floats:
    """The generic head's landmarks as a camera far away sees them, turned by one angle, in px."""
    y, p, r = (math.radians(angle) for angle in (yaw, pitch, roll))
    to_left = np.array([[math.cos(y), 0, math.sin(y)], [0, 1, 0], [-math.sin(y), 0, math.cos(y)]])
    down = np.array([[1, 0, 0], [0, math.cos(p), math.sin(p)], [0, -math.sin(p), math.cos(p)]])
    aside = np.array([[math.cos(r), -math.sin(r), 0], [math.sin(r), math.cos(r), 0], [0, 0, 1]])
    seen = FACE_POINTS_MM @ (aside @ down @ to_left).T
    return (seen[:, :2] * 1.4 + [300, 200]).astype(np.float32)


def test_a_face_from_the_front_is_straight() -> None:
    assert pose(turn()) == pytest.approx((0, 0, 0), abs=0.01)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_pose_follows_the_head(axis: int) -> None:
    """Exactly so for the generic head, each angle in its own field, and the sign as documented."""
    angles = range(-60, 61, 10)
    found = [pose(turn(*(angle if i == axis else 0 for i in range(3)))) for angle in angles]
    for angle, three in zip(angles, found, strict=True):
        expected = [angle if i == axis else 0 for i in range(3)]
        assert three == pytest.approx(expected, abs=0.1)


def test_the_signs_are_those_of_the_picture() -> None:
    nose, eyes = turn(yaw=30)[2], turn(yaw=30)[:2]
    assert nose[0] > eyes[:, 0].mean(), "turned to the subject's left, the nose points to the picture's right"
    assert pose(turn(yaw=30))[0] > 25
    assert turn(pitch=30)[2, 1] - turn(pitch=30)[0, 1] > turn()[2, 1] - turn()[0, 1], "looking down lowers the nose"
    assert pose(turn(pitch=30))[1] > 25
    right_eye, left_eye = turn(roll=30)[:2]
    assert left_eye[1] > right_eye[1], "leaning to the picture's right lowers the subject's left eye"
    assert pose(turn(roll=30))[2] > 25


@given(st.floats(-35, 35), st.floats(-25, 25), st.floats(-40, 40), st.integers(0, 2**31))
def test_pose_bears_landmarks_that_are_off(yaw: float, pitch: float, roll: float, seed: int) -> None:
    """A pixel or so off at 88 px between the eyes: within about ten degrees."""
    noise = np.random.default_rng(seed).normal(0, 0.7, (5, 2)).clip(-1.4, 1.4)
    exact, off = pose(turn(yaw, pitch, roll)), pose((turn(yaw, pitch, roll) + noise).astype(np.float32))
    assert np.abs(np.subtract(exact, off)).max() < 12


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def test_sharpness_falls_with_blur(portrait: Pixels) -> None:
    levels = [measured(portrait).sharpness] + [measured(blurred(portrait, s)).sharpness for s in (0.8, 1.5, 3, 6, 12)]
    assert all(a > 1.3 * b for a, b in pairwise(levels)), levels
    assert levels[0] > 0.3 and levels[-1] < 0.02


def test_an_enlarged_small_face_measures_soft(portrait: Pixels) -> None:
    small = cv2.resize(portrait, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    assert assess(small, BOX / 4, LANDMARKS / 4).sharpness < 0.5 * measured(portrait).sharpness


def test_inter_eye_distance_is_in_source_pixels(portrait: Pixels) -> None:
    assert measured(portrait).inter_eye_px == pytest.approx(math.hypot(39, 2))
    assert assess(portrait, BOX, LANDMARKS * 2).inter_eye_px == pytest.approx(2 * math.hypot(39, 2))


def jpeg(pixels: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def test_blockiness_rises_as_jpeg_quality_drops(portrait: Pixels) -> None:
    # the sample picture was a JPEG itself, of good quality; cut off its grid it shows none
    apart = portrait[3:, 5:]
    box = BOX - np.float32([5, 3, 5, 3])
    levels = [blockiness(apart, box)] + [blockiness(jpeg(apart, q), box) for q in (90, 50, 25, 12, 5)]
    assert levels == sorted(levels) and levels[0] < 0.05 and levels[-1] > 0.5, levels


def test_blockiness_finds_the_grid_wherever_the_box_lies(portrait: Pixels) -> None:
    poor = jpeg(portrait, 8)
    found = [blockiness(poor, BOX + np.float32([dx, dy, dx, dy])) for dx in range(0, 8, 3) for dy in range(0, 8, 3)]
    assert min(found) > 0.3 and max(found) < 2 * min(found)
    assert blockiness(poor, np.float32([10, 10, 33, 60])) == 0, "under 24 px it says nothing"


def test_exposure_and_contrast(portrait: Pixels) -> None:
    def changed(change: Callable[[Floats], Floats]) -> Quality:
        return measured(np.clip(change(portrait.astype(np.float32)), 0, 255).astype(np.uint8))

    dark, same, bright = (changed(lambda v, f=f: v * f).exposure for f in (0.1, 1.0, 3.0))
    assert dark < 0.08 < same < 0.95 < bright + 0.2 and dark < same < bright <= 1
    flat, full = changed(lambda v: 120 + 0.05 * (v - 120)).contrast, measured(portrait).contrast
    assert flat < 0.03 < full < 0.5
    grey = measured(np.full_like(portrait, 77))
    assert grey.exposure == pytest.approx(77 / 255, abs=0.01) and max(grey.contrast, grey.sharpness) < 1e-6


@pytest.mark.parametrize(
    ("box", "share"),
    [
        ((10, 10, 50, 62), 1.0),
        ((0, 10, 20, 62), 0.5),
        ((80, 10, 100, 62), 0.5),
        ((10, 0, 50, 26), 0.5),
        ((10, 174, 50, 200), 0.5),
        ((0, 0, 20, 26), 1.0),
        ((0.4, 10, 40, 62), 0.99),
    ],
)
def test_visible_at_the_edges(box: tuple[float, ...], share: float) -> None:
    """A box that touches the edge and has not a face's proportions was cut there; in the corner nobody can tell."""
    assert visible_share(np.array(box, np.float32), 200, 100) == pytest.approx(share, abs=0.02)


def test_the_score_ranks_shots(portrait: Pixels) -> None:
    score = measured(portrait).score
    assert 0 < measured(blurred(portrait, 4)).score < score <= 1
    assert assess(portrait, BOX, turn(yaw=50)).score < assess(portrait, BOX, turn()).score
    assert measured((portrait * 0.1).astype(np.uint8)).score < score


measures = st.tuples(
    st.floats(0, 1e4), st.floats(0, 50), st.floats(-180, 180), st.floats(-180, 180), st.floats(0, 1), st.floats(0, 0.5),
    st.floats(0, 1),
)  # fmt: skip


@given(measures)
def test_the_score_stays_between_0_and_1(values: tuple[float, ...]) -> None:
    assert 0 <= overall(*values) <= 1


coordinates = st.one_of(st.floats(-1e4, 1e4, width=32), st.sampled_from([0.0, 5.0, 1e-6]))


@given(
    st.integers(2, 60), st.integers(2, 60), st.lists(coordinates, min_size=10, max_size=10),
    st.lists(coordinates, min_size=4, max_size=4), st.integers(0, 3),
)  # fmt: skip
def test_degenerate_faces_measure_finite(
    height: int, width: int, points: list[float], corners: list[float], seed: int
) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    quality = assess(pixels, np.array(corners, np.float32), np.array(points, np.float32).reshape(5, 2))
    assert len(astuple(quality)) == len(fields(Quality)) and all(math.isfinite(v) for v in astuple(quality)), quality
    assert 0 <= quality.score <= 1 and 0 <= quality.visible <= 1 and quality.blockiness >= 0


@pytest.mark.parametrize("points", [np.zeros((5, 2)), np.full((5, 2), 40.0), np.linspace(0, 50, 10).reshape(5, 2)])
def test_landmarks_on_a_point_or_a_line_measure_finite(portrait: Pixels, points: Floats) -> None:
    assert all(math.isfinite(v) for v in astuple(assess(portrait, BOX, points.astype(np.float32))))
