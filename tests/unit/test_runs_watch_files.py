"""What a watch leaves behind: one line a closed sighting, alerts as they come, and no picture of whom nobody named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fake_stages import Walker, changing, footage
from fake_watch import FakeFrames, Heed, fake_identifier
from secondlook.errors import OutputError
from secondlook.fakes import CYAN, GREEN, RED
from secondlook.identify import Pace
from secondlook.report.sightings import read_records
from secondlook.runs.watch import Keep, WatchOptions, watch
from secondlook.runs.watch_files import WatchFiles
from secondlook.runs.watch_state import CameraSighting
from secondlook.track.shots import Keep as KeepShots
from secondlook.types import Frame


def seen_in(
    frames: list[Frame], unlike: float = -1.0, keep: Keep = Keep.NAMED, longest_s: float = 60.0
) -> list[CameraSighting]:
    one, heed = fake_identifier(), Heed()
    stages = replace(one.stages, point=replace(one.stages.point, unlike=unlike), keep=KeepShots(10, 0.3))
    options = WatchOptions(keep, Pace(longest_s=longest_s))
    watch("street", FakeFrames(frames), replace(one, stages=stages), heed, options)
    return heed.sightings


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def crops(out: Path) -> set[str]:
    return {f"crops/{path.name}" for path in (out / "crops").glob("*")}


def test_a_candidate_has_an_alert_at_once_and_a_line_in_the_end(tmp_path: Path) -> None:
    early, last = seen_in(list(footage([Walker(50, 50, 0, RED, last=9)], 20)))
    files = WatchFiles(tmp_path / "out")
    (alert,) = files.add(early)
    assert lines(tmp_path / "out" / "alerts.jsonl") == [alert], "written before it is told"
    assert (alert["schema"], alert["news"], alert["subject"]) == ("secondlook.alerts/1", "raised", "Ruby")
    assert (alert["camera"], alert["stage"], alert["posterior"]) == ("street", "early", None)
    assert crops(tmp_path / "out") == {alert["crop"]} and str(alert["seen_at"]).endswith("Z")
    assert lines(tmp_path / "out" / "sightings.jsonl") == []
    (line,) = files.add(last)
    files.close()
    (record,) = read_records(tmp_path / "out" / "sightings.jsonl")
    assert record == last.record() and line["id"] == alert["id"] == record.id
    assert record.person == alert["person"] and crops(tmp_path / "out") == {record.crop}
    assert len(lines(tmp_path / "out" / "alerts.jsonl")) == 1


def test_of_what_is_taken_back_no_picture_stays(tmp_path: Path) -> None:
    seen = seen_in(changing([(0, RED), (4, GREEN)], 60))
    files = WatchFiles(tmp_path)
    for one in seen:
        files.add(one)
    files.close()
    raised, withdrawn = lines(tmp_path / "alerts.jsonl")
    assert (raised["news"], withdrawn["news"], withdrawn["subject"]) == ("raised", "withdrawn", "Ruby")
    assert withdrawn["because"] in ("nobody", "doubtful") and withdrawn["person"] == raised["person"]
    assert crops(tmp_path) == set()
    (record,) = read_records(tmp_path / "sightings.jsonl")
    assert record.subject is None and record.crop is None


def test_a_picture_stays_only_under_the_name_that_a_line_has(tmp_path: Path) -> None:
    """The alert was for the second of two people, who has another number in the end."""
    seen = seen_in(changing([(0, CYAN), (15, RED)], 40), unlike=0.5)
    files = WatchFiles(tmp_path)
    for one in seen:
        files.add(one)
    files.close()
    records = read_records(tmp_path / "sightings.jsonl")
    assert [record.subject for record in records] == ["Ruby"]
    assert crops(tmp_path) == {record.crop for record in records}


def test_somebody_who_stays_has_a_line_a_piece_and_one_alert(tmp_path: Path) -> None:
    files = WatchFiles(tmp_path)
    for one in seen_in(list(footage([Walker(50, 50, 0, RED)], 100)), longest_s=3.0):
        files.add(one)
    files.close()
    records = read_records(tmp_path / "sightings.jsonl")
    assert len(records) == 4 and len({record.person for record in records}) == 1
    assert len({record.id for record in records}) == 4 and len(lines(tmp_path / "alerts.jsonl")) == 1
    assert crops(tmp_path) == {record.crop for record in records}


def test_a_later_watch_adds_to_it_and_mends_a_torn_line(tmp_path: Path) -> None:
    for _ in range(2):
        files = WatchFiles(tmp_path)
        for one in seen_in(list(footage([Walker(50, 50, 0, RED)], 5))):
            files.add(one)
        files.close()
        with (tmp_path / "sightings.jsonl").open("a") as torn:
            torn.write('{"schema": "secondlo')
    WatchFiles(tmp_path).close()
    assert len(read_records(tmp_path / "sightings.jsonl")) == 2
    assert len(lines(tmp_path / "alerts.jsonl")) == 2


def test_results_of_find_are_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / ".run").mkdir()
    with pytest.raises(OutputError, match="another --out"):
        WatchFiles(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        WatchFiles(tmp_path / "file")
