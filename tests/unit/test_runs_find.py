"""A run over many sources with fakes: what it writes, what it says of bad files, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from fake_runs import Watching, film, photo, run, sources
from fake_stages import Walker
from secondlook.errors import OutputError
from secondlook.fakes import BLUE, GREEN, RED, Square, painted
from secondlook.report.paths import read_paths
from secondlook.report.sightings import read_records
from secondlook.runs.find import Annotate
from secondlook.runs.journal import Start
from secondlook.types import Outcome


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_everybody_is_written_once(tmp_path: Path) -> None:
    watcher = Watching()
    result = run(sources(tmp_path / "in"), tmp_path / "out", watcher=watcher)
    named = ("a.png", "b.mkv", "d.png", "e.mkv")
    by_source = {name: [r for r in result.records if r.source.endswith(name)] for name in named}
    assert [r.subject for r in by_source["a.png"]] in (["Ruby", None], [None, "Ruby"])
    assert sorted(r.subject or "" for r in by_source["b.mkv"]) == ["Ruby", "Skye"]
    assert [r.subject for r in by_source["d.png"]] == ["Skye"]
    assert sorted(r.subject or "" for r in by_source["e.mkv"]) == ["", "Ruby"]
    assert len(result.records) == 7 == len(watcher.seen)
    assert result.records == read_records(tmp_path / "out" / "sightings.jsonl")
    assert len({r.id for r in result.records}) == 7
    assert names(tmp_path / "out" / "crops") == sorted(f"{r.id}.jpg" for r in result.records)
    videos = {r.id for r in result.records if r.source.endswith("mkv")}
    assert set(read_paths(tmp_path / "out" / "paths.jsonl")) == videos
    assert len(names(tmp_path / "out" / "annotated")) == 5
    assert names(tmp_path / "out" / ".run") == ["journal.jsonl"], "nothing is left of the work"


def test_bad_sources_are_told_and_the_rest_is_done(tmp_path: Path) -> None:
    paths = sources(tmp_path / "in")
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    result = run([*paths, tmp_path / "in" / "notes.txt", tmp_path / "in" / "gone.png"], tmp_path / "out")
    assert [p.path.name for p in result.problems] == ["notes.txt", "gone.png", "c.png"]
    assert all(p.path.name in p.sentence and p.sentence.endswith(".") for p in result.problems)
    assert [s.path.name for s in result.read] == ["a.png", "b.mkv", "d.png", "e.mkv", "f.png"]
    assert not [r for r in result.records if r.source.endswith("c.png")], "nothing of a file that failed half-way"


def test_nothing_to_look_at(tmp_path: Path) -> None:
    result = run([], tmp_path / "out")
    assert (result.records, result.read, result.problems) == ((), (), ())
    empty = tmp_path / "empty"
    empty.mkdir()
    result = run([empty], tmp_path / "out2")
    assert result.read == () and len(result.problems) == 1


def test_progress_is_told(tmp_path: Path) -> None:
    steps: list[str] = []
    watcher = Watching(steps.append)
    run([film(tmp_path / "b.mkv", [Walker(5, 10, 3, RED)], frames=12)], tmp_path / "out", watcher=watcher)
    assert watcher.counted == (1, 0) and watcher.frames == 12
    assert steps[:2] == ["sources", "begin"] and steps[-1] == "end"
    assert steps.count("found") == 1 and steps.index("drawing") < steps.index("drawn")


@pytest.mark.parametrize(
    ("annotate", "drawn"),
    [(Annotate.ALL, 2), (Annotate.PICTURES, 1), (Annotate.NONE, 0)],
)
def test_boxes_are_drawn_where_asked(tmp_path: Path, annotate: Annotate, drawn: int) -> None:
    paths = [photo(tmp_path / "a.png", Square(10, 10, 24, RED)), film(tmp_path / "b.mkv", [Walker(5, 10, 3, RED)], 8)]
    run(paths, tmp_path / "out", annotate=annotate)
    assert len(names(tmp_path / "out" / "annotated")) == drawn


def test_a_run_is_not_written_over_unasked(tmp_path: Path) -> None:
    first = [photo(tmp_path / "a.png", Square(10, 10, 24, RED))]
    second = [photo(tmp_path / "b.png", Square(10, 10, 24, BLUE), Square(90, 10, 24, GREEN))]
    run(first, tmp_path / "out")
    before = (tmp_path / "out" / "sightings.jsonl").read_bytes()
    with pytest.raises(OutputError, match=r"holds a run already: add --resume to go on, --overwrite, or another --out"):
        run(second, tmp_path / "out")
    assert (tmp_path / "out" / "sightings.jsonl").read_bytes() == before
    result = run(second, tmp_path / "out", Start.OVERWRITE)
    assert {r.source for r in result.records} == {str(second[0])} and len(result.records) == 2


def test_going_on_with_a_finished_run_does_nothing_twice(tmp_path: Path) -> None:
    paths = sources(tmp_path / "in")
    whole = run(paths, tmp_path / "out")
    watcher = Watching()
    again = run(paths, tmp_path / "out", Start.RESUME, watcher)
    assert again.records == whole.records and watcher.seen == [] and watcher.counted == (5 + 1, 5)
    assert again.read == whole.read and [p.path.name for p in again.problems] == ["c.png"]


def test_going_on_takes_new_sources_too(tmp_path: Path) -> None:
    first = photo(tmp_path / "a.png", Square(10, 10, 24, RED))
    run([first], tmp_path / "out")
    second = photo(tmp_path / "b.png", Square(10, 10, 24, BLUE))
    result = run([first, second], tmp_path / "out", Start.RESUME)
    assert [r.source for r in result.records] == [str(first), str(second)]


def test_going_on_where_nothing_was_begun_begins(tmp_path: Path) -> None:
    assert len(run([photo(tmp_path / "a.png", Square(10, 10, 24, RED))], tmp_path / "out", Start.RESUME).records) == 1


def test_other_settings_are_another_run(tmp_path: Path) -> None:
    paths = [photo(tmp_path / "a.png", Square(10, 10, 24, RED))]
    run(paths, tmp_path / "out")
    settings = json.loads((tmp_path / "out" / ".run" / "journal.jsonl").read_text().splitlines()[0])["settings"]
    assert "gallery fake" in settings and "threshold" in settings
    (tmp_path / "out" / ".run" / "journal.jsonl").write_text(
        json.dumps({"schema": "secondlook.run/1", "settings": settings.replace("fake", "another")}) + "\n"
    )
    with pytest.raises(OutputError, match="made with other settings or another gallery: use those, or another --out"):
        run(paths, tmp_path / "out", Start.RESUME)


def test_an_out_folder_inside_the_sources_is_no_source(tmp_path: Path) -> None:
    """Crops and marked copies would be taken for more photographs when the run is taken up again."""
    folder = tmp_path / "in"
    paths = sources(folder)
    whole = run([folder], folder / "found")
    assert len(whole.records) == 7 and len(paths) == 6
    again = run([folder], folder / "found", Start.RESUME)
    assert again.records == whole.records and again.read == whole.read
    assert [p.path.name for p in again.problems] == ["c.png"]


def test_a_photograph_of_several_pages_is_whole_or_not_there(tmp_path: Path) -> None:
    pages = [Image.fromarray(painted(100, 100, [Square(10 + 9 * i, 20, 30, RED)])) for i in range(3)]
    pages[0].save(tmp_path / "three.tiff", save_all=True, append_images=pages[1:])
    result = run([tmp_path / "three.tiff"], tmp_path / "out")
    assert [r.frame for r in result.records] == [0, 1, 2] and len({r.id for r in result.records}) == 3
    assert {r.outcome for r in result.records} == {Outcome.CANDIDATE}
    whole = (tmp_path / "three.tiff").read_bytes()
    (tmp_path / "three.tiff").write_bytes(whole[: len(whole) - 9000])
    last = photo(tmp_path / "z.png", Square(10, 10, 24, BLUE))
    watcher = Watching()
    result = run([tmp_path / "three.tiff", last], tmp_path / "out2", watcher=watcher)
    assert len(watcher.seen) > 1, "something was seen on the pages that could be read"
    assert [r.source for r in result.records] == [str(last)] and [s.path for s in result.read] == [last]
    assert [p.path.name for p in result.problems] == ["three.tiff"]


def test_the_place_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file is in the way")
    with pytest.raises(OutputError, match=r"out cannot be written \(.*\): make room or allow writing, then go on with"):
        run([photo(tmp_path / "a.png", Square(10, 10, 24, RED))], tmp_path / "out")
