"""Hostile bytes through every door of the room: a frame or one sentence, never anything else, and nothing printed."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from secondlook.errors import SourceError
from secondlook.sources import VideoFrames, expand, picture_from
from secondlook.sources.photos import pictures_in
from secondlook.types import Frame

LIMIT = 1_000_000
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def photograph(format_: str, **options: object) -> bytes:
    slope = np.linspace(0, 255, 40 * 30 * 3).reshape(30, 40, 3).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(slope).save(file, format_, **options)
    return file.getvalue()


def animation(format_: str) -> bytes:
    first, *rest = (Image.effect_noise((20, 16), 40 + step) for step in range(3))
    return photograph_of(first, format_, save_all=True, append_images=rest, duration=40)


def photograph_of(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


def exif() -> Image.Exif:
    written = Image.Exif()
    written[0x0112] = 6
    written[0x010F] = "a camera"
    return written


@cache
def photographs() -> tuple[bytes, ...]:
    return (
        photograph("JPEG", exif=exif()),
        photograph("JPEG", progressive=True),
        photograph("PNG", exif=exif()),
        photograph("WEBP", exif=exif()),
        photograph("WEBP", lossless=True),
        photograph("BMP"),
        photograph("PPM"),
        photograph("JPEG2000"),
        photograph("AVIF"),
        animation("GIF"),
        animation("WEBP"),
        animation("PNG"),
        photograph_of(Image.effect_noise((20, 16), 40).convert("CMYK"), "JPEG"),
        photograph_of(Image.effect_noise((20, 16), 40).convert("I;16"), "PNG"),
        photograph_of(Image.effect_noise((20, 16), 40).convert("RGBA").quantize(8), "PNG", transparency=1),
    )


@cache
def scans() -> tuple[bytes, ...]:
    return (
        photograph("TIFF", exif=exif()),
        photograph("TIFF", compression="tiff_lzw"),
        photograph("TIFF", compression="tiff_jpeg"),
        photograph("TIFF", compression="tiff_adobe_deflate"),
        animation("TIFF"),
    )


def film(container: str, codec: str) -> bytes:
    written = io.BytesIO()
    with av.open(written, "w", format=container) as out:
        stream = out.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "yuv420p", 4
        noise = np.random.default_rng(0)
        for _ in range(8):
            pixels = noise.integers(0, 256, (48, 64, 3), dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode())
    return written.getvalue()


@cache
def films() -> tuple[bytes, ...]:
    return (film("mp4", "libx264"), film("matroska", "libx264"), film("avi", "mpeg4"), film("mpegts", "mpeg2video"))


@st.composite
def damaged(draw: st.DrawFn, whole: Callable[[], tuple[bytes, ...]]) -> bytes:
    """Sound bytes with some changed, a piece taken out or put in, or the end missing."""
    data = bytearray(draw(st.sampled_from(whole())))
    # headers lie at the beginning, or for films at the end, so half of the damage is aimed there
    places = st.integers(0, len(data) - 1) | st.integers(0, min(100, len(data) - 1)) | st.integers(-600, -1)
    for at in draw(st.lists(places, max_size=12)):
        data[max(at, -len(data))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        start = draw(places)
        data[start : start + draw(st.integers(0, 64))] = draw(st.binary(max_size=64))
    if draw(st.booleans()):
        del data[draw(places) :]
    return bytes(data)


def assert_sound(frames: list[Frame]) -> None:
    for frame in frames:
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.ndim == 3
        assert frame.pixels.shape[2] == 3
        assert min(frame.pixels.shape) > 0
    times = [frame.time_s for frame in frames if frame.time_s is not None]
    assert times == sorted(times)


def assert_sentence(error: SourceError) -> None:
    sentence = str(error)
    assert sentence.startswith(("memory", "/"))
    assert sentence.endswith(".")
    assert "\n" not in sentence


def through_the_photo_door(data: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            first = picture_from(data, limit=LIMIT)
        except SourceError as error:
            assert_sentence(error)
            return
        assert_sound([first])
        try:
            assert_sound(list(pictures_in(io.BytesIO(data), "memory", LIMIT)))
        except SourceError as error:
            assert_sentence(error)


def through_the_film_door(data: bytes) -> None:
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("error")
        path = Path(folder) / "film.mp4"
        path.write_bytes(data)
        sources, problems = expand(path)
        assert len(sources) + len(problems) == 1
        try:
            video = VideoFrames(path, limit=LIMIT)
            assert_sound(list(video))
        except SourceError as error:
            assert_sentence(error)
            return
        assert sources, "what can be read is listed"
        assert video.decoded > 0
        assert min(video.damaged, video.repaired) >= 0


def assert_silent(capfd: pytest.CaptureFixture[str]) -> None:
    assert capfd.readouterr() == ("", "")


@FUZZ
@given(st.binary(max_size=400))
@example(b"\xff\xd8\xff")
@example(b"\x89PNG\r\n\x1a\n")
@example(b"GIF89a")
@example(b"RIFF\x10\0\0\0WEBPVP8 ")
@example(b"II*\0\x08\0\0\0")
@example(b"BM" + bytes(12) + b"\x28" + bytes(60))
@example(b"P6 99999999 99999999 255 ")
@example(b"\0\0\0\x10ftypavif\0\0\0\0")
def test_any_bytes_as_a_photograph(capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    through_the_photo_door(data)
    assert_silent(capfd)


@FUZZ
@given(damaged(photographs))
def test_damaged_photographs(capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    through_the_photo_door(data)
    assert_silent(capfd)


@FUZZ
@given(damaged(scans))
def test_damaged_scans(data: bytes) -> None:
    """Of these libtiff says some on stderr by itself, which Pillow offers no way to stop."""
    through_the_photo_door(data)


@FUZZ
@given(st.binary(max_size=400))
@example(b"")
@example(b"\0\0\0\x18ftypisom\0\0\0\0isomavc1")
@example(b"\x1a\x45\xdf\xa3")
@example(b"\0\0\0\x01\x67" + bytes(40))
@example((b"\x47" + bytes(187)) * 6)
@example(b"YUV4MPEG2 W999999 H999999 F30:1\nFRAME\n")
def test_any_bytes_as_a_film(capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    through_the_film_door(data)
    assert_silent(capfd)


@FUZZ
@given(damaged(films))
def test_damaged_films(capfd: pytest.CaptureFixture[str], data: bytes) -> None:
    through_the_film_door(data)
    assert_silent(capfd)


def test_the_sound_ones_are_read() -> None:
    """What the damage is done to is whole, or the tests above would prove nothing."""
    for data in photographs() + scans():
        assert_sound(list(pictures_in(io.BytesIO(data), "memory", LIMIT)))
    for data in films():
        with TemporaryDirectory() as folder:
            path = Path(folder) / "film.mp4"
            path.write_bytes(data)
            video = VideoFrames(path)
            assert len(list(video)) == 8
            assert video.warning is None
