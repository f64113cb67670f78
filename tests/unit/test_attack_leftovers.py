"""Leftovers are planted, and found; clean files are said to be clean."""

from __future__ import annotations

import io
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from secondlook.redact.attack.alpha import alpha_leftovers
from secondlook.redact.attack.boxes import boxes, elements
from secondlook.redact.attack.film_leftovers import film_leftovers
from secondlook.redact.attack.found_leftovers import Kind, Leftover
from secondlook.redact.attack.picture_leftovers import picture_leftovers
from secondlook.redact.cover import Covering
from secondlook.redact.shapes import Area

LIMIT = 10_000_000
PIXELS = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)


def kinds(found: Iterable[Leftover]) -> list[Kind]:
    return [one.kind for one in found]


def jpeg(path: Path, **options: object) -> Path:
    Image.fromarray(PIXELS).save(path, "JPEG", **options)
    return path


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.jpg", {"quality": 90, "progressive": True}),
        ("a.png", {}),
        ("a.webp", {}),
        ("a.gif", {}),
        ("a.tif", {"compression": "tiff_adobe_deflate"}),
        (
            "several.tif",
            {"save_all": True, "append_images": [Image.fromarray(PIXELS[::-1])], "compression": "tiff_lzw"},
        ),
        ("a.bmp", {}),
        ("a.ppm", {}),
        ("a.jp2", {}),
        ("a.avif", {}),
    ],
)
def test_clean_photographs_are_clean(tmp_path: Path, name: str, options: dict[str, object]) -> None:
    path = tmp_path / name
    Image.fromarray(PIXELS).save(path, **options)
    assert list(picture_leftovers(path)) == []


def test_an_animation_is_clean(tmp_path: Path) -> None:
    for name in ("a.gif", "a.png", "a.webp"):
        pages = [Image.fromarray(np.roll(PIXELS, 20 * i, 1)) for i in range(3)]
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:], duration=80, loop=0)
        assert list(picture_leftovers(tmp_path / name)) == [], name


def exif(**tags: object) -> bytes:
    held = Image.Exif()
    held[ExifTags.Base.Orientation] = 1
    if "make" in tags:
        held[ExifTags.Base.Make] = tags["make"]
    if "serial" in tags:
        held.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.BodySerialNumber] = tags["serial"]
    if "gps" in tags:
        held.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 30.0, 0.0)
    return held.tobytes()


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_exif_is_found(tmp_path: Path, name: str) -> None:
    Image.fromarray(PIXELS).save(tmp_path / name, exif=exif(make="Kamera", serial="123", gps=True))
    found = list(picture_leftovers(tmp_path / name))
    assert set(kinds(found)) == {Kind.PLACE, Kind.METADATA}
    assert any("BodySerialNumber" in one.where and "Make" in one.where for one in found)


def test_orientation_alone_is_nothing(tmp_path: Path) -> None:
    assert list(picture_leftovers(jpeg(tmp_path / "a.jpg", exif=exif()))) == []


def test_a_thumbnail_in_exif_is_found(tmp_path: Path) -> None:
    held = io.BytesIO()
    Image.fromarray(PIXELS[:30, :40]).save(held, "JPEG")
    small = held.getvalue()
    # TIFF by hand: IFD0 with orientation, IFD1 with where the thumbnail is
    ifd0 = (1).to_bytes(2, "little") + entry(0x0112, 3, 1) + (26).to_bytes(4, "little")
    ifd1 = (2).to_bytes(2, "little") + entry(0x0201, 4, 56) + entry(0x0202, 4, len(small)) + b"\0" * 4
    block = b"Exif\0\0II*\0\x08\0\0\0" + ifd0 + ifd1 + small
    path = jpeg(tmp_path / "a.jpg", exif=block)
    assert Kind.THUMBNAIL in kinds(picture_leftovers(path))


def entry(tag: int, kind: int, value: int) -> bytes:
    return b"".join(n.to_bytes(w, "little") for n, w in ((tag, 2), (kind, 2), (1, 4), (value, 4)))


@pytest.mark.parametrize(
    ("options", "where", "kind"),
    [
        ({"xmp": b"<x:xmpmeta/>"}, "XMP", Kind.METADATA),
        ({"comment": b"taken by Ada"}, "comment", Kind.METADATA),
    ],
)
def test_segments_of_a_jpeg_are_found(tmp_path: Path, options: dict[str, object], where: str, kind: Kind) -> None:
    assert [(o.kind, o.where) for o in picture_leftovers(jpeg(tmp_path / "a.jpg", **options))] == [(kind, where)]


