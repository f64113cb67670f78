"""Finding many needles at once in a stream of bytes.

Of every needle some eight-byte anchors are taken, so close together that any remain of it holds one whole. Each eight
bytes of the stream, at every offset, are held against two tables of all anchors; what passes is compared in full.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from secondlook.custody.needles import Decimals, Name, Needles, Run

ANCHOR = 8
OVERLAP = 4096
"""Bytes of the piece before that are looked at again, so that nothing is lost at the seam. More than any needle's least."""

_REACH = 512
_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)  # odd and without pattern: they spread keys over a table
_SMALLEST_TABLE, _LARGEST_TABLE = 16, 22  # log2: what a processor's cache holds
_NUMBER = re.compile(rb"-?\d*\.?\d+(?:[eE][-+]?\d+)?")
_TOLERANCE = 2e-6
_CONTEXT = 8
_CONTINUED = bytes(range(0x80, 0xC0))  # bytes of a letter in UTF-8 after its first
_ESCAPED = re.compile(rb"(?:\\[a-zA-Z]|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2})\Z")  # a break in JSON, a sign in a URL


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in a piece something was found. at: first byte; length: bytes."""

    what: str
    at: int
    length: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor of a needle. offset: of a run in its content, of decimals the number's row."""

    needle: Run | Decimals
    offset: int


class Looker:
    """Looks for needles in pieces of bytes; keeps nothing between them."""

    def __init__(self, needles: Needles) -> None:
        self.names = needles.names
        anchors: dict[bytes, list[Anchor]] = {}
        for run in needles.runs:
            for key, anchor in _anchors(run):
                anchors.setdefault(key, []).append(anchor)
        for decimals in needles.decimals:
            for key, anchor in _number_anchors(decimals):
                anchors.setdefault(key, []).append(anchor)
        self._short = tuple(run for run in needles.runs if len(run.content) < ANCHOR)
        ordered = sorted((int.from_bytes(key, "little"), anchors[key]) for key in anchors)
        self._keys: NDArray[np.uint64] = np.array([key for key, _ in ordered], np.uint64)
        self._anchors = [found for _, found in ordered]
        bits = min(_LARGEST_TABLE, max(_SMALLEST_TABLE, (16 * len(ordered)).bit_length()))
        self._sieves = tuple(_Sieve(self._keys, multiplier, bits) for multiplier in _MULTIPLIERS)

    def runs(self, piece: bytes) -> Iterator[Spot]:
        """Remains of runs and decimals; one may be told several times."""
        for at, index in self._hits(piece):
            for anchor in self._anchors[index]:
                spot = _spot(anchor, piece, at)
                if spot is not None:
                    yield spot
        for run in self._short:
            yield from (Spot(run.what, at, len(run.content)) for at in _occurrences(piece, run.content))

    def named(self, piece: bytes) -> Iterator[tuple[Name, Spot]]:
        """Where names stand."""
        small = piece.lower()
        for name in self.names:
            for at in _occurrences(small if name.folded else piece, name.content):
                if not (name.whole_word and _within_a_word(piece, at, len(name.content))):
                    yield name, Spot(name.what, at, len(name.content))

    def _hits(self, piece: bytes) -> Iterator[tuple[int, int]]:
        """(position, row of the key) of every anchor in the piece."""
        if not len(self._keys):
            return
        for offset in range(min(ANCHOR, len(piece) - ANCHOR + 1)):
            values = np.frombuffer(piece, "<u8", (len(piece) - offset) // ANCHOR, offset)
            passing = np.flatnonzero(self._sieves[0].lets_through(values))
            passing = passing[self._sieves[1].lets_through(values[passing])]
            if not len(passing):
                continue
            found = values[passing]
            rows = np.minimum(np.searchsorted(self._keys, found), len(self._keys) - 1)
            equal = self._keys[rows] == found
            yield from zip((passing[equal] * ANCHOR + offset).tolist(), rows[equal].tolist(), strict=True)


class _Sieve:
    """Lets every key through, and few others: a table of the keys' hashes."""

    def __init__(self, keys: NDArray[np.uint64], multiplier: int, bits: int) -> None:
        self._multiplier = np.uint64(multiplier)
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, np.bool_)
        self._table[self._hashes(keys)] = True

    def lets_through(self, values: NDArray[np.uint64]) -> NDArray[np.bool_]:
        return self._table.take(self._hashes(values))

    def _hashes(self, values: NDArray[np.uint64]) -> NDArray[np.int64]:
        return ((values * self._multiplier) >> self._shift).view(np.int64)  # signed: what numpy indexes with


