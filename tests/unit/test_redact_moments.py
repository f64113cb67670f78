"""No face slips through a moment: gaps, beginnings, ends, cuts, and what must not be covered for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.fakes import detections
from secondlook.redact.doubts import Doubt, DoubtCollector
from secondlook.redact.moments import Looked, Moment, Rules, moments
from secondlook.types import Detections, Floats

HEIGHT, WIDTH = 360, 640
RULES = Rules(gap=20, lead=6, trail=6, hold=60)


def box(x: float, y: float = 100, edge: float = 40) -> Floats:
    return np.array([x, y, x + edge, y + edge], np.float32)


def found(*faces: tuple[Floats, float]) -> Detections:
    if not faces:
        return Detections.none()
    return detections(np.stack([b for b, _ in faces]), np.array([s for _, s in faces], np.float32))


def film(
    at: Callable[[int], Iterable[tuple[Floats, float]]], frames: int, cuts: tuple[int, ...] = ()
) -> tuple[Moment, ...]:
    looked = [Looked(i, sum(i >= cut for cut in cuts), found(*at(i))) for i in range(frames)]
    return tuple(moments(looked, RULES, HEIGHT, WIDTH))


def covered(moment: Moment, wanted: Floats) -> bool:
    """Whether one spot holds the whole box."""
    return any((s.box[:2] <= wanted[:2] + 0.01).all() and (s.box[2:] >= wanted[2:] - 0.01).all() for s in moment.spots)


def whys(film: Iterable[Moment]) -> list[str]:
    return ["".join(sorted(spot.why.value[0] for spot in moment.spots)) for moment in film]


@given(
    st.lists(st.floats(0, 1), min_size=60, max_size=60),
    st.floats(-3, 3),
    st.sampled_from([0.15, 0.3, 0.9]),
)
def test_every_frame_comes_out_once_in_order_with_all_strong_faces(chances, speed, score) -> None:
    def at(i: int) -> list[tuple[Floats, float]]:
        return [(box(300 + speed * i), score)] if chances[i] > 0.4 else []

    given_out = film(at, 60)
    assert [m.looked.index for m in given_out] == list(range(60))
    if score >= RULES.alone:
        for i, moment in enumerate(given_out):
            assert not at(i) or covered(moment, box(300 + speed * i))
    else:
        assert all(not moment.spots for moment in given_out)


@given(st.integers(0, 8), st.integers(1, 19), st.floats(-3, 3))
def test_gaps_in_a_smooth_way_are_covered(first: int, gap: int, speed: float) -> None:
    hidden = range(first + 8, first + 8 + gap)
    given_out = film(lambda i: [(box(300 + speed * i), 0.9)] if first <= i < 50 and i not in hidden else [], 50)
    for i in hidden:
        assert covered(given_out[i], box(300 + speed * i)), i
        assert whys(given_out)[i] == "b"


def test_before_the_first_and_after_the_last_detection() -> None:
    given_out = film(lambda i: [(box(200 + 2 * i), 0.9)] if 30 <= i < 50 else [], 80)
    said = whys(given_out)
    assert said[:24] == [""] * 24 and said[24:30] == ["e"] * 6
    assert said[50:56] == ["e"] * 6 and said[56:] == [""] * 24
    assert all(covered(given_out[i], box(200 + 2 * i)) for i in range(26, 54))


def test_a_track_is_run_backwards_along_faint_detections() -> None:
    """Found surely at frame 50 only, but faintly from frame 10 on."""
    score = lambda i: 0.9 if i >= 50 else 0.12  # noqa: E731
    given_out = film(lambda i: [(box(100 + 3 * i), score(i))] if i >= 10 and i % 2 == 0 else [], 60)
    assert all(covered(given_out[i], box(100 + 3 * i)) for i in range(10, 60))
    assert whys(given_out)[34] == "d" and whys(given_out)[35] == "e"


def test_what_is_only_faint_is_nothing() -> None:
    assert all(not m.spots for m in film(lambda i: [(box(100), 0.15)], 30))


def test_one_weak_face_is_covered_in_its_frame_and_shortly_round_it() -> None:
    said = whys(film(lambda i: [(box(300), 0.25)] if i == 20 else [], 60))
    assert said[20] == "d" and said[17:20] == ["e"] * 3 == said[21:24]
    assert said[:17] == [""] * 17 and said[24:] == [""] * 36


def test_nothing_goes_across_a_cut_but_both_sides_are_covered() -> None:
    given_out = film(lambda i: [(box(100), 0.9)] if i < 18 or i >= 33 else [], 50, cuts=(20, 30))
    said = whys(given_out)
    assert said[18:20] == ["e", "e"] and said[20:30] == [""] * 10 and said[30:33] == ["e"] * 3
    tracks = (
        {spot.track for m in given_out[:20] for spot in m.spots},
        {s.track for m in given_out[30:] for s in m.spots},
    )
    assert not tracks[0] & tracks[1]


def test_two_who_cross_are_both_covered_throughout() -> None:
    """While they are one on the other only the nearer is found."""

    def at(i: int) -> list[tuple[Floats, float]]:
        near, far = box(100 + 4 * i), box(300 - 4 * i, 110)
        return [(near, 0.9)] if abs(near[0] - far[0]) < 30 else [(near, 0.9), (far, 0.8)]

    given_out = film(at, 50)
    for i, moment in enumerate(given_out):
        assert covered(moment, box(100 + 4 * i)), i
        shrunk = box(300 - 4 * i, 110) + np.array([6, 6, -6, -6])
        assert covered(moment, shrunk), i


def test_whoever_leaves_the_picture_is_let_go() -> None:
    given_out = film(lambda i: [(box(560 + 15 * i), 0.9)] if i < 5 else [], 40)
    assert sum(bool(m.spots) for m in given_out[5:]) < RULES.trail


def test_motion_widens_what_is_covered() -> None:
    still = film(lambda i: [(box(100), 0.9)], 20)[10].spots[0].box
    fast = film(lambda i: [(box(100 + 12 * i), 0.9)], 20)[10].spots[0].box
    assert fast[2] - fast[0] > still[2] - still[0] + 5 and fast[3] - fast[1] == pytest.approx(still[3] - still[1])


def test_a_box_that_suddenly_shows_half_a_face_does_not_shrink_the_cover() -> None:
    given_out = film(lambda i: [(box(100) if i != 15 else np.array([105, 100, 135, 130], np.float32), 0.9)], 30)
    assert covered(given_out[15], box(100) + np.array([3, 3, -8, -8]))


def test_only_a_bounded_number_of_frames_is_held() -> None:
    taken = 0

    def endless() -> Iterable[Looked]:
        nonlocal taken
        for i in range(10**9):
            taken += 1
            yield Looked(i, 0, found((box(100), 0.9)))

    for moment in moments(endless(), RULES, HEIGHT, WIDTH):
        if moment.looked.index == 500:
            break
    assert taken < 500 + RULES.hold + 20


def doubts(at: Callable[[int], Iterable[tuple[Floats, float]]], frames: int) -> list[Doubt]:
    collector = DoubtCollector(RULES, HEIGHT, WIDTH)
    looked = (Looked(i, 0, found(*at(i))) for i in range(frames))
    assert len(list(collector.watching(moments(looked, RULES, HEIGHT, WIDTH)))) == frames
    return [spotted.doubt for spotted in collector.found()]


def test_doubtful_spots() -> None:
    assert doubts(lambda i: [(box(100), 0.9)], 60) == []
    assert doubts(lambda i: [(box(100), 0.9)] if 20 <= i < 40 else [], 60) == [Doubt.APPEARED, Doubt.VANISHED]
    assert doubts(lambda i: [(box(100), 0.9)] if not 20 <= i < 32 else [], 60) == [Doubt.GAP]
    assert doubts(lambda i: [(box(100), 0.3)] if 20 <= i < 40 else [], 60) == [Doubt.FAINT]
    # in at one edge and out at the other
    assert doubts(lambda i: [(box(-30 + 22 * i), 0.9)] if 2 <= i < 30 else [], 60) == []
