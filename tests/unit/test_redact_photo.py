"""Photographs: same format, same quality, upright, and nothing left of what the old file said and showed beside."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, ImageSequence

from fake_runs import identifier as fake_identifier
from secondlook.errors import SourceError
from secondlook.fakes import BLUE, GREEN, RED, FakeDetector, Square, painted
from secondlook.redact.cover import FILL, Covering
from secondlook.redact.places import also, region
from secondlook.redact.record import RedactedFrame
from secondlook.redact.results import Redacted
from secondlook.redact.rulings import Chosen
from secondlook.runs.redact_kit import Ask, Kit
from secondlook.runs.redact_photo import redact_photo
from secondlook.sources import Source, SourceKind, read_photo, read_pictures
from secondlook.types import Pixels

SCENE = painted(120, 200, (Square(10, 10, 24, RED), Square(90, 50, 30, GREEN)))
SECRETS = (b"SN-12345", b"Jane Doe", b"thumbnail", b"regions", b"iptc-secret", b"a comment")


def redacted(path: Path, ask: Ask | None = None, kit: Kit | None = None) -> tuple[Redacted, list[RedactedFrame], Path]:
    told: list[RedactedFrame] = []
    out = path.parent / "out"
    source = Source(path, SourceKind.PHOTO)
    done = redact_photo(
        source, out, Path("redacted") / path.stem, kit or Kit(ask or Ask(), FakeDetector()), told.append
    )
    return done, told, out / done.output


def covered_at(pixels: Pixels, x: int, y: int, tolerance: int = 12) -> bool:
    return bool(np.abs(pixels[y, x].astype(int) - FILL).max() <= tolerance)


FORMATS = {
    "jpg": {"quality": 80},
    "png": {},
    "webp": {"quality": 80},
    "tif": {},
    "bmp": {},
    "avif": {"quality": 90},
    "jp2": {},
    "ppm": {},
    "gif": {},
}


@pytest.mark.parametrize("ending", FORMATS)
def test_every_format_stays_itself(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    Image.fromarray(SCENE).save(path, **FORMATS[ending])
    done, told, copy = redacted(path)
    assert (done.output, done.faces, done.frames) == (f"redacted/a.{ending}", 2, 1)
    with Image.open(path) as before, Image.open(copy) as after:
        assert after.format == before.format and after.size == before.size
    pixels = read_photo(copy).pixels
    assert covered_at(pixels, 22, 22) and covered_at(pixels, 105, 65)
    assert np.abs(pixels[100:].astype(int) - SCENE[100:]).max() < 12
    assert [len(frame.covered) for frame in told] == [2]


def test_a_jpeg_keeps_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "a.jpeg"
    Image.fromarray(SCENE).save(path, quality=83, subsampling=2)
    _, _, copy = redacted(path)
    assert copy.name == "a.jpeg"
    with Image.open(path) as before, Image.open(copy) as after:
        assert before.quantization == after.quantization


def with_secrets(path: Path, orientation: int = 6) -> None:
    """A JPEG with a place, a serial number, a thumbnail of the face, names of faces, captions and a comment."""
    held = io.BytesIO()
    Image.fromarray(SCENE).resize((60, 36)).save(held, "JPEG", comment=b"thumbnail of the face")
    thumbnail = held.getvalue()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "Camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = "SN-12345"
    exif.get_ifd(ExifTags.IFD.Exif)[0x927C] = b"maker note with thumbnail"
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (51.0, 30.0, 26.0)
    first = exif.get_ifd(ExifTags.IFD.IFD1)
    first[ExifTags.Base.Compression] = 6
    first[ExifTags.Base.JpegIFByteCount] = len(thumbnail)
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><mwg-rs:regions>Jane Doe</mwg-rs:regions></x:xmpmeta>'
    Image.fromarray(SCENE).save(path, exif=exif, xmp=xmp, comment=b"a comment", quality=92)
    data = path.read_bytes()
    iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0biptc-secret\0"
    extra = b"\xff\xed" + (len(iptc) + 2).to_bytes(2, "big") + iptc
    # a second picture behind the first, as phones store them
    path.write_bytes(data[:2] + extra + data[2:] + thumbnail)


def test_all_metadata_are_gone_and_the_picture_is_upright(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with_secrets(path)
    assert all(secret in path.read_bytes() for secret in SECRETS)
    _, _, copy = redacted(path)
    data = copy.read_bytes()
    assert not any(secret in data for secret in SECRETS)
    assert b"Exif" not in data and b"http://ns.adobe" not in data and data.count(b"\xff\xd8\xff") == 1
    with Image.open(copy) as image:
        assert image.size == (120, 200) and not image.getexif()
    assert np.abs(read_photo(copy).pixels[190].astype(int) - read_photo(path).pixels[190]).max() < 8


def test_what_is_asked_to_stay_stays_but_no_picture_does(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    with_secrets(path)
    _, _, copy = redacted(path, Ask(keep_metadata=True))
    data = copy.read_bytes()
    assert b"SN-12345" in data and b"Jane Doe" in data
    assert b"thumbnail" not in data and data.count(b"\xff\xd8\xff") == 1
    with Image.open(copy) as image:
        assert image.getexif()[ExifTags.Base.Orientation] == 1
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] == (51.0, 30.0, 26.0)
        assert image.size == (120, 200)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "CMYK", "P"])
def test_how_the_old_file_was_laid_out_is_nothing_that_stays(tmp_path: Path, mode: str) -> None:
    """A TIFF tells its layout where others have their metadata: a copy that said the same could not be opened."""
    path = tmp_path / "a.tif"
    tags = {270: "seen from the tower", 0xC634: b"private, and perhaps a picture"}
    Image.fromarray(SCENE).convert(mode).save(path, compression="tiff_lzw", tiffinfo=tags)
    _, _, copy = redacted(path, Ask(keep_metadata=True))
    with Image.open(copy) as image:
        assert np.asarray(image).shape == (120, 200, 3)
        assert image.getexif()[270] == "seen from the tower"
    assert b"private" in path.read_bytes() and b"private" not in copy.read_bytes()


def test_colours_stay_what_they_were(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(SCENE).save(tmp_path / "a.png", icc_profile=profile)
    with Image.open(redacted(tmp_path / "a.png")[2]) as image:
        assert image.info["icc_profile"] == profile


def test_transparency_hides_nothing(tmp_path: Path) -> None:
    """Below a transparent pixel colours may be left, and the alpha channel may have somebody's outline."""
    alpha = np.full((120, 200, 1), 255, np.uint8)
    alpha[10:34, 10:34] = 0
    Image.fromarray(np.concatenate([SCENE, alpha], axis=2)).save(tmp_path / "a.png")
    with Image.open(redacted(tmp_path / "a.png")[2]) as image:
        assert image.mode == "RGB"
        assert not (np.asarray(image) == RED).all(axis=2).any()


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_every_picture_of_an_animation_is_covered(tmp_path: Path, ending: str) -> None:
    pages = [Image.fromarray(painted(96, 160, [Square(10 + 20 * i, 30, 24, RED)])) for i in range(5)]
    path = tmp_path / f"a.{ending}"
    more = {"lossless": True} if ending == "webp" else {}
    pages[0].save(path, save_all=True, append_images=pages[1:], duration=[200, 300, 200, 400, 400], loop=3, **more)
    done, told, copy = redacted(path)
    assert (done.frames, done.covered_frames, len(told)) == (5, 5, 5)
    for i, frame in enumerate(read_pictures(copy)):
        assert covered_at(frame.pixels, 22 + 20 * i, 42), i
    with Image.open(copy) as image:
        assert image.info.get("loop", 3) == 3
        shown = [(frame.load(), frame.info["duration"])[1] for frame in ImageSequence.Iterator(image)]
        assert shown == [200, 300, 200, 400, 400]


