"""What cameras do: sizes that are asked for, the same picture for the same draw, and each ill in its own direction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut

from secondlook.calibrate.degrade import LARGEST_PX, SMALLEST_PX, Recipe, degrade, drawn
from secondlook.types import Pixels

OWN = 40.0
PLAIN = Recipe(OWN)


@pytest.fixture(scope="module")
def portrait() -> Pixels:
    return np.asarray(astronaut()[0:200, 130:310], np.uint8)


def through(pixels: Pixels, recipe: Recipe, seed: int = 0) -> Pixels:
    return degrade(pixels, OWN, recipe, np.random.default_rng(seed))


def detail(pixels: Pixels) -> float:
    return float(np.abs(np.diff(pixels.astype(float), axis=1)).mean())


@given(st.integers(0, 10_000), st.floats(6, 400))
def test_what_is_drawn_is_possible(seed: int, own_px: float) -> None:
    recipe = drawn(np.random.default_rng(seed), own_px)
    assert SMALLEST_PX - 1e-6 <= recipe.inter_eye_px <= min(own_px, LARGEST_PX) + 1e-6
    assert 0 <= recipe.focus <= 0.08 and (recipe.motion == 0 or 0.05 <= recipe.motion <= 0.25)
    assert 0 < recipe.light <= 1 and 0 <= recipe.noise <= 14 and 20 <= recipe.jpeg <= 95
    assert recipe == drawn(np.random.default_rng(seed), own_px)


def test_sizes_are_even_in_their_logarithm() -> None:
    rng = np.random.default_rng(0)
    sizes = np.array([drawn(rng, 64).inter_eye_px for _ in range(4000)])
    middle = np.sqrt(SMALLEST_PX * 64)
    assert (sizes < middle).mean() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("inter_eye_px", [5.0, 17.3, 40.0, 60.0])
def test_the_picture_is_scaled_with_the_face(portrait: Pixels, inter_eye_px: float) -> None:
    made = through(portrait, Recipe(inter_eye_px))
    scale = inter_eye_px / OWN
    assert made.shape == (round(200 * scale), round(180 * scale), 3) and made.dtype == np.uint8


def test_the_same_draw_gives_the_same_picture(portrait: Pixels) -> None:
    recipe = Recipe(20, focus=0.05, motion=0.2, motion_deg=30, light=0.6, noise=8, jpeg=40)
    assert np.array_equal(through(portrait, recipe, 3), through(portrait, recipe, 3))
    assert not np.array_equal(through(portrait, recipe, 3), through(portrait, recipe, 4))


def test_hardly_anything_happens_where_nothing_is_asked(portrait: Pixels) -> None:
    before = portrait.copy()
    made = through(portrait, PLAIN)
    assert np.abs(made.astype(float) - portrait).mean() < 3
    assert np.array_equal(portrait, before)


def test_dark_is_darker(portrait: Pixels) -> None:
    means = [through(portrait, Recipe(OWN, light=light)).mean() for light in (1.0, 0.6, 0.2)]
    assert means[1] == pytest.approx(0.6 * means[0], rel=0.02) and means[2] == pytest.approx(0.2 * means[0], rel=0.05)


def test_out_of_focus_is_softer_and_noise_is_rougher(portrait: Pixels) -> None:
    sharp = detail(through(portrait, PLAIN))
    assert detail(through(portrait, Recipe(OWN, focus=0.08))) < 0.7 * sharp
    assert detail(through(portrait, Recipe(OWN, noise=14))) > 1.5 * sharp


def test_motion_smears_along_its_direction(portrait: Pixels) -> None:
    def softer(degrees: float, axis: int) -> float:
        made = through(portrait, Recipe(OWN, motion=0.25, motion_deg=degrees)).astype(float)
        plain = through(portrait, PLAIN).astype(float)
        return float(np.abs(np.diff(made, axis=axis)).mean() / np.abs(np.diff(plain, axis=axis)).mean())

    assert softer(0, axis=1) < 0.6 < softer(0, axis=0)
    assert softer(90, axis=0) < 0.6 < softer(90, axis=1)


def test_compression_shows_its_blocks(portrait: Pixels) -> None:
    def blocks(pixels: Pixels) -> float:
        steps = np.abs(np.diff(pixels.astype(float), axis=1)).mean(axis=(0, 2))
        on_grid = np.arange(len(steps)) % 8 == 7
        return float(steps[on_grid].mean() / steps[~on_grid].mean())

    assert blocks(through(portrait, Recipe(OWN, jpeg=10))) > 1.3 * blocks(through(portrait, PLAIN))


def test_a_speck_stays_a_picture() -> None:
    made = degrade(np.full((3, 2, 3), 200, np.uint8), 50, Recipe(5), np.random.default_rng(0))
    assert made.shape == (1, 1, 3)
