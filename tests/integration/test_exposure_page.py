"""The page of an exposure in a real browser, and the command on real pictures with the built-in pack."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

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
    requests,
    started,
)
from command import secondlook
from exposure_samples import Watching, kit, saved, walk
from secondlook.fakes import BLUE, GREEN, RED, Square
from secondlook.runs.exposure import expose_into
from secondlook.runs.exposure_page import write_page
from secondlook.runs.journal import Start


def test_page_in_browser(tmp_path: Path) -> None:
    chromium = installed()
    crowd = [Square(12 + 30 * (i % 6), 8 + 36 * (i // 6), 12 + i, (RED, GREEN, BLUE)[i % 3]) for i in range(16)]
    paths = [
        saved(tmp_path / "crowd with a long name that goes on and on and has no end.png", *crowd),
        walk(tmp_path / "walk.mkv", [Square(20 + 4 * i, 40, 20 + i, RED) for i in range(20)]),
        tmp_path / "missing.jpg",
    ]
    parts, out = kit(want=0.3, population=5000), tmp_path / "out"
    result = expose_into(paths, out, parts, Start.NEW, Watching())
    page = write_page(out, result, parts, datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    with started(chromium, tmp_path / "profile") as browser:
        for width, scheme in ((DESK, LIGHT), (DESK, DARK), (PHONE, LIGHT), (PHONE, DARK)):
            opened(browser, page, width, scheme)
            over, elements = json.loads(browser.value(OVERFLOW))
            keep_screenshot(browser, f"exposure-{width}-{scheme}")
            assert requests(browser) == [page.as_uri()]
            assert complaints(browser) == []
            assert over <= 0 and elements == [], (width, elements)
            assert json.loads(browser.value(CONTRAST)) == [], (width, scheme)
            assert browser.value("[...document.images].every(i => i.naturalWidth > 0)") is True
            assert browser.value("document.images.length") == 2


def test_a_portrait_is_exposed_and_a_speck_is_not(shared_data: Path, tmp_path: Path) -> None:
    crowd = shared_data / "crowd"
    asked = ("--population", "300", "--want", "0.5", "--pack", "dlib-resnet", "--json")
    said = secondlook("exposure", crowd / "two_people.jpg", crowd / "steps_18.jpg", "--out", tmp_path / "out", *asked)
    assert said.status == 0, said.err
    faces = said.json["faces"]
    by_size = sorted(faces, key=lambda face: face["quality"]["inter_eye_px"])
    assert by_size[-1]["picked_out"]["value"] > 0.9 and by_size[0]["picked_out"]["value"] < 0.9
    assert all(face["picked_out"]["low"] < face["picked_out"]["high"] for face in by_size[:5])
    for one in said.json["advice"]:
        assert one["exposed"] == 0 or {"cover", "scale"} <= {change["change"] for change in one["changes"]}
    assert (tmp_path / "out" / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--want", "0.0001"), "--want"),
        (("--calibration", "nothing.json"), "nothing.json"),
    ],
)
def test_what_cannot_be_stated_is_one_sentence(words: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    picture = saved(tmp_path / "a.png", Square(10, 10, 24, RED))
    said = secondlook("exposure", picture, "--out", tmp_path / "out", "--pack", "dlib-resnet", *words)
    assert complaint in said.complaint
    assert not (tmp_path / "out").exists()
