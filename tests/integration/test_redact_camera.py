"""A camera covered live, in to out: what is on the disk and what is sent on shows nobody, whatever happens on the way."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import av
import numpy as np
import pytest

from fake_runs import identifier
from fake_stages import Walker, picture
from mjpeg_camera import MjpegCamera
from rtsp_cameras import free_port, gstreamer_missing, rtsp_receiver
from secondlook.errors import OutputError
from secondlook.fakes import BLUE, GREEN, RED, FakeDetector
from secondlook.ports import Detector
from secondlook.redact.publishing import target
from secondlook.redact.record import read_redaction
from secondlook.redact.recording import Container, segments_of
from secondlook.redact.rulings import Chosen
from secondlook.runs.journal import Start
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.runs.redact_live import Live, LiveResult, LiveState, redact_live
from secondlook.sources import Problem, VideoFrames, camera_address
from secondlook.types import Detections, Pixels

WALKERS = [Walker(5, 10, 2, RED), Walker(120, 60, -2, BLUE), Walker(60, 60, 0, GREEN, first=12, last=36)]


def strong(pixels: Pixels) -> np.ndarray:
    """Where a painted face is to be seen."""
    return np.asarray(pixels.max(axis=2).astype(int) - pixels.min(axis=2) > 90)


@dataclass
class Watching:
    """Ends the run when enough is written; ``seen`` may do more each time it looks."""

    stop: threading.Event
    enough: int
    seen: Callable[[LiveState], None] = lambda state: None
    until: Callable[[], bool] = lambda: False
    problems: list[Problem] = field(default_factory=list)

    def begin(self, state: Callable[[], LiveState]) -> None:
        def look() -> None:
            while not self.stop.wait(0.02):
                now = state()
                self.seen(now)
                if now.written >= self.enough or self.until():
                    self.stop.set()

        threading.Thread(target=look, daemon=True).start()

    def problem(self, problem: Problem) -> None:
        self.problems.append(problem)


def run(
    camera: str,
    out: Path,
    enough: int,
    *,
    live: Live | None = None,
    ask: Ask | None = None,
    start: Start = Start.NEW,
    detector: Detector | None = None,
    seen: Callable[[LiveState], None] = lambda state: None,
    until: Callable[[], bool] = lambda: False,
) -> LiveResult:
    ask = ask or Ask()
    kit = Kit(ask, detector or FakeDetector(), identifier=None if ask.chosen.nobody else identifier())
    stop = threading.Event()
    live = live or Live(delay_s=0.5)
    return redact_live(camera_address(camera), out, kit, live, start, Watching(stop, enough, seen, until), stop)


def film(path: Path, walkers: list[Walker], frames: int = 48, grain: int = 0) -> str:
    """A camera that shows the same again and again, at forty frames a second, lossless. grain: levels."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=40)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "bgr0"
        for index in range(frames):
            pixels = picture(walkers, index, 96, 160)
            noise = np.random.default_rng(index).integers(0, grain + 1, (96, 160, 1))
            pixels = np.where(strong(pixels)[..., None], pixels, (pixels - noise.clip(0, pixels))).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return f"loop:{path}"


@pytest.fixture
def street(tmp_path: Path) -> str:
    return film(tmp_path / "street.mkv", WALKERS)


@pytest.fixture
def lively(tmp_path: Path) -> str:
    """Grain, so that there is something to send."""
    return film(tmp_path / "lively.mkv", WALKERS, grain=60)


def nobody_in(video: Path) -> int:
    """How many frames there are, in none of which anybody is to be seen."""
    count = 0
    for frame in VideoFrames(video):
        count += 1
        assert not strong(frame.pixels).any(), (video.name, frame.index)
    return count


