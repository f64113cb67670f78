"""Videos made here with PyAV, and one real clip: every frame at its time, upright, whatever the file is like."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from secondlook.errors import SourceError, SourceTooLarge, UnsupportedSource
from secondlook.sources import MAX_PIXELS, SourceKind, VideoFrames, expand, read_photo, read_pictures
from secondlook.sources.decoding import Tally, every_picture
from secondlook.types import Pixels

WIDTH, HEIGHT = 96, 64


def picture(step: int, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """Red grows to the right, green downwards, blue with every step; grain, so that each packet has some weight."""
    red = np.linspace(20, 220, width)[np.newaxis, :].repeat(height, 0)
    green = np.linspace(20, 220, height)[:, np.newaxis].repeat(width, 1)
    grain = np.random.default_rng(step).integers(-10, 10, (height, width, 3))
    return (np.stack([red, green, np.full_like(red, 20 + 3 * step)], axis=2) + grain).clip(0, 255).astype(np.uint8)


def film(
    path: Path,
    frames: int = 30,
    *,
    container: str = "mp4",
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    stamps: Iterable[int] | None = None,
    rotation: float | None = None,
    mirrored: bool = False,
    pixel_aspect: Fraction | None = None,
) -> Path:
    """A video at 30 frames a second; stamps: other presentation times, in 1/30 s."""
    written = io.BytesIO()
    with av.open(written, "w", format=container) as out:
        stream = out.add_stream(codec, rate=30)
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.gop_size = 10
        stream.bit_rate = 2_000_000
        stream.options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
        stream.codec_context.time_base = Fraction(1, 30)
        if pixel_aspect is not None:
            stream.codec_context.sample_aspect_ratio = pixel_aspect
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=mirrored)
        for step, stamp in enumerate(stamps or range(frames)):
            frame = av.VideoFrame.from_ndarray(picture(step, *size), format="rgb24")
            frame.pts, frame.time_base = stamp, Fraction(1, 30)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    path.write_bytes(written.getvalue())
    return path


def sound(path: Path, container: str, codec: str, cover: bool) -> Path:
    written = io.BytesIO()
    with av.open(written, "w", format=container) as out:
        stream = out.add_stream(codec, rate=44100)
        if cover:
            art = out.add_stream("mjpeg")
            art.width, art.height, art.pix_fmt = 32, 32, "yuvj420p"
            art.disposition = av.stream.Disposition.attached_pic
        layout = np.zeros((2, 44100), np.float32)
        frame = av.AudioFrame.from_ndarray(layout, format="fltp", layout="stereo")
        frame.rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
        if cover:
            out.mux(art.encode(av.VideoFrame.from_ndarray(picture(0, 32, 32), format="rgb24")))
            out.mux(art.encode())
    path.write_bytes(written.getvalue())
    return path


def likeness(pixels: Pixels, expected: Pixels) -> float:
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    return float(np.abs(pixels.astype(int) - expected.astype(int)).mean())


@pytest.mark.parametrize(
    ("container", "codec", "pixel_format"),
    [
        ("mp4", "libx264", "yuv420p"),
        ("mov", "prores_ks", "yuv422p10le"),
        ("mov", "mjpeg", "yuvj420p"),
        ("matroska", "libx265", "yuv420p10le"),
        ("matroska", "ffv1", "bgr0"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("avi", "mpeg4", "yuv420p"),
        ("mpegts", "mpeg2video", "yuv420p"),
        ("mpeg", "mpeg2video", "yuv420p"),
        ("flv", "libx264", "yuv420p"),
        ("asf", "mpeg4", "yuv420p"),
        ("h264", "libx264", "yuv420p"),
        ("hevc", "libx265", "yuv420p"),
        ("yuv4mpegpipe", "rawvideo", "yuv420p"),
        ("matroska", "libx264", "gray"),
    ],
)
def test_containers_and_codecs(tmp_path: Path, container: str, codec: str, pixel_format: str) -> None:
    path = film(tmp_path / "film.dat", 12, container=container, codec=codec, pixel_format=pixel_format)
    assert [source.kind for source in expand(path)[0]] == [SourceKind.VIDEO]
    video = VideoFrames(path)
    frames = list(video)
    assert [frame.index for frame in frames] == list(range(12))
    assert [frame.time_s for frame in frames] == pytest.approx([step / 30 for step in range(12)], abs=0.002)
    assert (video.width, video.height) == (WIDTH, HEIGHT)
    assert (video.decoded, video.damaged, video.warning) == (12, 0, None)
    assert {frame.source for frame in frames} == {str(path)}
    if pixel_format != "gray":
        assert max(likeness(frame.pixels, picture(frame.index)) for frame in frames) < 14


def test_what_the_header_says(tmp_path: Path) -> None:
    video = VideoFrames(film(tmp_path / "film.mp4"))
    assert video.rate == pytest.approx(30)
    assert video.duration_s == pytest.approx(1)
    assert video.frames_estimate == 30


def test_a_second_pass_gives_the_same(tmp_path: Path) -> None:
    video = VideoFrames(film(tmp_path / "film.mp4", 5))
    first, second = list(video), list(video)
    assert video.decoded == 5
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.pixels, other.pixels)


def test_frames_stay_what_they_were_while_more_are_read(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", 20)
    kept = list(VideoFrames(path))
    for early, now in zip(kept, VideoFrames(path), strict=True):
        assert np.array_equal(early.pixels, now.pixels)


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (-90, -1), (180, 2), (0, 0)])
def test_rotated_metadata(tmp_path: Path, rotation: int, turns: int) -> None:
    """PyAV's angle is the anticlockwise turn to be made on display."""
    video = VideoFrames(film(tmp_path / "film.mp4", 3, rotation=rotation))
    expected = np.rot90(picture(0), turns)
    assert (video.height, video.width) == expected.shape[:2]
    assert likeness(next(iter(video)).pixels, expected) < 14


