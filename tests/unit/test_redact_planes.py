"""Nothing that is not covered grows lighter, darker or tinted on its way through RGB and back into a video."""

from __future__ import annotations

import numpy as np
import pytest
from av import VideoFrame
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from secondlook.redact.planes import yuv420
from secondlook.sources.upright import upright_rgb

Planes = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

MATRICES = (1, 2, 4, 5, 6, 7, 9)
"""ISO/IEC 23091-2: BT.709, not said, FCC, BT.601 (625 and 525 lines), SMPTE 240M, BT.2020."""
HEIGHT, WIDTH = 64, 96


def stored(planes: Planes, matrix: int, full_range: bool) -> VideoFrame:
    frame = VideoFrame.from_ndarray(joined(planes), format="yuv420p")
    frame.colorspace, frame.color_range = matrix, 2 if full_range else 1
    return frame


def joined(planes: Planes) -> NDArray[np.uint8]:
    return np.concatenate([plane.ravel() for plane in planes]).reshape(HEIGHT * 3 // 2, WIDTH)


def values(frame: VideoFrame) -> list[NDArray[np.int64]]:
    whole = frame.to_ndarray().ravel().astype(np.int64)
    return np.split(whole, [HEIGHT * WIDTH, HEIGHT * WIDTH * 5 // 4])


def scene(seed: int, light: int, contrast: float, blue: int, red: int) -> Planes:
    """A picture with shades, edges and noise, all of it colours that RGB has."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(-1, 1, WIDTH)[None] * contrast
    blocks = np.kron(rng.uniform(-contrast, contrast, (HEIGHT // 8, WIDTH // 8)), np.ones((8, 8)))
    luma = light + slope + blocks + rng.normal(0, 3, (HEIGHT, WIDTH))
    shades = [np.linspace(centre - 4, centre + 4, HEIGHT // 2)[:, None] for centre in (blue, red)]
    chromas = [np.rint(shade + rng.uniform(-0.5, 0.5, (HEIGHT // 2, WIDTH // 2))) for shade in shades]
    return tuple(np.clip(np.rint(plane), 0, 255).astype(np.uint8) for plane in (luma, *chromas))  # type: ignore[return-value]


@given(
    st.builds(
        scene,
        st.integers(0, 2**32 - 1),
        st.integers(100, 156),
        st.floats(0, 20),
        st.integers(112, 144),
        st.integers(112, 144),
    ),
    st.sampled_from(MATRICES),
    st.booleans(),
)
def test_light_and_colour_stay_on_average(planes: Planes, matrix: int, full_range: bool) -> None:
    given_frame = stored(planes, matrix, full_range)
    there = upright_rgb(given_frame, None, None)
    back = yuv420(there, matrix, full_range)
    for before, after in zip(values(given_frame), values(back), strict=True):
        assert abs((after - before).mean()) < 0.1
    luma = values(back)[0] - values(given_frame)[0]
    assert np.abs(luma).max() <= 1


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize(("matrix", "red", "green", "blue"), [(1, 0.2126, 0.7152, 0.0722), (6, 0.299, 0.587, 0.114)])
def test_pure_colours_are_those_of_the_standard(
    matrix: int, red: float, green: float, blue: float, full_range: bool
) -> None:
    span, black = (255, 0) if full_range else (219, 16)
    for colour, share in (((255, 0, 0), red), ((0, 255, 0), green), ((0, 0, 255), blue), ((255, 255, 255), 1.0)):
        luma, cb, cr = (
            plane[0] for plane in values(yuv420(np.full((HEIGHT, WIDTH, 3), colour, np.uint8), matrix, full_range))
        )
        assert luma == round(black + span * share)
        assert (cb, cr) == (128, 128) or share < 1
    assert values(yuv420(np.zeros((HEIGHT, WIDTH, 3), np.uint8), matrix, full_range))[0][0] == black


def test_a_matrix_that_nobody_knows_is_read_as_one_that_was_not_said() -> None:
    planes = scene(3, 128, 20, 120, 130)
    unsaid = upright_rgb(stored(planes, 2, False), None, None)
    for matrix in (3, 8, 10, 14):
        assert np.array_equal(upright_rgb(stored(planes, matrix, False), None, None), unsaid)


@pytest.mark.parametrize("max_side", [None, WIDTH // 2])
def test_what_is_read_is_neither_darker_nor_lighter(max_side: int | None) -> None:
    """swscale's usual road takes about one level off every pixel."""
    planes = scene(5, 128, 20, 120, 134)
    grey = planes[0], np.full_like(planes[1], 128), np.full_like(planes[2], 128)
    true = ((grey[0].astype(float) - 16) * 255 / 219).mean()
    assert abs(upright_rgb(stored(grey, 1, False), None, max_side).mean() - true) < 0.1
