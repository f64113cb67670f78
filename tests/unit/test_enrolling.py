"""From folders to references with fakes: who is enrolled, with which picture, and what is said of every other."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from threading import active_count

import numpy as np
import pytest
from PIL import Image

from fake_stages import POINT, stages
from secondlook.enrolling import Enrolment, EnrolOptions, enrol, enrolments
from secondlook.errors import SourceError
from secondlook.faces.align import chip
from secondlook.fakes import BLUE, CYAN, GREEN, RED, Colour, FakeComparison, FakeEmbedder, Square, painted, portrait
from secondlook.gallery import EnrolLimits, EnrolResult, EnrolStatus, Gallery, OnSuspicion
from secondlook.identify import Stages

ANY_FACE = EnrolLimits(
    inter_eye_px=0, sharpness=0, exposure_low=0, exposure_high=1, contrast=0, yaw_deg=180, pitch_deg=180, roll_deg=180,
    visible=0,
)  # fmt: skip
OPTIONS = EnrolOptions(limits=ANY_FACE)


@pytest.fixture
def gallery() -> Gallery:
    embedder = FakeEmbedder()
    return Gallery.in_memory(embedder.pack, embedder.dimension)


def save(path: Path, *squares: Square) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(painted(120, 160, squares)).save(path)
    return path


def one(path: Path, colour: Colour, x: int = 50) -> Path:
    return save(path, Square(x, 40, 40, colour))


def results(
    people: Path, gallery: Gallery, options: EnrolOptions = OPTIONS, the: Stages | None = None
) -> list[EnrolResult]:
    return [result for part in enrol(enrolments(people), gallery, the or stages(), options) for result in part]


# What a folder says


def test_a_folder_or_a_picture_for_each_person(tmp_path: Path) -> None:
    one(tmp_path / "Ada" / "2.png", RED)
    one(tmp_path / "Ada" / "later" / "1.png", RED)
    one(tmp_path / "Ada.jpeg", RED)
    one(tmp_path / "Grace Hopper.png", BLUE)
    (tmp_path / "Ada" / ".hidden").write_text("x")
    (tmp_path / ".DS_Store").write_text("x")
    (tmp_path / "empty").mkdir()
    ada, grace = enrolments(tmp_path)
    assert (ada.subject, grace.subject) == ("Ada", "Grace Hopper")
    assert [Path(str(p)).name for p in ada.pictures] == ["2.png", "1.png", "Ada.jpeg"]
    assert ada.labels == tuple(str(p) for p in ada.pictures)


def test_no_people_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="is no folder: name one with a folder, or a picture, for each person"):
        enrolments(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="holds nobody"):
        enrolments(tmp_path)

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(SourceError, match=r"cannot be read \(Permission denied\): allow reading it"):
        enrolments(tmp_path)


# What becomes of each picture


def test_every_picture_has_one_result(tmp_path: Path, gallery: Gallery) -> None:
    one(tmp_path / "Ada" / "a.png", RED)
    save(tmp_path / "Ada" / "nobody.png")
    save(tmp_path / "Ada" / "two.png", Square(10, 10, 40, RED), Square(100, 10, 42, BLUE))
    (tmp_path / "Ada" / "notes.txt").write_text("no picture")
    (tmp_path / "Ada" / "torn.png").write_bytes((tmp_path / "Ada" / "a.png").read_bytes()[:60])
    one(tmp_path / "Bo.png", BLUE)
    found = {Path(result.picture).name: result for result in results(tmp_path, gallery)}
    assert {name: result.status.value for name, result in found.items()} == {
        "a.png": "enrolled", "nobody.png": "refused", "two.png": "refused", "notes.txt": "refused",
        "torn.png": "refused", "Bo.png": "enrolled",
    }  # fmt: skip
    assert "No face was found" in found["nobody.png"].reason and found["nobody.png"].fix
    assert "2 faces of similar size" in found["two.png"].reason
    assert "notes.txt" in found["notes.txt"].reason and "torn.png" in found["torn.png"].reason
    assert {s.name: s.references for s in gallery.subject_list()} == {"Ada": 1, "Bo": 1}


def test_too_poor_says_which_measure_and_what_would_fix_it(tmp_path: Path, gallery: Gallery) -> None:
    one(tmp_path / "Ada.png", RED)
    (result,) = results(tmp_path, gallery, EnrolOptions())
    assert result.status is EnrolStatus.REFUSED and "eyes are 16 px apart, 24 are needed" in result.reason
    assert result.fix == "Use a picture in which the face is larger." and gallery.subjects == 0


def test_a_bystander_in_the_background_is_passed_over(tmp_path: Path, gallery: Gallery) -> None:
    save(tmp_path / "Ada.png", Square(10, 10, 80, RED), Square(120, 90, 20, BLUE))
    (result,) = results(tmp_path, gallery)
    assert result.status is EnrolStatus.ENROLLED
    assert float(gallery.templates("Ada")[0] @ FakeEmbedder().embed(portrait(RED))[0]) > 0.99


def test_twice_is_already_enrolled(tmp_path: Path, gallery: Gallery) -> None:
    one(tmp_path / "Ada" / "a.png", RED)
    one(tmp_path / "Ada" / "b.png", RED, x=80)
    assert [r.status for r in results(tmp_path, gallery)] == [EnrolStatus.ENROLLED] * 2
    one(tmp_path / "Ada" / "c.png", RED, x=20)
    again = results(tmp_path, gallery)
    assert [r.status.value for r in again] == ["already_enrolled", "already_enrolled", "enrolled"]
    assert len(gallery) == 3


def test_a_stopped_run_goes_on_where_it_was(tmp_path: Path, gallery: Gallery) -> None:
    """Each subject is whole in the gallery before the next is looked at."""
    for name, colour in (("Ada", RED), ("Bo", BLUE), ("Cy", GREEN)):
        one(tmp_path / f"{name}.png", colour)
    stream = enrol(enrolments(tmp_path), gallery, stages(), OPTIONS)
    next(stream)
    next(stream)
    stream.close()
    assert {s.name for s in gallery.subject_list()} == {"Ada", "Bo"}
    statuses = [r.status for r in results(tmp_path, gallery)]
    assert statuses == [EnrolStatus.ALREADY_ENROLLED, EnrolStatus.ALREADY_ENROLLED, EnrolStatus.ENROLLED]


def test_somebody_enrolled_already_under_another_name(tmp_path: Path, gallery: Gallery) -> None:
    one(tmp_path / "first" / "Ada.png", RED)
    one(tmp_path / "second" / "Ava.png", RED, x=70)
    results(tmp_path / "first", gallery)
    (held,) = results(tmp_path / "second", gallery)
    assert held.status is EnrolStatus.SUSPICIOUS and held.nearest == "Ada" and held.score is not None
    assert gallery.subjects == 1, "held back"
    asked = EnrolOptions(limits=ANY_FACE, on_suspicion=OnSuspicion.ENROL)
    (taken,) = results(tmp_path / "second", gallery, asked)
    assert taken.status is EnrolStatus.ENROLLED and "although" in taken.reason and gallery.subjects == 2


def test_a_strangers_picture_in_the_folder(tmp_path: Path, gallery: Gallery) -> None:
    for i, colour in enumerate((RED, RED, (250, 20, 10), CYAN)):
        one(tmp_path / "Ada" / f"{i}.png", colour, x=40 + 10 * i)
    found = results(tmp_path, gallery)
    assert [r.status.value for r in found] == ["enrolled", "enrolled", "enrolled", "suspicious"]
    assert "does not look like the other pictures of 'Ada'" in found[3].reason


def held_back(gallery: Gallery, folder: Path, the: Stages) -> dict[str, EnrolResult]:
    found = results(folder, gallery, the=the)
    return {Path(r.picture).name: r for r in found if r.status is EnrolStatus.SUSPICIOUS}


LENIENT = replace(POINT, threshold=0.9999, unlike=-1.0)
"""Neither what looks like another nor what is far from its own: what is nearer to another is left."""


@pytest.mark.parametrize("enrolled_before", [False, True])
def test_two_wrong_pictures_do_not_vouch_for_each_other(
    tmp_path: Path, gallery: Gallery, enrolled_before: bool
) -> None:
    """Two of Bo's pictures among Ada's are each nearer to the other than to Bo, and nearer to Bo than to Ada."""
    lenient = stages(point=LENIENT)
    one(tmp_path / "first" / "Bo.png", (40, 40, 255))
    right = tmp_path / ("first" if enrolled_before else "second") / "Ada"
    for i in range(4):
        one(right / f"right {i}.png", (255, 10 * i, 0), x=30 + 10 * i)
    assert held_back(gallery, tmp_path / "first", lenient) == {}
    for i in range(2):
        one(tmp_path / "second" / "Ada" / f"wrong {i}.png", (0, 60, 255), x=60 + 10 * i)
    found = held_back(gallery, tmp_path / "second", lenient)
    assert set(found) == {"wrong 0.png", "wrong 1.png"}
    assert all(r.nearest == "Bo" and "nearer to 'Bo'" in r.reason for r in found.values())


def test_pictures_are_suspected_in_the_scale_of_the_gallerys_comparison(tmp_path: Path, gallery: Gallery) -> None:
    one(tmp_path / "1" / "Ada.png", RED)
    one(tmp_path / "2" / "Ava" / "a.png", (255, 60, 0), x=70)
    one(tmp_path / "2" / "Ava" / "b.png", (255, 60, 0), x=80)
    other = gallery.compared_by(FakeComparison(FakeEmbedder().dimension))  # twice the cosine less a half
    strict = stages(point=replace(POINT, threshold=1.49))
    results(tmp_path / "1", other, the=strict)
    assert [r.status.value for r in results(tmp_path / "2", other, the=strict)] == ["enrolled"] * 2
    one(tmp_path / "3" / "Eve.png", RED, x=20)
    (held,) = results(tmp_path / "3", other, the=strict)
    assert held.nearest == "Ada" and held.score is not None and held.score > 1.49


def test_without_a_measured_threshold_nobody_looks_like_anybody(tmp_path: Path, gallery: Gallery) -> None:
    one(tmp_path / "1" / "Ada.png", RED)
    one(tmp_path / "2" / "Ava.png", RED, x=70)
    unmeasured = stages(point=replace(POINT, threshold=None, doubtful=None, unlike=-1.0))
    for folder in ("1", "2"):
        assert [r.status for r in results(tmp_path / folder, gallery, the=unmeasured)] == [EnrolStatus.ENROLLED]


@pytest.mark.parametrize("at_once", [2, 5])
def test_several_pictures_at_once_end_as_one_after_another(tmp_path: Path, at_once: int) -> None:
    """People of every kind: more of them than are looked at ahead, bad pictures, and somebody under two names."""
    colours = [RED, BLUE, GREEN, CYAN]
    for n in range(23):
        for k in range(n % 3 + 1):
            one(tmp_path / f"P{n:02d}" / f"{k}.png", colours[n % 4], 20 + 3 * n)
    save(tmp_path / "P05" / "nobody.png")
    (tmp_path / "P07" / "broken.png").write_bytes(b"no picture")
    embedder = FakeEmbedder()

    def told(people: list[Enrolment], many: int) -> tuple[list[EnrolResult], list[tuple[str, int]]]:
        with Gallery.in_memory(embedder.pack, embedder.dimension) as gallery:
            done = [r for part in enrol(people, gallery, stages(), OPTIONS, many) for r in part]
            return done, [(person.name, person.references) for person in gallery.subject_list()]

    people = list(enrolments(tmp_path))
    again = [*people, people[0], people[3]]
    assert told(people, at_once) == told(people, 1)
    assert told(again, at_once) == told(again, 1), "also whoever is named twice"


def test_who_stops_asking_leaves_nobody_looking(tmp_path: Path, gallery: Gallery) -> None:
    for n in range(30):
        one(tmp_path / f"P{n:02d}.png", RED, 20 + 3 * n)
    before = active_count()
    going = enrol(enrolments(tmp_path), gallery, stages(), OPTIONS, 3)
    assert next(going)[0].status is EnrolStatus.ENROLLED
    going.close()
    assert gallery.subjects == 1 and active_count() == before


def test_nobody_to_enrol(gallery: Gallery) -> None:
    assert list(enrol([], gallery, stages(), OPTIONS)) == []
    assert list(enrol([Enrolment("Ada", (), ())], gallery, stages(), OPTIONS)) == [()]
    assert gallery.subjects == 0


def test_pictures_in_memory_are_known_again(gallery: Gallery) -> None:
    pixels = painted(120, 160, [Square(50, 40, 40, RED)])
    file = io.BytesIO()
    Image.fromarray(painted(120, 160, [Square(20, 40, 40, RED)])).save(file, "PNG")
    person = Enrolment("Ada", (pixels, file.getvalue()), ("first", "second"))
    (first,) = enrol([person], gallery, stages(), OPTIONS)
    (again,) = enrol([person], gallery, stages(), OPTIONS)
    assert [(r.picture, r.status.value) for r in first] == [("first", "enrolled"), ("second", "enrolled")]
    assert [r.status.value for r in again] == ["already_enrolled"] * 2 and len(gallery) == 2


def test_what_is_kept_of_a_picture_is_enough_for_another_pack(tmp_path: Path, gallery: Gallery) -> None:
    """The sealed crop and its landmarks make the same template again, without the picture."""
    save(tmp_path / "Ada.png", Square(10, 40, 60, RED))
    results(tmp_path, gallery)
    (reference,) = gallery.references("Ada")
    pixels = np.asarray(Image.open(io.BytesIO(reference.crop)).convert("RGB"))
    assert max(pixels.shape[:2]) <= 400
    again = FakeEmbedder().embed(chip(pixels, reference.landmarks, FakeEmbedder().layout)[None])[0]
    assert float(again @ reference.template) > 0.999
    assert reference.source == str(tmp_path / "Ada.png") and reference.quality.inter_eye_px == pytest.approx(24, abs=1)
