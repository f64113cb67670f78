"""What BMP, PNM and TIFF files hold that no picture of theirs uses: found from the files' own structure.

BMP: Microsoft's BITMAPFILEHEADER and BITMAPINFOHEADER. PNM: netpbm's man pages. TIFF: revision 6.0, 1992.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

from secondlook.redact.attack.boxes import holds_something
from secondlook.redact.attack.found_leftovers import Kind
from secondlook.redact.attack.photo_files import Part

_BEHIND = "data behind the end of the picture"
_LONGEST_HEADER: Final = 1 << 16


def bmp_parts(file: BinaryIO, end: int) -> Iterator[Part]:
    file.seek(0)
    head = file.read(54)
    if len(head) < 54 or int.from_bytes(head[14:18], "little") < 40:
        return
    width, height = (int.from_bytes(head[at : at + 4], "little", signed=True) for at in (18, 22))
    row = (abs(width) * int.from_bytes(head[28:30], "little") + 31) // 32 * 4
    packed = int.from_bytes(head[30:34], "little") in (1, 2)
    size = int.from_bytes(head[34:38], "little") if packed else row * abs(height)
    yield from _rest(file, int.from_bytes(head[10:14], "little") + size, end)


def pnm_parts(file: BinaryIO, end: int) -> Iterator[Part]:
    """Comments, and what is behind the pixels where these are stored as bytes."""
    file.seek(0)
    head = file.read(_LONGEST_HEADER)
    form = head[:2]
    if form not in (b"P4", b"P5", b"P6"):
        return
    place, values, wanted = 2, list[int](), 2 if form == b"P4" else 3
    while len(values) < wanted:
        found = re.compile(rb"\s*(?:#([^\n]*)\n|(\d+))").match(head, place)
        if found is None:
            return
        place = found.end()
        if found[2] is not None:
            values.append(int(found[2]))
        elif found[1].strip():
            yield Part(Kind.METADATA, "comment", len(found[1]))
    width, height, most = (*values, 1)[:3]
    row = (width + 7) // 8 if form == b"P4" else width * (3 if form == b"P6" else 1) * (2 if most > 255 else 1)
    yield from _rest(file, place + 1 + row * height, end)


def _rest(file: BinaryIO, start: int, end: int) -> Iterator[Part]:
    if start < end:
        yield Part(Kind.BEHIND_END, _BEHIND, end - start)


_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value of each type."""
_DIRECTORIES: Final = frozenset({0x014A, 0x8769, 0x8825, 0xA005})
_PARTS: Final = ((0x0111, 0x0117), (0x0144, 0x0145), (0x0201, 0x0202))
"""Where strips, tiles and thumbnails begin, and how long they are."""
_MOST_DIRECTORIES: Final = 10_000
_LEAST: Final = 64
"""Bytes: whoever appends pages leaves their headers behind, in which no picture fits."""

Place = tuple[int, int]
"""Where something begins and ends in the file."""


def tiff_parts(file: BinaryIO, end: int) -> Iterator[Part]:
    """Bytes to which no directory points. Nothing of a BigTIFF, which is not walked."""
    file.seek(0)
    head = file.read(8)
    order: Literal["little", "big"] = "little" if head[:2] == b"II" else "big"
    if len(head) < 8 or int.from_bytes(head[2:4], order) != 42:
        return
    used = sorted(_Directories(file, end, order).used(int.from_bytes(head[4:8], order)))
    last = 0
    for start, stop in (*used, (end, end)):
        size, behind = start - last, start == end
        if size > 0 and (behind or size >= _LEAST) and holds_something(file, last, start):
            yield Part(Kind.BEHIND_END, _BEHIND, size) if behind else Part(Kind.UNUSED, "unused part", size)
        last = max(last, stop)


class _Directories:
    """The directories of one TIFF."""

    def __init__(self, file: BinaryIO, end: int, order: Literal["little", "big"]) -> None:
        self._file, self._end, self._order = file, end, order

    def used(self, first: int) -> Iterator[Place]:
        yield 0, 8
        waiting, seen = [first], set[int]()
        while waiting and len(seen) < _MOST_DIRECTORIES:
            at = waiting.pop()
            if at in seen or not 8 <= at < self._end:
                continue
            seen.add(at)
            count = self._number(at, 2)
            after = at + 2 + 12 * count
            yield at, after + 4
            waiting.append(self._number(after, 4))
            values = dict[int, list[int]]()
            for entry in range(at + 2, min(after, self._end), 12):
                tag, kind, many = self._number(entry, 2), self._number(entry + 2, 2), self._number(entry + 4, 4)
                size = _SIZES.get(kind, 1)
                place = entry + 8 if size * many <= 4 else self._number(entry + 8, 4)
                yield place, min(self._end, place + size * many)
                if tag in _DIRECTORIES or any(tag in pair for pair in _PARTS):
                    values[tag] = [self._number(place + i * size, size) for i in range(min(many, self._end // size))]
            waiting.extend(one for tag in _DIRECTORIES for one in values.get(tag, ()))
            for starts, lengths in _PARTS:
                for start, length in zip(values.get(starts, ()), values.get(lengths, ()), strict=False):
                    yield start, start + length

    def _number(self, at: int, size: int) -> int:
        self._file.seek(at)
        return int.from_bytes(self._file.read(size), self._order)
