"""What a file is, told from its first bytes and never from its name.

Signatures: the formats' own specifications; for MPEG transport streams (ISO/IEC 13818-1) five sync bytes in step.
"""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 4096
"""How much of a file the functions here want to see."""


class SourceKind(StrEnum):
    PHOTO = "photo"
    VIDEO = "video"


class PhotoFormat(StrEnum):
    """The formats of photographs that are read; an animation is a photograph with more than one picture."""

    JPEG = "JPEG"
    PNG = "PNG"
    GIF = "GIF"
    WEBP = "WebP"
    TIFF = "TIFF"
    BMP = "BMP"
    AVIF = "AVIF"
    JPEG2000 = "JPEG 2000"
    PNM = "PNM"


READABLE = f"{', '.join(PhotoFormat)} or a common video format"

_PHOTO_STARTS = (
    (b"\xff\xd8\xff", PhotoFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", PhotoFormat.PNG),
    (b"GIF87a", PhotoFormat.GIF),
    (b"GIF89a", PhotoFormat.GIF),
    (b"II*\0", PhotoFormat.TIFF),
    (b"MM\0*", PhotoFormat.TIFF),
    (b"II+\0", PhotoFormat.TIFF),
    (b"MM\0+", PhotoFormat.TIFF),
    (b"\0\0\0\x0cjP  \r\n\x87\n", PhotoFormat.JPEG2000),
    (b"\xff\x4f\xff\x51", PhotoFormat.JPEG2000),
)
_VIDEO_STARTS = (
    b"\x1a\x45\xdf\xa3",  # Matroska, WebM
    b"FLV\x01",
    b"OggS",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",  # ASF: wmv
    b"\x06\x0e\x2b\x34\x02\x05\x01\x01",  # MXF
    b"\0\0\x01\xba",  # MPEG program stream: vob, mpg
    b"\0\0\x01\xb3",  # MPEG-1 and -2 video
    b"\0\0\x01\xb0",  # MPEG-4 part 2 video
    b"\x1f\x07\0",  # DV
    b"DKIF",  # IVF
    b"YUV4MPEG2 ",
    b"DHAV",  # Dahua recorders
    b".RMF",
)
_BMP_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_MOVIE_BOXES = (b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"moof", b"styp")
_AVIF_BRANDS = (b"avif", b"avis")
_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"crx ")
"""HEIF stills and Canon raw share the box structure of a film, but are none, and are not read here."""


def kind_of(head: bytes) -> SourceKind | None:
    """Photograph, video or, where None, nothing that is read here. head: the first ``HEAD_BYTES`` of the file."""
    if photo_format(head) is not None:
        return SourceKind.PHOTO
    return SourceKind.VIDEO if _is_video(head) else None


def photo_format(head: bytes) -> PhotoFormat | None:
    for start, format_ in _PHOTO_STARTS:
        if head.startswith(start):
            return format_
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return PhotoFormat.WEBP
    # two letters alone are too little: the size of the second header must be one that exists
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return PhotoFormat.BMP
    if head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace():
        return PhotoFormat.PNM
    if _has_brand(head, _AVIF_BRANDS):
        return PhotoFormat.AVIF
    return None


def _is_video(head: bytes) -> bool:
    if head.startswith(_VIDEO_STARTS) or (head[:4] == b"RIFF" and head[8:12] == b"AVI "):
        return True
    if head[4:8] == b"ftyp":
        return head[8:12] not in _STILL_BRANDS
    return head[4:8] in _MOVIE_BOXES or _is_bare_stream(head) or _is_transport_stream(head)


def _has_brand(head: bytes, brands: tuple[bytes, ...]) -> bool:
    """Whether a file of the ISO base media format (ISO/IEC 14496-12) names one of the brands in its first box."""
    if head[4:8] != b"ftyp":
        return False
    end = min(int.from_bytes(head[:4], "big"), len(head))
    named = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    return any(brand in named for brand in brands)


def _is_bare_stream(head: bytes) -> bool:
    """H.264 or HEVC without a container, as recorders export it: a start code, then parameters or a delimiter."""
    for start in (b"\0\0\0\x01", b"\0\0\x01"):
        if head.startswith(start) and len(head) > len(start) + 1:
            unit = head[len(start)]
            h264 = unit & 0x9F in (7, 9)
            hevc = unit & 0x81 == 0 and unit >> 1 in (32, 35)
            return h264 or hevc
    return False


def _is_transport_stream(head: bytes) -> bool:
    # 188 bytes a packet, 192 with a time code before it (Blu-ray, camcorders), 204 with error correction behind it;
    # a recording may begin inside a packet
    return any(
        len(head) > start + 4 * size and all(head[start + step * size] == 0x47 for step in range(5))
        for size in (188, 192, 204)
        for start in range(size)
    )
