"""The whole way with fakes: one decision for each face or track, in time, and nothing said about nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_stages import POINT, Walker, footage, gallery, stages
from secondlook.decide.rule import Limits
from secondlook.errors import PackMismatch
from secondlook.faces.detect import find_faces
from secondlook.fakes import (
    BLUE,
    CYAN,
    GREEN,
    RED,
    FakeEmbedder,
    FakeGallery,
    Square,
    detections,
    painted,
    portrait,
)
from secondlook.identify import faces, photo, video
from secondlook.track.shots import Keep
from secondlook.types import Candidate, Detections, Floats, Frame, Outcome, Pixels, Sighting


def frame(*squares: Square, height: int = 150, width: int = 260) -> Frame:
    return Frame(painted(height, width, squares), "crowd.png")


def facts(sighting: Sighting) -> tuple[object, ...]:
    """Everything said, without the pixels."""
    return (
        sighting.source, sighting.frame, sighting.time_s, sighting.box, sighting.track, sighting.first_s,
        sighting.last_s, sighting.frames, sighting.detector_score, sighting.quality, sighting.decision, sighting.pack,
        sighting.path,
    )  # fmt: skip


# Photographs


def test_nobody_in_a_photograph() -> None:
    assert photo(frame(), gallery(), stages()) == []
    assert faces(frame(), stages()) == []


def test_all_at_once_and_one_after_another_are_decided_alike() -> None:
    class OneByOne:
        """A gallery that cannot be asked about several."""

        def __init__(self, within: FakeGallery) -> None:
            self.within, self.pack, self.subjects = within, within.pack, within.subjects

        def search(self, template: Floats, pack: str, k: int = 5) -> tuple[Candidate, ...]:
            return self.within.search(template, pack, k)

    squares = [Square(10 + 60 * n, 20, 24 + 2 * n, (RED, BLUE, GREEN, CYAN)[n]) for n in range(4)]
    together = photo(frame(*squares), gallery(), stages())
    alone = photo(frame(*squares), OneByOne(gallery()), stages())
    assert len(together) == 4 and [facts(s) for s in together] == [facts(s) for s in alone]


def test_everybody_in_a_photograph_has_one_decision() -> None:
    squares = Square(10, 20, 24, RED), Square(80, 70, 30, BLUE), Square(180, 15, 28, GREEN), Square(200, 90, 40, RED)
    seen = photo(frame(*squares), gallery(), stages())
    assert len(seen) == 4 and [s.track for s in seen] == [1, 2, 3, 4]
    by_place = [min(seen, key=lambda s, x=square.x: abs(s.box[0] - x)) for square in squares]
    assert [s.subject for s in by_place] == ["Ruby", "Skye", None, "Ruby"]
    assert by_place[2].outcome is Outcome.NO_CANDIDATE and by_place[2].decision.candidates == ()
    for one in seen:
        assert (one.source, one.frame, one.time_s, one.frames, one.path) == ("crowd.png", 0, None, 1, ())
        assert one.crop is not None and one.crop.shape[2] == 3 and one.pack == FakeEmbedder().pack
        assert one.decision.grounds.gallery_size == 2


def test_the_crop_shows_the_face() -> None:
    (one,) = photo(frame(Square(100, 60, 24, RED)), gallery(), stages())
    assert one.crop is not None
    height, width = one.crop.shape[:2]
    assert tuple(one.crop[height // 2, width // 2]) == RED and tuple(one.crop[0, 0]) != RED


def test_a_poor_picture_counts_and_is_inconclusive() -> None:
    strict = replace(stages(), limits=Limits())
    (one,) = photo(frame(Square(100, 60, 24, RED)), gallery(), strict)
    assert one.outcome is Outcome.INCONCLUSIVE and one.subject is None and one.decision.grounds.against


def test_an_empty_gallery_has_no_candidate() -> None:
    (one,) = photo(frame(Square(100, 60, 24, RED)), FakeGallery({}), stages())
    assert one.outcome is Outcome.NO_CANDIDATE


def test_another_packs_gallery_is_an_error_and_no_low_score() -> None:
    other = FakeGallery({}, pack="other@123456789abc")
    with pytest.raises(PackMismatch):
        photo(frame(Square(100, 60, 24, RED)), other, stages())
    with pytest.raises(PackMismatch):
        list(video(footage([Walker(20, 20, 3)], 5), other, stages()))


def test_faces_come_with_templates_for_whoever_goes_on_alone() -> None:
    (one,) = faces(frame(Square(100, 60, 24, RED)), stages())
    assert one.template is not None and one.template @ FakeEmbedder().embed(portrait(RED))[0] > 0.999
    assert one.pack == FakeEmbedder().pack and one.box == pytest.approx([100, 60, 124, 84], abs=1)


# Video


def test_no_frames_and_nobody_in_them() -> None:
    assert list(video([], gallery(), stages())) == []
    assert list(video(footage([], 6), gallery(), stages())) == []


def test_each_person_has_one_sighting() -> None:
    walkers = [Walker(10, 10, 5, RED), Walker(300, 60, -6, BLUE), Walker(150, 90, 0, GREEN, first=8, last=20)]
    seen = sorted(video(footage(walkers, 30), gallery(), stages()), key=lambda s: s.track)
    assert [s.subject for s in seen] == ["Ruby", "Skye", None]
    assert [s.track for s in seen] == [1, 2, 3]
    assert [s.frames for s in seen] == [30, 30, 13]
    assert [(s.first_s, s.last_s) for s in seen] == [(0.0, 2.9), (0.0, 2.9), (0.8, 2.0)]
    third = seen[2]
    assert [step[0] for step in third.path] == list(range(8, 21)) and third.frame in range(8, 21)
    assert third.time_s == third.frame / 10
    x0, *_ = next(step[1:] for step in third.path if step[0] == third.frame)
    assert third.box[0] == pytest.approx(x0), "the box is that of the best shot's frame"


def test_people_who_cross_keep_their_names() -> None:
    walkers = [Walker(10, 20, 7, RED), Walker(290, 50, -7, BLUE)]
    seen = {s.subject: s for s in video(footage(walkers, 36), gallery(), stages())}
    assert set(seen) == {"Ruby", "Skye"}
    assert [step[1] for step in seen["Ruby"].path] == sorted(step[1] for step in seen["Ruby"].path)


def test_a_short_absence_is_bridged_and_a_long_one_is_not() -> None:
    def two_halves(gap: int) -> list[Walker]:
        return [Walker(50, 50, 1, RED, last=9), Walker(50, 50, 1, RED, first=10 + gap)]

    assert [s.frames for s in video(footage(two_halves(3), 30), gallery(), stages())] == [27]
    later = list(video(footage(two_halves(9), 30), gallery(), stages()))
    assert [s.frames for s in later] == [10, 11] and [s.subject for s in later] == ["Ruby", "Ruby"]


def test_a_cut_ends_everybody_even_in_the_same_place() -> None:
    walkers = [Walker(50, 50, 0, RED, last=11), Walker(50, 50, 0, BLUE, first=12)]
    seen = list(video(footage(walkers, 24, cuts=(12,)), gallery(), stages()))
    assert [(s.subject, s.frames) for s in seen] == [("Ruby", 12), ("Skye", 12)]


def test_one_track_over_two_people_is_divided_where_it_happened() -> None:
    """No cut was seen, and one box went on: the templates of good shots say that it is somebody else."""
    walkers = [Walker(50, 5, 0, RED, edge=100, last=14), Walker(50, 5, 0, CYAN, edge=100, first=15)]
    y, x = np.mgrid[:120, :320] // 4
    grain = np.where((x + y) % 2, 1.0, 0.6)[..., None]
    frames = [replace(f, pixels=(f.pixels * grain).astype(np.uint8)) for f in footage(walkers, 30)]
    undivided, divided = (
        replace(stages(point=replace(POINT, unlike=unlike)), keep=Keep(10, 0.3)) for unlike in (-1.0, 0.5)
    )
    assert [s.frames for s in video(frames, gallery(), undivided)] == [30]
    seen = list(video(frames, gallery(), divided))
    assert [s.subject for s in seen] == ["Ruby", None]
    assert sum(s.frames for s in seen) == 30
    frames = [[step[0] for step in s.path] for s in seen]
    assert frames[0] + frames[1] == list(range(30)) and len({s.track for s in seen}) == 2


def test_seen_once_and_weakly_is_nobody() -> None:
    def look(scores: float) -> Callable[[Frame], Detections]:
        return lambda f: detections(np.array([[50, 50, 74, 74]]), scores) if f.index == 3 else Detections.none()

    assert list(video(footage([], 8), gallery(), stages(), look(0.5))) == []
    assert len(list(video(footage([], 8), gallery(), stages(), look(0.7)))) == 1


def test_sightings_come_as_soon_as_the_track_has_ended() -> None:
    """The generator streams: it has read no more than the patience beyond the last face."""
    read = 0

    def watched() -> Iterator[Frame]:
        nonlocal read
        for one in footage([Walker(50, 50, 0, RED, last=5), Walker(200, 50, 0, BLUE)], 200):
            read += 1
            yield one

    stream = video(watched(), gallery(), stages())
    first = next(stream)
    assert first.subject == "Ruby" and read <= 6 + 5 + 1
    assert [s.subject for s in stream] == ["Skye"] and read == 200


def test_little_is_held_of_a_long_video() -> None:
    """A few shots a person, however long they are watched."""
    counted: list[int] = []

    class Counting(FakeEmbedder):
        def embed(self, chips: Pixels) -> Floats:
            counted.append(len(chips))
            return FakeEmbedder.embed(self, chips)

    list(video(footage([Walker(50, 50, 0.1, RED)], 300), gallery(), replace(stages(), embedder=Counting())))
    assert counted == [4]


def test_replayed_faces_give_the_same_result() -> None:
    walkers = [Walker(10, 10, 5, RED), Walker(300, 60, -6, BLUE), Walker(150, 90, 0, CYAN, first=8, last=20)]
    found: dict[int, Detections] = {}
    the_stages = stages()

    def looking(f: Frame) -> Detections:
        found[f.index] = find_faces(the_stages.detector, f.pixels, the_stages.video_search)
        return found[f.index]

    plain = [facts(s) for s in video(footage(walkers), gallery(), the_stages)]
    watched = [facts(s) for s in video(footage(walkers), gallery(), the_stages, looking)]
    replayed = [facts(s) for s in video(footage(walkers), gallery(), the_stages, lambda f: found[f.index])]
    assert plain == watched == replayed and len(plain) == 3


def test_every_frame_may_be_looked_at() -> None:
    """``every_s`` 0 means each frame; the patience is then counted in frames of usual footage."""
    seen = list(video(footage([Walker(50, 50, 1, RED)], 20), gallery(), replace(stages(), every_s=0.0)))
    assert [(s.subject, s.frames) for s in seen] == [("Ruby", 20)]


def test_frames_without_times_are_followed_too() -> None:
    frames = (replace(f, time_s=None) for f in footage([Walker(50, 50, 2, RED)], 12))
    (one,) = video(frames, gallery(), stages())
    assert one.subject == "Ruby" and (one.time_s, one.first_s, one.last_s) == (None, None, None)


walks = st.lists(
    st.builds(
        Walker,
        x=st.integers(0, 250),
        y=st.sampled_from([5, 45, 85]),
        dx=st.sampled_from([-4.0, -1.0, 0.0, 2.0, 6.0]),
        colour=st.sampled_from([RED, BLUE, GREEN]),
        edge=st.integers(14, 28),
        first=st.integers(0, 12),
        last=st.integers(4, 20),
    ),
    max_size=4,
)


@settings(max_examples=25)
@given(walks, st.lists(st.integers(1, 19), max_size=2, unique=True).map(sorted))
def test_whoever_walks_every_observation_belongs_to_one_sighting(walkers: list[Walker], cuts: list[int]) -> None:
    inside = [w for w in walkers if all(0 <= w.x + w.dx * f <= 290 for f in (w.first, w.last))]
    observed: list[tuple[int, float]] = []
    the_stages = stages()

    def looking(f: Frame) -> Detections:
        found = find_faces(the_stages.detector, f.pixels, the_stages.video_search)
        observed.extend((f.index, float(box[0])) for box in found.boxes)
        return found

    seen = list(video(footage(inside, 20, cuts=tuple(cuts)), gallery(), the_stages, looking))
    told = sorted((step[0], step[1]) for s in seen for step in s.path)
    assert told == sorted(observed), "no face is lost, none is in two sightings"
    assert len({s.track for s in seen}) == len(seen)
    for one in seen:
        assert one.decision.outcome in Outcome and one.frames == len(one.path)
        assert all(a[0] < b[0] for a, b in pairwise(one.path))
        assert not any(one.path[0][0] < cut <= one.path[-1][0] for cut in cuts), "nobody walks through a cut"
