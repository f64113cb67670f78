"""``secondlook watch`` from the outside: real models, a real clip played as a camera, ended as people end things."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from PIL import Image

from command import secondlook
from secondlook.report.sightings import read_records
from secondlook.types import Outcome

SECONDLOOK = Path(sys.executable).parent / "secondlook"


def test_a_candidate_is_told_and_an_interrupt_ends_it_in_order(
    enrolled: Path, shared_data: Path, tmp_path: Path
) -> None:
    """The interrupt reaches every process of the terminal, as Ctrl-C does."""
    clip = shared_data / "crowd" / "white_house_clip.mp4"
    words = [SECONDLOOK, "watch", f"loop:{clip}", "--gallery", enrolled, "--out", tmp_path / "out"]
    started = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0)
    assert started.stdout is not None
    first = started.stdout.readline()
    assert "candidate: " in first, (first, started.communicate(timeout=60))
    assert started.stderr is not None
    said = []
    while not said or "there is a picture" not in said[-1]:  # states are told once a second, a candidate at once
        said.append(started.stderr.readline())
        assert said[-1], "it ended before it told of the camera"
    os.killpg(started.pid, signal.SIGINT)
    # communicate() would miss the lines that readline() has taken in advance
    out, err = started.stdout.read(), started.stderr.read()
    started.wait(120)
    assert started.returncode == 0, err
    assert "is a candidate among 3 enrolled people" in out
    last = out.splitlines()[-1]
    assert last.startswith(f"loop:{clip}: ") and " looked at " in last and "Sightings: " in last
    assert "Traceback" not in err and "3 people enrolled." in "".join(said)
    alerts = [json.loads(line) for line in (tmp_path / "out" / "alerts.jsonl").read_text().splitlines()]
    records = read_records(tmp_path / "out" / "sightings.jsonl")
    assert alerts[0]["news"] == "raised" and alerts[0]["subject"] in first
    assert {line["person"] for line in alerts} <= {record.person for record in records}, "who was in view is closed"
    assert all(record.candidates and record.outcome is not Outcome.NO_CANDIDATE for record in records)
    for record in records:
        assert record.crop is not None and record.seen_at is not None
        Image.open(tmp_path / "out" / record.crop).verify()


def test_what_cannot_be_stated_is_said_before_anything_is_watched(
    enrolled: Path, shared_data: Path, tmp_path: Path
) -> None:
    clip = shared_data / "crowd" / "white_house_clip.mp4"
    said = secondlook("watch", f"loop:{clip}", "--gallery", enrolled, "--out", tmp_path, "--fpir", "1e-8", "--for", 1)
    assert "--fpir" in said.complaint


def test_a_camera_that_never_answers_is_said_and_the_status_is_not_well(enrolled: Path, tmp_path: Path) -> None:
    said = secondlook(
        "watch", "http://127.0.0.1:9/none", "--gallery", enrolled, "--out", tmp_path, "--for", 3, "--threshold", 0.9
    )
    assert said.status == 1 and "http://127.0.0.1:9/none" in said.err
    assert "no frames came" in said.out


def test_it_is_a_search_and_is_logged_as_one(enrolled: Path, shared_data: Path, tmp_path: Path) -> None:
    clip, gallery = shared_data / "crowd" / "white_house_clip.mp4", tmp_path / "people.gallery"
    shutil.copytree(enrolled, gallery)
    words = ("watch", f"loop:{clip}", "--gallery", gallery, "--out", tmp_path / "out", "--for", 0)
    assert secondlook(*words, "--purpose", "who passes", "--case", "7").status in (0, 1)
    shown = secondlook("log", "show", gallery, "--json")
    assert '"camera"' in shown.out and "who passes" in shown.out, shown.err
