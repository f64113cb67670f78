"""A video read in parts, each from its key frame, gives frame by frame what one pass gives."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from secondlook.errors import SourceError
from secondlook.sources import MAX_PIXELS, VideoFrames
from secondlook.sources.parts import SHARED, Part, PartFrames, Timeline, split, timeline
from secondlook.types import Frame, Pixels


def scene(index: int) -> Pixels:
    """Noise that drifts; another scene every 25 frames, which is a cut."""
    rng = np.random.default_rng(index // 25)
    rows = rng.integers(0, 255, (9, 16, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    return np.asarray(np.roll(rows, index, axis=1), np.uint8)


def film(path: Path, frames: int = 110, stamps: Sequence[int] | None = None, **options: str) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "20", "bf": "2", "threads": "1", **options})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(scene(index), format="rgb24")
            frame.pts, frame.time_base = stamps[index] if stamps else 40 * index, Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def in_parts(path: Path, looks: int, every_s: float = 0.2) -> list[Frame]:
    """All frames, checked and counted as whoever puts parts together does."""
    line = timeline(path, every_s, MAX_PIXELS)
    assert line is not None
    frames, cuts, closing = list[Frame](), 0, list[int]()
    for part in split(line, looks):
        read = PartFrames(path, part, MAX_PIXELS)
        found = list(read)
        assert read.whole and read.opening == closing
        frames += [Frame(f.pixels, f.source, f.index, f.time_s, f.shot + cuts) for f in found]
        cuts, closing = cuts + read.cuts, read.closing
    return frames


def same(parts: list[Frame], whole: list[Frame]) -> None:
    assert len(parts) == len(whole) > 10
    for a, b in zip(parts, whole, strict=True):
        assert (a.index, a.time_s, a.shot, a.source) == (b.index, b.time_s, b.shot, b.source)
        assert np.array_equal(a.pixels, b.pixels)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov", "a.ts"])
@pytest.mark.parametrize("looks", [1, 4, 100])
def test_parts_give_what_one_pass_gives(tmp_path: Path, name: str, looks: int) -> None:
    path = film(tmp_path / name)
    same(in_parts(path, looks), list(VideoFrames(path, every_s=0.2)))


def test_a_container_without_a_stamp_for_each_frame_is_not_divided(tmp_path: Path) -> None:
    assert timeline(film(tmp_path / "a.avi", bf="0"), 0.2, MAX_PIXELS) is None


@pytest.mark.parametrize("options", [{"x264-params": "open-gop=1:keyint=20:min-keyint=20"}, {"g": "1000"}, {"g": "1"}])
def test_whichever_way_it_is_coded(tmp_path: Path, options: dict[str, str]) -> None:
    path = film(tmp_path / "a.mp4", **options)
    same(in_parts(path, 3), list(VideoFrames(path, every_s=0.2)))


def test_a_rate_that_varies(tmp_path: Path) -> None:
    steps = np.random.default_rng(0).integers(1, 150, 110)
    path = film(tmp_path / "a.mkv", stamps=[int(v) for v in steps.cumsum() - steps[0]])
    same(in_parts(path, 4), list(VideoFrames(path, every_s=0.2)))
    same(in_parts(path, 4, 0.0), list(VideoFrames(path)))


def test_what_is_not_whole_has_no_timeline(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert timeline(path, 0.2, MAX_PIXELS) is None, "it ends before its header says"
    path.write_bytes(b"no video")
    with pytest.raises(SourceError):
        timeline(path, 0.2, MAX_PIXELS)


def test_frames_that_come_otherwise_than_the_timeline_has_them_are_not_whole(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv")
    line = timeline(path, 0.2, MAX_PIXELS)
    assert line is not None
    part = split(line, 4)[1]
    stamps = part.stamps.copy()
    stamps[5] += 1
    read = PartFrames(path, Part(part.first, part.end, part.key, stamps, part.looked, part.times), MAX_PIXELS)
    list(read)
    assert not read.whole
    late = PartFrames(path, Part(part.first, part.end, 10**9, part.stamps, part.looked, part.times), MAX_PIXELS)
    list(late)
    assert not late.whole, "nothing comes from behind the end"


@given(
    n=st.integers(1, 400),
    stride=st.integers(1, 9),
    keys=st.sets(st.integers(1, 399), max_size=12),
    looks=st.integers(1, 30),
)
def test_parts_cover_every_frame_once(n: int, stride: int, keys: set[int], looks: int) -> None:
    stamps = np.arange(n, dtype=np.int64) * 7 + 3
    places = np.array(sorted({0} | {key for key in keys if key < n}), np.int64)
    line = Timeline(stamps, stamps / 100, places, np.arange(0, n, stride, dtype=np.int64))
    parts = split(line, looks)
    assert [part.first for part in parts] == [0, *(part.end for part in parts[:-1])] and parts[-1].end == n
    assert np.concatenate([part.looked for part in parts]).tolist() == line.looked.tolist()
    assert max(len(part.looked) for part in parts) <= 4 * looks
    for before, part in zip((None, *parts), parts, strict=False):
        assert part.first < part.end and part.stamps[-1] == stamps[min(n, part.end - 1 + SHARED) - 1]
        if before is not None:
            assert part.key in stamps[places] and part.key <= part.stamps[0] == stamps[part.first - 1]