def test_a_second_picture_of_a_jpeg_is_found(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(PIXELS).save(path, "MPO", save_all=True, append_images=[Image.fromarray(PIXELS[::-1])])
    assert {Kind.THUMBNAIL, Kind.BEHIND_END} <= set(kinds(picture_leftovers(path)))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.gif", "a.bmp", "a.ppm", "a.tif", "a.jp2", "a.avif"])
def test_data_behind_the_end_are_found(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    Image.fromarray(PIXELS).save(path)
    path.write_bytes(path.read_bytes() + b"the original, say")
    found = list(picture_leftovers(path))
    assert kinds(found) == [Kind.BEHIND_END] and found[0].size == 17


@pytest.mark.parametrize(("mode", "name"), [("L", "a.pgm"), ("1", "a.pbm"), ("L", "a.bmp"), ("1", "a.bmp")])
def test_data_behind_pictures_of_one_channel_are_found(tmp_path: Path, mode: str, name: str) -> None:
    Image.fromarray(PIXELS[:, :77]).convert(mode).save(tmp_path / name)
    assert list(picture_leftovers(tmp_path / name)) == []
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"more")
    assert kinds(picture_leftovers(tmp_path / name)) == [Kind.BEHIND_END]


def test_what_no_directory_of_a_tiff_points_to_is_found(tmp_path: Path) -> None:
    """A picture that another program replaced and did not cut away."""
    path = tmp_path / "a.tif"
    Image.fromarray(PIXELS).save(path)
    data = path.read_bytes()
    at = int.from_bytes(data[4:8], "little")
    directory = data[at : at + 2 + 12 * int.from_bytes(data[at : at + 2], "little") + 4]
    moved = (len(data)).to_bytes(4, "little")
    path.write_bytes(data[:4] + moved + data[8:] + directory)
    assert kinds(picture_leftovers(path)) == [Kind.UNUSED]


def test_a_comment_in_a_pnm_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5\n# by Ada\n2 1\n#\n255\nab")
    assert kinds(picture_leftovers(tmp_path / "a.pgm")) == [Kind.METADATA]


def test_text_in_a_png_is_found(tmp_path: Path) -> None:
    info = PngInfo()
    info.add_text("Author", "Ada")
    Image.fromarray(PIXELS).save(tmp_path / "a.png", pnginfo=info)
    assert [o.where for o in picture_leftovers(tmp_path / "a.png")] == ["chunk tEXt"]


def test_alpha_under_a_cover_is_found(tmp_path: Path) -> None:
    area = Area(np.array([20, 10, 50, 48], np.float32))
    opaque = np.dstack([PIXELS, np.full((60, 80), 255, np.uint8)])
    Image.fromarray(opaque).save(tmp_path / "same.png")
    opaque[25:30, 30:40, 3] = 250
    Image.fromarray(opaque).save(tmp_path / "shows.png")
    assert list(alpha_leftovers(tmp_path / "same.png", [[area]], Covering())) == []
    assert kinds(alpha_leftovers(tmp_path / "shows.png", [[area]], Covering())) == [Kind.ALPHA]


def film(path: Path, streams: int = 1, tags: dict[str, str] | None = None, first: int = 0) -> Path:
    with av.open(str(path), "w") as container:
        container.metadata.update(tags or {})
        made = []
        for _ in range(streams):
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 80, 60, "yuv420p"
            made.append(stream)
        for index in range(12):
            frame = av.VideoFrame.from_ndarray(np.roll(PIXELS, 3 * index, 1), format="rgb24")
            frame.pts, frame.time_base = index + first, Fraction(1, 10)
            for stream in made:
                container.mux(stream.encode(frame))
        for stream in made:
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_clean_films_are_clean(tmp_path: Path, name: str) -> None:
    assert list(film_leftovers(film(tmp_path / name), LIMIT)) == []


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv"])
def test_tags_and_second_pictures_are_found(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / name, streams=2, tags={"title": "At Ada's", "location": "+52.5+013.4/"})
    found = set(kinds(film_leftovers(path, LIMIT)))
    assert {Kind.STREAM, Kind.METADATA} <= found
    if name != "a.mov":  # FFmpeg does not write a place into MOV
        assert Kind.PLACE in found


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + name + content


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        (b"uuid", b"0123456789abcdef" + b"a face", Kind.UNUSED),
        (b"free", b"what was here before", Kind.UNUSED),
        (b"skip", b"what was here before", Kind.UNUSED),
        (b"meta", b"\0\0\0\0" + b"something", Kind.METADATA),
        (b"mdat", bytes(range(256)) * 40, Kind.UNUSED),
    ],
)
def test_boxes_of_no_use_are_found(tmp_path: Path, name: bytes, content: bytes, kind: Kind) -> None:
    path = film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes() + box(name, content))
    assert kinds(film_leftovers(path, LIMIT)) == [kind]


def test_empty_boxes_are_nothing(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes() + box(b"free", b"\0" * 500))
    assert list(film_leftovers(path, LIMIT)) == []


def test_what_is_behind_a_film_is_found(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes() + b"\xff\xd8\xff\xe0 a whole picture")
    assert Kind.BEHIND_END in kinds(film_leftovers(path, LIMIT))


def test_voids_of_matroska_are_looked_into(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mkv")
    data = bytearray(path.read_bytes())
    with path.open("rb") as file:
        void = next(one for one in elements(file, 0, len(data)) if one.name == "Void")
    data[void.start + 2 : void.start + 8] = b"a face"
    path.write_bytes(data)
    assert kinds(film_leftovers(path, LIMIT)) == [Kind.UNUSED]


def test_user_data_of_a_film_are_found(tmp_path: Path) -> None:
    """A note of the place as phones write it, in the movie's user data."""
    path = film(tmp_path / "a.mp4")
    data = path.read_bytes()
    with path.open("rb") as file:
        movie = next(one for one in boxes(file, 0, len(data)) if one.path == "moov")
        user = next((one for one in boxes(file, 0, len(data)) if one.path == "moov/udta"), None)
    note = box(b"\xa9xyz", b"\0\x12\x15\xc7+52.5000+013.4000/")
    assert user is not None, "FFmpeg writes its name there"
    grown = bytearray(data[: user.end] + note + data[user.end :])
    for one in (movie, user):
        grown[one.start - 8 : one.start - 4] = (one.size + 8 + len(note)).to_bytes(4, "big")
    path.write_bytes(grown)
    assert Kind.PLACE in kinds(film_leftovers(path, LIMIT))


def test_boxes_that_claim_too_much_end_the_walk(tmp_path: Path) -> None:
    path = tmp_path / "odd"
    path.write_bytes(box(b"ftyp", b"isom") + (2**31).to_bytes(4, "big") + b"moov" + b"\1" * 40)
    with path.open("rb") as file:
        assert [one.name for one in boxes(file, 0, path.stat().st_size)] == ["ftyp", "?"]
