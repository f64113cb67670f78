"""The search over a picture: passes that leave nothing out, and one answer for each face wherever it stands."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secondlook.faces.detect import Close, Search, find_faces, merge, plan, resized
from secondlook.faces.overlaps import suppress
from secondlook.fakes import RED, FakeDetector, FakeHinting, ScriptedDetector, Square, detections, painted
from secondlook.types import Detections, Floats, Pixels

SMALL = Search(tile=256, overlap=64)
"""Tiles of 128 px of the picture, so that small pictures have many."""

edges = st.integers(1, 20_000)
searches = st.builds(
    Search,
    smallest_px=st.floats(6, 40),
    tile=st.integers(256, 2048),
    overlap=st.integers(16, 120),
)


@given(edges, edges, searches)
def test_the_finest_passes_cover_every_pixel_and_claim_every_place_once(
    height: int, width: int, search: Search
) -> None:
    passes = plan(height, width, search)
    wanted = max(step.scale for step in passes)
    assert wanted == min(search.max_scale, search.comfortable_px / search.smallest_px)
    finest = [step for step in passes if step.scale == wanted]
    across = sorted({(s.part[0], s.part[2], s.core[0], s.core[2]) for s in finest})
    down = sorted({(s.part[1], s.part[3], s.core[1], s.core[3]) for s in finest})
    assert len(across) * len(down) == len(finest), "the tiles are a grid"
    for spans, length in ((across, width), (down, height)):
        assert spans[0][0] == 0 and spans[-1][1] == length
        assert spans[0][2] == -math.inf and spans[-1][3] == math.inf
        for (_, end, _, core_end), (start, _, core_start, _) in pairwise(spans):
            assert start < end and core_end == core_start
            shared = end - start
            assert shared >= search.overlap / wanted - 1
            assert start < core_start < end
            # a face as large as the overlap, centred anywhere in a core, lies whole in that tile
            assert min(end - core_end, core_start - start) >= search.overlap / wanted / 2 - 1


@given(edges, edges, searches)
def test_no_pass_is_larger_than_the_network_likes(height: int, width: int, search: Search) -> None:
    for step in plan(height, width, search):
        x0, y0, x1, y1 = step.part
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height
        assert max(x1 - x0, y1 - y0) * step.scale <= search.tile + 4 * step.scale


@given(edges, edges, st.integers(160, 4000))
def test_video_is_looked_at_once(height: int, width: int, side: int) -> None:
    (step,) = plan(height, width, Search(max_side=side))
    assert step.part == (0, 0, width, height) and step.scale <= 2
    assert max(height, width) * step.scale <= side * 1.0001
    assert step.scale == 2 or max(height, width) * step.scale == pytest.approx(side)


def found_once(squares: list[Square], found: Detections, least_iou: float = 0.6) -> None:
    assert len(found) == len(squares), f"{len(found)} faces for {squares}: {found.boxes.tolist()}"
    if not squares:
        return
    truth = np.array([square.box for square in squares], np.float32)
    for box, points in zip(truth, found.landmarks[order_of(truth, found.boxes)], strict=True):
        near = found.boxes[order_of(box[None], found.boxes)][0]
        assert iou(box, near) >= least_iou, f"{box} was found at {near}"
        assert ((points >= box[:2]) & (points <= box[2:])).all(), "the landmarks lie in the face"


def order_of(truth: Floats, boxes: Floats) -> np.ndarray:
    middles, places = (truth[:, :2] + truth[:, 2:]) / 2, (boxes[:, :2] + boxes[:, 2:]) / 2
    return np.linalg.norm(middles[:, None] - places[None], axis=2).argmin(1)


def iou(a: Floats, b: Floats) -> float:
    shared = np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None))
    return float(shared / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - shared))


@st.composite
def crowds(draw: st.DrawFn) -> tuple[int, int, list[Square]]:
    """A picture of any size with faces that do not touch: each in a cell of its own."""
    height, width = draw(st.integers(70, 500)), draw(st.integers(70, 700))
    cell = draw(st.sampled_from([60, 90, 140]))
    places = [(x, y) for y in range(0, height - cell + 1, cell) for x in range(0, width - cell + 1, cell)]
    taken = draw(st.lists(st.sampled_from(places), unique=True, max_size=8)) if places else []
    squares = []
    for x, y in taken:
        # of a larger one, tiles as small as here show pieces under a quarter of it, which are not taken for the same
        edge = draw(st.integers(9, min(cell - 24, 62)))
        # ten pixels from the cell's border: seen from far, neighbours stay two
        free = cell - 20 - edge
        squares.append(Square(x + 10 + draw(st.integers(0, free)), y + 10 + draw(st.integers(0, free)), edge, RED))
    return height, width, squares


@settings(max_examples=40)
@given(crowds(), st.sampled_from([SMALL, Search(tile=320, overlap=96, smallest_px=16), Search(max_side=700)]))
def test_each_face_is_found_exactly_once(crowd: tuple[int, int, list[Square]], search: Search) -> None:
    height, width, squares = crowd
    pixels = painted(height, width, squares)
    found = find_faces(FakeDetector(), pixels, search)
    found_once(squares, found)
    again = find_faces(FakeDetector(), pixels, search)
    assert np.array_equal(found.boxes, again.boxes) and np.array_equal(found.scores, again.scores)


HINTED = replace(SMALL, close=Close.WHERE_HINTED, confirmed=None)


@settings(max_examples=40)
@given(crowds())
def test_a_hint_is_enough_for_each_face_to_be_found_once(crowd: tuple[int, int, list[Square]]) -> None:
    height, width, squares = crowd
    found_once(squares, find_faces(FakeHinting(), painted(height, width, squares), HINTED))


@pytest.mark.parametrize(
    "places", [[(2, 2)], [(40, 30), (47, 30), (40, 37)], [(394, 288)], [(200, y) for y in range(20, 280, 9)]]
)
def test_small_faces_are_found_by_hints_wherever_they_stand(places: list[tuple[int, int]]) -> None:
    """5 px wide: seen at twice the size only. At the edges, side by side, and more than there is room for in one look."""
    squares = [Square(x, y, 5, RED) for x, y in places]
    pixels = painted(300, 400, squares)
    assert len(find_faces(FakeDetector(), pixels, replace(HINTED, max_scale=1.0))) == 0, "not seen from further away"
    found_once(squares, find_faces(FakeHinting(), pixels, HINTED))


def test_where_nothing_is_hinted_at_nobody_looks_closely() -> None:
    empty, one = FakeHinting(), FakeHinting()
    find_faces(empty, painted(900, 1400), HINTED)
    find_faces(one, painted(900, 1400, [Square(700, 400, 6, RED)]), HINTED)
    far = sum(h * w for h, w in empty.shown)
    assert 0 < sum(h * w for h, w in one.shown) - far < 200 * 200, "one place, not the picture"
    everywhere = FakeHinting()
    find_faces(everywhere, painted(900, 1400), SMALL)
    assert sum(h * w for h, w in everywhere.shown) > 4 * 900 * 1400


def test_a_crowded_picture_is_looked_at_as_a_whole() -> None:
    """So that hints never cost more than they save."""
    squares = [Square(x, y, 6, RED) for x in range(4, 520, 16) for y in range(4, 380, 16)]
    detector = FakeHinting()
    found = find_faces(detector, painted(384, 528, squares), HINTED)
    found_once(squares, found)
    plain = FakeHinting()
    find_faces(plain, painted(384, 528, squares), SMALL)
    assert sum(h * w for h, w in detector.shown) <= 1.05 * sum(h * w for h, w in plain.shown)


@pytest.mark.parametrize("edge", [6, 12, 31, 32, 33, 60, 100])
def test_each_face_is_found_once_wherever_it_stands_between_tiles(edge: int) -> None:
    """Two tiles across, and the face at every place over their border."""
    height, width = 110, 220
    borders = {step.part[2] for step in plan(height, width, SMALL)} - {width}
    assert borders, "nothing is tiled, so nothing is tested"
    for x in range(1, width - edge, 2):
        square = Square(x, 4, edge, RED)
        found_once([square], find_faces(FakeDetector(), painted(height, width, [square]), SMALL))


def test_a_real_picture_size_is_tiled_and_searched() -> None:
    squares = [
        Square(x, y, edge, RED)
        for x, y, edge in [(40, 40, 12), (700, 700, 130), (760, 300, 12), (1500, 20, 400), (2380, 1580, 16)]
    ]
    found_once(squares, find_faces(FakeDetector(12), painted(1600, 2400, squares), Search()), 0.5)


def test_faces_at_the_edge_and_in_the_corner() -> None:
    squares = [Square(0, 0, 20, RED), Square(280, 180, 20, RED), Square(140, 0, 20, RED)]
    found_once(squares, find_faces(FakeDetector(), painted(200, 300, squares), SMALL))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5000), (5000, 1)])
def test_a_picture_one_pixel_wide_holds_nobody(height: int, width: int) -> None:
    assert len(find_faces(ScriptedDetector([]), painted(height, width), Search())) == 0


@pytest.mark.parametrize(("height", "width"), [(2, 2), (2, 3000), (3000, 3), (31, 4001)])
def test_narrow_pictures_are_looked_at(height: int, width: int) -> None:
    assert len(find_faces(FakeDetector(), painted(height, width), Search())) == 0


def test_nobody_is_nobody() -> None:
    for search in (Search(), SMALL, Search(max_side=100)):
        found = find_faces(FakeDetector(), painted(300, 400), search)
        assert len(found) == 0 and found.boxes.shape == (0, 4) and found.landmarks.shape == (0, 5, 2)


def test_weak_faces_are_left_out() -> None:
    both = detections(np.array([[5, 5, 25, 25], [50, 5, 70, 25]]), np.array([0.34, 0.36]))
    found = find_faces(ScriptedDetector([both]), painted(60, 90), Search(threshold=0.35, max_side=90, confirmed=None))
    assert found.scores.tolist() == pytest.approx([0.36])


def test_boxes_come_back_in_the_pictures_pixels() -> None:
    seen = detections(np.array([[10, 20, 30, 60]]))
    found = find_faces(ScriptedDetector([seen]), painted(200, 400), Search(max_side=200))
    assert found.boxes.tolist() == [[20, 40, 60, 120]]
    assert np.allclose(found.landmarks, seen.landmarks * 2)


@st.composite
def answers(draw: st.DrawFn) -> Detections:
    """Overlapping boxes of all sizes, each with a score of its own."""
    n = draw(st.integers(0, 14))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    corners = rng.uniform(0, 60, (n, 2))
    boxes = np.concatenate([corners, corners + rng.uniform(1, 50, (n, 2))], axis=1)
    return detections(boxes.astype(np.float32), rng.permutation(np.linspace(0.2, 0.99, n)).astype(np.float32))


def is_duplicate(a: Floats, b: Floats, limit: float) -> bool:
    """As ``suppress`` documents it, said once more."""
    shared = float(np.prod(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)))
    small, large = sorted(float(np.prod(box[2:] - box[:2])) for box in (a, b))
    return shared > limit * (small + large - shared) or (shared > 0.7 * small and small > 0.25 * large)


@given(st.lists(answers(), min_size=1, max_size=3))
def test_merging_leaves_no_duplicate_and_drops_only_duplicates(found: list[Detections]) -> None:
    merged = merge(found, 0.35)
    assert (np.diff(merged.scores) <= 0).all(), "best first"
    for i in range(len(merged)):
        for j in range(i):
            assert not is_duplicate(merged.boxes[i], merged.boxes[j], 0.35)
    kept = {tuple(box) for box in merged.boxes.tolist()}
    for one in found:
        for box, score in zip(one.boxes, one.scores, strict=True):
            if tuple(box.tolist()) not in kept:
                surer = merged.boxes[merged.scores >= score]
                assert any(is_duplicate(box, other, 0.35) for other in surer)


@given(answers(), st.integers(0, 2**31))
def test_merging_does_not_depend_on_the_order(found: Detections, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(found))
    shuffled = merge([found[order]], 0.35)
    merged = merge([found], 0.35)
    assert np.array_equal(shuffled.boxes, merged.boxes)
    assert np.allclose(shuffled.landmarks, merged.landmarks, atol=1e-3)


def test_a_face_on_a_shirt_is_a_face_of_its_own() -> None:
    boxes = np.array([[0, 0, 100, 130], [40, 60, 60, 86]], np.float32)
    assert suppress(boxes, np.array([0.9, 0.8], np.float32), 0.35).tolist() == [0, 1]
    half = np.array([[0, 0, 100, 130], [5, 5, 70, 90]], np.float32)
    assert suppress(half, np.array([0.8, 0.9], np.float32), 0.35).tolist() == [1], "half a face is no other face"


def test_scaling() -> None:
    pixels = painted(30, 50)
    assert resized(pixels, 1) is pixels
    assert resized(pixels, 0.001).shape == (1, 1, 3)
    assert resized(pixels, 2).shape == (60, 100, 3)
    assert resized(pixels[:, ::-1], 0.5).dtype == np.uint8


def test_of_two_answers_for_one_face_the_surer_stays() -> None:
    """They overlap by half, and neither lies within the other."""
    both = detections(np.array([[20, 20, 60, 60], [34, 20, 74, 60], [100, 20, 140, 60]]), np.array([0.8, 0.9, 0.85]))
    found = find_faces(ScriptedDetector([both]), painted(90, 160), Search(max_side=160))
    assert found.boxes[:, 0].tolist() == [34, 100]
    apart = find_faces(ScriptedDetector([both]), painted(90, 160), Search(max_side=160, merge_iou=0.6))
    assert apart.boxes[:, 0].tolist() == [34, 100, 20]


# The second look


class Unsure(FakeDetector):
    """Sure only of faces of a comfortable width: others have a score of 0.5."""

    def detect(self, pixels: Pixels) -> Detections:
        found = FakeDetector.detect(self, pixels)
        widths = found.boxes[:, 2] - found.boxes[:, 0]
        return Detections(found.boxes, found.landmarks, np.where(abs(widths - 40) < 4, 0.9, 0.5).astype(np.float32))


@pytest.mark.parametrize("edge", [9, 14, 27, 60, 90])
def test_a_doubtful_face_is_looked_at_again_alone(edge: int) -> None:
    """Wherever it stands, also near the corners, and whatever its size: the mean of both scores is its own."""
    squares = [Square(x, y, edge, RED) for x in (6, 115, 314 - edge) for y in (6, 234 - edge)]
    pixels = painted(240, 320, squares)
    search = Search(max_side=320)
    found = find_faces(Unsure(), pixels, search)
    found_once(squares, found)
    assert found.scores.tolist() == pytest.approx([0.7] * 6)
    first = find_faces(Unsure(), pixels, Search(max_side=320, confirmed=None))
    assert first.scores.tolist() == pytest.approx([0.5] * 6)
    assert np.array_equal(np.sort(first.boxes, axis=0), np.sort(found.boxes, axis=0)), "only the scores change"


def test_what_is_nothing_when_seen_alone_is_no_face() -> None:
    doubtful = detections(np.array([[20, 20, 40, 40], [100, 20, 120, 40]]), np.array([0.7, 0.8]))
    found = find_faces(ScriptedDetector([doubtful]), painted(90, 160), Search(max_side=160))
    assert found.scores.tolist() == pytest.approx([0.8]), "and whoever was sure is not asked again"


def test_hundreds_are_looked_at_again() -> None:
    squares = [Square(8 + 24 * (i % 15), 8 + 24 * (i // 15), 12, RED) for i in range(150)]
    pixels = painted(260, 380, squares)
    found = find_faces(Unsure(), pixels, Search(max_side=380))
    found_once(squares, found)
    assert np.allclose(found.scores, 0.7)


def test_a_second_look_at_nobody_is_none() -> None:
    asked: list[tuple[int, ...]] = []

    class Watched(FakeDetector):
        def detect(self, pixels: Pixels) -> Detections:
            asked.append(pixels.shape)
            return FakeDetector.detect(self, pixels)

    find_faces(Watched(), painted(90, 120), Search(max_side=120))
    find_faces(Watched(), painted(90, 120, [Square(20, 20, 30, RED)]), Search(max_side=120))
    assert len(asked) == 2, "nobody there, or nobody doubtful: looked at once"
