from __future__ import annotations

import numpy as np
import pytest
from tests.proof_samples import BOX, LANDMARKS, face

from secondlook.fakes import RED, FakeDetector, Square, detections, painted
from secondlook.redact.attack.detecting import beside, elsewhere, found_at, left_visible, look_again, still_there
from secondlook.redact.cover import Covering, Style, cover
from secondlook.redact.shapes import Area

AREA = Area(BOX, LANDMARKS)


def place(*box: float) -> Area:
    return Area(np.array(box, np.float32))


def test_a_face_of_about_that_size_is_at_its_place() -> None:
    found = detections(np.array([[12, 12, 32, 32], [100, 100, 104, 104]], np.float32))
    areas = [place(10, 10, 30, 30), place(90, 90, 114, 114), place(200, 10, 220, 30)]
    assert found_at(areas, found).tolist() == [True, False, False]
    assert found_at(areas, found[:0]).tolist() == [False] * 3


def test_what_is_in_no_area_is_elsewhere() -> None:
    found = detections(np.array([[12, 12, 32, 32], [100, 100, 120, 120]], np.float32))
    assert elsewhere([place(10, 10, 30, 30)], found).tolist() == [False, True]
    assert elsewhere([], found).tolist() == [True, True]


def test_a_place_beside_is_free() -> None:
    area, other = place(10, 10, 30, 30), place(170, 10, 190, 30)
    free = beside(area, [area], 100, 200)
    assert free is not None and free.box.tolist() == [170, 10, 190, 30]
    below = beside(area, [area, other], 100, 200)
    assert below is not None and below.box.tolist() == [10, 70, 30, 90]
    assert beside(place(0, 0, 200, 100), [place(0, 0, 200, 100)], 100, 200) is None


@pytest.mark.parametrize(
    "covering",
    [
        Covering(),
        Covering(Style.AVATAR),
        Covering(Style.BLUR),
        Covering(Style.PIXELATE),
        Covering(Style.BLUR, blur=0.1),
    ],
)
def test_a_covered_face_is_not_still_there(covering: Covering) -> None:
    pixels = face(0, 0)
    assert not still_there(pixels, cover(pixels, [AREA], covering), AREA)


def test_an_uncovered_face_is_still_there() -> None:
    pixels = face(0, 0)
    assert still_there(pixels, pixels, AREA)
    coded = np.clip(pixels.astype(np.int16) + np.random.default_rng(0).integers(-5, 6, pixels.shape), 0, 255)
    assert still_there(pixels, coded.astype(np.uint8), AREA), "also after coding"


def test_flat_grey_is_never_still_there() -> None:
    grey = painted(240, 240)
    assert not still_there(grey, grey, AREA)
    assert not still_there(grey, grey, place(-90, -90, -10, -10))


def test_a_visible_face_is_told_where_nothing_is_listed() -> None:
    pixels = painted(200, 300, (Square(40, 60, 32, RED), Square(180, 90, 32, RED)))
    detector = FakeDetector()
    found = look_again(detector, pixels, of_video=True)
    left = left_visible(detector, pixels, [place(40, 60, 72, 92)], found, 16)
    assert len(left) == 1 and abs(float(left.boxes[0, 0]) - 180) < 4
    assert len(left_visible(detector, pixels, [place(40, 60, 72, 92)], found, 60)) == 0, "too small to count"