def _anchors(run: Run) -> Iterator[tuple[bytes, Anchor]]:
    step = max(1, run.least - ANCHOR + 1)
    for offset in range(0, len(run.content) - ANCHOR + 1, step):
        yield run.content[offset : offset + ANCHOR], Anchor(run, offset)


def _number_anchors(decimals: Decimals) -> Iterator[tuple[bytes, Anchor]]:
    """How a number begins: 0.123456 with its last digit cut or rounded, 1.234567e-01."""
    for row, value in enumerate(np.abs(decimals.values.astype(np.float64)).tolist()):
        texts = {f"{value:.12f}"[:ANCHOR], f"{value:.6f}"[:ANCHOR], f"{value:.12e}"[:ANCHOR], f"{value:.6e}"[:ANCHOR]}
        for text in texts - {"0.000000"}:
            yield text.encode(), Anchor(decimals, row)


def _spot(anchor: Anchor, piece: bytes, at: int) -> Spot | None:
    needle = anchor.needle
    if isinstance(needle, Decimals):
        return _decimal_spot(needle, anchor.offset, piece, at)
    after = _alike(needle.content[anchor.offset : anchor.offset + _REACH], piece[at : at + _REACH])
    before = _alike(
        needle.content[max(0, anchor.offset - _REACH) : anchor.offset][::-1], piece[max(0, at - _REACH) : at][::-1]
    )
    return Spot(needle.what, at - before, before + after) if before + after >= needle.least else None


def _alike(one: bytes, other: bytes) -> int:
    """Length of what both begin with."""
    length = min(len(one), len(other))
    if one[:length] == other[:length]:
        return length
    low, high = 0, length  # alike up to low, not up to high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle)
    return low


def _decimal_spot(needle: Decimals, row: int, piece: bytes, at: int) -> Spot | None:
    start = max(0, at - _REACH)
    numbers = [(m.start(), m.end(), float(m[0])) for m in _NUMBER.finditer(piece, start, at + _REACH)]
    here = next((index for index, (first, last, _) in enumerate(numbers) if first <= at < last), None)
    if here is None:
        return None
    first, last = here, here
    while first > 0 and _agrees(needle, row - (here - first) - 1, numbers[first - 1][2]):
        first -= 1
    while last + 1 < len(numbers) and _agrees(needle, row + (last - here) + 1, numbers[last + 1][2]):
        last += 1
    if last - first + 1 < needle.least or not _agrees(needle, row, numbers[here][2]):
        return None
    return Spot(needle.what, numbers[first][0], numbers[last][1] - numbers[first][0])


def _agrees(needle: Decimals, row: int, value: float) -> bool:
    return 0 <= row < len(needle.values) and abs(float(needle.values[row]) - value) <= _TOLERANCE


def _occurrences(piece: bytes, content: bytes) -> Iterator[int]:
    at = piece.find(content)
    while at >= 0:
        yield at
        at = piece.find(content, at + 1)


def in_text(piece: bytes, at: int, length: int) -> bool:
    """Whether what stands there stands among letters and signs (UTF-8), and not among other bytes."""
    before, after = piece[max(0, at - _CONTEXT) : at], piece[at + length : at + length + _CONTEXT]
    if any((byte < 32 and byte not in b"\t\r\n") or byte == 127 for byte in before + after):
        return False
    # a letter of several bytes may be cut at the far ends
    return _readable(before.lstrip(_CONTINUED)) and any(_readable(after[: len(after) - cut]) for cut in range(4))


def _readable(text: bytes) -> bool:
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _within_a_word(piece: bytes, at: int, length: int) -> bool:
    """Whether it is a part of another word, in a text. Elsewhere (a database's row, say) words touch each other."""
    if not in_text(piece, at, length) or _ESCAPED.search(piece[max(0, at - 6) : at]):
        return False
    before = piece[max(0, at - 4) : at].decode("utf-8", "ignore")[-1:]
    after = piece[at + length : at + length + 4].decode("utf-8", "ignore")[:1]
    return before.isalpha() or after.isalpha()
