"""The command on real faces: a clip played as a camera, until it is told to end."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from command import secondlook
from secondlook.assemble import Settings
from secondlook.redact.attack.detecting import left_visible, look_again
from secondlook.redact.cover import FILL
from secondlook.redact.record import RedactedFrame, read_redaction
from secondlook.redact.results import read_redacted
from secondlook.runs.redact_kit import Ask, kit
from secondlook.sources import VideoFrames


@pytest.fixture(scope="module")
def camera(shared_data: Path) -> str:
    return f"loop:{shared_data / 'crowd' / 'white_house_clip.mp4'}"


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_no_face_is_left_in_what_was_written_until_it_was_told_to_end(
    camera: str, tmp_path: Path, told: signal.Signals
) -> None:
    out = tmp_path / "public"
    command = [
        sys.executable,
        "-m",
        "secondlook",
        "redact",
        camera,
        "--out",
        str(out),
        "--segment",
        "4",
        "--threads",
        "1",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for _ in range(1200):
            if (out / "redacted.jsonl").is_file() and (out / "redacted.jsonl").stat().st_size:
                break
            time.sleep(0.1)
        process.send_signal(told)
        said, complained = process.communicate(timeout=120)
    assert process.returncode == 0, complained
    assert "frames came and" in said and "Report: " in said
    segments = read_redacted(out / "redacted.jsonl")
    assert {out / one.output for one in segments} == set((out / "redacted").iterdir())
    assert sum(one.faces for one in segments) > 5
    lines: dict[str, dict[int, RedactedFrame]] = defaultdict(dict)
    for line in read_redaction(out / "redaction.jsonl"):
        lines[line.output][line.frame] = line
    detector = kit(Ask(), Settings(threads=2)).detector
    faces = 0
    for one in segments:
        for frame in VideoFrames(out / one.output):
            line = lines[one.output].get(frame.index)
            areas = () if line is None else line.covered
            found = look_again(detector, frame.pixels, of_video=True)
            assert not len(left_visible(detector, frame.pixels, areas, found, 16)), (one.output, frame.index)
            for area in areas:
                x, y = ((area.box[:2] + area.box[2:]) / 2).astype(int)
                if 0 <= x < frame.pixels.shape[1] and 0 <= y < frame.pixels.shape[0]:
                    assert np.abs(frame.pixels[y, x].astype(int) - FILL).max() < 12
                    faces += 1
    assert faces > 50
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "frames came and" in page and "redact public/redacted --out again" in page


def test_it_ends_by_itself_and_says_what_it_did(camera: str, tmp_path: Path) -> None:
    said = secondlook(
        "redact", camera, "--out", str(tmp_path / "a"), "--for", "4", "--format", "mp4", "--json", "--quiet"
    )
    assert said.status == 0, said.err
    told = said.json
    assert told["camera"]["written"] == sum(one["frames"] for one in told["redacted"]) > 0
    assert told["camera"]["received"] >= told["camera"]["written"] + told["camera"]["dropped"]
    assert told["redacted"][0]["output"] == "redacted/white_house_clip-0001.mp4"


def test_who_is_kept_is_seen_and_nobody_else(camera: str, enrolled: Path, tmp_path: Path) -> None:
    out = tmp_path / "one"
    who = ("--keep", "lin_manuel_miranda", "--gallery", enrolled)
    said = secondlook("redact", camera, "--out", out, *who, "--for", "15", "--quiet")
    assert said.status == 0, said.err
    (segment,) = read_redacted(out / "redacted.jsonl")
    lines = {line.frame: line for line in read_redaction(out / "redaction.jsonl")}
    assert {area.subject for line in lines.values() for area in line.areas if area.kept} == {"lin_manuel_miranda"}
    find = kit(Ask(), Settings(threads=2)).detector
    for frame in VideoFrames(out / segment.output):
        kept = [area.box for area in lines[frame.index].areas if area.kept] if frame.index in lines else []
        faces = find.detect(frame.pixels)
        for box in faces.boxes[faces.scores >= 0.5]:
            middle = (box[:2] + box[2:]) / 2
            assert any((b[:2] <= middle).all() and (middle <= b[2:]).all() for b in kept), frame.index


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["clip.mp4"], "a camera is covered alone"),
        (["--only", "ada", "--gallery", "g"], "--only is for files"),
        (["--prove"], "--prove is for files"),
        (["--also", "0-1:1,1,5,5"], "--also is for files"),
        (["--keep-metadata"], "--keep-metadata is for files"),
        (["--to", "udp://127.0.0.1"], "is nowhere a live picture can go"),
    ],
)
def test_what_a_live_picture_has_no_time_for_is_refused(
    camera: str, tmp_path: Path, options: list[str], sentence: str
) -> None:
    said = secondlook("redact", camera, *options, "--out", str(tmp_path / "a"))
    assert said.status != 0
    assert sentence in " ".join(said.err.replace("│", " ").split())
    assert not (tmp_path / "a").exists()


def test_what_is_for_cameras_is_refused_with_files(tmp_path: Path) -> None:
    said = secondlook("redact", str(tmp_path / "x.png"), "--out", str(tmp_path / "a"), "--for", "3")
    assert said.status != 0
    assert "--to and --for are for a camera" in " ".join(said.err.replace("│", " ").split())
