"""Display matrices, pixel shapes and clocks of videos, without a video."""

from __future__ import annotations

import gc
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.sources.clock import Clock
from secondlook.sources.upright import shown_size, turned, upright_rgb

ONE = 65536
PIXELS = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        (None, PIXELS),
        ((0, 0, 0, 0), PIXELS),
        ((ONE, 0, 0, ONE), PIXELS),
        ((0, ONE, -ONE, 0), np.rot90(PIXELS, -1)),
        ((0, -ONE, ONE, 0), np.rot90(PIXELS, 1)),
        ((-ONE, 0, 0, -ONE), np.rot90(PIXELS, 2)),
        ((-ONE, 0, 0, ONE), PIXELS[:, ::-1]),
        ((ONE, 0, 0, -ONE), PIXELS[::-1]),
        ((0, ONE, ONE, 0), PIXELS.transpose(1, 0, 2)),
        ((0, -ONE, -ONE, 0), np.rot90(PIXELS, 2).transpose(1, 0, 2)),
        ((ONE, 900, -900, ONE), PIXELS),
    ],
)
def test_matrices(matrix: tuple[int, int, int, int] | None, expected: np.ndarray) -> None:
    assert np.array_equal(turned(PIXELS, matrix), expected)


@given(st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 4))
def test_any_matrix_keeps_every_pixel(matrix: tuple[int, int, int, int]) -> None:
    pixels = turned(PIXELS, matrix)
    assert sorted(pixels.ravel()) == sorted(PIXELS.ravel())


def test_a_frame_is_let_go_of_at_once() -> None:
    """Pictures are large and few: waiting for the collector of circles, they filled a gigabyte (PyAV's side data)."""
    frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8))
    gc.disable()
    try:
        before = sum(isinstance(one, av.VideoFrame) for one in gc.get_objects())
        upright_rgb(frame, None, None)
        del frame
        assert sum(isinstance(one, av.VideoFrame) for one in gc.get_objects()) == before - 1
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("aspect", "max_side", "expected"),
    [
        (None, None, (720, 576)),
        (Fraction(1), None, (720, 576)),
        (Fraction(16, 15), None, (768, 576)),
        (Fraction(1, 2), None, (720, 1152)),
        (Fraction(1, 1000), None, (720, 576)),
        (None, 360, (360, 288)),
        (None, 1000, (720, 576)),
        (Fraction(16, 15), 384, (384, 288)),
        (None, 1, (1, 1)),
    ],
)
def test_sizes(aspect: Fraction | None, max_side: int | None, expected: tuple[int, int]) -> None:
    assert shown_size(720, 576, aspect, max_side) == expected


def times(stamps: list[float | None]) -> list[float]:
    clock = Clock(0.1)
    return [clock.at(stamp) for stamp in stamps]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([5.0, 5.1, 5.7, 6.0], [0, 0.1, 0.7, 1.0]),
        ([None, None, None], [0, 0.1, 0.2]),
        ([5.0, None, 5.3], [0, 0.1, 0.3]),
        ([None, 7.0, 7.5], [0, 0.1, 0.6]),
        ([5.0, 5.4, 5.2, 5.6], [0, 0.4, 0.4, 0.6]),
        ([5.0, 9.0, 0.0, 0.2], [0, 4.0, 4.1, 4.3]),
        ([-0.2, 0.0], [0, 0.2]),
    ],
)
def test_clock(stamps: list[float | None], expected: list[float]) -> None:
    assert times(stamps) == pytest.approx(expected)


@given(st.lists(st.none() | st.floats(-1e6, 1e6)))
def test_time_never_runs_backwards(stamps: list[float | None]) -> None:
    seen = times(stamps)
    assert seen == sorted(seen)
    assert not seen or seen[0] == 0