def test_every_page_is_covered(tmp_path: Path) -> None:
    pages = [Image.fromarray(painted(96, 160, [Square(10 + 20 * i, 30, 24, BLUE)])) for i in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    done, _, copy = redacted(tmp_path / "a.tif")
    assert done.frames == 3 and len(list(read_pictures(copy))) == 3
    assert all(covered_at(frame.pixels, 22 + 20 * i, 42, 0) for i, frame in enumerate(read_pictures(copy)))


def test_a_damaged_photograph_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:-3000])
    (tmp_path / "out" / "redacted").mkdir(parents=True)
    (tmp_path / "out" / "redacted" / "a.png").write_bytes(b"of an earlier run")
    with pytest.raises(SourceError, match=r"a\.png"):
        redacted(path)
    assert list((tmp_path / "out" / "redacted").iterdir()) == []


def test_the_wrong_ending_is_put_right(tmp_path: Path) -> None:
    Image.fromarray(SCENE).save(tmp_path / "a.jpg", "PNG")
    assert redacted(tmp_path / "a.jpg")[0].output == "redacted/a.png"


def test_places_that_were_named_are_covered_too(tmp_path: Path) -> None:
    Image.fromarray(painted(120, 200, ())).save(tmp_path / "a.png")
    ask = Ask(covering=Covering(), places=(region("10,10,20,20"), also("100,60,30,30"), also("b.png=50,50,9,9")))
    done, told, copy = redacted(tmp_path / "a.png", ask)
    pixels = read_photo(copy).pixels
    assert covered_at(pixels, 20, 20, 0) and covered_at(pixels, 115, 75, 0) and pixels[55, 55].tolist() == [128] * 3
    assert done.faces == 0 and [area.why.value for area in told[0].areas] == ["region", "added"]


