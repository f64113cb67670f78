"""The composer of crowds, on drawn people; and its count of hits and false faces."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import av
import numpy as np
import pytest
from bench.backgrounds import backgrounds
from bench.crowd import Scene, compose, found, nearest_width, people, scenes
from bench.crowd_video import compose_video
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from secondlook.compose import Camera, PlacedFace
from secondlook.errors import SourceError

CLEAR = Camera(0.0, 0.0, 95)


def draw(path: Path, shade: int) -> Path:
    y, x = np.mgrid[0:250, 0:250]
    pixels = np.full((250, 250, 3), (60, 120, 60), np.uint8)
    pixels[((x - 125.5) / 50) ** 2 + ((y - 118) / 80) ** 2 < 1] = (shade, shade - 40, shade - 60)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def lfw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As shared/data: six people with two pictures, four with one, and one who never stands alone."""
    folder = tmp_path_factory.mktemp("data")
    for n in range(10):
        for k in range(2 if n < 6 else 1):
            draw(folder / "lfw" / f"Person_{n}" / f"Person_{n}_{k + 1:04d}.jpg", 150 + 10 * n)
    crowded = (Path(__file__).parents[2] / "bench" / "bystanders.txt").read_text().split()[0]
    draw(folder / "lfw" / crowded.rsplit("_", 1)[0] / f"{crowded}.jpg", 200)
    return folder


def pictures(lfw: Path) -> list[Path]:
    return [lfw / "lfw" / f"Person_{n}" / f"Person_{n}_0001.jpg" for n in range(10)]


def wall() -> np.ndarray:
    return np.full((480, 640, 3), (90, 90, 140), np.uint8)


def overlaps(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_everybody_is_placed_at_the_asked_width_and_apart(lfw: Path) -> None:
    widths = [12, 16, 24, 32, 48, 64, 24, 16, 12, 40]
    scene = compose(wall(), pictures(lfw), widths, seed=1, camera=CLEAR)
    assert sorted(face.subject for face in scene.faces) == sorted(f"Person_{n}" for n in range(10))
    for face in scene.faces:
        asked = widths[int(face.subject[-1])]
        assert face.width_px == pytest.approx(asked, rel=0.04)
        x, y = round((face.box[0] + face.box[2]) / 2), round((face.box[1] + face.box[3]) / 2)
        assert scene.pixels[y, x, 0] > scene.pixels[y, x, 2] + 20, "skin is in the middle of the box"
    boxes = [face.box for face in scene.faces]
    assert not any(overlaps(a, b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_seed_decides_everything(lfw: Path) -> None:
    one, same, other = (compose(wall(), pictures(lfw)[:4], [30] * 4, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.pixels, same.pixels) and one.faces == same.faces
    assert one.faces != other.faces


def test_what_is_to_be_avoided_stays_untouched(lfw: Path) -> None:
    avoid = (0.0, 0.0, 640.0, 300.0)
    scene = compose(wall(), pictures(lfw), [30] * 10, seed=3, avoid=[avoid], camera=Camera(0.0, 0.0, 95))
    assert scene.faces and all(face.box[1] >= 300 for face in scene.faces)
    assert np.abs(scene.pixels[:290].astype(int) - (90, 90, 140)).max() < 6


def test_who_finds_no_room_is_left_out_and_named(lfw: Path) -> None:
    scene = compose(wall(), pictures(lfw), [128] * 10, seed=0)
    assert scene.left_out and len(scene.faces) + len(scene.left_out) == 10
    assert {s.subject for s in scene.left_out}.isdisjoint(face.subject for face in scene.faces)


def test_the_background_is_not_drawn_upon(lfw: Path) -> None:
    background = wall()
    compose(background, pictures(lfw)[:2], [40, 40], seed=0)
    assert np.array_equal(background, wall())


def test_people_with_two_pictures_are_enrolled_with_the_one_that_is_not_shown(lfw: Path) -> None:
    everybody = people(lfw)
    assert {p.subject for p in everybody} == {f"Person_{n}" for n in range(10)}, "a bystander's picture is left aside"
    assert {p.subject for p in everybody if p.reference} == {f"Person_{n}" for n in range(6)}
    assert all(p.reference != p.shown and p.shown.parent.name == p.subject for p in everybody)
    assert everybody == people(lfw) != people(lfw, seed=1)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "lfw").mkdir()
    with pytest.raises(SourceError, match="lfw is empty"):
        people(tmp_path)


def test_the_standard_set_shows_everybody_it_was_asked_for(lfw: Path) -> None:
    count = Counter[float]()
    for scene in scenes(lfw, widths=(16, 64), per_width=8, seed=4, size=(640, 360)):
        assert scene.pixels.shape == (360, 640, 3)
        count.update(nearest_width(face, (16, 64)) for face in scene.faces)
        large = [face.subject for face in scene.faces if face.width_px > 50]
        assert set(large) <= {f"Person_{n}" for n in range(6)}, "large faces are of people who can be enrolled"
    assert count == {16: 8, 64: 8}


def test_a_picture_too_small_for_anybody_is_an_error(lfw: Path) -> None:
    with pytest.raises(ValueError, match="ask for a larger picture"):
        list(scenes(lfw, widths=(128,), per_width=1, size=(100, 100)))


def test_backgrounds_are_real_and_of_the_asked_size() -> None:
    seen = dict(backgrounds((320, 200)))
    assert len(seen) == 8 and all(pixels.shape == (200, 320, 3) for pixels in seen.values())
    assert all(pixels.std() > 3 for pixels in seen.values())


def placed(*boxes: tuple[float, float, float, float]) -> list[PlacedFace]:
    return [PlacedFace(f"S{i}", "p", box, box[2] - box[0]) for i, box in enumerate(boxes)]


FACES = placed((0, 0, 20, 26), (30, 0, 50, 26), (100, 100, 112, 116))


def test_the_right_boxes_are_hits_in_any_order() -> None:
    result = found(FACES, np.asarray([FACES[i].box for i in (2, 0, 1)], np.float32))
    assert result.hits.tolist() == [1, 2, 0] and result.false.tolist() == [] and result.recall == 1


def test_a_second_box_on_one_face_is_false() -> None:
    result = found(FACES, np.asarray([(0, 0, 20, 26), (1, 1, 21, 27)], np.float32))
    assert result.hits.tolist() == [0, -1, -1] and result.false.tolist() == [1]


@pytest.mark.parametrize(
    ("box", "hit"),
    [
        ((2, 3, 23, 30), True),  # a little off
        ((0, -8, 20, 24), True),  # with the hair
        ((-3, 8, 22, 27), True),  # brow to chin
        ((14, 0, 34, 26), False),  # between two
        ((-30, -30, 60, 60), False),  # round everything
        ((8, 10, 12, 14), False),  # the nose only
        ((200, 200, 220, 226), False),
    ],
)
def test_what_counts_as_found(box: tuple[float, ...], hit: bool) -> None:
    result = found(FACES[:1], np.asarray([box], np.float32))
    assert (result.hits[0] == 0) == hit and len(result.false) == (0 if hit else 1)


def test_one_box_finds_one_of_two_and_pairs_are_not_wasted() -> None:
    """Greedy by IoU would give box 0 to face 1 and leave face 0 and box 1 alone."""
    faces = placed((0, 0, 20, 20), (8, 0, 28, 20))
    result = found(faces, np.asarray([(7, 0, 27, 20), (14, 0, 34, 20)], np.float32))
    assert result.hits.tolist() == [0, 1] and len(result.false) == 0


def test_nothing_anywhere() -> None:
    none = np.zeros((0, 4), np.float32)
    assert found([], none).recall == 1 and len(found([], none).false) == 0
    assert found(FACES, none).hits.tolist() == [-1, -1, -1]
    assert found([], np.ones((2, 4), np.float32)).false.tolist() == [0, 1]


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 30)), max_size=6),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(5, 30)), max_size=6),
)
def test_every_box_is_a_hit_once_or_false(faces: list[tuple[int, int, int]], boxes: list[tuple[int, int, int]]) -> None:
    given_boxes = np.asarray([(x, y, x + w, y + w) for x, y, w in boxes], np.float32).reshape(-1, 4)
    result = found(placed(*((x, y, x + w, y + w) for x, y, w in faces)), given_boxes)
    used = result.hits[result.hits >= 0].tolist()
    assert sorted([*used, *result.false.tolist()]) == list(range(len(boxes)))
    assert len(result.hits) == len(faces)


