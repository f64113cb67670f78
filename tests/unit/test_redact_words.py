"""What a person asks for by place or by name, and the record of what was done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from report_samples import sighting
from secondlook.errors import SourceError
from secondlook.redact.places import also, also_text, named_areas, region
from secondlook.redact.record import RedactedArea, RedactedFrame, Why, read_redaction, to_line
from secondlook.redact.rulings import Chosen, Ruling, Rulings, rulings_of
from secondlook.types import Outcome, Sighting


def test_regions_and_what_a_person_saw() -> None:
    assert region("10,20,30,40").box == (10, 20, 40, 60)
    timed = region("clip.mp4=1,2,3,4@1.5-1:02.25")
    assert (timed.from_s, timed.to_s, timed.source, timed.why) == (1.5, 62.25, "clip.mp4", Why.REGION)
    seen = also("0:01-2.5:10,20,30,40")
    assert (seen.from_s, seen.to_s, seen.box, seen.why) == (1.0, 2.5, (10, 20, 40, 60), Why.ADDED)
    assert also("1,2,3,4").from_s is None


@pytest.mark.parametrize("text", ["", "1,2,3", "1,2,0,4", "1,2,3,4@5", "1,2,3,4@5-4", "a,b,c,d", "1-2:1,2,3,4"])
def test_what_is_no_region_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^'"):
        region(text)


def test_the_text_of_the_review_sheet_is_read_back() -> None:
    place = also(also_text((10, 20, 40, 60), 1.25, 3.5))
    assert (place.box, place.from_s, place.to_s) == ((10, 20, 40, 60), 1.25, 3.5)
    assert also(also_text((10, 20, 40, 60), None, None)).box == (10, 20, 40, 60)


def test_a_place_counts_in_its_time_and_its_source() -> None:
    places = (also("1-2:1,2,3,4"), region("b.jpg=5,6,7,8"))
    assert [len(named_areas(places, "a.mp4", t)) for t in (0.9, 1.0, 2.0, 2.1)] == [0, 1, 1, 0]
    assert [a.why for a in named_areas(places, "some/b.jpg", None)] == [Why.REGION]


def test_the_record_is_read_back(tmp_path: Path) -> None:
    area = RedactedArea(3, np.array([1, 2, 3, 4.25], np.float32), np.ones((5, 2), np.float32), Why.DETECTED, 0.5)
    kept = RedactedArea(4, np.array([-1, 2, 3, 4], np.float32), None, Why.BRIDGED, None, True, "Ann")
    (tmp_path / "r.jsonl").write_text(to_line(RedactedFrame("a", "redacted/a", 7, (area, kept))) + "\n")
    (frame,) = read_redaction(tmp_path / "r.jsonl")
    assert (frame.source, frame.output, frame.frame) == ("a", "redacted/a", 7)
    assert len(frame.covered) == 1 and (frame.covered[0].box == area.box).all()
    assert frame.areas[1].subject == "Ann" and frame.areas[1].landmarks is None and frame.areas[0].score == 0.5


@pytest.mark.parametrize("line", ["", "[]", '{"schema": 2}', '{"schema": 1, "source": "a"}'])
def test_a_record_that_is_none_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "r.jsonl").write_text(line + "\n")
    with pytest.raises(SourceError, match=r"r\.jsonl, line 1"):
        read_redaction(tmp_path / "r.jsonl")


def test_two_faces_of_one_frame_are_not_both_one_subject() -> None:
    boxes = np.array([[0, 0, 10, 10], [50, 0, 60, 10]], np.float32)
    rulings = Rulings([Ruling(3, (0, 0, 10, 10), "Ann", 0.8), Ruling(3, (50, 0, 60, 10), "Ann", 0.9)])
    assert {row: r.subject for row, r in rulings.about(3, boxes).items()} == {1: "Ann"}
    assert set(rulings.all_about(3, boxes)) == {0, 1}
    assert rulings.about(4, boxes) == {} and rulings.about(3, boxes + 1) == {}


def frames_of(rulings: tuple[Ruling, ...]) -> list[int]:
    return [ruling.frame for ruling in rulings]


def walk(*steps: tuple[int, float]) -> tuple[tuple[int, float, float, float, float], ...]:
    return tuple((frame, x, 0.0, x + 40, 40.0) for frame, x in steps)


def seen_as(
    outcome: Outcome, subject: str | None, path: tuple[tuple[int, float, float, float, float], ...]
) -> Sighting:
    made = sighting(outcome, 0.95, subject, start_s=0.0)
    return replace(made, path=path, frame=path[0][0])


def test_only_a_candidate_for_that_very_subject_stays_visible() -> None:
    keep = Chosen(keep=("Ann", "Eve"))
    path = walk(*((i, i) for i in range(10)))
    assert frames_of(rulings_of(seen_as(Outcome.CANDIDATE, "Ann", path), keep, 0.1)) == list(range(10))
    assert rulings_of(seen_as(Outcome.INCONCLUSIVE, "Ann", path), keep, 0.1) == ()
    assert rulings_of(seen_as(Outcome.NO_CANDIDATE, None, path), keep, 0.1) == ()
    # Bo Li is the runner-up of every sample, and no reason to show anybody
    assert rulings_of(seen_as(Outcome.CANDIDATE, "Ann", path), Chosen(keep=("Bo Li",)), 0.1) == ()


def test_what_follows_a_jump_is_covered() -> None:
    keep = Chosen(keep=("Ann",))
    jump = walk((0, 0), (1, 3), (2, 6), (3, 80), (4, 83))
    assert frames_of(rulings_of(seen_as(Outcome.CANDIDATE, "Ann", jump), keep, 0.1)) == [0, 1, 2]
    gap = walk((0, 0), (1, 3), (9, 6), (10, 9))
    assert frames_of(rulings_of(seen_as(Outcome.CANDIDATE, "Ann", gap), keep, 0.1)) == [0, 1]


def test_whoever_may_be_the_one_is_covered() -> None:
    path = walk(*((i, i) for i in range(4)))
    for who in ("Ann", "Bo Li"):
        only = Chosen(only=(who,))
        assert frames_of(rulings_of(seen_as(Outcome.CANDIDATE, "Ann", path), only, 0.1)) == [0, 1, 2, 3]
        assert frames_of(rulings_of(seen_as(Outcome.INCONCLUSIVE, "Ann", path), only, 0.1)) == [0, 1, 2, 3]
    assert rulings_of(seen_as(Outcome.NO_CANDIDATE, None, path), Chosen(only=("Ann",)), 0.1) == ()