def test_nobody_is_left_and_every_frame_is_accounted_for(street: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(street, out, 150, live=Live(delay_s=1, segment_s=1))
    assert len(result.redacted) >= 3
    counted = {one.output: one.frames for one in result.redacted}
    assert {path.relative_to(out).as_posix() for path in (out / "redacted").iterdir()} == set(counted)
    assert sum(counted.values()) == result.state.written >= 150
    assert result.state.camera.given == result.state.written
    for name, frames in counted.items():
        assert nobody_in(out / name) == frames
    lines = read_redaction(out / "redaction.jsonl")
    assert all(line.frame < counted[line.output] for line in lines)
    assert Counter(line.output for line in lines) == {one.output: one.covered_frames for one in result.redacted}
    assert not result.problems
    with av.open(str(out / result.redacted[0].output)) as container:
        said = {**container.metadata, **container.streams.video[0].metadata}
    assert set(said) <= {"ENCODER", "DURATION"}


def test_segments_begin_at_their_time_and_tell_the_time_between_frames(street: str, tmp_path: Path) -> None:
    result = run(street, tmp_path / "out", 120, live=Live(delay_s=0.5, segment_s=1.5))
    for one in result.redacted[:-1]:
        times = [frame.time_s or 0.0 for frame in VideoFrames(tmp_path / "out" / one.output)]
        assert times[0] == 0 and times == sorted(set(times))
        assert times[-1] < 1.51


@pytest.mark.parametrize("container", Container)
def test_a_process_that_is_killed_leaves_covered_segments_that_play(
    street: str, tmp_path: Path, container: Container
) -> None:
    out = tmp_path / "out"
    code = (
        "import sys, threading; from pathlib import Path; sys.path[:0] = sys.argv[1].split('|')\n"
        "from test_redact_camera import *\n"
        "live = Live(delay_s=0.5, segment_s=1, container=Container(sys.argv[4]))\n"
        "run(sys.argv[2], Path(sys.argv[3]), 10**9, live=live)"
    )
    here = Path(__file__).parent
    command = [sys.executable, "-c", code, f"{here}|{here.parent}", street, str(out), container.value]
    process = subprocess.Popen(command)
    try:
        stem = out / "redacted" / "street"
        for _ in range(1200):
            segments = segments_of(stem)
            if len(segments) >= 2 and _has_frames(segments[-1]):
                break
            assert process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
    segments = segments_of(stem)
    # the last may just have been begun
    assert all(nobody_in(segment) > 0 for segment in segments if segment != segments[-1] or _has_frames(segment))
    listed = [line for line in (out / "redacted.jsonl").read_text().split("\n")[:-1] if line]
    assert len(segments) - len(listed) in (0, 1)
    torn = list(segments[len(listed) :])
    with pytest.raises(OutputError, match="add --resume to go on"):
        run(street, out, 10)
    result = run(street, out, 20, start=Start.RESUME, live=Live(delay_s=0.5, container=container))
    after = segments_of(stem)
    assert after[: len(segments)] == segments and len(after) == len(segments) + 1
    assert [problem.path for problem in result.problems] == torn
    assert {out / one.output for one in result.redacted} == {*after} - {*torn}
    assert nobody_in(after[-1]) >= 20
    assert read_redaction(out / "redaction.jsonl")


def _has_frames(segment: Path) -> bool:
    try:
        with av.open(str(segment)) as container:
            return next(container.decode(video=0), None) is not None
    except (av.FFmpegError, OSError):
        return False


def test_overwrite_removes_the_segments_of_before_and_nothing_else(street: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(street, out, 90, live=Live(delay_s=0.5, segment_s=1))
    (out / "redacted" / "street-notes.mkv").write_bytes(b"mine")
    result = run(street, out, 10, start=Start.OVERWRITE)
    names = sorted(path.name for path in (out / "redacted").iterdir())
    assert names == ["street-0001.mkv", "street-notes.mkv"]
    assert len(result.redacted) == 1


class Slow:
    """A detector that takes its time."""

    pack = "slow"

    def detect(self, pixels: Pixels) -> Detections:
        time.sleep(0.25)
        return FakeDetector().detect(pixels)


def test_what_cannot_be_looked_at_in_time_is_dropped_and_never_passed(street: str, tmp_path: Path) -> None:
    result = run(street, tmp_path / "out", 12, detector=Slow())
    (one,) = result.redacted
    assert nobody_in(tmp_path / "out" / one.output) == result.state.written
    assert result.state.camera.dropped > 0
    assert re.fullmatch(
        r"\d+ of \d+ frames were dropped: this machine could not look at all of them in time\.", one.warning
    )


class Failing:
    """A detector that fails now and then."""

    pack = "failing"

    def __init__(self) -> None:
        self.looks = 0

    def detect(self, pixels: Pixels) -> Detections:
        self.looks += 1
        if self.looks % 7 == 0:
            raise RuntimeError("it does not feel like it")
        return FakeDetector().detect(pixels)


def test_where_nothing_is_known_all_is_covered(street: str, tmp_path: Path) -> None:
    detector = Failing()
    result = run(street, tmp_path / "out", 30, detector=detector)
    (one,) = result.redacted
    assert one.unplanned == result.state.whole == detector.looks // 7 > 0
    grey = [frame for frame in VideoFrames(tmp_path / "out" / one.output) if np.ptp(frame.pixels.astype(int)) < 12]
    assert len(grey) == one.unplanned
    assert nobody_in(tmp_path / "out" / one.output) == one.frames
    assert len(result.problems) == 1 and "could not be looked at" in result.problems[0].sentence


def test_who_is_kept_stays_visible_and_nobody_else(tmp_path: Path) -> None:
    walkers = [Walker(5, 10, 1, RED), Walker(120, 60, -1, BLUE)]
    ask = Ask(chosen=Chosen(keep=("Ruby",)))
    result = run(film(tmp_path / "v.mkv", walkers, 40), tmp_path / "out", 60, ask=ask, live=Live(delay_s=1))
    (one,) = result.redacted
    assert one.kept >= 1
    seen = 0
    for frame in VideoFrames(tmp_path / "out" / one.output):
        assert not strong(frame.pixels)[50:].any(), frame.index
        seen += bool(strong(frame.pixels)[:40].any())
    assert seen > one.frames / 2


def test_a_camera_that_goes_away_is_told_once_and_comes_back(tmp_path: Path) -> None:
    street = MjpegCamera(lambda number: picture(WALKERS, number % 48, 96, 160))
    street.on()
    outages = iter([20, 40])
    due = next(outages)

    def cut_off(state: LiveState) -> None:
        nonlocal due
        if state.written >= due:
            due = next(outages, 10**9)
            street.off()
            time.sleep(1)
            street.on()

    try:
        result = run(street.address, tmp_path / "out", 70, seen=cut_off)
    finally:
        street.off()
    assert result.state.camera.reconnects == 2
    assert 1 <= len(result.problems) <= 2
    assert all(problem.sentence.startswith("http://127.0.0.1:") for problem in result.problems)
    assert sum(nobody_in(tmp_path / "out" / one.output) for one in result.redacted) == result.state.written


def test_a_camera_that_is_not_there_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    result = run(f"http://127.0.0.1:{free_port()}/x", tmp_path / "out", 1, live=Live(for_s=2))
    assert (result.redacted, result.state.written) == ((), 0)
    assert "cannot be reached (Connection refused)" in result.problems[0].sentence


def test_a_disk_that_refuses_ends_it_in_one_sentence(street: str, tmp_path: Path) -> None:
    out = tmp_path / "out"

    def spoil(state: LiveState) -> None:
        if state.written > 5 and (out / "redacted").is_dir():  # the next segment cannot be written any more
            (out / "redacted").rename(out / "away")
            (out / "redacted").write_bytes(b"")

    with pytest.raises(OutputError, match="cannot be written"):
        run(street, out, 10**9, live=Live(delay_s=0.2, segment_s=1), seen=spoil)


# what is sent on: to receivers that others wrote


def sent_on(street: str, out: Path, to: str, file: Path) -> LiveResult:
    """A run that sends on, until there is something to look at in the file that a receiver writes."""
    live = Live(delay_s=0.5, to=target(to), for_s=120)
    return run(street, out, 10**9, live=live, until=lambda: file.exists() and file.stat().st_size > 50_000)


def nobody_was_received(file: Path) -> None:
    with av.open(str(file)) as container:
        seen = 0
        try:
            for frame in container.decode(video=0):
                assert not strong(frame.to_ndarray(format="rgb24")).any()
                seen += 1
        except av.FFmpegError:  # cut off in the middle of a packet
            assert seen
    assert seen > 5


@pytest.fixture
def ffmpeg() -> str:
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("needs Debian's ffmpeg")
    return found


@contextmanager
def receiving(command: list[str]) -> Iterator[None]:
    nowhere = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(3)  # one that waits for a packet hears of nothing else
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def test_sent_as_udp(lively: str, tmp_path: Path, ffmpeg: str) -> None:
    to, file = f"udp://127.0.0.1:{free_port()}", tmp_path / "got.ts"
    with receiving(
        [
            ffmpeg,
            "-y",
            "-f",
            "mpegts",
            "-analyzeduration",
            "500000",
            "-i",
            to,
            "-c",
            "copy",
            "-flush_packets",
            "1",
            str(file),
        ]
    ):
        result = sent_on(lively, tmp_path / "out", to, file)
    assert (result.state.sent or 0) > 0
    nobody_was_received(file)


def test_sent_to_an_rtmp_server_that_comes_late(lively: str, tmp_path: Path, ffmpeg: str) -> None:
    to, file = f"rtmp://127.0.0.1:{free_port()}/live/street", tmp_path / "got.flv"
    with receiving(["sh", "-c", f"sleep 2; exec {ffmpeg} -y -listen 1 -i {to} -c copy -flush_packets 1 {file}"]):
        result = sent_on(lively, tmp_path / "out", to, file)
    assert any("does not take the picture (Connection refused)" in problem.sentence for problem in result.problems)
    nobody_was_received(file)


def test_sent_to_an_rtsp_server(lively: str, tmp_path: Path) -> None:
    if reason := gstreamer_missing():
        pytest.skip(reason)
    file = tmp_path / "got.h264"
    with rtsp_receiver(file, free_port()) as to:
        sent_on(lively, tmp_path / "out", to, file)
    nobody_was_received(file)


def test_served_over_http_to_many(lively: str, tmp_path: Path) -> None:
    to = f"http://127.0.0.1:{free_port()}/live.ts"
    seen = [0, 0]

    def view(number: int) -> None:
        for _ in range(200):
            try:
                with av.open(to, timeout=20, format="mpegts", options={"analyzeduration": "300000"}) as container:
                    for frame in container.decode(video=0):
                        assert not strong(frame.to_ndarray(format="rgb24")).any()
                        seen[number] += 1
                return
            except OSError:
                time.sleep(0.1)

    viewers = [threading.Thread(target=view, args=(number,), daemon=True) for number in range(2)]
    for viewer in viewers:
        viewer.start()
    live = Live(delay_s=0.5, to=target(to), for_s=120)
    result = run(lively, tmp_path / "out", 10**9, live=live, until=lambda: min(seen) > 20)
    for viewer in viewers:
        viewer.join(30)
    assert min(seen) > 10
    assert (result.state.sent or 0) >= sum(seen)


def test_nothing_else_is_served(lively: str, tmp_path: Path) -> None:
    port = free_port()
    answers: list[int] = []

    def ask(state: LiveState) -> None:
        if answers:
            return
        for path in ("/", "/live.ts/..", "/redacted", "//etc/passwd"):
            connection = HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("GET", path)
            answers.append(connection.getresponse().status)
            connection.close()

    live = Live(delay_s=0.2, to=target(f"http://127.0.0.1:{port}/live.ts"))
    run(lively, tmp_path / "out", 10, live=live, seen=ask)
    assert answers == [404] * 4


def test_an_address_that_is_taken_is_said_at_once(lively: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        to = target(f"http://127.0.0.1:{taken.getsockname()[1]}/x")
        with pytest.raises(OutputError, match="cannot be served"):
            run(lively, tmp_path / "out", 10, live=Live(to=to))


def test_sent_into_a_pipe_and_a_file(lively: str, tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", tmp_path / "got.ts"
    os.mkfifo(pipe)
    with receiving(["sh", "-c", f"sleep 1; exec cat {pipe} > {got}"]):
        sent_on(lively, tmp_path / "out", str(pipe), got)
    nobody_was_received(got)
    file = tmp_path / "copy.mp4"
    sent_on(lively, tmp_path / "again", str(file), file)
    nobody_was_received(file)


def test_a_receiver_that_takes_nothing_does_not_hold_up_the_recording(lively: str, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # opened and never read
    try:
        result = run(lively, tmp_path / "out", 150, live=Live(delay_s=0.2, to=target(str(pipe))))
    finally:
        os.close(reader)
    assert result.state.written >= 150
    assert sum(nobody_in(tmp_path / "out" / one.output) for one in result.redacted) == result.state.written
