"""A source that goes on: candidates are told early, and what is said in the end is what a video's run would say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fake_stages import POINT, Walker, changing, footage, gallery, stages
from secondlook.errors import PackMismatch
from secondlook.fakes import BLUE, CYAN, GREEN, RED, FakeEmbedder
from secondlook.identify import Pace, Stages, live, video
from secondlook.track.alerting import Alert, Because, LiveSighting, Stage
from secondlook.track.follow import Follower
from secondlook.track.in_view import InView
from secondlook.track.shots import Keep
from secondlook.types import Floats, Frame, Outcome, Pixels, Sighting


def facts(sighting: Sighting) -> tuple[object, ...]:
    """Everything said, without the pixels."""
    return (
        sighting.source, sighting.frame, sighting.time_s, sighting.box, sighting.track, sighting.first_s,
        sighting.last_s, sighting.frames, sighting.detector_score, sighting.quality, sighting.decision, sighting.pack,
        sighting.path,
    )  # fmt: skip


def closings(seen: Sequence[LiveSighting]) -> list[tuple[object, ...]]:
    return [facts(one.sighting) for one in seen if one.stage is not Stage.EARLY]


def early(seen: Sequence[LiveSighting]) -> list[LiveSighting]:
    return [one for one in seen if one.stage is Stage.EARLY]


def test_nobody_is_nothing() -> None:
    assert list(live([], gallery(), stages())) == []
    assert list(live(footage([], 6), gallery(), stages())) == []


def test_a_candidate_is_told_with_the_first_frame_that_shows_it() -> None:
    read = 0

    def watched() -> Iterator[Frame]:
        nonlocal read
        for one in footage([Walker(50, 50, 0, RED, last=30), Walker(200, 50, 0, GREEN)], 60):
            read += 1
            yield one

    stream = live(watched(), gallery(), stages())
    first = next(stream)
    assert read == 1, "the frame itself, and none after it"
    assert (first.stage, first.alert, first.sighting.subject, first.sighting.frames) == (
        Stage.EARLY, Alert.RAISED, "Ruby", 1,
    )  # fmt: skip
    assert first.sighting.crop is not None
    last, stranger = list(stream)
    assert (last.stage, last.alert, last.sighting.subject, last.sighting.frames) == (
        Stage.FINAL, Alert.STANDS, "Ruby", 31,
    )  # fmt: skip
    assert last.withdraws is None and last.followed == first.followed
    assert stranger.alert is Alert.NONE and stranger.sighting.outcome is Outcome.NO_CANDIDATE


def divided(shots: int = 10) -> Stages:
    return replace(stages(point=replace(POINT, unlike=0.5)), keep=Keep(shots, 0.3))


def test_one_who_turns_out_to_be_two_keeps_the_alert_that_holds() -> None:
    frames = changing([(0, RED), (15, CYAN)], 30)
    seen = list(live(frames, gallery(), divided()))
    assert [(s.stage, s.sighting.subject, s.alert, s.withdraws) for s in seen] == [
        (Stage.EARLY, "Ruby", Alert.RAISED, None),
        (Stage.FINAL, "Ruby", Alert.STANDS, None),
        (Stage.FINAL, None, Alert.NONE, None),
    ]
    assert {s.followed for s in seen} == {1} and len({s.sighting.track for s in seen}) == 2
    assert closings(seen) == [facts(s) for s in video(frames, gallery(), divided())]


def test_a_candidate_who_came_second_is_told_of_early_too() -> None:
    frames = changing([(0, CYAN), (15, RED)], 40)
    seen = list(live(frames, gallery(), divided()))
    (alert,) = early(seen)
    assert alert.sighting.subject == "Ruby" and 15 <= alert.sighting.path[-1][0] <= 25
    assert closings(seen) == [facts(s) for s in video(frames, gallery(), divided())]


def test_an_early_candidate_that_does_not_hold_is_taken_back() -> None:
    """Two people of whom the tracker made one, in a pack that cannot tell: fused, they are like nobody enrolled."""
    point = replace(POINT, unlike=-1.0)
    frames = changing([(0, RED), (8, GREEN)], 40)
    seen = list(live(frames, gallery(), replace(stages(point=point), keep=Keep(8, 0.3))))
    assert [s.stage for s in seen] == [Stage.EARLY, Stage.FINAL]
    first, last = seen
    assert first.sighting.subject == "Ruby" and last.sighting.subject is None and last.alert is Alert.NONE
    assert last.withdraws is not None and last.withdraws.subject == "Ruby"
    assert last.withdraws.because in (Because.NOBODY, Because.DOUBTFUL)


def test_each_shot_is_embedded_once() -> None:
    counted: list[int] = []

    class Counting(FakeEmbedder):
        def embed(self, chips: Pixels) -> Floats:
            counted.append(len(chips))
            return FakeEmbedder.embed(self, chips)

    counting = Counting()
    seen = list(live(footage([Walker(50, 50, 0, GREEN)], 300), gallery(), replace(stages(), embedder=counting)))
    assert len(seen) == 1
    assert counted == [1, 1, 2], "four shots are kept, 0.3 s apart, and looked at each half second"


def test_a_track_is_looked_at_again_only_with_other_shots_and_not_too_often() -> None:
    searched: list[int] = []

    class Searched:
        pack, subjects = gallery().pack, 2

        def search(self, template: Floats, pack: str, k: int = 5) -> tuple[object, ...]:
            searched.append(1)
            return gallery().search(template, pack, k)

    frames = list(footage([Walker(50, 50, 0, GREEN)], 100))
    for again_s, most in ((0.0, 4), (1.0, 3)):
        searched.clear()
        list(live(frames, Searched(), stages(), pace=Pace(look_again_s=again_s)))  # type: ignore[arg-type]
        assert 1 < len(searched) <= most + 1, "as often as shots were kept, and once in the end"


def test_whoever_stays_is_followed_in_pieces_with_one_alert() -> None:
    walkers = [Walker(50, 50, 0, RED), Walker(200, 50, 0, GREEN, last=130)]
    seen = list(live(footage(walkers, 200), gallery(), stages(), pace=Pace(longest_s=5.0)))
    ruby = [s for s in seen if s.followed == 1]
    assert [(s.stage, s.piece, s.alert) for s in ruby] == [
        (Stage.EARLY, 1, Alert.RAISED),
        (Stage.PIECE, 1, Alert.STANDS),
        (Stage.PIECE, 2, Alert.STANDS),
        (Stage.PIECE, 3, Alert.STANDS),
        (Stage.FINAL, 4, Alert.STANDS),
    ]
    assert [s.sighting.frames for s in ruby[1:]] == [50, 50, 50, 50]
    path = [step[0] for s in ruby[1:] for step in s.sighting.path]
    assert path == list(range(200)), "every face is in one piece"
    for one in ruby[1:]:
        assert one.sighting.first_s is not None and one.sighting.time_s is not None and one.sighting.last_s is not None
        assert one.sighting.first_s <= one.sighting.time_s <= one.sighting.last_s, "its picture is of the piece itself"
    assert [s.stage for s in seen if s.followed == 2] == [Stage.PIECE, Stage.PIECE, Stage.FINAL]
    assert not [s for s in seen if s.followed == 2 and s.alert is not Alert.NONE]


def test_little_is_held_however_long_somebody_sits_in_view() -> None:
    parts = stages()
    view = InView(Follower(0.4, 5), parts.embedder.layout, parts.keep, longest_s=5.0)
    most = 0
    for frame in footage([Walker(50, 50, 0, RED)], 400):
        view.see(frame, parts.detector.detect(frame.pixels))
        most = max(most, *(len(track.path) for track in view))
    assert most == 50


def test_who_was_away_for_long_has_gone_however_few_frames_that_were() -> None:
    """Under load a look comes once a second; patience is a time."""
    frames = [f for f in footage([Walker(50, 50, 0, RED)], 60) if f.index < 10 or f.index >= 40]
    assert [s.sighting.frames for s in live(frames, gallery(), stages()) if s.stage is Stage.FINAL] == [10, 20]


def test_a_reconnect_ends_everybody() -> None:
    seen = list(live(footage([Walker(50, 50, 0, RED)], 24, cuts=(12,)), gallery(), stages()))
    assert [(s.stage, s.alert) for s in seen] == [
        (Stage.FINAL, Alert.STANDS) if stage is Stage.FINAL else (Stage.EARLY, Alert.RAISED)
        for stage in (Stage.EARLY, Stage.FINAL, Stage.EARLY, Stage.FINAL)
    ]


walks = st.lists(
    st.builds(
        Walker,
        x=st.integers(0, 250),
        y=st.sampled_from([5, 45, 85]),
        dx=st.sampled_from([-4.0, -1.0, 0.0, 2.0, 6.0]),
        colour=st.sampled_from([RED, BLUE, GREEN]),
        edge=st.integers(14, 28),
        first=st.integers(0, 12),
        last=st.integers(4, 30),
    ),
    max_size=4,
)


@settings(max_examples=40)
@given(
    walks,
    st.lists(st.integers(1, 29), max_size=2, unique=True).map(sorted),
    st.sampled_from([0.0, 0.5, 2.0]),
    st.sampled_from([-1.0, 0.5]),
)
def test_what_is_said_in_the_end_is_what_the_videos_run_says(
    walkers: list[Walker], cuts: list[int], again_s: float, unlike: float
) -> None:
    inside = [w for w in walkers if all(0 <= w.x + w.dx * f <= 290 for f in (w.first, w.last))]
    parts = stages(point=replace(POINT, unlike=unlike))
    frames = list(footage(inside, 30, cuts=tuple(cuts)))
    seen = list(live(frames, gallery(), parts, pace=Pace(look_again_s=again_s)))
    assert closings(seen) == [facts(s) for s in video(frames, gallery(), parts)]
    for followed in {s.followed for s in seen}:
        of_one = [s for s in seen if s.followed == followed]
        assert len(early(of_one)) <= 1
        assert all(s.stage is Stage.FINAL for s in of_one if s.stage is not Stage.EARLY)
        named = [s.sighting.subject for s in of_one if s.alert is Alert.RAISED]
        assert len(named) == len(set(named)), "nobody is told of the same candidate twice"


@settings(max_examples=20)
@given(walks, st.sampled_from([0.5, 1.0, 1.3]))
def test_pieces_lose_and_double_nothing(walkers: list[Walker], longest_s: float) -> None:
    inside = [w for w in walkers if all(0 <= w.x + w.dx * f <= 290 for f in (w.first, w.last))]
    parts = stages(point=replace(POINT, unlike=-1.0))
    frames = list(footage(inside, 30))
    whole = sorted((step[0], step[1]) for s in video(frames, gallery(), parts) for step in s.path)
    seen = [s for s in live(frames, gallery(), parts, pace=Pace(longest_s=longest_s)) if s.stage is not Stage.EARLY]
    assert sorted((step[0], step[1]) for s in seen for step in s.sighting.path) == whole
    for one in seen:
        assert one.sighting.first_s is not None and one.sighting.last_s is not None
        assert one.sighting.last_s - one.sighting.first_s < longest_s
    pieces = [(s.followed, s.piece) for s in seen]
    assert len(set(pieces)) == len(pieces)
    assert {s.followed for s in seen if s.stage is Stage.FINAL} == {s.followed for s in seen}


def test_another_packs_gallery_is_an_error() -> None:
    other = replace(gallery(), pack="other@123456789abc")
    with pytest.raises(PackMismatch):
        list(live(footage([Walker(20, 20, 3)], 5), other, stages()))
