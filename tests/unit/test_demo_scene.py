"""The demo's crowds: who is in them, where, and that they are the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from secondlook.compose import PlacedFace
from secondlook.demo_scene import COLLINS, HOPPER, SIZE, DemoScene, data_file, demo_scene
from secondlook.errors import SourceError


@pytest.fixture(scope="module")
def scene() -> DemoScene:
    return demo_scene()


def named(scene: DemoScene) -> list[PlacedFace]:
    return [face for crowd in scene.crowds for face in crowd.placed if face.subject in (COLLINS, HOPPER)]


def test_two_people_are_enrolled(scene: DemoScene) -> None:
    assert [subject for subject, _ in scene.enrol] == [COLLINS, HOPPER]
    for _, pixels in scene.enrol:
        assert pixels.dtype == np.uint8 and pixels.ndim == 3 and min(pixels.shape[:2]) > 300


def test_both_stand_in_every_crowd_from_14_to_160_px(scene: DemoScene) -> None:
    assert len(scene.crowds) == 3
    for crowd in scene.crowds:
        assert crowd.pixels.shape == (SIZE[1], SIZE[0], 3) and crowd.pixels.dtype == np.uint8
        assert {COLLINS, HOPPER} < {face.subject for face in crowd.placed}
    widths = [face.width_px for face in named(scene)]
    assert 13 < min(widths) < 15 and 150 < max(widths) < 170


def test_strangers_outnumber_them_and_nobody_comes_twice_into_one_crowd(scene: DemoScene) -> None:
    for crowd in scene.crowds:
        strangers = [face.subject for face in crowd.placed if face.subject not in (COLLINS, HOPPER)]
        assert len(strangers) == len(set(strangers)) > 3 * (len(crowd.placed) - len(strangers))


def test_every_face_lies_in_the_picture_and_on_no_other(scene: DemoScene) -> None:
    for crowd in scene.crowds:
        boxes = np.asarray([face.box for face in crowd.placed])
        assert boxes.min() >= 0 and boxes[:, 2].max() <= SIZE[0] and boxes[:, 3].max() <= SIZE[1]
        low = np.maximum(boxes[:, None, :2], boxes[None, :, :2])
        high = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
        both = np.prod(np.clip(high - low, 0, None), axis=2)
        np.fill_diagonal(both, 0)
        assert (both.max(axis=1) < 0.1 * np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)).all()


def test_one_crowd_is_black_and_white(scene: DemoScene) -> None:
    archive = next(crowd for crowd in scene.crowds if crowd.name == "archive")
    assert np.ptp(archive.pixels[..., :].astype(int), axis=2).max() < 40
    assert np.ptp(scene.crowds[0].pixels.astype(int), axis=2).max() > 100


def test_it_is_the_same_every_time(scene: DemoScene) -> None:
    again = demo_scene()
    for one, other in zip(scene.crowds, again.crowds, strict=True):
        assert np.array_equal(one.pixels, other.pixels) and one.placed == other.placed


def test_what_is_missing_is_named_in_one_sentence() -> None:
    with pytest.raises(SourceError, match=r"nowhere\.png is missing from the package skimage: install skimage again"):
        data_file("skimage", "data/nowhere.png")
    with pytest.raises(SourceError, match="no_such_package"):
        data_file("no_such_package", "x.png")
