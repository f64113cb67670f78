"""Cutting people out and pasting them, on drawn people."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.compose import (
    Camera,
    Cutout,
    brightened,
    filled,
    free_corner,
    mirrored,
    moved,
    outlined,
    paste,
    person,
    photographed,
    scaled,
    uint8,
)
from secondlook.types import Pixels

FACE = (78.0, 65.0, 173.0, 190.0)
SKIN, SHIRT, WALL = (200, 150, 120), (40, 60, 160), (90, 200, 90)


def drawn() -> Pixels:
    """Skin in an oval, a shirt below, a green wall and a black corner as deep-funneled pictures have."""
    y, x = np.mgrid[0:250, 0:250]
    pixels = np.empty((250, 250, 3), np.uint8)
    pixels[:] = WALL
    pixels[(y > 190) & (abs(x - 125) < 30 + (y - 190))] = SHIRT
    pixels[((x - 125.5) / 50) ** 2 + ((y - 118) / 80) ** 2 < 1] = SKIN
    pixels[x + y < 40] = 0
    return pixels


@pytest.fixture(scope="module")
def somebody() -> Cutout:
    return person("S", "S_0001", drawn(), FACE)


def test_the_person_is_kept_and_the_wall_is_not(somebody: Cutout) -> None:
    solid = somebody.alpha > 0.5
    shown = somebody.pixels[solid].astype(int)
    wall = (np.abs(shown - WALL).sum(axis=1) < 60).mean()
    skin = (np.abs(shown - SKIN).sum(axis=1) < 60).mean()
    assert wall < 0.12
    assert skin > 0.5


def test_black_corners_are_not_part_of_the_person(somebody: Cutout) -> None:
    dark = somebody.pixels.max(axis=2) < 6
    assert somebody.alpha[dark].max(initial=0) < 0.1


def test_the_same_picture_gives_the_same_cutout(somebody: Cutout) -> None:
    again = person("S", "S_0001", drawn(), FACE)
    assert np.array_equal(again.alpha, somebody.alpha)


def test_the_face_box_follows_the_crop(somebody: Cutout) -> None:
    x, y = (somebody.face[0] + somebody.face[2]) / 2, (somebody.face[1] + somebody.face[3]) / 2
    assert np.abs(somebody.pixels[int(y), int(x)].astype(int) - SKIN).max() < 5
    assert somebody.face_width == 95


@given(width=st.floats(8, 200))
def test_scaling_gives_the_asked_face_width_within_rounding(width: float) -> None:
    flat = Cutout("S", "p", np.zeros((180, 150, 3), np.uint8), np.ones((180, 150), np.float32), (30, 40, 125, 165))
    result = scaled(flat, width)
    assert result.face_width == pytest.approx(width, abs=0.5)
    assert result.pixels.shape[:2] == result.alpha.shape
    assert result.alpha.min() >= 0 and result.alpha.max() <= 1


def test_mirroring_twice_changes_nothing(somebody: Cutout) -> None:
    once, twice = mirrored(somebody), mirrored(mirrored(somebody))
    assert np.array_equal(twice.pixels, somebody.pixels) and twice.face == pytest.approx(somebody.face)
    assert once.face[0] == pytest.approx(somebody.alpha.shape[1] - somebody.face[2])


def test_a_shift_moves_pixels_and_box_alike() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[10:20, 10:20] = 200
    cutout = Cutout("S", "p", pixels, np.ones((40, 40), np.float32), (10, 10, 20, 20))
    result = moved(cutout, shift=(3.0, 2.0))
    assert result.face == (13, 12, 23, 22)
    assert result.pixels[12:22, 13:23].min() == 200 and result.pixels[5, 5, 0] == 0


def test_paste_changes_only_its_place_and_says_where_the_face_is(somebody: Cutout) -> None:
    scene = np.full((400, 500, 3), 30, np.uint8)
    placed = paste(scene, somebody, 100, 50)
    height, width = somebody.alpha.shape
    outside = scene.copy()
    outside[50 : 50 + height, 100 : 100 + width] = 30
    assert (outside == 30).all()
    x, y = (placed.box[0] + placed.box[2]) / 2, (placed.box[1] + placed.box[3]) / 2
    assert np.abs(scene[int(y), int(x)].astype(int) - SKIN).max() < 5
    assert (placed.subject, placed.picture, placed.width_px) == ("S", "S_0001", 95)


@pytest.mark.parametrize(("x", "y"), [(-60, -60), (440, 340), (5000, 0), (0, -5000)])
def test_paste_over_the_edge_keeps_what_is_inside(somebody: Cutout, x: int, y: int) -> None:
    scene = np.zeros((400, 500, 3), np.uint8)
    assert paste(scene, somebody, x, y).box[0] == somebody.face[0] + x
    assert scene.any() == (abs(x) < 1000 and abs(y) < 1000)


def test_light_brings_the_person_nearer_to_the_place_but_not_all_the_way(somebody: Cutout) -> None:
    means = []
    for light in (0.0, 0.5, 1.0):
        scene = np.full((300, 300, 3), 10, np.uint8)
        paste(scene, somebody, 20, 20, light)
        means.append(scene.mean())
    assert means[0] > means[1] >= means[2] > 0.7 * means[0]


def test_bright_people_do_not_wrap_round(somebody: Cutout) -> None:
    assert brightened(somebody, 3.0).pixels[..., 0][somebody.pixels[..., 0] >= SKIN[0] - 2].min() == 255
    assert uint8(np.asarray([-5, 300], np.float32)).tolist() == [0, 255]


@given(
    taken=st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=6),
    width=st.integers(1, 60),
    height=st.integers(1, 60),
    seed=st.integers(0, 1000),
)
def test_a_free_corner_is_free(taken: list[tuple[int, int]], width: int, height: int, seed: int) -> None:
    boxes = [(x, y, x + 20.0, y + 20.0) for x, y in taken]
    corner = free_corner((width, height), (100, 100), boxes, np.random.default_rng(seed))
    if corner is None:
        return
    x, y = corner
    assert 0 <= x <= 100 - width and 0 <= y <= 100 - height
    assert all(x >= c or x + width <= a or y >= d or y + height <= b for a, b, c, d in boxes)


def test_no_corner_where_there_is_no_room() -> None:
    rng = np.random.default_rng(0)
    assert free_corner((101, 10), (100, 100), [], rng) is None
    assert free_corner((10, 10), (100, 100), [(0, 0, 100, 100)], rng) is None
    assert free_corner((100, 100), (100, 100), [], rng) == (0, 0)


def test_a_camera_repeats_itself_and_does_what_it_says() -> None:
    scene = filled(drawn(), (320, 240), 1.0)
    soft = photographed(scene, Camera(2.0, 0.0, 95), seed=1)
    assert np.array_equal(soft, photographed(scene, Camera(2.0, 0.0, 95), seed=1))
    assert np.abs(np.diff(soft.astype(int), axis=1)).max() < np.abs(np.diff(scene.astype(int), axis=1)).max()
    noisy = photographed(np.full((64, 64, 3), 128, np.uint8), Camera(0.0, 8.0, 95), seed=1)
    assert 4 < noisy.std() < 9


def test_filling_enlarges_and_goes_on_in_the_mirror() -> None:
    ramp = np.repeat(np.arange(0, 200, 20, dtype=np.uint8)[None, :, None], 8, axis=0).repeat(3, axis=2)
    picture = filled(ramp, (25, 19), 1.0)
    assert picture.shape == (19, 25, 3)
    assert np.array_equal(picture[0, 10:20], ramp[0, ::-1])
    assert filled(ramp, (15, 12), 2.0).shape == (12, 15, 3)


def test_an_outline_set_by_hand_is_cut() -> None:
    corners = [(10, 10), (40, 10), (40, 40), (10, 40)]
    cutout = outlined("S", "p", np.zeros((50, 50, 3), np.uint8), (15, 15, 35, 35), corners)
    assert cutout.alpha[25, 25] == 1 and cutout.alpha[5, 5] == 0 and cutout.alpha[25, 45] == 0
