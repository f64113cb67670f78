"""Labelled pictures on their way to a calibration: which views, which face, what survives a stop, what is left at the end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fake_runs import identifier, photo
from made_up_calibration import GOOD, calibration
from secondlook.calibrate.fitting import Origin
from secondlook.calibrate.searches import Samples
from secondlook.decide.calibration import Calibration
from secondlook.decide.calibration_file import load_calibration
from secondlook.errors import CalibrationError, ExtraMissing, OutputError, SourceError
from secondlook.fakes import BLUE, GREEN, RED, Square, painted
from secondlook.runs import calibrate as run
from secondlook.runs import view_making
from secondlook.runs.calibrate import Fitted, calibrate_into, people_in, usual_place
from secondlook.runs.labelled import labelled
from secondlook.runs.view_making import DEGRADED, nearest, view_shelf, views_of
from secondlook.runs.view_shelf import View, Views, ViewShelf
from secondlook.types import Face, Pixels

COLOURS = {"Ruby": RED, "Olive": GREEN, "Skye": BLUE}


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """Three people with two pictures each, and one of whom nothing can be seen."""
    folder = tmp_path / "people"
    for name, colour in COLOURS.items():
        (folder / name).mkdir(parents=True)
        for shot in range(2):
            photo(folder / name / f"{shot}.png", Square(60 + 9 * shot, 30, 60, colour))
    (folder / "Grey").mkdir()
    photo(folder / "Grey" / "0.png")
    torn = photo(folder / "Grey" / "1.png", Square(60, 30, 40, RED))
    torn.write_bytes(torn.read_bytes()[:-200])
    return folder


class Fit:
    """In place of the fitting, which wants a hundred people: what it was given, and a calibration of its own."""

    def __init__(self, fails: Exception | None = None) -> None:
        self.samples: list[Samples] = []
        self.origins: list[Origin] = []
        self._fails = fails

    def __call__(
        self, samples: Samples, pack: str, origin: Origin, seed: int, told: Callable[[str], None]
    ) -> Calibration:
        self.samples.append(samples)
        self.origins.append(origin)
        told("fitting")
        if self._fails is not None:
            raise self._fails
        return calibration()


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> Fit:
    made = Fit()
    monkeypatch.setattr(run, "calibrate", made)
    return made


def fitted(people: Path, out: Path, advance: Callable[[int], None] = lambda _: None) -> Fitted:
    return calibrate_into(out, labelled(people), identifier(), "painted squares", 0, advance, lambda _: None)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# views


def test_a_picture_is_seen_as_it_is_and_through_worse_cameras(people: Path) -> None:
    path = people / "Ruby" / "0.png"
    views = views_of(path, sha(path), identifier())
    assert views.asked == 1 + DEGRADED == 3 and 1 <= len(views.made) <= 3
    assert views.failed == 3 - len(views.made)
    plain = views.made[0].quality
    assert plain.inter_eye_px == pytest.approx(24, abs=1)
    assert all(view.quality.inter_eye_px <= plain.inter_eye_px + 2 for view in views.made)


def test_the_same_picture_gives_the_same_views_and_another_others(
    people: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[object] = []
    real = view_making.drawn
    monkeypatch.setattr(view_making, "drawn", lambda rng, px: drawn.append(made := real(rng, px)) or made)
    paths = [people / "Ruby" / "0.png", people / "Ruby" / "0.png", people / "Ruby" / "1.png"]
    first, second, other = (views_of(path, sha(path), identifier()) for path in paths)
    assert drawn[0:2] == drawn[2:4] and not set(drawn[0:2]) & set(drawn[4:6]) and drawn[0] != drawn[1]
    assert [v.quality for v in first.made] == [v.quality for v in second.made]
    assert [v.template.tobytes() for v in first.made] == [v.template.tobytes() for v in second.made]
    assert len(other.made) >= 1


def test_what_shows_nobody_or_cannot_be_read_has_failed_once(people: Path) -> None:
    for name in ("0.png", "1.png"):
        path = people / "Grey" / name
        views = views_of(path, sha(path), identifier())
        assert (views.asked, views.made, views.failed) == (1, (), 1)


def test_the_face_of_a_degraded_view_is_the_one_that_was_there(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The face in the middle is gone, and a bystander's is left: that view has failed."""
    path = photo(tmp_path / "two.png", Square(75, 30, 60, RED), Square(2, 2, 30, GREEN))
    bystander: Pixels = painted(60, 100, [Square(1, 1, 15, GREEN)])
    monkeypatch.setattr(view_making, "degrade", lambda *_: bystander)
    views = views_of(path, sha(path), identifier())
    assert len(views.made) == 1 and views.failed == 2


def face(x: float, y: float, width: float) -> Face:
    return Face(np.array([x, y, x + width, y + width], np.float32), np.zeros((5, 2), np.float32), 0.9, GOOD)


def test_near_is_half_a_width_and_a_little() -> None:
    wanted = np.array([100, 100, 120, 120], np.float32)
    assert nearest([], wanted) is None
    there, off, gone = face(101, 101, 20), face(112, 100, 20), face(114, 100, 20)
    assert nearest([off, there, gone], wanted) is there
    assert nearest([off], wanted) is off
    assert nearest([gone], wanted) is None


# the shelf


