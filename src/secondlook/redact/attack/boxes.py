"""A walk over the boxes of MP4 and MOV files (ISO/IEC 14496-12) and the elements of Matroska (RFC 8794, RFC 9559)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

_CONTAINERS: Final = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"mvex", b"moof", b"traf"}
)
_DEEPEST: Final = 8
_BLOCK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Box:
    """path: names from the outermost box on, ``moov/udta``. start, end: of its content in the file."""

    path: str
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def size(self) -> int:
        return self.end - self.start


def boxes(file: BinaryIO, start: int, end: int, above: str = "") -> Iterator[Box]:
    """Every box between two places of a file, and those inside the ones that hold boxes.

    Bytes that are no box come as one named ``?``.
    """
    place = start
    while place < end:
        found = _box_at(file, place, end)
        if found is None:
            yield Box(f"{above}?", place, end)
            return
        name, content, after = found
        box = Box(above + name.decode("latin-1"), content, after)
        yield box
        if name in _CONTAINERS and box.path.count("/") < _DEEPEST:
            yield from boxes(file, content, after, f"{box.path}/")
        place = after


def _box_at(file: BinaryIO, place: int, end: int) -> tuple[bytes, int, int] | None:
    """Name, where the content begins and where the box ends."""
    file.seek(place)
    head = file.read(16)
    if len(head) < 8:
        return None
    size, name, content = int.from_bytes(head[:4], "big"), head[4:8], place + 8
    if size == 1 and len(head) == 16:
        size, content = int.from_bytes(head[8:16], "big"), place + 16
    if size == 0:
        size = end - place
    # QuickTime ends a list of boxes with four zero bytes
    if size < content - place or place + size > end or not all(32 <= byte < 127 or byte == 0xA9 for byte in name):
        return None
    return name, content, place + size


def holds_something(file: BinaryIO, start: int, end: int) -> bool:
    """Whether any byte between two places is not zero."""
    file.seek(start)
    left = end - start
    while left > 0:
        block = file.read(min(left, _BLOCK))
        if not block:
            return False
        if block.strip(b"\0"):
            return True
        left -= len(block)
    return False


_SEGMENT, _EBML, _VOID = 0x18538067, 0x1A45DFA3, 0xEC
_UNKNOWN_SIZE: Final = -1
_NAMES: Final = {
    _EBML: "EBML",
    _SEGMENT: "Segment",
    _VOID: "Void",
    0xBF: "CRC-32",
    0x114D9B74: "SeekHead",
    0x1549A966: "Info",
    0x1654AE6B: "Tracks",
    0x1F43B675: "Cluster",
    0x1C53BB6B: "Cues",
    0x1941A469: "Attachments",
    0x1043A770: "Chapters",
    0x1254C367: "Tags",
}


def elements(file: BinaryIO, start: int, end: int, above: str = "") -> Iterator[Box]:
    """The elements of a Matroska file and of its segment; bytes that are no element come as one named ``?``."""
    place = start
    while place < end:
        found = _element_at(file, place, end)
        if found is None:
            yield Box(f"{above}?", place, end)
            return
        number, content, after = found
        box = Box(above + _NAMES.get(number, f"{number:X}"), content, after)
        yield box
        if number == _SEGMENT:
            yield from elements(file, content, after, f"{box.path}/")
        place = after


def _element_at(file: BinaryIO, place: int, end: int) -> tuple[int, int, int] | None:
    file.seek(place)
    head = file.read(12)
    number = _vint(head, 4, keep_marker=True)
    if number is None:
        return None
    size = _vint(head[number[1] :], 8, keep_marker=False)
    if size is None:
        return None
    content = place + number[1] + size[1]
    after = end if size[0] == _UNKNOWN_SIZE else content + size[0]
    return (number[0], content, after) if after <= end else None


def _vint(data: bytes, longest: int, *, keep_marker: bool) -> tuple[int, int] | None:
    """A number of variable length and how many bytes it took (RFC 8794, 4)."""
    if not data or not data[0]:
        return None
    length = 9 - data[0].bit_length()
    if length > longest or len(data) < length:
        return None
    value = int.from_bytes(data[:length], "big")
    if keep_marker:
        return value, length
    value &= (1 << 7 * length) - 1
    return (_UNKNOWN_SIZE if value == (1 << 7 * length) - 1 else value), length