def test_a_clip_says_where_everybody_is(lfw: Path, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    truth = compose_video(path, wall(), pictures(lfw)[:3], [60, 30, 45], seconds=0.5, rate=20, seed=5)
    with av.open(str(path)) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
    assert len(frames) == len(truth) == 10 and frames[0].shape == (480, 640, 3)
    for pixels, frame in zip(frames, truth, strict=True):
        assert [round(face.box[2] - face.box[0]) for face in frame.faces] == pytest.approx([30, 45, 60], abs=1)
        for face in frame.faces:
            x, y = round((face.box[0] + face.box[2]) / 2), round((face.box[1] + face.box[3]) / 2)
            assert face.visible < 1 or pixels[y, x, 0] > int(pixels[y, x, 2]) + 20
    steps = np.diff([[face.box[:2] for face in frame.faces] for frame in truth], axis=0)
    assert 0 < np.abs(steps).max() < 60 * 3 / 20 * 1.5, "they move, and smoothly"


def test_the_truth_lies_beside_the_clip(lfw: Path, tmp_path: Path) -> None:
    truth = compose_video(tmp_path / "c.mp4", wall(), pictures(lfw)[:1], [50], seconds=0.2, rate=10)
    written = json.loads((tmp_path / "c.json").read_text())
    assert (written["schema"], written["width"], written["height"], written["rate"]) == (
        "secondlook.bench.video/1",
        640,
        480,
        10,
    )
    assert [tuple(frame["faces"][0]["box"]) for frame in written["frames"]] == [f.faces[0].box for f in truth]


def test_who_stands_behind_somebody_is_less_visible(lfw: Path, tmp_path: Path) -> None:
    """In a picture hardly larger than one person, everybody stands on the same spot."""
    small = wall()[:230, :200]
    truth = compose_video(tmp_path / "c.mp4", small, pictures(lfw)[:2], [88, 40], seconds=0.1, rate=10, seed=2)
    far, near = truth[0].faces
    assert near.visible == 1 and far.visible < 0.7


def test_a_real_crowd_of_the_shared_pictures(shared_data: Path) -> None:
    scene: Scene = next(scenes(shared_data, widths=(24, 64), per_width=6, seed=0, size=(1280, 720)))
    assert len(scene.faces) + len(scene.left_out) >= 6
    assert scene.pixels.shape == (720, 1280, 3)


def test_bystanders_name_pictures_that_exist(shared_data: Path) -> None:
    names = (Path(__file__).parents[2] / "bench" / "bystanders.txt").read_text().split()
    assert names == sorted(set(names))
    assert all((shared_data / "lfw" / name.rsplit("_", 1)[0] / f"{name}.jpg").is_file() for name in names)