def test_views_come_back_from_the_shelf_as_they_were(tmp_path: Path) -> None:
    shelf = ViewShelf(tmp_path, "maker", 4, 3)
    one = View(np.array([0.5, 0.5, 0.5, 0.5], np.float32), GOOD)
    shelf.put("a", Views(3, (one, one)))
    shelf.put("b", Views(1, ()))
    assert len(list(tmp_path.iterdir())) == 0
    shelf.flush()
    held = ViewShelf(tmp_path, "maker", 4, 3)
    back = held.get("a")
    assert back is not None and back.asked == 3 and back.failed == 1
    assert [v.quality for v in back.made] == [GOOD, GOOD]
    assert np.array_equal(back.made[1].template, one.template)
    empty = held.get("b")
    assert empty is not None and (empty.asked, empty.made) == (1, ())
    assert held.get("c") is None and len(ViewShelf(tmp_path, "another maker", 4, 3)) == 0
    next(iter(tmp_path.iterdir())).write_bytes(b"torn")
    assert len(ViewShelf(tmp_path, "maker", 4, 3)) == 0
    held.remove()
    assert not tmp_path.exists()


def test_another_pack_or_search_is_another_maker(tmp_path: Path) -> None:
    shelf = view_shelf(tmp_path, identifier())
    shelf.put("a", Views(1, ()))
    shelf.flush()
    assert len(view_shelf(tmp_path, identifier())) == 1


# the whole


def test_what_is_fitted(people: Path, tmp_path: Path, fit: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "shortfalls", lambda quality, limits: ())
    done: list[int] = []
    made = fitted(people, tmp_path / "out" / "c.json", done.append)
    assert done == [1] * 8
    (samples,), (origin,) = fit.samples, fit.origins
    assert origin.data == "painted squares"
    assert samples.reference.sum() == 6, "each picture as it is, and no degraded one"
    assert len(np.unique(samples.picture)) == 6 and len(np.unique(samples.subject)) == 3
    assert origin.failed == 6 * 3 - len(samples) + 2
    for picture in np.unique(samples.picture):
        rows = samples.picture == picture
        assert len(np.unique(samples.subject[rows])) == 1 and samples.reference[rows][0]
        assert (samples.templates[rows] @ samples.templates[rows].T).min() > 0.8, "the same colour, however it is seen"
    assert np.linalg.norm(samples.templates, axis=1) == pytest.approx(1, abs=1e-5)
    assert made.path == tmp_path / "out" / "c.json" and made.contradicted == ()
    back = load_calibration(made.path)
    assert any("Galleries of more than 1,000 people" in limit for limit in back.card.limits)
    assert [p.name for p in made.path.parent.iterdir()] == ["c.json"], "nobody's template is left"


def test_what_may_not_be_enrolled_is_no_reference(people: Path, tmp_path: Path, fit: Fit) -> None:
    fitted(people, tmp_path / "c.json")
    assert not fit.samples[0].reference.any(), "painted faces are flat"


def test_a_run_that_was_stopped_goes_on(
    people: Path, tmp_path: Path, fit: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, looked = tmp_path / "c.json", []
    real = run.views_of

    def counted(path: Path, *more: object) -> Views:
        looked.append(path)
        if len(looked) == 5:
            raise KeyboardInterrupt
        return real(path, *more)

    monkeypatch.setattr(run, "views_of", counted)
    with pytest.raises(KeyboardInterrupt):
        fitted(people, out)
    folder = tmp_path / ".c.run"
    assert folder.stat().st_mode & 0o077 == 0 and len(list(folder.iterdir())) == 1
    fitted(people, out)
    assert len(looked) == 5 + 4, "four were known"
    assert not folder.exists()
    taken_up = fit.samples[-1]
    fitted(people, out)
    assert taken_up.templates.tobytes() == fit.samples[-1].templates.tobytes()
    assert taken_up.qualities == fit.samples[-1].qualities


def test_a_stop_while_fitting_keeps_the_views_and_a_refusal_does_not(
    people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "calibrate", Fit(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        fitted(people, tmp_path / "c.json")
    assert (tmp_path / ".c.run").exists()
    monkeypatch.setattr(run, "calibrate", Fit(CalibrationError("too few.")))
    with pytest.raises(CalibrationError):
        fitted(people, tmp_path / "c.json")
    assert not (tmp_path / ".c.run").exists() and not (tmp_path / "c.json").exists()


def test_a_picture_counts_once_and_under_one_name(people: Path, tmp_path: Path, fit: Fit) -> None:
    (people / "Ruby" / "again.png").write_bytes((people / "Ruby" / "0.png").read_bytes())
    (people / "Olive" / "wrong.png").write_bytes((people / "Skye" / "0.png").read_bytes())
    made = fitted(people, tmp_path / "c.json")
    assert len(np.unique(fit.samples[0].picture)) == 5
    (one,) = made.contradicted
    assert one.subjects == ("Olive", "Skye")


def test_nobody_to_be_seen(tmp_path: Path, fit: Fit) -> None:
    (tmp_path / "people" / "Grey").mkdir(parents=True)
    photo(tmp_path / "people" / "Grey" / "0.png")
    with pytest.raises(CalibrationError, match="No face was found in any of the pictures"):
        fitted(tmp_path / "people", tmp_path / "c.json")
    assert fit.samples == []


def test_where_nothing_can_be_written(people: Path, tmp_path: Path, fit: Fit) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OutputError):
        fitted(people, tmp_path / "file" / "c.json")
    assert fit.samples == []


# before any picture is read


def test_too_few_people(people: Path) -> None:
    with pytest.raises(CalibrationError) as error:
        people_in(people)
    assert str(error.value).startswith(f"{people} has pictures of 4 people: give at least 100, 30 of them with several")


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        people_in(tmp_path / "nowhere")


def test_what_is_missing_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from secondlook.calibrate import fitting

    monkeypatch.setattr(fitting, "find_spec", lambda name: None)
    with pytest.raises(ExtraMissing, match=r"secondlook\[calibrate\]"):
        people_in(tmp_path / "nowhere")


def test_where_find_looks_for_it(own_home: Path) -> None:
    assert usual_place("mine@0123456789ab") == own_home / "calibrations" / "mine-0123456789ab.json"
