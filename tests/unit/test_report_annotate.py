"""Marks on pictures: they tell outcomes apart without colour, name candidates only, and cover no other face."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from report_samples import sighting
from secondlook.errors import OutputError
from secondlook.report.annotate import annotate_picture, annotated_name, draw_marks, lettering_px, save_picture
from secondlook.report.labels import placed
from secondlook.report.lettering import Lettering, one_line
from secondlook.report.looks import look_of
from secondlook.report.marks import Mark, Trail, box_at, drawable, mark_of, marks_at, step_of
from secondlook.report.record import record_of
from secondlook.types import Outcome, Pixels

GREY = 90


def grey(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), GREY, np.uint8)


def drawn_alone(outcome: Outcome) -> Pixels:
    """A 200 px box of one outcome, its label out of the way."""
    image = Image.fromarray(grey(900, 700))
    draw_marks(image, [Mark((300, 250, 500, 450), outcome)], Lettering(12))
    return np.asarray(image)


def share_of_line(outcome: Outcome) -> float:
    """How much of the left side is in the outcome's colour, at its most."""
    colour = np.array(look_of(outcome).colour)
    side = (drawn_alone(outcome)[250:450, 285:300] == colour).all(axis=2)
    return float(side.mean(axis=0).max())


def thickness(outcome: Outcome) -> int:
    colour = np.array(look_of(outcome).colour)
    side = (drawn_alone(outcome)[250:450, 285:300] == colour).all(axis=2)
    return int(side.any(axis=0).sum())


def test_lines_tell_outcomes_apart_without_colour() -> None:
    assert share_of_line(Outcome.CANDIDATE) == 1.0 and share_of_line(Outcome.NO_CANDIDATE) == 1.0
    assert 0.4 < share_of_line(Outcome.INCONCLUSIVE) < 0.65 and 0.3 < share_of_line(Outcome.NOT_SEARCHABLE) < 0.65
    assert thickness(Outcome.CANDIDATE) == 3 and thickness(Outcome.NO_CANDIDATE) == 1

    def gaps(outcome: Outcome) -> int:
        colour = np.array(look_of(outcome).colour)
        column = (drawn_alone(outcome)[250:450, 285:300] == colour).all(axis=2).any(axis=1)
        return int(np.abs(np.diff(column.astype(int))).sum())

    assert gaps(Outcome.NOT_SEARCHABLE) > 2 * gaps(Outcome.INCONCLUSIVE) > 10


def test_looks_differ_in_everything() -> None:
    looks = [look_of(outcome) for outcome in Outcome]
    for values in ({x.colour for x in looks}, {x.symbol for x in looks}, {x.word for x in looks}):
        assert len(values) == len(looks)
    assert len({(x.line, x.weight) for x in looks}) == len(looks)


def test_face_itself_is_left_as_it_was() -> None:
    for outcome in Outcome:
        assert (drawn_alone(outcome)[251:449, 301:499] == GREY).all()


def test_size_of_the_result() -> None:
    small = annotate_picture(grey(60, 40), [Mark((10, 10, 20, 22), Outcome.CANDIDATE, "Ann Lee", 0.9)])
    assert small.shape[1] == 640 and small.shape[0] > 427
    same = annotate_picture(grey(1000, 800), [])
    assert same.shape[1] == 1000 and (same[:800] == GREY).all() and (same[800:] != GREY).any()
    large = annotate_picture(grey(5000, 1000), [])
    assert large.shape[1] == 2560 and large.dtype == np.uint8


def test_box_goes_with_the_picture_when_it_shrinks() -> None:
    shrunk = annotate_picture(grey(5120, 2560), [Mark((2000, 1000, 2400, 1500), Outcome.NO_CANDIDATE)])
    rows, columns = np.nonzero((shrunk[:1280] == np.array(look_of(Outcome.NO_CANDIDATE).colour)).all(axis=2))
    inside = (rows > 505) & (rows < 745)
    assert abs(columns[inside].min() - 1000) <= 5 and abs(columns[inside].max() - 1200) <= 5


def test_original_is_not_drawn_on() -> None:
    pixels = grey(700, 500)
    annotate_picture(pixels, [Mark((100, 100, 200, 200), Outcome.CANDIDATE, "Ann Lee", 0.9)])
    assert (pixels == GREY).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 400),
    st.integers(1, 400),
    st.lists(
        st.builds(
            Mark,
            st.tuples(*[st.floats(-500, 900) | st.just(math.nan) | st.just(math.inf)] * 4),
            st.sampled_from(Outcome),
            st.none() | st.text(st.characters(), max_size=40),
            st.none() | st.floats(-1, 1) | st.just(math.nan),
        ),
        max_size=6,
    ),
)
def test_any_picture_any_marks(width: int, height: int, marks: list[Mark]) -> None:
    out = annotate_picture(grey(width, height), marks)
    assert out.shape[2] == 3 and max(out.shape[1], 1) <= 2560


@pytest.mark.parametrize("size", [(1, 5000), (5000, 1), (1, 1)])
def test_thin_pictures(size: tuple[int, int]) -> None:
    assert annotate_picture(grey(*size), [Mark((0, 0, 1, 1), Outcome.CANDIDATE, "Ann Lee", 0.9)]).size


def crowd(seed: int) -> list[Mark]:
    rng = np.random.default_rng(seed)
    places = [(x * 80 + 20, y * 90 + 30) for x in range(15) for y in range(9)]
    outcomes = list(Outcome)
    return [Mark((x, y, x + 40, y + 50), outcomes[int(rng.integers(4))], "Ann Lee", 0.9) for x, y in places]


