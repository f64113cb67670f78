"""Photographs of every storage come out as upright uint8 RGB."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from secondlook.errors import SourceError, SourceTooLarge, UnsupportedSource
from secondlook.sources import picture_from, read_photo, read_pictures
from secondlook.sources.photos import pictures_in
from secondlook.types import Pixels

HEIGHT, WIDTH = 48, 64


def slopes() -> Pixels:
    """Red grows to the right, green downwards, blue not at all: every turn and mirror of it differs."""
    red = np.linspace(0, 255, WIDTH)[np.newaxis, :].repeat(HEIGHT, 0)
    green = np.linspace(0, 255, HEIGHT)[:, np.newaxis].repeat(WIDTH, 1)
    return np.stack([red, green, np.full_like(red, 90)], axis=2).round().astype(np.uint8)


def difference(pixels: Pixels, expected: NDArray[np.generic]) -> float:
    assert pixels.dtype == np.uint8
    assert pixels.shape == expected.shape
    return float(np.abs(pixels.astype(int) - expected.astype(int)).mean())


def stored(image: Image.Image, format_: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("PPM", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 95}, 3),
        ("JPEG", {"quality": 95, "progressive": True}, 3),
        ("JPEG2000", {}, 3),
        ("AVIF", {"quality": 95}, 3),
        ("GIF", {}, 12),
    ],
)
def test_formats(tmp_path: Path, format_: str, options: dict[str, object], tolerance: float) -> None:
    path = tmp_path / "picture.dat"  # the name says nothing
    path.write_bytes(stored(Image.fromarray(slopes()), format_, **options))
    frame = read_photo(path)
    assert difference(frame.pixels, slopes()) <= tolerance
    assert (frame.source, frame.index, frame.time_s) == (str(path), 0, None)
    assert frame.pixels.flags.writeable
    assert frame.pixels.flags.c_contiguous


def test_a_jpeg_named_png_is_read_by_content(tmp_path: Path) -> None:
    path = tmp_path / "wrong.png"
    path.write_bytes(stored(Image.fromarray(slopes()), "JPEG", quality=95))
    assert difference(read_photo(str(path)).pixels, slopes()) < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "TIFF_LZW", "AVIF"])
def test_orientation(orientation: int, format_: str) -> None:
    turned = slopes()
    # what a camera held that way would have stored: the inverse of what EXIF 2.32 says to do on display
    stored_as = {
        1: turned,
        2: turned[:, ::-1],
        3: turned[::-1, ::-1],
        4: turned[::-1],
        5: turned.transpose(1, 0, 2),
        6: np.rot90(turned, 1),
        7: turned[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(turned, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    options: dict[str, object] = {"exif": exif, "quality": 95}
    if format_ == "TIFF_LZW":
        format_, options = "TIFF", {"exif": exif, "compression": "tiff_lzw"}
    data = stored(Image.fromarray(np.ascontiguousarray(stored_as)), format_, **options)
    assert difference(picture_from(data).pixels, turned) < 4


def test_broken_exif_is_no_reason_to_refuse(capfd: pytest.CaptureFixture[str]) -> None:
    data = stored(Image.fromarray(slopes()), "JPEG", quality=95, exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert difference(picture_from(data).pixels, slopes()) < 3
    assert capfd.readouterr() == ("", "")


def test_grey_and_one_bit() -> None:
    grey = slopes()[:, :, 0]
    expected = np.stack([grey] * 3, axis=2)
    assert difference(picture_from(stored(Image.fromarray(grey), "PNG")).pixels, expected) == 0
    black_white = picture_from(stored(Image.fromarray(grey > 127), "PNG")).pixels
    assert difference(black_white, (expected > 127) * 255) == 0


def test_transparent_pixels_lie_on_white() -> None:
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, 20:40], alpha[:, 40:] = 255, 128
    rgba = np.dstack([slopes(), alpha])
    expected = slopes().astype(float)
    expected[:, :20] = 255
    expected[:, 40:] += (255 - expected[:, 40:]) * (127 / 255)
    webp = stored(Image.fromarray(rgba), "WEBP", lossless=True, exact=True)
    for data in (stored(Image.fromarray(rgba), "PNG"), webp):
        assert difference(picture_from(data).pixels, expected.round()) <= 1
    assert difference(picture_from(rgba).pixels, expected.round()) <= 1


def test_palette_with_and_without_transparency() -> None:
    picture = Image.fromarray(slopes()).quantize(8)
    expected = np.array(picture.convert("RGB"))
    assert difference(picture_from(stored(picture, "PNG")).pixels, expected) == 0
    expected[np.array(picture) == 3] = 255
    assert difference(picture_from(stored(picture, "PNG", transparency=3)).pixels, expected) == 0


def test_a_transparent_colour_of_a_plain_picture() -> None:
    grey = np.full((4, 6), 7, np.uint8)
    grey[:, 3:] = 200
    pixels = picture_from(stored(Image.fromarray(grey), "PNG", transparency=7)).pixels
    assert pixels[0, 0].tolist() == [255, 255, 255]
    assert pixels[0, 5].tolist() == [200, 200, 200]


def test_cmyk_of_a_jpeg_is_stored_inverted_and_of_a_tiff_is_not() -> None:
    cmyk = Image.fromarray(slopes()).convert("CMYK")
    assert difference(picture_from(stored(cmyk, "JPEG", quality=95)).pixels, slopes()) < 4
    assert difference(picture_from(stored(cmyk, "TIFF")).pixels, slopes()) <= 1


def test_lab() -> None:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    picture = ImageCms.profileToProfile(Image.fromarray(slopes()), srgb, lab, outputMode="LAB")
    assert picture is not None
    assert difference(picture_from(stored(picture, "TIFF")).pixels, slopes()) < 3


def ramp(top: float, dtype: str) -> NDArray[np.generic]:
    return np.linspace(0, top, WIDTH)[np.newaxis, :].repeat(HEIGHT, 0).astype(dtype)


@pytest.mark.parametrize(
    ("top", "dtype", "format_"),
    [
        (65535, "uint16", "PNG"),
        (65535, "uint16", "TIFF"),
        (65535, ">u2", "TIFF"),
        (65535, "int32", "TIFF"),
        (4095, "uint16", "PNG"),
        (4095, "uint16", "TIFF"),
        (1023, "uint16", "PNG"),
        (2**31 - 1, "int32", "TIFF"),
        (1.0, "float32", "TIFF"),
        (255.0, "float32", "TIFF"),
    ],
)
def test_deep_grey_is_scaled_by_its_range_and_never_clipped(top: float, dtype: str, format_: str) -> None:
    data = stored(Image.fromarray(ramp(top, dtype)), format_)
    pixels = picture_from(data).pixels
    assert difference(pixels, np.stack([ramp(255, "float64")] * 3, axis=2)) < 1
    assert pixels[0, 0, 0] == 0
    assert pixels[0, -1, 0] == 255
    assert len(np.unique(pixels[0, :, 0])) == WIDTH


def test_16_bit_colour() -> None:
    rows = (slopes().astype(np.uint16) * 257).astype(">u2").tobytes()
    stride = WIDTH * 6
    raw = b"".join(b"\0" + rows[at : at + stride] for at in range(0, len(rows), stride))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, 2, 0, 0, 0))
    data += chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    assert difference(picture_from(data).pixels, slopes()) == 0


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def squares(count: int) -> list[Image.Image]:
    """Pictures of one colour each, so that the order shows."""
    return [Image.new("RGB", (24, 16), (40 * step, 0, 0)) for step in range(count)]


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "AVIF"])
def test_every_picture_of_an_animation_is_read_at_its_time(tmp_path: Path, format_: str) -> None:
    first, *rest = squares(4)
    path = tmp_path / "moving"
    path.write_bytes(stored(first, format_, save_all=True, append_images=rest, duration=[100, 300, 50, 70]))
    frames = list(read_pictures(path))
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.1, 0.4, 0.45])
    assert [int(frame.pixels[8, 12, 0]) for frame in frames] == pytest.approx([0, 40, 80, 120], abs=4)
    assert read_photo(path).index == 0


def test_an_animation_without_durations_still_moves() -> None:
    first, *rest = squares(3)
    data = stored(first, "GIF", save_all=True, append_images=rest, duration=0)
    assert [frame.time_s for frame in pictures_in(io.BytesIO(data), "x", 10**6)] == pytest.approx([0, 0.1, 0.2])


def test_pages_of_a_tiff_have_no_time_and_thumbnails_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "pages.tif"
    pages = squares(3)
    pages[1] = pages[1].resize((12, 8))
    pages[1].encoderinfo = {"tiffinfo": {254: 1}}
    path.write_bytes(stored(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    frames = list(read_pictures(path))
    assert [(frame.index, frame.time_s) for frame in frames] == [(0, None), (2, None)]


def test_of_a_multi_picture_jpeg_only_the_photograph_is_read(tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    photograph, depth_map, _ = squares(3)
    path.write_bytes(stored(photograph, "MPO", save_all=True, append_images=[depth_map]))
    assert [(frame.index, frame.time_s) for frame in read_pictures(path)] == [(0, None)]


def test_camera_raw_is_not_read_as_its_thumbnail(tmp_path: Path) -> None:
    for tag in ({254: 1}, {50706: b"\x01\x04\0\0"}):
        path = tmp_path / "raw.dng"
        path.write_bytes(stored(Image.new("RGB", (16, 12)), "TIFF", tiffinfo=tag))
        with pytest.raises(UnsupportedSource, match=r"raw\.dng .*raw file"):
            read_photo(path)


def test_the_limit_is_looked_at_before_decoding(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    header = struct.pack(">IIBBBBB", 60000, 50000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))))
    sentence = r"bomb\.png is 60000 x 50000 px, 3,000 .* limit is 200: .*--max-megapixels"
    with pytest.raises(SourceTooLarge, match=sentence):
        read_photo(path)
    small = tmp_path / "small.png"
    Image.new("RGB", (20, 10)).save(small)
    assert read_photo(small, limit=200).pixels.shape == (10, 20, 3)
    with pytest.raises(SourceTooLarge):
        read_photo(small, limit=199)


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "BMP", "JPEG", "TIFF", "JPEG2000", "AVIF"])
def test_the_limit_holds_for_every_format(format_: str) -> None:
    with pytest.raises(SourceTooLarge):
        picture_from(stored(Image.new("RGB", (40, 40)), format_), limit=1599)


def test_a_picture_above_pillows_own_limit_is_read_without_touching_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for format_ in ("PNG", "JPEG", "BMP"):
            assert picture_from(stored(Image.new("RGB", (40, 40)), format_)).pixels.shape == (40, 40, 3)
        with pytest.raises(SourceTooLarge, match="Pillow"):
            picture_from(stored(Image.new("RGB", (40, 40)), "TIFF"))
    assert Image.MAX_IMAGE_PIXELS == 100


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF", "JPEG2000", "PPM"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_picture_that_is_cut_off_is_refused(tmp_path: Path, format_: str, share: float) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    data = stored(Image.fromarray(noise), format_)
    path = tmp_path / "cut.jpg"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(SourceError, match=r"cut\.jpg is damaged or cut off"):
        read_photo(path)


def test_an_animation_that_is_cut_off_gives_what_came_before(tmp_path: Path) -> None:
    noise = np.random.default_rng(1)
    first, *rest = (Image.fromarray(noise.integers(0, 256, (20, 30), dtype=np.uint8)) for _ in range(4))
    path = tmp_path / "cut.gif"
    data = stored(first, "GIF", save_all=True, append_images=rest)
    path.write_bytes(data[: len(data) * 5 // 8])
    read = []
    with pytest.raises(SourceError, match=r"cut\.gif"):
        read.extend(read_pictures(path))
    pictures = read_pictures(path)
    assert next(pictures).index == 0
    assert next(pictures).index == 1


def test_an_oversized_text_chunk_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.png"
    bomb = b"key\0\0" + zlib.compress(bytes(100_000_000))
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    body = chunk(b"zTXt", bomb) + chunk(b"IDAT", zlib.compress(bytes(4))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + body)
    with pytest.raises(SourceError, match=r"text\.png"):
        read_photo(path)


def test_every_complaint_is_one_sentence_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "text.jpg").write_text("not a picture at all")
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "film.jpg").write_bytes(b"\0\0\0\x18ftypisom\0\0\0\0isomavc1")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    expected = {
        "empty.jpg": (SourceError, "is empty"),
        "text.jpg": (UnsupportedSource, "is not JPEG, PNG"),
        "dangling.jpg": (SourceError, "is a link to a file that is not there"),
        "loop.jpg": (SourceError, "cannot be opened"),
        "film.jpg": (UnsupportedSource, "is a video"),
        "folder.jpg": (UnsupportedSource, "is a folder"),
        "cut.jpg": (SourceError, "is damaged or cut off"),
        "missing.jpg": (SourceError, "does not exist"),
    }
    for name, (kind, words) in expected.items():
        with pytest.raises(kind, match=words) as caught:
            read_photo(tmp_path / name)
        sentence = str(caught.value)
        assert name in sentence
        assert sentence.endswith(".")
        assert "\n" not in sentence


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnsupportedSource, match=r"pipe\.jpg is a pipe"):
        read_photo(tmp_path / "pipe.jpg")


def test_names_that_no_terminal_can_print_are_escaped(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff\nname.jpg")
    Path(path).write_bytes(stored(Image.fromarray(slopes()), "PNG"))
    assert read_photo(path).source == path
    Path(path).write_bytes(b"nothing")
    with pytest.raises(UnsupportedSource) as caught:
        read_photo(path)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


def test_a_null_byte_in_a_name_is_a_sentence_too() -> None:
    with pytest.raises(SourceError, match="cannot be opened"):
        read_photo("a\0b.jpg")
