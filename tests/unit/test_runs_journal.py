"""The journal and the face log: what counts as whole, wherever writing was stopped and whatever was damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from secondlook.errors import OutputError
from secondlook.fakes import detections
from secondlook.runs.journal import Journal, Start, cut_torn_line
from secondlook.runs.replay import FaceLog
from secondlook.types import Detections, Frame

FILES = ("one.jsonl", "two.jsonl")
FUZZ = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
NO_PIXELS = np.zeros((2, 2, 3), np.uint8)


def journal(out: Path, start: Start = Start.RESUME, made_with: str = "these") -> Journal:
    return Journal(out, made_with, FILES, start)


def three_sources(out: Path) -> None:
    """Two finished, and some lines of a third."""
    open_journal = journal(out, Start.NEW)
    for source in "ab":
        for line in range(2):
            open_journal.write("one.jsonl", f"{source}{line}")
        open_journal.write("two.jsonl", source.upper())
        open_journal.finish(source, "broken packets" if source == "b" else "")
    open_journal.write("one.jsonl", "c0")
    open_journal.close()


def lines(out: Path) -> list[list[str]]:
    return [(out / name).read_text().splitlines() for name in FILES]


def test_only_what_is_finished_counts(tmp_path: Path) -> None:
    three_sources(tmp_path)
    assert lines(tmp_path)[0][-1] == "c0", "it was on the disk"
    again = journal(tmp_path)
    assert again.done == {"a", "b"} and [one.warning for one in again.finished] == ["", "broken packets"]
    assert lines(tmp_path) == [["a0", "a1", "b0", "b1"], ["A", "B"]]
    again.write("one.jsonl", "c0")
    again.finish("c")
    again.close()
    assert lines(tmp_path) == [["a0", "a1", "b0", "b1", "c0"], ["A", "B"]]
    assert journal(tmp_path).done == {"a", "b", "c"}


def test_what_failed_is_dropped_and_the_next_goes_on(tmp_path: Path) -> None:
    one = journal(tmp_path, Start.NEW)
    one.write("one.jsonl", "bad")
    one.drop_unfinished()
    one.write("one.jsonl", "a0")
    one.finish("a")
    one.write("one.jsonl", "bad")
    one.write("two.jsonl", "bad")
    one.drop_unfinished()
    one.write("two.jsonl", "B")
    one.finish("b")
    one.close()
    assert lines(tmp_path) == [["a0"], ["B"]]


def test_a_new_run_does_not_take_the_folder_of_another(tmp_path: Path) -> None:
    three_sources(tmp_path)
    with pytest.raises(OutputError, match="holds a run already"):
        journal(tmp_path, Start.NEW)
    with pytest.raises(OutputError, match="other settings or another gallery"):
        journal(tmp_path, made_with="others")
    assert lines(tmp_path)[0][-1] == "c0", "and nothing was touched"
    assert journal(tmp_path, Start.OVERWRITE, "others").done == frozenset()
    assert lines(tmp_path) == [[], []]


@FUZZ
@given(cut=st.integers(0, 400), rest=st.binary(max_size=8))
def test_a_journal_cut_anywhere_goes_on(tmp_path: Path, cut: int, rest: bytes) -> None:
    """Even within its first line; what follows the cut is any half-written thing without a line break."""
    out = tmp_path / "out"
    if not out.exists():
        three_sources(out)
        (tmp_path / "kept").write_bytes((out / ".run" / "journal.jsonl").read_bytes())
    whole = (tmp_path / "kept").read_bytes()
    for name, text in zip(FILES, ("a0\na1\nb0\nb1\nc0\n", "A\nB\n"), strict=True):
        (out / name).write_text(text)
    (out / ".run" / "journal.jsonl").write_bytes(whole[:cut] + rest.replace(b"\n", b"~"))
    complete = whole[:cut].count(b"\n")
    again = journal(out)
    assert [one.source for one in again.finished] == ["a", "b"][: max(0, complete - 1)]
    assert lines(out)[0] == ["a0", "a1", "b0", "b1"][: 2 * len(again.finished)]
    again.finish("z")
    again.close()
    last = journal(out)
    assert [one.source for one in last.finished][-1] == "z"
    last.close()


@pytest.mark.parametrize(
    "damage",
    [b"no json\n", b"\0\0\0\0\n", b"[]\n", b'{"source": "a"}\n', b"7\n", b"\xff\xfe\n"],
)
def test_a_damaged_journal_is_one_sentence(tmp_path: Path, damage: bytes) -> None:
    three_sources(tmp_path)
    place = tmp_path / ".run" / "journal.jsonl"
    place.write_bytes(place.read_bytes() + damage)
    with pytest.raises(OutputError, match=r"journal\.jsonl is damaged: begin the run anew with --overwrite"):
        journal(tmp_path)
    place.write_bytes(damage + place.read_bytes())
    with pytest.raises(OutputError):
        journal(tmp_path)


@pytest.mark.parametrize("missing", ["cut", "gone"])
def test_results_that_somebody_shortened_are_not_filled_with_nothing(tmp_path: Path, missing: str) -> None:
    three_sources(tmp_path)
    if missing == "gone":
        (tmp_path / "one.jsonl").unlink()
    else:
        (tmp_path / "one.jsonl").write_text("a0\n")
    with pytest.raises(OutputError, match=r"one\.jsonl is shorter than the run had left it: begin .* --overwrite"):
        journal(tmp_path)


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    one = journal(tmp_path, Start.NEW)
    strange = "b\udcff\n\u2028.jpg"
    one.finish(strange)
    one.close()
    assert journal(tmp_path).done == {strange}


# Faces already found in a video


def look(frame: Frame) -> Detections:
    rng = np.random.default_rng(frame.index)
    corners = rng.uniform(-5, 1000, (frame.index % 3, 2)).astype(np.float32)
    return detections(np.concatenate([corners, corners + rng.uniform(5, 99, corners.shape)], axis=1), rng.random())


def never(frame: Frame) -> Detections:
    raise AssertionError(f"frame {frame.index} was looked at again")


def frame(index: int) -> Frame:
    return Frame(NO_PIXELS, "v.mp4", index, index / 10)


def same(a: Detections, b: Detections) -> bool:
    pairs = ((a.boxes, b.boxes), (a.landmarks, b.landmarks), (a.scores, b.scores))
    return all(np.array_equal(x, y) and x.dtype == y.dtype and x.shape == y.shape for x, y in pairs)


def logged(place: Path, frames: int, video: str = "v") -> None:
    log = FaceLog(place, video)
    looking = log.looking(look)
    for index in range(frames):
        looking(frame(index))
    log.close()


def test_what_was_found_is_read_exactly(tmp_path: Path) -> None:
    logged(tmp_path / "faces.jsonl", 9)
    log = FaceLog(tmp_path / "faces.jsonl", "v")
    looking = log.looking(never)
    assert all(same(looking(frame(index)), look(frame(index))) for index in range(9))
    with pytest.raises(AssertionError, match="frame 9"):
        looking(frame(9))
    log.forget()
    assert list(tmp_path.iterdir()) == []


def test_another_videos_faces_are_not_used(tmp_path: Path) -> None:
    logged(tmp_path / "faces.jsonl", 4)
    asked = []
    FaceLog(tmp_path / "faces.jsonl", "other").looking(lambda f: asked.append(f.index) or look(f))(frame(0))
    assert asked == [0]


@FUZZ
@given(st.data())
def test_a_log_cut_anywhere_gives_nothing_wrong(tmp_path: Path, data: st.DataObject) -> None:
    place = tmp_path / "faces.jsonl"
    place.unlink(missing_ok=True)
    logged(place, 6)
    whole = place.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    place.write_bytes(whole[:cut])
    asked: list[int] = []
    log = FaceLog(place, "v")
    looking = log.looking(lambda f: asked.append(f.index) or look(f))
    assert all(same(looking(frame(index)), look(frame(index))) for index in range(6))
    log.close()
    assert asked == list(range(max(0, whole[:cut].count(b"\n") - 1), 6)), "all that was whole is used, and no more"
    assert place.read_bytes() == whole, "and the log is again what it would have been"


@pytest.mark.parametrize(
    "damage", [b"\0" * 50 + b"\n", b"no json\n", b"[1, 2]\n", b'[0, [], [], "x"]\n', b"\xff\n", b"{}\n"]
)
def test_a_damaged_log_costs_only_time(tmp_path: Path, damage: bytes) -> None:
    place = tmp_path / "faces.jsonl"
    for content in (json.dumps({"video": "v"}).encode() + b"\n" + damage, damage):
        place.write_bytes(content)
        log = FaceLog(place, "v")
        assert same(log.looking(look)(frame(2)), look(frame(2)))
        log.close()
        assert same(FaceLog(place, "v").looking(never)(frame(2)), look(frame(2)))


@FUZZ
@given(st.lists(st.sampled_from([b"a", b"bc", b"\n", b"{}\n"]), max_size=40), st.integers(1, 9))
def test_only_a_torn_line_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, parts: list[bytes], block: int
) -> None:
    monkeypatch.setattr("secondlook.runs.journal._BLOCK", block)
    content = b"".join(parts)
    (tmp_path / "log").write_bytes(content)
    cut_torn_line(tmp_path / "log")
    assert (tmp_path / "log").read_bytes() == content[: content.rfind(b"\n") + 1]
