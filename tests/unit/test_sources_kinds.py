"""Files are told apart by their first bytes."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from secondlook.sources.kinds import PhotoFormat, SourceKind, kind_of, photo_format


@pytest.mark.parametrize(
    ("pillow_name", "format_"),
    [
        ("JPEG", PhotoFormat.JPEG),
        ("PNG", PhotoFormat.PNG),
        ("GIF", PhotoFormat.GIF),
        ("WEBP", PhotoFormat.WEBP),
        ("TIFF", PhotoFormat.TIFF),
        ("BMP", PhotoFormat.BMP),
        ("AVIF", PhotoFormat.AVIF),
        ("JPEG2000", PhotoFormat.JPEG2000),
        ("PPM", PhotoFormat.PNM),
    ],
)
def test_what_pillow_writes_is_known(pillow_name: str, format_: PhotoFormat) -> None:
    file = io.BytesIO()
    Image.new("RGB", (32, 24), "red").save(file, pillow_name)
    assert photo_format(file.getvalue()) is format_
    assert kind_of(file.getvalue()) is SourceKind.PHOTO


def box(name: bytes, *brands: bytes) -> bytes:
    body = name + brands[0] + bytes(4) + b"".join(brands[1:])
    return (4 + len(body)).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    "head",
    [
        box(b"ftyp", b"isom", b"avc1"),
        box(b"ftyp", b"qt  "),
        b"\0\0\0\x08mdat",
        b"RIFF\x10\0\0\0AVI LIST",
        b"\x1a\x45\xdf\xa3",
        b"\0\0\0\x01\x67\x42\0\x1e",
        b"\0\0\x01\x09\x10",
        b"\0\0\0\x01\x40\x01\x0c",
        (b"\x47" + bytes(187)) * 6,
        bytes(4) + (b"\x47" + bytes(191)) * 6,
        bytes(50) + (b"\x47" + bytes(187)) * 6,
        b"YUV4MPEG2 W64 H48",
    ],
)
def test_videos(head: bytes) -> None:
    assert kind_of(head) is SourceKind.VIDEO


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"BM is how this text begins, and no bitmap.",
        b"P6",
        b"Privacy policy",
        b"#EXTM3U\nhttp://example.org/a.ts",
        b"ID3\x04\0",
        b"RIFF\x10\0\0\0WAVE",
        b"%PDF-1.7",
        b"\0\0\x01\0\x01\0",
        box(b"ftyp", b"heic", b"mif1"),
        box(b"ftyp", b"crx "),
    ],
)
def test_neither(head: bytes) -> None:
    assert kind_of(head) is None


def test_avif_is_known_by_any_of_its_brands_but_only_inside_the_first_box() -> None:
    assert photo_format(box(b"ftyp", b"mif1", b"miaf", b"avif")) is PhotoFormat.AVIF
    assert photo_format(box(b"ftyp", b"isom", b"mp41") + b"avif") is None


@given(st.binary(max_size=1200))
def test_any_bytes_have_an_answer(head: bytes) -> None:
    kind = kind_of(head)
    assert (photo_format(head) is not None) == (kind is SourceKind.PHOTO)
