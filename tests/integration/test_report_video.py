"""Marked videos: same frames, same times, same sound, and boxes where somebody is."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from secondlook.errors import OutputError, SourceError
from secondlook.report.looks import look_of
from secondlook.report.marks import Mark, Trail
from secondlook.report.sound import Sound
from secondlook.report.video import annotate_video
from secondlook.sources.video import VideoFrames
from secondlook.types import Outcome

TIMES = tuple(Fraction(i * i + 25 * i, 600) for i in range(40))  # ever slower, as a variable frame rate is
RATE = 44_100
GREY = 60


def film(path: Path, size: tuple[int, int] = (640, 360), codec: str | None = None, container: str = "mp4") -> Path:
    """A grey video with the times above and, where ``codec`` is given, a tone."""
    with av.open(str(path), "w", format=container) as file:
        video = file.add_stream("libx264", rate=24, options={"preset": "ultrafast"})
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.codec_context.time_base = Fraction(1, 600)
        sound = file.add_stream(codec, rate=RATE) if codec else None
        if isinstance(sound, av.AudioStream):
            sound.layout = "mono"
        for at in TIMES:
            picture = av.VideoFrame.from_ndarray(np.full((size[1], size[0], 3), GREY, np.uint8), format="rgb24")
            picture.pts, picture.time_base = round(at * 600), Fraction(1, 600)
            file.mux(video.encode(picture))
        file.mux(video.encode(None))
        if isinstance(sound, av.AudioStream):
            _tone(file, sound)
    return path


def _tone(file: av.container.OutputContainer, sound: av.AudioStream) -> None:
    chunk = 1024
    for start in range(0, int(TIMES[-1] * RATE), chunk):
        wave = np.sin(np.arange(start, start + chunk) * 440 * 2 * np.pi / RATE)[None]
        kind = sound.format.name
        full_scale = {"flt": 1, "s16": 2**15 - 1, "s32": 2**31 - 1}[kind.rstrip("p")]
        samples = (wave * full_scale).astype({1: np.float32, 2**15 - 1: np.int16}.get(full_scale, np.int32))
        frame = av.AudioFrame.from_ndarray(samples, format=kind, layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        file.mux(sound.encode(frame))
    file.mux(sound.encode(None))


def trail(outcome: Outcome, *path: tuple[int, float, float, float, float]) -> Trail:
    return Trail(Mark((0, 0, 0, 0), outcome, "Ann Lee" if outcome is Outcome.CANDIDATE else None, 0.9), path)


def sound_packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.size]


def test_times_and_sound_are_kept(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", codec="aac")
    seen: list[tuple[int, int | None]] = []
    done = annotate_video(source, (), tmp_path / "out" / "marked.mp4", lambda n, of: seen.append((n, of)))
    assert done.frames == 40 and done.sound is Sound.COPIED and done.warning is None
    assert seen == [(n, 40) for n in range(1, 41)]
    times = [frame.time_s for frame in VideoFrames(tmp_path / "out" / "marked.mp4")]
    assert times == pytest.approx([float(t) for t in TIMES], abs=0.001)
    before, after = sound_packets(source), sound_packets(tmp_path / "out" / "marked.mp4")
    assert len(after) > 0.9 * len(before) and set(after) <= set(before)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["marked.mp4"]


@pytest.mark.parametrize(
    ("codec", "what"), [("nellymoser", Sound.LEFT_OUT), ("libmp3lame", Sound.COPIED), (None, Sound.NONE)]
)
def test_what_became_of_the_sound(tmp_path: Path, codec: str | None, what: Sound) -> None:
    source = film(tmp_path / "in.flv", codec=codec, container="flv")
    assert annotate_video(source, (), tmp_path / "out.mp4").sound is what


def test_boxes_move_with_the_person(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4", (1920, 1080))
    walk = trail(Outcome.CANDIDATE, (10, 300, 600, 450, 780), (20, 900, 600, 1050, 780))
    annotate_video(source, (walk,), tmp_path / "out.mp4")
    frames = list(VideoFrames(tmp_path / "out.mp4"))
    assert frames[0].pixels.shape == (720, 1280, 3)
    colour = np.array(look_of(Outcome.CANDIDATE).colour, int)
    for frame in frames:
        near = np.abs(frame.pixels[430:490].astype(int) - colour).max(axis=2) < 60
        left = np.nonzero(near.any(axis=0))[0]
        if not 10 <= frame.index < 30:
            assert left.size == 0, frame.index
            assert np.abs(frame.pixels.astype(int) - GREY).max() < 12
        else:
            wanted = (300 + 60 * min(frame.index - 10, 10)) * 2 / 3
            assert abs(left.min() - wanted) < 8, frame.index


def test_odd_size_becomes_even(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mkv"), "w", format="matroska") as file:
        stream = file.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 333, 251, "yuv444p"
        for _ in range(3):
            file.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((251, 333, 3), np.uint8), format="rgb24")))
        file.mux(stream.encode(None))
    assert annotate_video(tmp_path / "in.mkv", (), tmp_path / "out.mp4").frames == 3
    assert VideoFrames(tmp_path / "out.mp4").width == 332


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in.mp4").write_bytes(b"nothing")
    with pytest.raises(SourceError, match=r"in\.mp4"):
        annotate_video(tmp_path / "in.mp4", (), tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_interrupted_copy_leaves_nothing(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")

    def stop(frames: int, of: int | None) -> None:
        if frames == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_video(source, (), tmp_path / "out.mp4", stop)
    assert [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


def test_folder_that_is_a_file(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mp4")
    with pytest.raises(OutputError, match=r"in\.mp4/out\.mp4 cannot be written"):
        annotate_video(source, (), source / "out.mp4")


FULL_DISK = """
import resource, sys
from pathlib import Path
from secondlook.errors import OutputError
from secondlook.report.video import annotate_video
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    annotate_video(sys.argv[1], (), Path(sys.argv[2]))
except OutputError as error:
    print(error)
"""


@pytest.mark.parametrize("room", [0, 2000])
def test_full_disk(tmp_path: Path, room: int) -> None:
    # a limit on the size of files fails as a full disk does: a write comes back with an error
    source, out = film(tmp_path / "in.mp4", codec="aac"), tmp_path / "out.mp4"
    run = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(source), str(out), str(room)], capture_output=True, text=True, timeout=120
    )
    assert f"{out} cannot be written (File too large): free some space there" in run.stdout, run.stderr
    assert run.returncode == 0 and [p.name for p in tmp_path.iterdir()] == ["in.mp4"]


def test_real_clip(shared_data: Path, tmp_path: Path) -> None:
    clip = shared_data / "crowd" / "white_house_clip.mp4"
    done = annotate_video(clip, (trail(Outcome.INCONCLUSIVE, (5, 100, 50, 200, 180)),), tmp_path / "out.mp4")
    assert done.frames == VideoFrames(clip).frames_estimate and done.sound is Sound.COPIED
    before, after = ([f.time_s for f in VideoFrames(path)] for path in (clip, tmp_path / "out.mp4"))
    assert after == pytest.approx(before, abs=0.001)
