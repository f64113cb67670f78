"""One camera: what is told, what is kept of whom, and what is only counted."""

from __future__ import annotations

import io
import pickle
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, timedelta

import numpy as np
import pytest
from PIL import Image

from fake_stages import Walker, changing, footage
from fake_watch import STARTED, FakeFrames, Heed, fake_identifier
from secondlook.assemble import Identifier
from secondlook.decide.rule import Limits
from secondlook.fakes import BLUE, GREEN, RED
from secondlook.identify import Alert, Stage
from secondlook.runs.watch import Keep, WatchOptions, preview_jpeg, watch
from secondlook.runs.watch_state import Counts
from secondlook.types import Frame, Outcome

STREET = "rtsp://street/1"
PASSERS_BY = [Walker(10, 10, 5, RED, last=20), Walker(250, 60, -3, GREEN), Walker(150, 90, 0, BLUE, first=8, last=20)]


def watched(
    frames: list[Frame], keep: Keep = Keep.NAMED, identifier: Identifier | None = None
) -> tuple[Heed, Counts, FakeFrames]:
    heed, camera = Heed(), FakeFrames(frames)
    counts = watch(STREET, camera, identifier or fake_identifier(), heed, WatchOptions(keep))
    return heed, counts, camera


def test_a_camera_that_shows_nobody() -> None:
    heed, counts, _ = watched(list(footage([], 5)))
    assert heed.sightings == [] and (counts.looked, counts.received, counts.dropped) == (5, 15, 7)
    assert heed.states[-1].camera == STREET and heed.states[-1].counts == counts, "the last state is the sum"
    assert watched([])[1].looked == 0


def test_who_may_be_enrolled_is_told_of_and_everybody_else_only_counted() -> None:
    heed, counts, _ = watched(list(footage(PASSERS_BY, 30)))
    told = [(s.live.stage, s.live.alert, s.live.sighting.subject) for s in heed.sightings]
    assert sorted(told) == sorted(
        [
            (Stage.EARLY, Alert.RAISED, "Ruby"),
            (Stage.EARLY, Alert.RAISED, "Skye"),
            (Stage.FINAL, Alert.STANDS, "Ruby"),
            (Stage.FINAL, Alert.STANDS, "Skye"),
        ]
    )
    assert (counts.candidate, counts.no_candidate, counts.early, counts.withdrawn, counts.forgotten) == (2, 1, 2, 0, 1)
    assert (counts.looked, counts.reconnects) == (30, 2)
    assert all(s.camera == STREET and s.live.sighting.crop is not None for s in heed.sightings)


@pytest.mark.parametrize(("keep", "kept"), [(Keep.NAMED, 2), (Keep.UNDECIDED, 2), (Keep.ALL, 3)])
def test_of_whom_is_kept_what(keep: Keep, kept: int) -> None:
    heed, counts, _ = watched(list(footage(PASSERS_BY, 30)), keep)
    closed = [s for s in heed.sightings if s.live.stage is Stage.FINAL]
    assert len(closed) == kept and counts.forgotten == 3 - kept


def test_whose_picture_carries_no_decision_is_kept_only_where_that_is_asked_for() -> None:
    """Poor pictures of people nobody has named are pictures of passers-by."""
    one = fake_identifier()
    strict = replace(one, stages=replace(one.stages, limits=Limits()))
    frames = list(footage([Walker(50, 50, 0, GREEN)], 5))
    assert watched(frames, Keep.NAMED, strict)[0].sightings == []
    (kept,) = watched(frames, Keep.UNDECIDED, strict)[0].sightings
    assert kept.live.sighting.outcome is Outcome.INCONCLUSIVE


def test_when_somebody_was_seen_is_told_by_the_clock() -> None:
    heed, _, camera = watched(list(footage([Walker(50, 50, 0, RED, first=3, last=9)], 20)))
    for one in heed.sightings:
        assert one.live.sighting.time_s is not None
        assert one.watched.seen_at == STARTED + timedelta(seconds=one.live.sighting.time_s)
        assert one.after_s < time.monotonic() - camera.began_s and one.said_at.tzinfo is UTC
    early, last = heed.sightings
    assert early.person == last.person and early.record().id == last.record().id
    assert last.record().person == last.person and last.record().source == "walk.mp4"


def test_two_spells_of_watching_share_no_person_and_no_id() -> None:
    frames = list(footage([Walker(50, 50, 0, RED)], 5))
    first, second = (watched(frames)[0].sightings for _ in range(2))
    assert not {s.person for s in first} & {s.person for s in second}
    assert not {s.record().id for s in first} & {s.record().id for s in second}


def test_what_is_taken_back_is_told_without_a_picture() -> None:
    one = fake_identifier()
    blurring = replace(one, stages=replace(one.stages, point=replace(one.stages.point, unlike=-1.0)))
    heed, counts, _ = watched(changing([(0, RED), (4, GREEN)], 40), Keep.NAMED, blurring)
    early, last = heed.sightings
    assert early.live.sighting.subject == "Ruby" and early.live.sighting.crop is not None
    assert last.live.withdraws is not None and last.live.withdraws.subject == "Ruby"
    assert last.live.sighting.crop is None and last.live.sighting.path == ()
    assert (counts.early, counts.withdrawn, counts.candidate, counts.forgotten) == (1, 1, 0, 1)


def test_a_sighting_travels_with_its_picture() -> None:
    heed, _, _ = watched(list(footage([Walker(50, 50, 0, RED)], 5)))
    for one in (*heed.sightings, *heed.states):
        again = pickle.loads(pickle.dumps(one))
        assert repr(again) == repr(one)
    crop = pickle.loads(pickle.dumps(heed.sightings[0])).live.sighting.crop
    assert np.array_equal(crop, heed.sightings[0].live.sighting.crop)


def test_a_state_comes_while_there_is_no_picture() -> None:
    """Also the newest picture for people, while there is one."""
    heed, done = Heed(), threading.Event()

    def slowly() -> Iterator[Frame]:
        yield from footage([Walker(50, 50, 0, RED)], 1)
        done.wait(60)

    camera = FakeFrames(slowly())
    work = threading.Thread(target=watch, args=(STREET, camera, fake_identifier(), heed))
    work.start()
    while len(heed.states) < 2 or not heed.previews:
        time.sleep(0.05)
    done.set()
    work.join()
    assert len(heed.previews) == 1, "none where nothing new has come"
    assert Image.open(io.BytesIO(heed.previews[0].jpeg)).size == (320, 120)


def test_a_preview_is_small() -> None:
    jpeg = preview_jpeg(np.zeros((720, 1280, 3), np.uint8), 640)
    assert Image.open(io.BytesIO(jpeg)).size == (640, 360)


def test_what_breaks_is_raised_and_the_states_end() -> None:
    def broken() -> Iterator[Frame]:
        yield from footage([], 2)
        raise RuntimeError("the model is gone")

    before = threading.active_count()
    with pytest.raises(RuntimeError, match="model"):
        watch(STREET, FakeFrames(broken()), fake_identifier(), Heed())
    assert threading.active_count() == before