def chosen_kit(chosen: Chosen) -> Kit:
    """Red is Ruby and blue is Skye, as the fakes have it."""
    return Kit(Ask(chosen=chosen), FakeDetector(), identifier=fake_identifier())


def test_who_is_kept_stays_and_everybody_else_is_covered(tmp_path: Path) -> None:
    faces = (Square(10, 10, 24, RED), Square(90, 50, 30, GREEN), Square(150, 10, 24, BLUE))
    Image.fromarray(painted(120, 200, faces)).save(tmp_path / "a.png")
    done, told, copy = redacted(tmp_path / "a.png", kit=chosen_kit(Chosen(keep=("Ruby",))))
    pixels = read_photo(copy).pixels
    assert pixels[22, 22].tolist() == list(RED)
    assert covered_at(pixels, 105, 65, 0) and covered_at(pixels, 162, 22, 0)
    assert (done.faces, done.kept) == (2, 1)
    assert [area.subject for area in told[0].areas if area.kept] == ["Ruby"]


def test_of_two_who_might_be_kept_one_is_covered(tmp_path: Path) -> None:
    faces = (Square(10, 10, 24, RED), Square(90, 50, 30, RED))
    Image.fromarray(painted(120, 200, faces)).save(tmp_path / "a.png")
    assert redacted(tmp_path / "a.png", kit=chosen_kit(Chosen(keep=("Ruby",))))[0].kept == 1


def test_only_whoever_is_named_is_covered(tmp_path: Path) -> None:
    faces = (Square(10, 10, 24, RED), Square(90, 50, 30, GREEN))
    Image.fromarray(painted(120, 200, faces)).save(tmp_path / "a.png")
    done, _, copy = redacted(tmp_path / "a.png", kit=chosen_kit(Chosen(only=("Ruby",))))
    pixels = read_photo(copy).pixels
    assert covered_at(pixels, 22, 22, 0) and pixels[65, 105].tolist() == list(GREEN)
    assert (done.faces, done.kept) == (1, 1)