def test_mirrored_metadata(tmp_path: Path) -> None:
    frame = next(iter(VideoFrames(film(tmp_path / "film.mp4", 3, rotation=0, mirrored=True))))
    assert likeness(frame.pixels, picture(0)[:, ::-1]) < 14


def test_a_variable_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    stamps = [0, 1, 2, 15, 16, 90, 91, 120]
    frames = list(VideoFrames(film(tmp_path / "film.mp4", stamps=stamps)))
    assert [frame.time_s for frame in frames] == pytest.approx([stamp / 30 for stamp in stamps], abs=0.001)


def test_time_counts_from_the_first_frame(tmp_path: Path) -> None:
    path = film(tmp_path / "film.ts", container="mpegts", stamps=range(3000, 3010))
    assert [frame.time_s for frame in VideoFrames(path)] == pytest.approx([step / 30 for step in range(10)], abs=0.001)


def test_joined_recordings_go_on_in_time(tmp_path: Path) -> None:
    path = film(tmp_path / "film.ts", container="mpegts", stamps=range(300, 360))
    path.write_bytes(path.read_bytes() * 2)
    times = [frame.time_s or 0.0 for frame in VideoFrames(path)]
    assert len(times) == 120
    assert times == sorted(times)
    assert 3.5 < times[-1] < 4.5


