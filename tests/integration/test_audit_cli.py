"""``secondlook audit`` as it is typed: any system's scores, labelled pictures, and the page that comes out."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import audit_samples
from browser import (
    CONTRAST,
    DARK,
    DESK,
    LIGHT,
    OVERFLOW,
    PHONE,
    complaints,
    installed,
    keep_screenshot,
    opened,
    started,
)
from browser import requests as asked_for
from command import secondlook
from made_up_scores import write_scores
from secondlook.audit.page import write_audit_page
from secondlook.audit.pdf import WhyNoPdf, browser, print_pdf

LEAN = ("--quiet", "--no-pdf")


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("scores") / "vendor.csv"
    write_scores(path)
    return path


def metrics(folder: Path) -> Any:
    return json.loads((folder / "metrics.json").read_text("utf-8"))


def thresholds(found: Any) -> list[float]:
    return [one["threshold"] for one in (*found["open_set"], *found["groups"], *found["verification"]["points"])]


def test_scores_of_any_system(scores: Path, tmp_path: Path) -> None:
    said = secondlook("audit", "--scores", scores, "--out", tmp_path, "--fpir", "0.05", "--advise", *LEAN)
    assert said.status == 0, said.err
    assert "would be called somebody in a gallery of 40" in said.out
    assert "That hides what a search does" in said.out
    found = metrics(tmp_path)
    assert found["schema"] == "secondlook.audit/1" and found["audited"]["subjects"] == 80
    assert found["advice"]["n"] == 40 and found["advice"]["fpir_wanted"] == 0.05
    assert {group["attributes"][0] for group in found["groups"]} == {"gender", "age"}
    assert (tmp_path / "tables" / "groups.csv").is_file()
    page = (tmp_path / "report.html").read_text("utf-8")
    assert f"secondlook audit --out {tmp_path} --scores {scores} --fpir 0.05 --advise --no-pdf" in page
    assert "gender female" in page and "Advice on the threshold" in page
    assert not (tmp_path / "report.pdf").exists()


def test_the_same_command_gives_the_same_figures(scores: Path, tmp_path: Path) -> None:
    for out in ("a", "b"):
        assert secondlook("audit", "--scores", scores, "--out", tmp_path / out, *LEAN).status == 0
    assert (tmp_path / "a" / "metrics.json").read_bytes() == (tmp_path / "b" / "metrics.json").read_bytes()


def test_distances_stay_distances(scores: Path, tmp_path: Path) -> None:
    write_scores(tmp_path / "distances.csv", distance=True)
    assert secondlook("audit", "--scores", tmp_path / "distances.csv", "--out", tmp_path / "d", *LEAN).status == 0
    assert secondlook("audit", "--scores", scores, "--out", tmp_path / "s", *LEAN).status == 0
    distances, similarities = metrics(tmp_path / "d"), metrics(tmp_path / "s")
    assert all(0 < one < 2 for one in thresholds(distances)), "no square, no sign"
    for one, other in zip(distances["open_set"], similarities["open_set"], strict=True):
        assert one["fnir"]["errors"] == pytest.approx(other["fnir"]["errors"], abs=2)
        assert one["threshold"] == pytest.approx((2 - 2 * other["threshold"]) ** 0.5, abs=1e-3)


def test_a_given_threshold_is_the_one_that_is_spoken_of(scores: Path, tmp_path: Path) -> None:
    said = secondlook("audit", "--scores", scores, "--out", tmp_path, "--threshold", "0.5", *LEAN)
    assert said.status == 0, said.err
    assert metrics(tmp_path)["group_threshold"] == 0.5
    with scores.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["probe_subject"][1:]) >= 40]
    best: dict[str, float] = {}
    for row in rows:
        best[row["probe"]] = max(best.get(row["probe"], -1.0), float(row["score"] or -1))
    expected = sum(score >= 0.5 for score in best.values())
    # a probe whose every comparison failed stays among the trials
    given = next(one for one in metrics(tmp_path)["open_set"] if one["fpir_asked"] is None)
    assert (given["fpir"]["errors"], given["fpir"]["trials"]) == (expected, 80)


def test_json_is_what_is_written(scores: Path, tmp_path: Path) -> None:
    said = secondlook("audit", "--scores", scores, "--out", tmp_path, "--json", "--no-pdf", "--by", "gender,age")
    assert said.status == 0 and said.json == metrics(tmp_path)
    assert {tuple(group["attributes"]) for group in said.json["groups"]} == {("gender", "age")}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "name a folder of people, or --refs and --probes, or --scores"),
        (("people", "--scores", "x.csv"), "name a folder of people"),
        (("--refs", "people"), "name a folder of people"),
        (("--scores", "x.csv", "--pack", "y"), "attributes in columns"),
        (("people", "--rule", "face_recognition", "--pack", "y"), "leave out --pack"),
        (("--scores", "x.csv", "--gallery-sizes", "ten"), "whole numbers"),
        (("--scores", "x.csv", "--gallery-sizes", "0"), "1 or more"),
    ],
)
def test_what_cannot_be_meant_is_refused(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    said = secondlook("audit", *words, "--out", tmp_path)
    # the box it is drawn in breaks lines
    assert said.status == 2 and told in " ".join(said.err.replace("│", " ").split())


def test_errors_are_one_sentence(tmp_path: Path) -> None:
    assert "There is no file" in secondlook("audit", "--scores", tmp_path / "x.csv", "--out", tmp_path).complaint
    assert "is no folder" in secondlook("audit", tmp_path / "nobody", "--out", tmp_path / "o").complaint
    (tmp_path / "people" / "a").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "people" / "a" / "1.png")
    (tmp_path / "bad.csv").write_text("name\nx\n")
    bad = secondlook("audit", tmp_path / "people", "--attributes", tmp_path / "bad.csv", "--out", tmp_path / "o")
    assert "needs a column 'subject'" in bad.complaint
    (tmp_path / "in the way").write_text("")
    write_scores(tmp_path / "s.csv", 12, 6, 1)
    full = secondlook("audit", "--scores", tmp_path / "s.csv", "--out", tmp_path / "in the way" / "o", *LEAN)
    assert "cannot be written" in full.complaint


@pytest.fixture(scope="module")
def sixty(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 60 people: 30 with three pictures, 30 with one; and one of nobody, and one that is cut off."""
    folder = tmp_path_factory.mktemp("labelled")
    people = sorted(p for p in (shared_data / "lfw").iterdir() if p.is_dir())
    several = [p for p in people if len(list(p.glob("*.jpg"))) >= 3][:30]
    alone = [p for p in people if len(list(p.glob("*.jpg"))) == 1][:30]
    for person in (*several, *alone):
        (folder / person.name).mkdir()
        for picture in sorted(person.glob("*.jpg"))[:3]:
            (folder / person.name / picture.name).symlink_to(picture)
    Image.fromarray(np.full((250, 250, 3), 90, np.uint8)).save(folder / several[0].name / "wall.png")
    whole = (folder / several[1].name).glob("*.jpg").__next__().read_bytes()
    (folder / several[1].name / "torn.jpg").write_bytes(whole[: len(whole) // 2])
    return folder


def test_sixty_people_on_the_real_road(sixty: Path, shared_data: Path, tmp_path: Path) -> None:
    table = shared_data / "lfw_subjects.csv"
    words = ("audit", sixty, "--attributes", table, "--out", tmp_path, "--keep-templates", *LEAN)
    said = secondlook(*words)
    assert said.status == 0, said.err
    found = metrics(tmp_path)
    assert (found["fta"]["errors"], found["fta"]["trials"]) == (2, 122)
    assert found["audited"]["subjects"] == 60 and found["audited"]["attributes"] == ["gender"]
    (at,) = {one["n"] for one in found["open_set"]}
    fnir = [one["fnir"]["observed"] for one in found["open_set"] if one["fpir_asked"] == 0.03]
    assert at == 22 and fnir[0] < 0.3, "the built-in pack finds most of 22 people"
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "wall.png" in page and "No face was found in it." in page and "torn.jpg" in page
    assert "2 pictures could not be used" in page and "dlib ResNet v1" in page
    assert len(list((tmp_path / ".run").glob("templates-*.npz"))) == 1
    # templates were kept: the same figures come of them, and then they are gone
    first = (tmp_path / "metrics.json").read_bytes()
    assert secondlook(*(word for word in words if word != "--keep-templates")).status == 0
    assert (tmp_path / "metrics.json").read_bytes() == first
    assert not (tmp_path / ".run").exists()


def test_the_stock_rule_calls_strangers_somebody(sixty: Path, tmp_path: Path) -> None:
    people = tmp_path / "people"
    people.mkdir()
    for person in sorted(sixty.iterdir())[:40]:
        shutil.copytree(person, people / person.name)
    said = secondlook("audit", people, "--rule", "face_recognition", "--out", tmp_path / "o", *LEAN)
    assert said.status == 0, said.err
    found = metrics(tmp_path / "o")
    assert found["group_threshold"] == 0.6 and found["audited"]["direction"] == "distance"
    given = next(one for one in found["open_set"] if one["fpir_asked"] is None)
    assert given["threshold"] == 0.6 and 0 < given["fpir"]["observed"] < 0.6
    page = (tmp_path / "o" / "report.html").read_text("utf-8")
    assert "Audit of face_recognition&#x27;s rule (distance 0.6)" in page
    assert "Faces were found and aligned by Second Look" in page


@pytest.fixture(scope="module")
def chromium() -> str:
    return installed()


def test_page_in_browser(chromium: str, tmp_path: Path) -> None:
    pages = {"whole": audit_samples.result(), "nothing": audit_samples.nothing()}
    with started(chromium, tmp_path / "profile") as window:
        for name, result in pages.items():
            page = tmp_path / f"{name}.html"
            write_audit_page(page, audit_samples.run(), result)
            for width, scheme in ((DESK, LIGHT), (DESK, DARK), (PHONE, LIGHT), (PHONE, DARK)):
                opened(window, page, width, scheme)
                keep_screenshot(window, f"audit-{name}-{width}-{scheme}")
                over, elements = json.loads(window.value(OVERFLOW))
                assert asked_for(window) == [page.as_uri()]
                assert complaints(window) == []
                assert over <= 0 and elements == [], (name, width, elements)
                assert json.loads(window.value(CONTRAST)) == [], (name, width, scheme)
                drawn = window.value("[...document.querySelectorAll('svg')].filter(s => s.getBBox().width > 0).length")
                assert drawn == (8 if name == "whole" else 1)
                # the plate stays white when the page is dark, for the lines are drawn for white
                plate = "getComputedStyle(document.querySelector('.plate')).backgroundColor"
                assert window.value(plate) == "rgb(255, 255, 255)"


def test_pdf_of_the_page(chromium: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_audit_page(page, audit_samples.run(), audit_samples.result())
    done = print_pdf(page, tmp_path / "report.pdf", browser())
    assert done == tmp_path / "report.pdf", WhyNoPdf.FAILED
    assert done.read_bytes().startswith(b"%PDF") and str(tmp_path).encode() not in done.read_bytes()
