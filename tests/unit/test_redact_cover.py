"""Covering: everything inside, nothing outside, and nothing from below where nothing may come from below."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.redact.cover import FILL, Area, Covering, Extent, Style, cover, cover_whole, covered_mask
from secondlook.redact.shapes import PROPORTION, Form, roll_of, shape_of
from secondlook.types import Pixels

HEIGHT, WIDTH = 90, 130
NOTHING_BELOW = (Style.SOLID, Style.AVATAR)


def noise(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@st.composite
def areas(draw: st.DrawFn) -> tuple[Area, ...]:
    found = []
    for _ in range(draw(st.integers(0, 4))):
        x, y = draw(st.floats(-60, WIDTH + 20)), draw(st.floats(-60, HEIGHT + 20))
        wide, tall = draw(st.floats(0, 70)), draw(st.floats(0, 70))
        points = None
        if draw(st.booleans()):
            shares = np.array(draw(st.lists(st.floats(-0.2, 1.2), min_size=10, max_size=10))).reshape(5, 2)
            points = (np.array([x, y]) + shares * [wide, tall]).astype(np.float32)
        found.append(Area(np.array([x, y, x + wide, y + tall], np.float32), points))
    return tuple(found)


coverings = st.builds(
    Covering,
    style=st.sampled_from(Style),
    extent=st.sampled_from(Extent),
    margin=st.floats(0, 0.5),
    blocks=st.integers(1, 12),
    blur=st.floats(0.05, 0.5),
)


@given(areas(), coverings, st.randoms(use_true_random=False))
def test_outside_nothing_changes_and_order_does_not_matter(given_areas, covering, random) -> None:
    pixels = noise()
    before = pixels.copy()
    covered = cover(pixels, given_areas, covering)
    mask = covered_mask(given_areas, covering, HEIGHT, WIDTH)
    assert (pixels == before).all()
    assert (covered[~mask] == pixels[~mask]).all()
    shuffled = list(given_areas)
    random.shuffle(shuffled)
    assert (cover(pixels, shuffled, covering) == covered).all()


@given(areas(), coverings)
def test_inside_solid_is_one_colour(given_areas, covering) -> None:
    covering = Covering(Style.SOLID, covering.extent, covering.margin)
    covered = cover(noise(), given_areas, covering)
    assert (covered[covered_mask(given_areas, covering, HEIGHT, WIDTH)] == FILL).all()


@pytest.mark.parametrize("style", NOTHING_BELOW)
@given(given_areas=areas(), extent=st.sampled_from(Extent))
def test_nothing_from_below_is_seen(style: Style, given_areas, extent) -> None:
    covering = Covering(style, extent)
    one, other = noise(1), noise(1)
    mask = covered_mask(given_areas, covering, HEIGHT, WIDTH)
    other[mask] = noise(2)[mask]
    assert (cover(one, given_areas, covering) == cover(other, given_areas, covering)).all()


@pytest.mark.parametrize("style", [Style.PIXELATE, Style.BLUR])
def test_pixelate_and_blur_show_what_is_below(style: Style) -> None:
    box = Area(np.array([30, 20, 90, 80], np.float32))
    dark, light = np.zeros((HEIGHT, WIDTH, 3), np.uint8), np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    assert cover(dark, [box], Covering(style))[50, 60].max() < 5
    assert cover(light, [box], Covering(style))[50, 60].min() > 250


def test_blocks_are_as_many_as_asked_for() -> None:
    box = Area(np.array([25, 10, 105, 80], np.float32))
    covering = Covering(Style.PIXELATE, margin=0, blocks=4)
    row = cover(noise(), [box], covering)[45, 30:100].astype(int)
    assert np.count_nonzero(np.abs(np.diff(row, axis=0)).sum(1)) == 3


@given(st.floats(0, 60), st.floats(0, 40), st.floats(12, 60), st.floats(12, 48), st.sampled_from(Extent))
def test_the_whole_box_is_covered(x: float, y: float, wide: float, tall: float, extent: Extent) -> None:
    box = np.array([x, y, x + wide, y + tall], np.float32)
    mask = covered_mask([Area(box)], Covering(extent=extent), HEIGHT, WIDTH)
    x0, y0, x1, y1 = (int(v) for v in np.rint(box))
    assert mask[y0:y1, x0:x1].all()


@given(st.floats(12, 60), st.floats(12, 60), st.sampled_from(Extent), st.floats(0, 0.5))
def test_every_face_has_a_cover_of_the_same_proportions(
    wide: float, tall: float, extent: Extent, margin: float
) -> None:
    shape = shape_of(Area(np.array([5, 5, 5 + wide, 5 + tall], np.float32)), extent, margin)
    usual = shape_of(Area(np.array([0, 0, 100, 100 * PROPORTION], np.float32)), extent, margin)
    assert shape.down / shape.across == pytest.approx(usual.down / usual.across, rel=1e-4)


@pytest.mark.parametrize("extent", Extent)
def test_a_place_is_covered_as_it_was_asked_for(extent: Extent) -> None:
    mask = covered_mask(
        [Area(np.array([20, 30, 100, 50], np.float32), None, Form.PLACE)], Covering(extent=extent), 90, 130
    )
    assert mask[30:50, 20:100].all()
    assert not mask[:20].any() and not mask[60:].any()


def test_a_head_is_more_than_a_face() -> None:
    area = Area(np.array([50, 40, 80, 75], np.float32))
    face = covered_mask([area], Covering(extent=Extent.FACE), HEIGHT, WIDTH)
    head = covered_mask([area], Covering(), HEIGHT, WIDTH)
    assert (head | face == head).all() and head.sum() > 1.4 * face.sum()
    above = np.nonzero(face.any(1))[0].min() - np.nonzero(head.any(1))[0].min()
    below = np.nonzero(head.any(1))[0].max() - np.nonzero(face.any(1))[0].max()
    assert above > 2 * below > 0


def test_the_shape_turns_with_the_head() -> None:
    points = np.array([[55, 30], [70, 45], [58, 45], [50, 48], [60, 58]], np.float32)
    area = Area(np.array([40, 20, 80, 70], np.float32), points)
    assert np.degrees(roll_of(area)) == pytest.approx(45)
    tilted = covered_mask([area], Covering(extent=Extent.HEAD), HEIGHT, WIDTH)
    upright = covered_mask([Area(area.box)], Covering(extent=Extent.HEAD), HEIGHT, WIDTH)
    rows, columns = np.nonzero(tilted)
    assert columns[rows < 20].mean() > np.nonzero(upright)[1].mean() + 10


@pytest.mark.parametrize("points", [np.full((5, 2), np.nan), np.zeros((5, 2)), np.array([[70, 30], [40, 30]] * 3)[:5]])
def test_landmarks_that_cannot_be_right_turn_nothing(points: np.ndarray) -> None:
    assert roll_of(Area(np.array([40, 20, 80, 70], np.float32), points.astype(np.float32))) == 0


def test_a_picture_covered_wholly_shows_nothing() -> None:
    assert (cover_whole(noise()) == FILL).all()