def test_stride_and_spacing(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", 31)
    assert [frame.index for frame in VideoFrames(path, 10)] == [0, 10, 20, 30]
    assert [frame.index for frame in VideoFrames(path, every_s=0.2)] == [0, 6, 12, 18, 24, 30]
    assert [frame.index for frame in VideoFrames(path, 4, every_s=0.2)] == [0, 8, 16, 24]
    for bad in ({"stride": 0}, {"every_s": -1.0}, {"max_side": 0}):
        with pytest.raises(ValueError, match="positive"):
            VideoFrames(path, **bad)


def test_shrinking(tmp_path: Path) -> None:
    video = VideoFrames(film(tmp_path / "film.mp4", 3), max_side=48)
    frame = next(iter(video))
    assert (video.width, video.height) == (48, 32)
    assert likeness(frame.pixels, np.array(Image.fromarray(picture(0)).resize((48, 32), Image.Resampling.BOX))) < 10


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", 3, pixel_aspect=Fraction(4, 3))
    assert next(iter(VideoFrames(path))).pixels.shape == (HEIGHT, WIDTH * 4 // 3, 3)


def test_frames_that_change_their_size_midway(tmp_path: Path) -> None:
    path = film(tmp_path / "a.h264", 5, container="h264")
    other = film(tmp_path / "b.h264", 5, container="h264", size=(64, 48))
    path.write_bytes(path.read_bytes() + other.read_bytes())
    shapes = [frame.pixels.shape[:2] for frame in VideoFrames(path)]
    assert shapes == [(64, 96)] * 5 + [(48, 64)] * 5


def test_the_limit(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", 3)
    assert VideoFrames(path, limit=WIDTH * HEIGHT).width == WIDTH
    with pytest.raises(SourceTooLarge, match=r"film\.mp4 has frames of 96 x 64 px"):
        VideoFrames(path, limit=WIDTH * HEIGHT - 1)


@pytest.mark.parametrize(
    ("container", "codec"), [("mp4", "libx264"), ("matroska", "libx264"), ("mpegts", "libx264"), ("mov", "mjpeg")]
)
def test_broken_packets_are_counted_and_the_rest_is_read(tmp_path: Path, container: str, codec: str) -> None:
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = film(tmp_path / "film.dat", 60, container=container, codec=codec, pixel_format=pixel_format)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    for at in range(middle, middle + 3000):
        data[at] ^= 0x5A
    path.write_bytes(data)
    video = VideoFrames(path)
    frames = list(video)
    assert 40 <= len(frames) <= 60
    assert frames[-1].time_s == pytest.approx(59 / 30, abs=0.05)
    assert likeness(frames[0].pixels, picture(0)) < 14
    assert likeness(frames[-1].pixels, picture(59)) < 14
    assert video.damaged + video.repaired > 0
    assert video.warning is not None
    assert "film.dat is damaged" in video.warning


@pytest.mark.parametrize("from_the_end", range(1, 9))
def test_many_threads_find_the_frames_that_one_finds(tmp_path: Path, from_the_end: int) -> None:
    """Frame threads lose whole frames beside a broken one at the very end; the second look gets them back."""
    path = film(tmp_path / "film.mp4", 30)
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.pos is not None and packet.size]
    data = bytearray(path.read_bytes())
    data[places[-from_the_end] : places[-from_the_end] + 6] = b"\xff" * 6  # no unit of that length: undecodable
    path.write_bytes(data)
    alone, together = Tally(), Tally()
    stamps = [frame.pts for frame in every_picture(path, MAX_PIXELS, alone, threads="SLICE")]
    assert [frame.pts for frame in every_picture(path, MAX_PIXELS, together, threads="AUTO")] == stamps
    assert together.decoded == alone.decoded == len(stamps) >= 27  # a reference takes two more with it
    assert alone.damaged == together.damaged == 1


def with_its_index_first(data: bytes) -> bytes:
    """An MP4 as cameras and web sites write it: moov before mdat, its chunk offsets moved along (stco)."""
    start, end = data.index(b"mdat") - 4, data.index(b"moov") - 4
    index = bytearray(data[end:])
    at = index.index(b"stco") + 4
    count = int.from_bytes(index[at + 4 : at + 8], "big")
    for place in range(at + 8, at + 8 + 4 * count, 4):
        offset = int.from_bytes(index[place : place + 4], "big") + len(index)
        index[place : place + 4] = offset.to_bytes(4, "big")
    return data[:start] + index + data[start:end]


@pytest.mark.parametrize("container", ["matroska", "mpegts", "avi", "mp4"])
def test_a_video_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path: Path, container: str) -> None:
    path = film(tmp_path / "film.dat", 120, container=container, codec="mpeg4" if container == "avi" else "libx264")
    data = path.read_bytes()
    if container == "mp4":
        data = with_its_index_first(data)
        path.write_bytes(data)
        assert len(list(VideoFrames(path))) == 120
    path.write_bytes(data[: len(data) // 2])
    video = VideoFrames(path)
    frames = list(video)
    assert 40 <= len(frames) <= 80
    assert likeness(frames[-1].pixels, picture(frames[-1].index)) < 40
    if container != "mpegts":  # which has no header to promise a length
        assert video.warning is not None


def test_a_recording_that_was_never_finished_is_a_sentence(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4")
    path.write_bytes(path.read_bytes().split(b"moov")[0])
    with pytest.raises(SourceError, match=r"film\.mp4 cannot be opened as a video .*never finished") as caught:
        VideoFrames(path)
    assert "\n" not in str(caught.value)


def test_a_video_of_which_nothing_can_be_decoded_is_a_sentence(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4")
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = data.index(b"moov") - 4
    data[start:end] = bytes(end - start)
    path.write_bytes(data)
    with pytest.raises(SourceError, match=r"film\.mp4 has a video in which no frame can be decoded"):
        VideoFrames(path)


@pytest.mark.parametrize(
    ("container", "codec", "cover"),
    [("ipod", "aac", False), ("matroska", "aac", False), ("mp4", "aac", True), ("mp3", "libmp3lame", True)],
)
def test_sound_alone_and_an_album_cover_are_no_video(tmp_path: Path, container: str, codec: str, cover: bool) -> None:
    path = sound(tmp_path / "song.mp4", container, codec, cover)
    words = "is not JPEG" if container == "mp3" else "has no video in it"
    with pytest.raises(UnsupportedSource, match=rf"song\.mp4 {words}"):
        VideoFrames(path)


def test_photographs_and_videos_are_sent_to_the_other_door(tmp_path: Path) -> None:
    still = tmp_path / "still.mp4"
    Image.fromarray(picture(0)).save(still, "PNG")
    with pytest.raises(UnsupportedSource, match="read it with read_photo"):
        VideoFrames(still)
    with pytest.raises(UnsupportedSource, match="read it with VideoFrames"):
        read_photo(film(tmp_path / "film.jpg", 3))


def test_a_playlist_is_not_followed(tmp_path: Path) -> None:
    film(tmp_path / "film.ts", 10, container="mpegts")
    playlist = tmp_path / "list.mp4"
    for text in (
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfilm.ts\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile film.ts\n",
    ):
        playlist.write_text(text)
        with pytest.raises(UnsupportedSource):
            VideoFrames(playlist)


def test_leaving_early_closes_the_file(tmp_path: Path) -> None:
    video = VideoFrames(film(tmp_path / "film.mp4", 20))
    open_before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        frames = iter(video)
        next(frames)
        del frames
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_before


def test_the_real_crowd(shared_data: Path) -> None:
    sources, problems = expand(shared_data / "crowd")
    assert problems == ()
    photos = [source for source in sources if source.kind is SourceKind.PHOTO]
    assert len(photos) == 8
    for source in photos:
        frames = list(read_pictures(source.path))
        assert len(frames) == 1
        assert min(frames[0].pixels.shape[:2]) > 100
        assert frames[0].pixels.std() > 20


def test_the_real_clip(shared_data: Path) -> None:
    video = VideoFrames(shared_data / "crowd" / "white_house_clip.mp4")
    frames = 0
    last = -1.0
    for frame in video:
        assert frame.pixels.shape == (360, 640, 3)
        assert frame.time_s is not None
        assert frame.time_s > last
        assert frame.index == frames
        frames, last = frames + 1, frame.time_s
    assert video.duration_s == pytest.approx(9.2, abs=0.3)
    assert video.rate == pytest.approx(30, abs=0.1)
    assert frames == video.frames_estimate == video.decoded
    assert last == pytest.approx(frames / 29.97, abs=0.1)
    assert video.warning is None


@pytest.mark.parametrize("container", ["matroska", "mp4"])
def test_pictures_that_begin_after_the_sound_are_no_damage(tmp_path: Path, container: str) -> None:
    """Matroska tells how long all tracks together last, and no more."""
    path = tmp_path / "late"
    with av.open(str(path), "w", format=container) as out:
        shown, heard = out.add_stream("libx264", rate=30), out.add_stream("flac", rate=8000)
        shown.width, shown.height, shown.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 24_000), np.int16), format="s16", layout="mono")
        silence.sample_rate, silence.pts = 8000, 0
        out.mux([*heard.encode(silence), *heard.encode(None)])
        for step in range(30):
            frame = av.VideoFrame.from_ndarray(picture(step), format="rgb24")
            frame.pts, frame.time_base = 60 + step, Fraction(1, 30)
            out.mux(shown.encode(frame))
        out.mux(shown.encode(None))
    video = VideoFrames(path)
    assert len(list(video)) == 30 and video.warning is None
    assert video.duration_s == pytest.approx(1, abs=0.05)
