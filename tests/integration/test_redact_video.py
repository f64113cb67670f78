"""Covered videos with everything a real file has: sound, subtitles, rotation, odd times, places and names in it; and a
run that is killed."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from command import secondlook
from redact_films import film
from secondlook.faces.packs.opening import detector
from secondlook.faces.packs.runtime import RunOptions
from secondlook.fakes import FakeDetector
from secondlook.redact.cover import Covering, Extent, covered_mask
from secondlook.redact.planes import yuv420
from secondlook.redact.record import read_redaction
from secondlook.report.sound import Sound
from secondlook.runs.journal import Start
from secondlook.runs.redact import RedactResult, redact_into
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.sources import Problem, Source, VideoFrames

SECRETS = (b"Jane Doe", b"+51.5074-000.1278", b"PhoneMaker", b"cover-of-the-film", b"2025-03-04")


class Silent:
    def sources(self, count: int, already: int) -> None: ...
    def begin(self, source: Source, frames: int | None) -> None: ...
    def looked(self, frames: int) -> None: ...
    def covering(self, source: Source) -> None: ...
    def covered(self, frames: int) -> None: ...
    def end(self, source: Source) -> None: ...
    def problem(self, problem: Problem) -> None: ...


def redacted(paths: list[Path], out: Path, ask: Ask | None = None) -> RedactResult:
    return redact_into(paths, out, Kit(ask or Ask(), FakeDetector()), Start.NEW, Silent())


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as file:
        return [bytes(packet) for packet in file.demux(audio=0) if packet.size]


def times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        return [frame.pts * stream.time_base for frame in file.decode(stream)]


def no_face(path: Path) -> bool:
    return all((f.pixels.max(axis=2).astype(int) - f.pixels.min(axis=2)).max() < 90 for f in VideoFrames(path))


@pytest.mark.parametrize(
    ("form", "sound", "ending"),
    [("mp4", "aac", ".mp4"), ("mov", "pcm_s16le", ".mov"), ("matroska", "aac", ".mkv")],
)
def test_times_and_sound_are_kept_and_what_identifies_is_not(
    tmp_path: Path, form: str, sound: str, ending: str
) -> None:
    source = film(tmp_path / "in.bin", form, sound)
    (done,) = redacted([source], tmp_path / "out").redacted
    copy = tmp_path / "out" / done.output
    assert copy.suffix == ending and done.sound is Sound.COPIED and done.frames == 30
    assert packets(copy) == packets(source)
    before, after = times(source), times(copy)
    zero = after[0] - before[0]
    assert [t - zero for t in after] == (before if ending != ".mkv" else pytest.approx(before, abs=0.001))
    assert no_face(copy)
    data = copy.read_bytes()
    assert any(secret in source.read_bytes() for secret in SECRETS)
    assert not any(secret in data for secret in SECRETS)
    with av.open(str(copy)) as file:
        assert not {"title", "location", "make", "creation_time"} & set(file.metadata)


def heard(path: Path) -> np.ndarray:
    """Samples of the sound, 16 bits."""
    with av.open(str(path)) as file:
        as_16_bits = av.AudioResampler(format="s16", layout="mono")
        frames = [one for frame in file.decode(audio=0) for one in as_16_bits.resample(frame)]
    return np.concatenate([frame.to_ndarray().ravel() for frame in frames])


def with_sound(path: Path, sound: str) -> Path:
    """The film with its sound coded in another way; FFmpeg writes what PyAV will not."""
    aac = film(path.with_name("aac.mkv"), "matroska")
    words = ["ffmpeg", "-v", "error", "-i", str(aac), "-c:v", "copy", "-c:a", sound, str(path)]
    try:
        subprocess.run(words, check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs ffmpeg to make the file")
    return path


@pytest.mark.parametrize(
    ("name", "sound", "ending", "became"),
    [
        ("in.mkv", "pcm_mulaw", ".mkv", Sound.RECODED),
        ("in.mkv", "adpcm_ima_wav", ".mkv", Sound.RECODED),
        ("in.mov", "adpcm_ms", ".mov", Sound.RECODED),
        ("in.mp4", "libmp3lame", ".mp4", Sound.COPIED),
    ],
)
def test_whatever_codes_the_sound_it_is_heard_as_it_was(
    tmp_path: Path, name: str, sound: str, ending: str, became: Sound
) -> None:
    source = with_sound(tmp_path / name, sound)
    (done,) = redacted([source], tmp_path / "out").redacted
    copy = tmp_path / "out" / done.output
    assert (done.sound, done.left_out, copy.suffix) == (became, 0, ending)
    before, after = heard(source), heard(copy)
    assert len(after) > 0.95 * len(before) and np.array_equal(after, before[: len(after)])


def test_sound_that_cannot_even_be_decoded_is_left_out(tmp_path: Path) -> None:
    """FFmpeg writes this one, and then cannot say how many channels it has."""
    (done,) = redacted([with_sound(tmp_path / "in.mov", "wmav2")], tmp_path / "out").redacted
    assert (done.sound, done.left_out, done.frames) == (Sound.LEFT_OUT, 1, 30)


def test_metadata_stay_where_they_are_asked_to(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv", "matroska")
    (done,) = redacted([source], tmp_path / "out", Ask(keep_metadata=True)).redacted
    with av.open(str(tmp_path / "out" / done.output)) as file:
        assert {key.lower(): value for key, value in file.metadata.items()}["title"] == "Jane Doe"


def test_subtitles_are_copied_and_attachments_are_not(tmp_path: Path) -> None:
    """ffmpeg makes the file: PyAV encodes no subtitles."""
    source = film(tmp_path / "a.mkv", "matroska")
    (tmp_path / "s.srt").write_text("1\n00:00:00,100 --> 00:00:01,000\nWhat was said\n\n", encoding="utf-8")
    (tmp_path / "cover.jpg").write_bytes(b"\xff\xd8\xff cover-of-the-film")
    both = tmp_path / "in.mkv"
    words = ["-i", str(source), "-i", str(tmp_path / "s.srt"), "-map", "0", "-map", "1", "-c", "copy", "-c:s", "srt"]
    cover = ["-attach", str(tmp_path / "cover.jpg"), "-metadata:s:t", "mimetype=image/jpeg"]
    try:
        subprocess.run(["ffmpeg", "-v", "error", *words, *cover, str(both)], check=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("needs ffmpeg to make a file with subtitles")
    (done,) = redacted([both], tmp_path / "out").redacted
    copy = tmp_path / "out" / done.output
    assert (done.subtitles, done.left_out) == (1, 0)
    assert b"What was said" in copy.read_bytes() and b"cover-of-the-film" not in copy.read_bytes()
    with av.open(str(copy)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio", "subtitle"]


def test_a_turned_video_comes_out_upright(tmp_path: Path) -> None:
    turned = film(tmp_path / "in.mp4", rotation=90)
    frames = VideoFrames(turned)
    assert (frames.width, frames.height) == (96, 160)
    (done,) = redacted([turned], tmp_path / "out").redacted
    copy = tmp_path / "out" / done.output
    assert (VideoFrames(copy).width, VideoFrames(copy).height) == (96, 160) and no_face(copy)


def landscape(path: Path, matrix: int, full_range: bool) -> Path:
    """Nobody in it: a sky, a meadow and some noise that go by."""
    slope = np.linspace(60, 180, 96)[:, None] + 20 * np.sin(np.arange(240) / 9)[None]
    tint = np.linspace(-12, 12, 96)[:, None]
    whole = np.stack([slope - tint, slope, slope + tint], axis=-1)
    whole += np.random.default_rng(0).normal(0, 4, (96, 240, 1))
    with av.open(str(path), "w") as f:
        video = f.add_stream("libx264", rate=24, options={"preset": "ultrafast", "crf": "8"})
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        video.codec_context.colorspace, video.codec_context.color_range = matrix, 1 + full_range
        for i in range(12):
            picture = yuv420(np.rint(whole[:, 5 * i : 5 * i + 160]).astype(np.uint8), matrix, full_range)
            picture.pts, picture.time_base = i, Fraction(1, 24)
            f.mux(video.encode(picture))
        f.mux(video.encode(None))
    return path


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("matrix", [1, 6])
def test_colours_come_out_as_they_went_in(tmp_path: Path, matrix: int, full_range: bool) -> None:
    """BT.709 and BT.601. What is not covered is compared as it is stored."""
    source = landscape(tmp_path / "in.mp4", matrix, full_range)
    (done,) = redacted([source], tmp_path / "out").redacted
    changed = []
    with av.open(str(source)) as one, av.open(str(tmp_path / "out" / done.output)) as other:
        for a, b in zip(one.decode(video=0), other.decode(video=0), strict=True):
            assert (a.colorspace, a.color_range) == (b.colorspace, b.color_range) == (matrix, 1 + full_range)
            changed.append(np.subtract(*(f.to_ndarray(format=f.format.name).astype(int) for f in (b, a))))
    luma, chroma = np.split(np.stack(changed), [96], axis=1)
    assert abs(luma.mean()) < 0.1 and np.abs(luma).mean() < 2
    assert abs(chroma.mean()) < 0.2 and np.abs(chroma).mean() < 1


# The real command on the real clip


@pytest.fixture(scope="module")
def clip(shared_data: Path) -> Path:
    """275 frames."""
    return shared_data / "crowd" / "white_house_clip.mp4"


def part_of(clip: Path, path: Path, frames: range) -> Path:
    """These frames of the clip, without sound."""
    with av.open(str(clip)) as given, av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30, options={"preset": "ultrafast", "crf": "20"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for index, frame in enumerate(islice(given.decode(video=0), frames.start, frames.stop)):
            frame.pts, frame.time_base = index, Fraction(1, 30)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def kept_alone(source: Path, enrolled: Path, out: Path, his: list[int]) -> None:
    """Runs the command, and looks at every third frame of the copy. his: frames that show the man."""
    words = ("--keep", "lin_manuel_miranda", "--gallery", enrolled, "--quiet")
    said = secondlook("redact", source, "--out", out, *words)
    assert said.status == 0, said.err
    lines = {line.frame: line for line in read_redaction(out / "redaction.jsonl")}
    kept = [frame for frame in his if any(area.kept for area in lines[frame].areas)]
    assert len(kept) >= 0.9 * len(his)
    assert {area.subject for line in lines.values() for area in line.areas if area.kept} == {"lin_manuel_miranda"}
    find = detector("centerface", RunOptions(threads=1))
    visible = 0
    for frame in VideoFrames(out / "redacted" / source.name):
        if frame.index % 3:
            continue
        faces = find.detect(frame.pixels)
        allowed = [area.box for area in lines[frame.index].areas if area.kept]
        for box, score in zip(faces.boxes, faces.scores, strict=True):
            if score < 0.5:
                continue
            middle = (box[:2] + box[2:]) / 2
            inside = [b for b in allowed if (b[:2] <= middle).all() and (middle <= b[2:]).all()]
            assert inside, (frame.index, box, score)
            visible += 1
    assert visible >= 0.3 * len(his)


def test_the_kept_man_is_seen_and_nobody_else(clip: Path, enrolled: Path, tmp_path: Path) -> None:
    """From a shot of the audience into one of him, which begins with frame 82 of the clip."""
    source = part_of(clip, tmp_path / "part.mp4", range(72, 108))
    kept_alone(source, enrolled, tmp_path / "out", [*range(82 - 72, 108 - 72)])


@pytest.mark.prove
def test_the_kept_man_is_seen_in_the_whole_clip(clip: Path, enrolled: Path, tmp_path: Path) -> None:
    """His frames are those of the two shots of him: 0 to 19 and 82 to 210."""
    kept_alone(clip, enrolled, tmp_path / "out", [*range(20), *range(82, 211)])


@pytest.fixture(scope="module")
def short(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """36 frames round a cut."""
    return part_of(clip, tmp_path_factory.mktemp("short") / "short.mp4", range(64, 100))


def test_solid_leaves_one_colour_in_the_copy(short: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = secondlook("redact", short, "--out", out, "--cover", "head", "--json")
    assert said.status == 0 and said.json["redacted"][0]["frames"] == 36
    lines = {line.frame: line for line in read_redaction(out / "redaction.jsonl")}
    for frame in VideoFrames(out / "redacted" / short.name):
        if frame.index % 5 or frame.index not in lines:
            continue
        mask = covered_mask(lines[frame.index].covered, Covering(extent=Extent.HEAD), 360, 640)
        inner = cv2.erode(mask.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0
        assert np.abs(frame.pixels[inner].astype(int) - 104).max(initial=0) < 12
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "--also" in page and json.loads((out / "review.jsonl").read_text().splitlines()[0])["thumbnail"] in {
        f"review/{path.name}" for path in (out / "review").iterdir()
    }


def test_errors_are_one_sentence(tmp_path: Path, enrolled: Path) -> None:
    photo = tmp_path / "a.png"
    photo.write_bytes(b"nothing")
    said = secondlook("redact", photo, "--out", tmp_path / "out", "--quiet")
    assert said.status == 1 and "a.png" in said.err and "Traceback" not in said.err
    said = secondlook("redact", photo, "--out", tmp_path / "o2", "--keep", "Nobody", "--gallery", enrolled)
    assert "Nobody is not enrolled" in said.complaint
    for wrong in (("--keep", "A"), ("--keep", "A", "--only", "B", "--gallery", enrolled), ("--region", "1,2")):
        said = secondlook("redact", photo, "--out", tmp_path / "o3", *wrong)
        assert said.status == 2 and "Traceback" not in said.err