@pytest.mark.parametrize("seed", range(3))
def test_labels_cover_no_face_and_no_label(seed: int) -> None:
    marks = crowd(seed)
    labels = placed(marks, Lettering(14), (1280, 860), 3)
    assert {id(m) for m in marks if m.outcome is Outcome.CANDIDATE} <= {id(label.mark) for label in labels}
    others = [label for label in labels if label.mark.outcome is not Outcome.CANDIDATE]
    assert others
    for label in others:
        x0, y0, x1, y1 = label.box
        for box in [m.box for m in marks] + [other.box for other in labels if other is not label]:
            assert x1 <= box[0] or box[2] <= x0 or y1 <= box[1] or box[3] <= y0


def test_only_candidates_are_named() -> None:
    for outcome in Outcome:
        mark = mark_of(record_of(sighting(outcome, 0.9412, "Ann Lee")))
        (label,) = placed([mark], Lettering(14), (1200, 900), 3)
        if outcome is Outcome.CANDIDATE:
            assert label.lines == ("Ann Lee", "candidate, score 0.94")
        else:
            assert label.lines == (look_of(outcome).word,) and mark.subject is None and mark.score is None


def test_a_score_is_called_a_score_on_every_scale() -> None:
    mark = Mark((100, 300, 200, 420), Outcome.CANDIDATE, "Ann Lee", 5.1234)
    (label,) = placed([mark], Lettering(14), (1200, 900), 3)
    assert label.lines[-1] == "candidate, score 5.12"


def lines_for(name: str, width: int = 1200) -> tuple[str, ...]:
    mark = Mark((100, 300, 200, 420), Outcome.CANDIDATE, name, 0.5)
    (label,) = placed([mark], Lettering(14), (width, 900), 3)
    return label.lines


def test_names_of_all_scripts() -> None:
    assert lines_for("Łukasz Żółć") == ("Łukasz Żółć", "candidate, score 0.50")
    assert lines_for("Владимир")[0] == "Владимир"
    assert lines_for("山田太郎")[0] == "name: see the report"
    assert lines_for("")[0] == "name: see the report"
    assert lines_for("Ann\nLee\u202e\0")[0] == "Ann Lee"
    assert lines_for("W" * 500)[0].endswith("…") and lines_for("W" * 500)[1] == "candidate, score 0.50"


def test_letters_without_the_wide_font(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secondlook.report.lettering.find_spec", lambda name: None)
    assert lines_for("Zoë Núñez")[0] == "Zoe Nunez"
    assert lines_for("Владимир")[0] == "name: see the report"
    assert annotate_picture(grey(300, 200), [Mark((5, 5, 30, 30), Outcome.NOT_SEARCHABLE)]).size


@given(st.text(st.characters()))
def test_one_line(name: str) -> None:
    line = one_line(name)
    assert len(line.splitlines()) <= 1 and len(line) <= 200
    line.encode("utf-8")


def test_letters_grow_with_the_picture() -> None:
    assert lettering_px((640, 480)) == 12 and lettering_px((2560, 1440)) == 32


def test_boxes_outside_are_not_drawn() -> None:
    marks = [Mark((-50, -50, -1, -1), Outcome.CANDIDATE), Mark((50, 50, 40, 90), Outcome.CANDIDATE)]
    assert drawable(marks, 100, 100) == []
    assert drawable([Mark((-5, 50, 30, 170), Outcome.CANDIDATE)], 100, 100)[0].box == (0, 50, 30, 100)


PATH = ((10, 0.0, 0.0, 10.0, 10.0), (15, 10.0, 20.0, 20.0, 30.0), (30, 10.0, 20.0, 20.0, 30.0))


def test_boxes_move_in_a_straight_line() -> None:
    assert box_at(PATH, 9, 5) is None
    assert box_at(PATH, 10, 5) == (0, 0, 10, 10)
    assert box_at(PATH, 12, 5) == pytest.approx((4, 8, 14, 18))
    assert box_at(PATH, 15, 5) == (10, 20, 20, 30) == box_at(PATH, 22, 5)
    assert box_at(PATH, 34, 5) == (10, 20, 20, 30) and box_at(PATH, 35, 5) is None
    assert box_at((), 0, 5) is None


def test_step_between_looks() -> None:
    trail = Trail(Mark((0, 0, 0, 0), Outcome.NO_CANDIDATE), PATH)
    assert step_of([trail]) == 5 and step_of([]) == 1
    assert [m.box for m in marks_at([trail], 10, 5)] == [(0, 0, 10, 10)] and marks_at([trail], 0, 5) == []


def test_saved_picture_has_no_metadata(tmp_path: Path) -> None:
    path = tmp_path / "annotated" / "a.jpg"
    save_picture(path, grey(64, 48))
    with Image.open(path) as image:
        assert image.format == "JPEG" and image.size == (64, 48) and not image.getexif()
    assert [p.name for p in path.parent.iterdir()] == ["a.jpg"]


def test_picture_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "annotated").write_text("")
    with pytest.raises(OutputError, match=r"annotated/a\.jpg cannot be written"):
        save_picture(tmp_path / "annotated" / "a.jpg", grey(8, 8))


@given(st.text(st.characters(), max_size=300))
def test_names_of_marked_copies(source: str) -> None:
    name = annotated_name(source, "jpg")
    assert name.isascii() and name.startswith("annotated/") and name.count("/") == 1 and len(name) < 100
    assert ".." not in name and not set(name) & set('\\:*?"<>| \0\n')


def test_two_sources_of_one_name() -> None:
    assert annotated_name("a/face.jpg", "jpg") != annotated_name("b/face.jpg", "jpg")
    assert annotated_name("a/face.jpg", "jpg").startswith("annotated/face-")
