"""The parts of JPEG, PNG, WebP and GIF files that are not the picture: found from the files' own structure.

JPEG: ITU-T T.81, annex B; several pictures in one: CIPA DC-007. PNG: ISO/IEC 15948. WebP: RFC 9649. GIF: GIF89a.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from secondlook.redact.attack.found_leftovers import Kind

_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SEGMENTS: Final = (
    # EXIF is read by itself; a JFIF header without a thumbnail and a colour profile say nothing of anybody
    (0xE0, b"JFXX\0", Kind.THUMBNAIL, "JFXX thumbnail"),
    (0xE1, b"http://ns.adobe.com/", Kind.METADATA, "XMP"),
    (0xE2, b"MPF\0", Kind.THUMBNAIL, "second picture (MPF)"),
    (0xED, b"Photoshop 3.0\0", Kind.METADATA, "Photoshop and IPTC data"),
    (0xFE, b"", Kind.METADATA, "comment"),
)
_KNOWN: Final = ((0xE0, b"JFIF\0"), (0xE1, b"Exif\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
_PICTURE_CHUNKS: Final = frozenset(
    {
        b"IHDR",
        b"PLTE",
        b"IDAT",
        b"IEND",
        b"tRNS",
        b"cHRM",
        b"gAMA",
        b"iCCP",
        b"sBIT",
        b"sRGB",
        b"cICP",
        b"bKGD",
        b"pHYs",
    }
) | frozenset({b"sPLT", b"hIST", b"acTL", b"fcTL", b"fdAT", b"mDCV", b"cLLI"})
_WEBP_CHUNKS: Final = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})


@dataclass(frozen=True, slots=True)
class Part:
    """size: bytes."""

    kind: Kind
    where: str
    size: int


def jpeg_parts(file: BinaryIO, end: int) -> Iterator[Part]:
    """Everything up to the first scan, and what is behind the end of the first picture."""
    file.seek(0)
    data = file.read(end)
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF or marker in _ALONE:
            place += 1 if marker == 0xFF else 2
            continue
        size = int.from_bytes(data[place + 2 : place + 4], "big")
        part = _segment(marker, data[place + 4 : place + 2 + size])
        if part is not None:
            yield part
        place += 2 + size
        if marker == _START_OF_SCAN:
            place = _after_scan(data, place)
            if data[place : place + 2] == bytes((0xFF, _END_OF_IMAGE)):
                place += 2
                break
    if place < len(data):
        yield Part(Kind.BEHIND_END, "data behind the end of the picture", len(data) - place)


def _segment(marker: int, content: bytes) -> Part | None:
    for number, start, kind, said in _SEGMENTS:
        if marker == number and content.startswith(start):
            return Part(kind, said, len(content))
    if marker == 0xE0 and content.startswith(b"JFIF\0") and len(content) >= 14 and content[12] and content[13]:
        return Part(Kind.THUMBNAIL, "JFIF thumbnail", len(content))
    application = 0xE0 <= marker <= 0xEF
    if application and not any(marker == m and content.startswith(s) for m, s in _KNOWN):
        return Part(Kind.METADATA, f"application data (APP{marker - 0xE0})", len(content))
    return None


def _after_scan(data: bytes, place: int) -> int:
    """Where the next marker is after coded data, in which FF is followed by 00 or a restart."""
    while True:
        place = data.find(b"\xff", place)
        if place < 0 or place + 1 >= len(data):
            return len(data)
        if data[place + 1] not in (0, *range(0xD0, 0xD8)):
            return place
        place += 2


def png_parts(file: BinaryIO, end: int) -> Iterator[Part]:
    place = 8
    while place + 12 <= end:
        file.seek(place)
        head = file.read(8)
        size, name = int.from_bytes(head[:4], "big"), head[4:]
        place += 12 + size
        if name == b"IEND":
            break
        # eXIf is read by itself
        if name not in _PICTURE_CHUNKS and name != b"eXIf":
            yield Part(Kind.METADATA, f"chunk {name.decode('ascii', 'replace')}", size)
    if place < end:
        yield Part(Kind.BEHIND_END, "data behind the end of the picture", end - place)


def webp_parts(file: BinaryIO, end: int) -> Iterator[Part]:
    file.seek(4)
    stop = 8 + int.from_bytes(file.read(4), "little")
    place = 12
    while place + 8 <= min(stop, end):
        file.seek(place)
        head = file.read(8)
        size, name = int.from_bytes(head[4:], "little"), head[:4]
        place += 8 + size + size % 2
        if name not in _WEBP_CHUNKS and name != b"EXIF":
            yield Part(Kind.METADATA, f"chunk {name.decode('ascii', 'replace').strip()}", size)
    if stop + stop % 2 < end:
        yield Part(Kind.BEHIND_END, "data behind the end of the picture", end - stop)


def gif_end(file: BinaryIO, end: int) -> Iterator[Part]:
    """Comments, application data other than loops, and what is behind the trailer."""
    file.seek(0)
    data = file.read(end)
    place = 13 + _colours(data[10])
    while place < len(data) and data[place] != 0x3B:
        if data[place] == 0x21:
            label, start = data[place + 1], place + 2
            place = _after_blocks(data, start)
            if label == 0xFE or (label == 0xFF and data[start + 1 : start + 9] not in (b"NETSCAPE", b"ICCRGBG1")):
                yield Part(Kind.METADATA, "comment or application data", place - start)
        elif data[place] == 0x2C:
            place = _after_blocks(data, place + 10 + _colours(data[place + 9]) + 1)
        else:
            break
    if place + 1 < len(data):
        yield Part(Kind.BEHIND_END, "data behind the end of the picture", len(data) - place - 1)


def _colours(packed: int) -> int:
    """Bytes of a colour table."""
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _after_blocks(data: bytes, place: int) -> int:
    while place < len(data) and data[place]:
        place += 1 + data[place]
    return place + 1
