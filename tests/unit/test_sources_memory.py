"""Pictures that are already in Python."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from secondlook.errors import SourceError, SourceTooLarge, UnsupportedSource
from secondlook.sources import picture_from

COLOURS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3) * 4


def test_an_rgb_array_is_taken_as_it_is() -> None:
    frame = picture_from(COLOURS, source="camera")
    assert frame.pixels is COLOURS
    assert (frame.source, frame.index, frame.time_s) == ("camera", 0, None)


@pytest.mark.parametrize(
    "array",
    [COLOURS.astype(np.uint16) * 257, COLOURS / 255, (COLOURS / 255).astype(np.float16), COLOURS[::-1][::-1]],
)
def test_other_depths_come_out_the_same(array: np.ndarray[Any, Any]) -> None:
    pixels = picture_from(array).pixels
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - COLOURS).max() <= 1


def test_grey_with_and_without_a_third_axis() -> None:
    grey = COLOURS[:, :, 0]
    for array in (grey, grey[:, :, np.newaxis]):
        pixels = picture_from(array).pixels
        assert pixels.shape == (4, 5, 3)
        assert (pixels == grey[:, :, np.newaxis]).all()


def test_bytes_images_and_paths(tmp_path: Path) -> None:
    file = io.BytesIO()
    image = Image.fromarray(COLOURS)
    image.save(file, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(file.getvalue())
    for picture in (image, file.getvalue(), bytearray(file.getvalue()), memoryview(file.getvalue()), path, str(path)):
        assert (picture_from(picture).pixels == COLOURS).all()
    assert picture_from(path).source == str(path)
    with Image.open(path) as unread:
        assert (picture_from(unread).pixels == COLOURS).all()


def test_a_pillow_image_is_turned_upright_and_left_as_it_was() -> None:
    image = Image.fromarray(COLOURS)
    image.getexif()[0x0112] = 6
    assert (picture_from(image).pixels == np.rot90(COLOURS, -1)).all()
    assert (np.array(image) == COLOURS).all()


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (np.zeros((0, 5, 3), np.uint8), "shape"),
        (np.zeros((5, 5, 2), np.uint8), "shape"),
        (np.zeros(5, np.uint8), "shape"),
        (np.zeros((1, 5, 5, 3), np.uint8), "shape"),
        (np.zeros((5, 5, 3), np.int64), "int64"),
        (np.zeros((5, 5, 3), bool), "bool"),
        (np.full((5, 5, 3), 255.0), "outside 0 to 1"),
        (np.full((5, 5, 3), np.nan), "outside 0 to 1"),
        (np.full((5, 5), -0.5, np.float32), "outside 0 to 1"),
        (np.empty((5, 5), object), "object"),
        (b"", "empty"),
        (b"nonsense", "not JPEG"),
        (None, "NoneType"),
        ([[1, 2], [3, 4]], "list"),
    ],
)
def test_what_is_no_picture_is_refused(thing: Any, words: str) -> None:
    with pytest.raises(SourceError, match=words) as caught:
        picture_from(thing, source="frame 7")
    assert str(caught.value).startswith("frame 7 ")


def test_bytes_of_a_video_are_no_photograph() -> None:
    with pytest.raises(UnsupportedSource):
        picture_from(b"\0\0\0\x18ftypisom\0\0\0\0isomavc1")


def test_the_limit() -> None:
    assert picture_from(COLOURS, limit=20).pixels.shape == (4, 5, 3)
    for picture in (COLOURS, Image.fromarray(COLOURS)):
        with pytest.raises(SourceTooLarge):
            picture_from(picture, limit=19)


@given(
    hnp.arrays(
        hnp.unsigned_integer_dtypes(sizes=(8, 16), endianness="=") | hnp.floating_dtypes(endianness="="),
        hnp.array_shapes(min_dims=1, max_dims=4, max_side=5),
    )
)
def test_any_array_is_a_frame_or_a_sentence(array: np.ndarray[Any, Any]) -> None:
    try:
        pixels = picture_from(array).pixels
    except SourceError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape == (*array.shape[:2], 3)


@given(hnp.arrays(np.uint16, (3, 4)), st.integers(0, 4))
def test_deep_grey_keeps_its_order(grey: np.ndarray[Any, np.dtype[np.uint16]], shift: int) -> None:
    shallow = picture_from(grey >> shift).pixels[:, :, 0]
    order = np.argsort(grey >> shift, axis=None, kind="stable")
    assert (np.diff(shallow.ravel()[order].astype(int)) >= 0).all()
