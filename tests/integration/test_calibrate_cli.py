"""``secondlook calibrate`` as it is typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from command import secondlook
from secondlook.calibrate import fitting
from secondlook.cli.calibrate import Wanted, _conclude, _covers
from secondlook.decide.calibration_file import load_calibration
from secondlook.runs.calibrate import Fitted

QUICK = ("--threads", "1", "--quiet")


@pytest.fixture(scope="module")
def people(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """115 people, 45 of them with two pictures."""
    folder = tmp_path_factory.mktemp("labelled")
    everybody = [(place, sorted(place.iterdir())) for place in sorted((shared_data / "lfw").iterdir())]
    several = [one for one in everybody if len(one[1]) > 1][:45]
    alone = [one for one in everybody if len(one[1]) == 1][:70]
    for place, pictures in (*several, *alone):
        (folder / place.name).mkdir()
        for picture in pictures[:2]:
            shutil.copyfile(picture, folder / place.name / picture.name)
    return folder


def test_help_has_an_example() -> None:
    said = secondlook("calibrate", "--help")
    assert said.status == 0 and "secondlook calibrate people/ --gallery-like staff.gallery" in said.out


def test_too_few_people_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "people" / "ada").mkdir(parents=True)
    (tmp_path / "people" / "ada" / "1.png").write_bytes(b"no picture")
    assert "pictures of 1 person: give at least 100" in secondlook("calibrate", tmp_path / "people").complaint


def test_what_is_not_installed_is_named_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "find_spec", lambda name: None)
    said = secondlook("calibrate", tmp_path / "nowhere")
    assert said.complaint.endswith("pip install 'secondlook[calibrate]'.")


def test_a_pack_or_a_gallery(tmp_path: Path) -> None:
    said = secondlook("calibrate", tmp_path, "--pack", "dlib-resnet", "--gallery-like", tmp_path)
    assert said.status == 2 and "not both" in said.err


def test_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from made_up_calibration import calibration

    done = Fitted(calibration(people=400, largest=320), tmp_path / "c.json", ())
    usual = tmp_path / "home" / "c.json"
    _conclude(done, Wanted(None), usual)
    said = capsys.readouterr().out
    assert "Largest gallery measured: 320 people. Rarest rate it can show: 7.5 in 1,000." in said
    assert "Comparison: cosine." in said
    assert said.endswith(
        f"`secondlook find` uses it once it lies at {usual}. Ask for --fpir 0.0075 or more, or calibrate with more people.\n"
    )
    assert _covers(done, 320) == "The gallery's 320 people are within what was measured."
    assert "--fpir below 0.015 is refused" in _covers(done, 640)


@pytest.mark.prove
def test_labelled_people_to_a_file_that_find_takes_up(people: Path, enrolled: Path, tmp_path: Path) -> None:
    out = tmp_path / "made" / "c.json"
    said = secondlook(
        "calibrate", people, "--gallery-like", enrolled, "--out", out, "--data", "press pictures", "--json", *QUICK
    )
    assert said.status == 0, said.err
    assert said.json["card"]["data"] == "press pictures" and said.json["card"]["subjects"] == 115
    assert said.json["gallery"] == {"subjects": 3, "covered": True, "least_fpir": 0.027}
    c = load_calibration(out)
    assert c.pack.startswith("dlib-resnet@") and len(c.refits) == fitting.REFITS
    assert c.card.views + c.card.failed == 3 * c.card.pictures
    assert c.low_log10_lr < 0 < c.high_log10_lr
    assert [p.name for p in out.parent.iterdir()] == ["c.json"]
    assert json.loads(out.read_text("utf-8"))["schema"] == 1
