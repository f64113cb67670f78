"""Whole runs of exposure with the public fakes: what is written, and that nothing half-done ever is."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exposure_samples import Watching, kit, saved, walk
from fake_runs import photo, sources
from secondlook.errors import CalibrationError, OutputError
from secondlook.exposure.publishing import Scale
from secondlook.exposure.record import ExposedFace
from secondlook.fakes import BLUE, GREEN, RED, Square
from secondlook.runs.exposure import ExposureResult, expose_into
from secondlook.runs.exposure_page import write_page
from secondlook.runs.journal import Start

STARTED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def run(
    paths: list[Path], out: Path, watcher: Watching | None = None, want: float | None = None, start: Start = Start.NEW
) -> ExposureResult:
    return expose_into(paths, out, kit(want), start, watcher or Watching())


def names(result: ExposureResult) -> list[tuple[str, int]]:
    return [(Path(face.source).name, face.number) for face in result.faces]


def test_everybody_has_one_line_and_stands_on_a_map(tmp_path: Path) -> None:
    watcher, out = Watching(), tmp_path / "out"
    result = run(sources(tmp_path / "in"), out, watcher)
    assert names(result) == [
        ("a.png", 1),
        ("a.png", 2),
        ("b.mkv", 1),
        ("b.mkv", 2),
        ("d.png", 1),
        ("e.mkv", 1),
        ("e.mkv", 2),
    ]
    assert [problem.path.name for problem in watcher.problems] == ["c.png"] == [p.path.name for p in result.problems]
    assert [source.path.name for source in result.read] == ["a.png", "b.mkv", "d.png", "e.mkv", "f.png"]
    assert watcher.frames == 48
    written = [json.loads(line) for line in (out / "exposure.jsonl").read_text().splitlines()]
    assert [line["id"] for line in written] == [face.id for face in result.faces]
    assert len({line["id"] for line in written}) == len(written)
    for line in written:
        assert line["schema"] == "secondlook.exposure/1" and line["population"] == 200
        assert line["picked_out"]["low"] <= line["picked_out"]["value"] <= line["picked_out"]["high"]
        assert (out / line["map"]).is_file()
    # also the picture without a face has its map, and nothing else is left behind
    assert len(list((out / "maps").iterdir())) == 3 + 4
    assert sorted(path.name for path in out.iterdir()) == ["exposure.jsonl", "maps"]


def test_the_larger_face_is_the_more_exposed(tmp_path: Path) -> None:
    picture = saved(tmp_path / "a.png", Square(10, 10, 24, RED), Square(90, 50, 60, GREEN))
    large, small = run([picture], tmp_path / "out").faces
    assert large.box[2] - large.box[0] > small.box[2] - small.box[0]
    assert large.chance > small.chance and (large.number, small.number) == (1, 2)
    assert large.exposure.bits >= small.exposure.bits


def test_a_person_of_a_video_is_shown_where_they_are_most_exposed(tmp_path: Path) -> None:
    edges = [20] * 10 + [26, 34, 26] + [20] * 10
    clip = walk(tmp_path / "nearer.mkv", [Square(100 - edge // 2, 60 - edge // 2, edge, RED) for edge in edges])
    faces = run([clip], tmp_path / "out").faces
    most = faces[0]
    assert len(faces) == 1 and most.frames == len(edges)
    assert most.frame == 11 and most.time_s == pytest.approx(1.1)
    assert most.box[2] - most.box[0] == pytest.approx(34, abs=2)
    assert most.first_s is not None and most.last_s is not None and most.first_s <= most.time_s <= most.last_s


def test_advice_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    paths = sources(tmp_path / "in")
    everything = [face.chance for face in run(paths, tmp_path / "plain").faces]
    assert not (tmp_path / "plain" / "advice.jsonl").exists()
    want = (min(everything) + max(everything)) / 2
    result = run(paths, tmp_path / "out", want=want)
    advice = [json.loads(line) for line in (tmp_path / "out" / "advice.jsonl").read_text().splitlines()]
    assert [Path(one["source"]).name for one in advice] == ["a.png", "b.mkv", "d.png", "e.mkv", "f.png"]
    for one in advice:
        of = [face for face in result.faces if face.source == one["source"]]
        assert one["faces"] == len(of) and one["exposed"] == sum(face.chance >= want for face in of)
        kinds = [change["change"] for change in one["changes"]]
        assert ("cover" in kinds) == (one["exposed"] > 0)
    assert any("scale" in [change["change"] for change in one["changes"]] for one in advice)


def test_after_the_advised_scale_a_second_run_finds_nobody_exposed(tmp_path: Path) -> None:
    picture = saved(tmp_path / "a.png", Square(10, 10, 50, RED), Square(90, 50, 60, GREEN))
    first = run([picture], tmp_path / "first")
    want = 0.7 * first.faces[1].chance
    (advice,) = run([picture], tmp_path / "wanted", want=want).advice
    scale = next(change for change in advice.changes if isinstance(change, Scale))
    smaller = Image.open(picture).resize((scale.width, scale.height), Image.Resampling.BOX)
    smaller.save(tmp_path / "b.png")
    again = run([tmp_path / "b.png"], tmp_path / "again", want=want)
    assert again.advice[0].exposed == 0 and all(face.chance < want for face in again.faces)


@pytest.mark.parametrize("at", ["sources", "begin", "looked", "end"])
@pytest.mark.parametrize("how", [KeyboardInterrupt, OSError])
def test_a_stopped_run_leaves_nothing_half_done(at: str, how: type[BaseException], tmp_path: Path) -> None:
    paths, out = sources(tmp_path / "in"), tmp_path / "out"
    whole = run(paths, out)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}

    def stop(step: str) -> None:
        if step == at:
            raise how

    with pytest.raises(how):
        run(paths[:2], out, Watching(stop), start=Start.OVERWRITE)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert run(paths, out, start=Start.OVERWRITE).faces == whole.faces


def test_results_are_not_replaced_unasked_and_are_no_source(tmp_path: Path) -> None:
    photo(tmp_path / "a.png", Square(10, 10, 24, RED))
    first = run([tmp_path], tmp_path / "out")
    with pytest.raises(OutputError, match="--overwrite"):
        run([tmp_path], tmp_path / "out")
    assert names(run([tmp_path], tmp_path / "out", start=Start.OVERWRITE)) == names(first) == [("a.png", 1)]


def test_what_cannot_be_stated_is_said_before_anything_is_looked_at() -> None:
    with pytest.raises(CalibrationError, match="--want"):
        kit(want=0.00001)
    with pytest.raises(CalibrationError, match="--population"):
        kit(population=1)


@pytest.mark.parametrize("population", [200, 5000])
def test_the_page_says_what_the_lines_say(tmp_path: Path, population: int) -> None:
    parts = kit(want=0.3, population=population)
    paths = [*sources(tmp_path / "in"), photo(tmp_path / "<b>.png", Square(50, 30, 40, BLUE))]
    out = tmp_path / "out"
    result = expose_into(paths, out, parts, Start.NEW, Watching())
    text = write_page(out, result, parts, STARTED).read_text("utf-8")
    assert "&lt;b&gt;.png" in text and "<b>.png" not in text
    assert f"each of {population:,} people" in text and "made-up@" in text
    assert ("Bounds, not estimates" in text) == (population > 1000)
    assert text.count("data:image/jpeg") == 3 + 4
    for face in result.faces:
        assert f">{letter(face)}{face.number}<" in text


def letter(face: ExposedFace) -> str:
    return "ABCDE"[int(np.searchsorted([-0.9, -0.5, -0.1, -0.01], -face.chance, side="left"))]
